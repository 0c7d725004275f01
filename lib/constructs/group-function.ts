/** The function of one group. Its role, log, and environment follow from the group's permissions. */
import { Aws, Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { PROVIDER_CLIENT_TIMEOUT_MS } from '../../lambda/model/provider-client-timeouts';
import type { Lifetimes } from '../../lambda/domain/lifetimes';
import type { Quotas } from '../../lambda/domain/quotas';
import type { CallerNetwork } from './caller-network';
import { checkedAt } from './construct-error';
import { functionAccess, type InvokedFunction } from './function-access';
import { functionCode } from './function-code';
import type { VariableSources } from './function-environment';
import { MEMORY_SIZE, type FunctionSettings } from './function-settings';
import { PERMISSIONS, type InvokedGroup } from './permissions';
import { PublishedFunction } from './service-function';
import { OUTBOUND_GROUPS, outboundVariables, type PrivateDestination } from './service-network';
import type { IIdentityState } from './state';
import type { TrustedIssuersOfFunction } from './trusted-issuers-layer';

/**
 * How long a call can take. Retrieval waits for authorization servers, up to API Gateway's own limit of 29 seconds (API
 * Gateway developer guide, "Quotas"). In other functions, such a wait is a fault. `oauth-callback` waits longer than the
 * function that it invokes, so that a person always gets a page.
 */
const TIMEOUT: Readonly<Record<FunctionGroup, Duration>> = {
  'token-exchange': Duration.seconds(15),
  'credential-retrieval': Duration.seconds(29),
  'oauth-callback': Duration.seconds(20),
  // Vault keys are moved for 20 seconds; then the caller is asked to call again.
  'token-vault': Duration.seconds(29),
  // These wait for the function `revocation` to select grants, for up to 26 seconds.
  'control-plane': Duration.seconds(29),
  grants: Duration.seconds(29),
  operator: Duration.seconds(29),
  // The issuer's metadata and keys, up to 5 seconds each, and a few reads and writes.
  'security-events': Duration.seconds(15),
  // A discovery and a request, up to 5 seconds each, and the vault operations around them. The requests of a discovery
  // or a registration for the owner of a provider have an earlier deadline together.
  'provider-client': Duration.millis(PROVIDER_CLIENT_TIMEOUT_MS),
  // A sweep begins attempts for 45 seconds, and the last of them takes up to 35.
  revocation: Duration.seconds(90),
  // It waits for the function `connections`.
  portal: Duration.seconds(29),
  // A disconnection waits for the function `revocation`, for up to 26 seconds.
  connections: Duration.seconds(29),
  'key-rotation': Duration.seconds(15),
  // Polls begin for 30 seconds. The last of them takes up to 10, and its events as long as those that are pushed.
  'event-poll': Duration.seconds(60),
};

/**
 * Settings for background renewals. The lease holder tries a renewal once, and the renewal is useless after the lease
 * has lapsed. Lambda's retries would find no lease, or a refresh token that was already redeemed.
 * Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
 */
const BACKGROUND_RENEWAL = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

/** A sweep or a poll that failed is repeated by the schedule, a minute later. */
const SWEEP = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

/** A verification that failed must not leave its portal in `CREATING` or `UPDATING`. It can be repeated. */
const VERIFICATION = { retryAttempts: 2, maxEventAge: Duration.hours(1) };

const ASYNCHRONOUS: Readonly<Partial<Record<FunctionGroup, typeof SWEEP>>> = {
  'provider-client': BACKGROUND_RENEWAL,
  revocation: SWEEP,
  connections: VERIFICATION,
  'event-poll': SWEEP,
};

/** Groups that neither name the service's address nor build one. */
const WITHOUT_ADDRESS: readonly FunctionGroup[] = [
  'event-poll',
  'key-rotation',
  'operator',
  'revocation',
  'token-vault',
];

/** Groups that issue or return something with a lifetime, or encrypt under a vault key with one. */
const WITH_LIFETIMES: readonly FunctionGroup[] = [
  'token-exchange',
  'credential-retrieval',
  'provider-client',
  'revocation',
  'connections',
];

/** Variables that can be too large for Lambda. */
const ENVIRONMENT_SOURCES: VariableSources = {
  TRUSTED_ISSUERS: {
    setting: 'trustedIssuers',
    advice:
      'A trusted issuer has a value that is known only at deployment, so all of them are in the environment. With literal values only, they are in a Lambda layer without this limit. Otherwise, remove trusted issuers, or shorten their conditions. An issuer for a few agents can be the authorizer of their workload identities instead, which is not in the environment.',
  },
};

export interface GroupFunctionProps {
  readonly group: FunctionGroup;
  /** Name of the deployment. */
  readonly deployment: string;
  readonly state: IIdentityState;
  /** The service's own address, without a trailing slash. */
  readonly baseUrl: string;
  /** How the functions that verify users learn the trusted issuers. */
  readonly trustedIssuers: TrustedIssuersOfFunction;
  readonly quotas: Quotas;
  readonly lifetimes: Lifetimes;
  /** Other accounts whose principals can own resources. */
  readonly ownerAccounts: readonly string[];
  /** Whether every consent begins with a page of the service. */
  readonly consentPage: boolean;
  /** Whether names are dimension values of metrics. */
  readonly namesInMetrics: boolean;
  /** ARNs of the KMS keys that the token vault can be moved to. */
  readonly tokenVaultKeys: readonly string[];
  /** Retention of the function's log, which contains the audit log. */
  readonly auditRetention: RetentionDays;
  readonly logKey: IKey;
  readonly network: CallerNetwork | 'internet';
  /** Destinations in private networks that the functions can send requests to. */
  readonly privateDestinations: readonly PrivateDestination[];
  /**
   * Memory and concurrency.
   * @default - those of the group
   */
  readonly settings?: FunctionSettings;
  /** Removal policy of the log group. */
  readonly removalPolicy: RemovalPolicy;
  /** Digest of the stage secret of the API. Required for the groups that it has routes for. */
  readonly stageSecretHash?: string;
  /** The functions that other functions invoke. Required for the groups that invoke them. */
  readonly invoked?: Readonly<Partial<Record<InvokedGroup, InvokedFunction>>>;
}

/** Tells cdk-nag why the group's policy names resources by a pattern. */
function acknowledgePatterns({ executionRole: role }: PublishedFunction, group: FunctionGroup): void {
  if (PERMISSIONS[group].signingKeys) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
      reason:
        'Signing keys are not known at deployment. The condition allows only keys that have the owner tag.',
    });
  }
  if (PERMISSIONS[group].certificateObjects) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::*/*]',
      reason:
        'Objects with CA certificates are not known at deployment. The condition allows only objects of the account whose owner tag marks them as certificates.',
    });
  }
  if (PERMISSIONS[group].secrets) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:*]',
      reason:
        'External secrets are not known at deployment. The condition allows only secrets that have the owner tag.',
    });
  }
}

/** @param scope gets the children `{group}`, `{group}-role`, and `{group}-logs` */
export function addGroupFunction(scope: Construct, props: GroupFunctionProps): PublishedFunction {
  const { group, settings } = props;
  const permissions = PERMISSIONS[group];
  const { statements, environment } = functionAccess(permissions, props);
  const added = new PublishedFunction(scope, group, {
    code: functionCode(group),
    description: `agent-identity: ${group}`,
    deployment: props.deployment,
    roleDescription: `agent-identity: the ${group} function`,
    roleId: `${group}-role`,
    logGroupId: `${group}-logs`,
    policy: { name: group, statements },
    timeout: TIMEOUT[group],
    memorySize: MEMORY_SIZE[group],
    ...(settings && { settings }),
    ...(ASYNCHRONOUS[group] && { asynchronous: ASYNCHRONOUS[group] }),
    logRetention: props.auditRetention,
    logKey: props.logKey,
    removalPolicy: props.removalPolicy,
    network: props.network,
    environment: {
      ...environment,
      ...(!WITHOUT_ADDRESS.includes(group) && { BASE_URL: props.baseUrl }),
      ARN_PREFIX: `arn:${Aws.PARTITION}:bedrock-agentcore:${props.state.identityRegion ?? Aws.REGION}:${Aws.ACCOUNT_ID}`,
      ...(permissions.verifiesUsers && props.trustedIssuers.environment),
      ...(WITH_LIFETIMES.includes(group) && { LIFETIMES: JSON.stringify(props.lifetimes) }),
      ...(props.consentPage && group === 'credential-retrieval' && { CONSENT_PAGE: 'true' }),
      ...(props.namesInMetrics && { NAMES_IN_METRICS: 'true' }),
      ...(OUTBOUND_GROUPS.includes(group) &&
        checkedAt(scope.node.path, () => outboundVariables(scope, props.network, props.privateDestinations))),
      ...(props.stageSecretHash !== undefined && { STAGE_SECRET_HASH: props.stageSecretHash }),
      // The stage secret is sent only to CloudFormation's bucket, whose host name contains the suffix.
      ...(group === 'key-rotation' && { URL_SUFFIX: Aws.URL_SUFFIX }),
      // Only the control plane creates resources that have a quota.
      ...(group === 'control-plane' && { QUOTAS: JSON.stringify(props.quotas) }),
      ...(group === 'operator' &&
        props.ownerAccounts.length > 0 && { OWNER_ACCOUNTS: JSON.stringify(props.ownerAccounts) }),
    },
    ...(permissions.verifiesUsers && { layers: props.trustedIssuers.layers }),
    environmentSources: ENVIRONMENT_SOURCES,
  });
  acknowledgePatterns(added, group);
  return added;
}
