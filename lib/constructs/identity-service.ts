/**
 * Everything that can be thrown away and deployed again, in whatever scope it is wanted: the functions with their
 * roles and logs, and the API in front of them.
 */
import { CfnOutput, RemovalPolicy, Token } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/contract/operations';
import {
  parseTrustedIssuers,
  type TrustedIssuer,
  endpointFault,
  parseQuotas,
  type Quotas,
} from '../../lambda/contract/configuration';
import type { ApiDomain } from './api-domain';
import { checkFunctionSettings, type FunctionSettings } from './function-settings';
import { GroupFunction } from './group-function';
import { IdentityApi } from './identity-api';
import { KeySchedule } from './key-schedule';
import { lifetimesInSeconds, type LifetimeProps } from './lifetimes';
import { LogKey } from './log-key';
import { addOperations } from './operations';
import type { PrivateApi } from './private-api';
import type { Throttle } from './service-api';
import type { State } from './state';
import type { WebAcl } from './web-acl';

const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{36}$/;

export interface IdentityServiceProps {
  /**
   * Issuers whose user tokens are believed, for workload identities without an authorizer configuration of their
   * own. One issuer may stand here several times, each time with other conditions.
   * @default - none: GetWorkloadAccessTokenForJWT refuses every token
   */
  readonly trustedIssuers?: readonly TrustedIssuer[];
  /**
   * How many workload identities and credential providers one owner may have. Parallel creations can exceed it.
   * @default - AWS's: 1000 workload identities, 50 credential providers of each kind
   */
  readonly quotas?: Partial<Quotas>;
  /**
   * How long what the service gives out is good for.
   * @default - 15 minutes for workload access tokens, 10 for consent, 90 days for vault keys
   */
  readonly lifetimes?: LifetimeProps;
  /**
   * ARNs of the KMS keys that the token vault may be moved to by SetTokenVaultCMK, beside the deployment's own:
   * symmetric encryption keys of this region, whose key policies leave their use to this account's IAM policies.
   * A key that the vault is under must stay in the list.
   * @default - none: the vault stays under the deployment's own key
   */
  readonly tokenVaultKeys?: readonly string[];
  /**
   * How long API Gateway's access log is kept. Log groups outlive the stack.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * How long the functions' logs are kept, in which the audit trail is.
   * @default RetentionDays.ONE_YEAR
   */
  readonly auditRetention?: RetentionDays;
  /**
   * Topic that alarms go to, and their ends. One that is encrypted must be under a key whose policy lets
   * `cloudwatch.amazonaws.com` use it.
   * @default - alarms are there and tell nobody
   */
  readonly alarmsTopic?: ITopic;
  /**
   * Address of the runbook that alarms refer to, each with its entry as a fragment.
   * @default - docs/runbook.md, as it is in this package
   */
  readonly runbook?: string;
  /**
   * Limits of the whole API.
   * @default - 100 requests per second, 200 at once
   */
  readonly throttle?: Throttle;
  /**
   * Memory and concurrency of single functions.
   * @default - memory from measurement; the account's concurrency, none reserved and none provisioned
   */
  readonly functions?: Partial<Record<FunctionGroup, FunctionSettings>>;
  /**
   * A domain name of one's own: the issuer of workload access tokens and the callback URLs then have it too, and API
   * Gateway's own address is turned off. Decide before the first provider is registered anywhere.
   * @default - API Gateway's own address
   */
  readonly domain?: ApiDomain;
  /**
   * Lets the API be reached through VPC endpoints alone, by browsers in the midst of consent too.
   * @default - reached from the internet
   */
  readonly privateApi?: PrivateApi;
  /**
   * A web ACL (AWS WAF) in front of the API.
   * @default - none
   */
  readonly webAcl?: WebAcl;
}

/**
 * @throws Error in plain words when an entry is malformed, names nobody whose tokens it takes, or is no https endpoint
 */
function checkTrustedIssuers(issuers: readonly TrustedIssuer[]): readonly TrustedIssuer[] {
  const checked = parseTrustedIssuers(JSON.stringify(issuers));
  for (const { discoveryUrl } of checked) {
    const fault = endpointFault(discoveryUrl, { loopback: false });
    if (fault !== undefined) throw new Error(`trusted issuers: ${discoveryUrl}: ${fault}`);
  }
  return checked;
}

