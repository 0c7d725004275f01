/**
 * The function of one group: its code, its role, its log group and its environment, each with what the
 * group's permissions say and nothing else.
 */
import { Aws, Duration, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type ILogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/contract/operations';
import type { TrustedIssuer, Lifetimes, Quotas } from '../../lambda/contract/configuration';
import { functionCode, reporting } from './function-code';
import { keptStarted, MEMORY_SIZE, type FunctionSettings } from './function-settings';
import { grant, type Grant, type InvokedFunction } from './grant';
import { PERMISSIONS } from './permissions';
import type { State } from './state';

/**
 * How long a call may take. Retrieval waits for authorization servers, up to what API Gateway waits for it
 * (29 s, API Gateway developer guide, "Quotas"); a wait of that length anywhere else is a fault. The public
 * function outlives the one that it waits for, so that a person is told what happened.
 */
const TIMEOUT: Readonly<Record<FunctionGroup, Duration>> = {
  'control-plane': Duration.seconds(15),
  'token-exchange': Duration.seconds(15),
  'credential-retrieval': Duration.seconds(29),
  'oauth-callback': Duration.seconds(20),
  // Vault keys are moved for twenty seconds before the caller is asked to come again.
  'token-vault': Duration.seconds(29),
  // A discovery and a request, five seconds each at most, and what the vault needs around them.
  'provider-client': Duration.seconds(15),
  'key-rotation': Duration.seconds(15),
};

/**
 * Of asynchronous invocations: a renewal is tried once, by whoever holds the lease, and is of no use when that has
 * lapsed. Lambda's own retries would find the lease gone, or a refresh token that was redeemed already.
 * Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
 */
const ASYNCHRONOUS = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

/** They neither name the service's address nor build one. */
const WITHOUT_ADDRESS: readonly FunctionGroup[] = ['key-rotation', 'token-vault'];

/** The functions that give something out, or seal with one key, for a time. */
const LIMITS_IN_TIME: readonly FunctionGroup[] = [
  'token-exchange',
  'credential-retrieval',
  'provider-client',
];

export interface GroupFunctionProps {
  readonly group: FunctionGroup;
  readonly state: State;
  /** The service's own address, without a trailing slash. */
  readonly baseUrl: string;
  readonly trustedIssuers: readonly TrustedIssuer[];
  readonly quotas: Partial<Quotas>;
  readonly lifetimes: Lifetimes;
  /** ARNs of the KMS keys that the token vault may be moved to. */
  readonly tokenVaultKeys: readonly string[];
  /** Of the audit trail, which is in the function's log. */
  readonly auditRetention: RetentionDays;
  readonly logKey: IKey;
  /** Memory and concurrency, where they are not the group's own. */
  readonly settings?: FunctionSettings;
  /** Of the log group; kept by default. */
  readonly removalPolicy?: RemovalPolicy;
  /** The function `provider-client`, for the groups that may invoke it. */
  readonly providerClient?: InvokedFunction;
}

/** A role whose one policy is the grant, its own log streams and X-Ray; no managed policy. */
function groupRole(scope: Construct, group: FunctionGroup, access: Grant, logGroup: ILogGroup): Role {
  const role = new Role(scope, `${group}-role`, {
    description: `agent-identity: the ${group} function`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      [group]: new PolicyDocument({ statements: [...access.statements, ...reporting(logGroup)] }),
    },
  });
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'X-Ray and STS GetWebIdentityToken have no resources to name: their actions take only "*".',
  });
  if (PERMISSIONS[group].signingKeys) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*]',
      reason:
        'Signing keys are not known at deployment; the condition lets in only those that have the owner tag.',
    });
  }
  if (PERMISSIONS[group].secrets) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:*]',
      reason:
        'External secrets are not known at deployment; the condition lets in only those that have the owner tag.',
    });
  }
  return role;
}

export class GroupFunction extends LambdaFunction {
  /** What callers invoke: the function, or the alias whose concurrency is provisioned. */
  readonly invoked: IFunction;

  constructor(scope: Construct, props: GroupFunctionProps) {
    const { group, state } = props;
    const { memorySize, reservedConcurrency, provisionedConcurrency } = props.settings ?? {};
    const permissions = PERMISSIONS[group];
    const access = grant(permissions, state, props.tokenVaultKeys, props.providerClient);
    const logGroup = new LogGroup(scope, `${group}-logs`, {
      retention: props.auditRetention,
      encryptionKey: props.logKey,
      ...(props.removalPolicy && { removalPolicy: props.removalPolicy }),
    });
    super(scope, group, {
      description: `agent-identity: ${group}`,
      ...functionCode(group),
      memorySize: memorySize ?? MEMORY_SIZE[group],
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      timeout: TIMEOUT[group],
      ...(group === 'provider-client' && ASYNCHRONOUS),
      logGroup,
      // Immutable, so that the policy stays the one written here: CDK would add statements of its own.
      role: groupRole(scope, group, access, logGroup).withoutPolicyUpdates(),
      environment: {
        ...access.environment,
        ...(!WITHOUT_ADDRESS.includes(group) && { BASE_URL: props.baseUrl }),
        ARN_PREFIX: `arn:${Aws.PARTITION}:bedrock-agentcore:${Aws.REGION}:${Aws.ACCOUNT_ID}`,
        ...(permissions.verifiesUsers && { TRUSTED_ISSUERS: JSON.stringify(props.trustedIssuers) }),
        ...(LIMITS_IN_TIME.includes(group) && { LIFETIMES: JSON.stringify(props.lifetimes) }),
        // Only the control plane creates what is counted.
        ...(group === 'control-plane' && { QUOTAS: JSON.stringify(props.quotas) }),
        POWERTOOLS_SERVICE_NAME: 'agent-identity',
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
    this.invoked = keptStarted(this, provisionedConcurrency);
  }
}
