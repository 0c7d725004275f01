/**
 * A web ACL (AWS WAF) in front of an API: an existing one, or a new one with AWS managed rules and a rate limit for each
 * IP address.
 * Source: AWS WAF developer guide, "AWS Managed Rules for AWS WAF" (Baseline and IP reputation rule groups).
 */
import { Names, Stack } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { checkedAt } from './construct-error';
import { checkPropNames } from './prop-names';
import { checkArnRegion } from './regions';

/** A new web ACL with AWS managed rules. */
export interface ManagedWebAclProps {
  /**
   * The number of requests that one IP address can send in 5 minutes, 10 or more. AWS WAF blocks the address while its
   * rate is higher. Agents behind one NAT gateway share an address.
   * @default 20000
   */
  readonly requestsPerFiveMinutes?: number;
}

/** What request bodies contain: the members of an operation, or prompts that people write to agents. */
export type Payloads = 'operations' | 'prompts';

/** A managed rule group. Rules that legitimate requests break only count. */
interface RuleGroup {
  readonly name: string;
  readonly counted: readonly string[];
}

/** Rules of the common group that would block prompts about HTML or file paths. */
const PROMPT_RULES = ['CrossSiteScripting_BODY', 'GenericLFI_BODY'];

const ruleGroups = (payloads: Payloads): readonly RuleGroup[] => [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counted: [] },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    counted: [
      // Workload access tokens have up to 128 KiB, but the rule allows 8 KiB.
      'SizeRestrictions_BODY',
      'SizeRestrictions_QUERYSTRING',
      // Bodies and callbacks contain URLs: discovery documents, return URLs, issuers.
      'GenericRFI_BODY',
      'GenericRFI_QUERYARGUMENTS',
      'EC2MetaDataSSRF_BODY',
      'EC2MetaDataSSRF_QUERYARGUMENTS',
      // In some runtimes, the AWS SDK sends no User-Agent header.
      'NoUserAgent_HEADER',
      ...(payloads === 'prompts' ? PROMPT_RULES : []),
    ],
  },
];

const visibility = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  // Sampled requests show query strings, and a callback's query string contains an authorization code.
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

/** A web ACL in front of an API. */
export class WebAcl {
  /**
   * An existing web ACL.
   *
   * @param webAclArn ARN of a regional web ACL in the stack's Region
   */
  static fromArn(webAclArn: string): WebAcl {
    return new WebAcl((scope) => {
      checkedAt(scope.node.path, () => {
        checkArnRegion('webAcl', webAclArn, Stack.of(scope).region);
      });
      return webAclArn;
    });
  }

  /** A new web ACL with AWS managed rules and a rate limit for each IP address. */
  static managed(props: ManagedWebAclProps = {}): WebAcl {
    checkPropNames('WebAcl.managed', props, { requestsPerFiveMinutes: 'optional' });
    const { requestsPerFiveMinutes = 20_000 } = props;
    return new WebAcl((scope, payloads) => {
      const groups = ruleGroups(payloads).map(managed);
      const name = Names.uniqueResourceName(scope, { maxLength: 128, separator: '-' });
      const acl = new CfnWebACL(scope, 'WebAcl', {
        name,
        description: 'agent-identity: managed rules, and a limit per address',
        scope: 'REGIONAL',
        defaultAction: { allow: {} },
        rules: [...groups, perAddress(requestsPerFiveMinutes, groups.length)],
        visibilityConfig: visibility(name),
      });
      return acl.attrArn;
    });
  }

  /** @param arnIn returns the ARN of the web ACL, and creates a new web ACL in that scope */
  private constructor(private readonly arnIn: (scope: Construct, payloads: Payloads) => string) {}

  /**
   * Puts the web ACL in front of a stage.
   *
   * @internal
   * @param scope gets the children `WebAcl` and `WebAclAssociation`
   */
  _bind(scope: Construct, stage: Stage, payloads: Payloads): void {
    new CfnWebACLAssociation(scope, 'WebAclAssociation', {
      resourceArn: stage.stageArn,
      webAclArn: this.arnIn(scope, payloads),
    });
  }
}