/** @throws Error in plain words for what is not the ARN of a key, such as that of an alias or a pattern */
function checkTokenVaultKeys(arns: readonly string[]): readonly string[] {
  const other = arns.find((arn) => !Token.isUnresolved(arn) && !KMS_KEY_ARN.test(arn));
  if (other !== undefined) {
    throw new Error(`token vault keys: ${other}: must be the ARN of a KMS key (arn:aws:kms:…:key/…)`);
  }
  return arns;
}

/** A deployed service, as others reach it. */
export interface IdentityService {
  readonly api: IdentityApi;
  /** ARN of what is invoked to rotate keys by hand. */
  readonly keyRotationFunctionArn: string;
}

/** What operators, agents and other CDK apps need to know of the service. */
function addOutputs(scope: Construct, { api, keyRotationFunctionArn }: IdentityService): void {
  new CfnOutput(scope, 'Endpoint', {
    value: api.baseUrl,
    description: 'Endpoint for AWS clients (signing name execute-api); no trailing slash',
  });
  new CfnOutput(scope, 'RestApiId', {
    value: api.restApiId,
    description: 'For other CDK apps: AgentIdentity.fromAttributes',
  });
  new CfnOutput(scope, 'KeyRotationFunctionArn', {
    value: keyRotationFunctionArn,
    description: 'What is invoked to rotate keys by hand (docs/runbook.md)',
  });
}

/**
 * @param scope gets the outputs `Endpoint`, `RestApiId` and `KeyRotationFunctionArn`, the children `Api`, `LogKey`, `KeySchedule`, `LogMetrics`, `Alarms` and `Dashboard`, and for each function group `{group}`, `{group}-role` and `{group}-logs`
 * @param state the tables and the key
 * @param removalPolicy of the logs; kept by default
 */
export function addIdentityService(
  scope: Construct,
  state: State,
  props: IdentityServiceProps,
  removalPolicy?: RemovalPolicy,
): IdentityService {
  const auditRetention = props.auditRetention ?? RetentionDays.ONE_YEAR;
  const logKey = new LogKey(scope, 'LogKey', { removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN });
  const trustedIssuers = checkTrustedIssuers(props.trustedIssuers ?? []);
  const tokenVaultKeys = checkTokenVaultKeys(props.tokenVaultKeys ?? []);
  const quotas = parseQuotas(JSON.stringify(props.quotas ?? {}));
  const lifetimes = lifetimesInSeconds(props.lifetimes ?? {});
  const { throttle = {}, domain, privateApi, webAcl } = props;
  const api = new IdentityApi(scope, 'Api', {
    logKey,
    logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    throttle,
    ...(removalPolicy && { removalPolicy }),
    ...(domain && { domain }),
    ...(privateApi && { privateApi }),
    ...(webAcl && { webAcl }),
  });
  const groupFunction = (group: FunctionGroup, providerClient?: GroupFunction) =>
    new GroupFunction(scope, {
      group,
      settings: checkFunctionSettings(group, props.functions?.[group] ?? {}),
      state,
      baseUrl: api.baseUrl,
      trustedIssuers,
      quotas,
      lifetimes,
      tokenVaultKeys,
      auditRetention,
      logKey,
      ...(removalPolicy && { removalPolicy }),
      ...(providerClient && { providerClient: providerClient.invoked }),
    });
  const providerClient = groupFunction('provider-client');
  const keyRotation = groupFunction('key-rotation');
  const routed = {
    'control-plane': groupFunction('control-plane'),
    'token-exchange': groupFunction('token-exchange'),
    'credential-retrieval': groupFunction('credential-retrieval', providerClient),
    'oauth-callback': groupFunction('oauth-callback', providerClient),
    'token-vault': groupFunction('token-vault'),
  };
  api.addRoutes({
    'control-plane': routed['control-plane'].invoked,
    'token-exchange': routed['token-exchange'].invoked,
    'credential-retrieval': routed['credential-retrieval'].invoked,
    'oauth-callback': routed['oauth-callback'].invoked,
    'token-vault': routed['token-vault'].invoked,
  });
  new KeySchedule(scope, 'KeySchedule', { keyRotation: keyRotation.invoked });
  const functions = { ...routed, 'provider-client': providerClient, 'key-rotation': keyRotation };
  addOperations(scope, { api, functions, state }, props);
  const service = { api, keyRotationFunctionArn: keyRotation.invoked.functionArn };
  addOutputs(scope, service);
  return service;
}
