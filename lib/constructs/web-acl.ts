/**
 * A web ACL in front of the API: one that the operator has, or one made here of AWS's managed rules and a limit of
 * requests per address.
 * Source: AWS WAF developer guide, "AWS Managed Rules for AWS WAF" (Baseline and IP reputation rule groups).
 */
import { Names } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';

export type WebAcl = WebAclByArn | ManagedWebAcl;

export interface WebAclByArn {
  /** ARN of a regional web ACL of this Region. */
  readonly arn: string;
}

export interface ManagedWebAcl {
  readonly arn?: undefined;
  /**
   * Requests that one address may send in five minutes, before it is blocked until they are fewer; 10 or more.
   * Agents behind one NAT gateway share an address.
   * @default 20000
   */
  readonly requestsPerFiveMinutes?: number;
}

/** What requests' bodies are: an operation's members, or whatever people write to agents. */
export type Payloads = 'operations' | 'prompts';

/** A managed rule group; the rules that a request of the API breaks by nature only count. */
interface RuleGroup {
  readonly name: string;
  readonly counted: readonly string[];
}

/** Rules of the common group that find fault with prose: whoever asks an agent about HTML or paths would be blocked. */
const AGAINST_PROSE = ['CrossSiteScripting_BODY', 'GenericLFI_BODY'];

const ruleGroups = (payloads: Payloads): readonly RuleGroup[] => [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counted: [] },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    counted: [
      // Workload access tokens have up to 128 KiB, and the rule allows 8.
      'SizeRestrictions_BODY',
      'SizeRestrictions_QUERYSTRING',
      // Bodies and callbacks hold URLs: discovery documents, return URLs, issuers.
      'GenericRFI_BODY',
      'GenericRFI_QUERYARGUMENTS',
      'EC2MetaDataSSRF_BODY',
      'EC2MetaDataSSRF_QUERYARGUMENTS',
      // AWS's SDKs in some runtimes send none.
      'NoUserAgent_HEADER',
      ...(payloads === 'prompts' ? AGAINST_PROSE : []),
    ],
  },
];

const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  // Sampled requests show query strings, and a callback's has an authorization code.
  sampledRequestsEnabled: false,
});

const managed = ({ name, counted }: RuleGroup, priority: number): CfnWebACL.RuleProperty => ({
  name,
  priority,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name,
      ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
    },
  },
  visibilityConfig: visibility(name),
});

const perAddress = (limit: number, priority: number): CfnWebACL.RuleProperty => ({
  name: 'RequestsPerAddress',
  priority,
  action: { block: {} },
  statement: { rateBasedStatement: { aggregateKeyType: 'IP', limit } },
  visibilityConfig: visibility('RequestsPerAddress'),
});

function managedWebAcl(
  scope: Construct,
  { requestsPerFiveMinutes = 20_000 }: ManagedWebAcl,
  payloads: Payloads,
): string {
  const groups = ruleGroups(payloads).map(managed);
  const acl = new CfnWebACL(scope, 'WebAcl', {
    name: Names.uniqueResourceName(scope, { maxLength: 128, separator: '-' }),
    description: 'agent-identity: managed rules, and a limit per address',
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    rules: [...groups, perAddress(requestsPerFiveMinutes, groups.length)],
    visibilityConfig: visibility('agent-identity'),
  });
  return acl.attrArn;
}

/** @param scope gets the children `WebAcl` and `WebAclAssociation` */
export function addWebAcl(scope: Construct, stage: Stage, webAcl: WebAcl, payloads: Payloads): void {
  new CfnWebACLAssociation(scope, 'WebAclAssociation', {
    resourceArn: stage.stageArn,
    webAclArn: webAcl.arn ?? managedWebAcl(scope, webAcl, payloads),
  });
}
