/** The function of one group. Its role, log, and environment follow from the group's permissions. */
import { Aws, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Lifetimes } from '../../lambda/domain/lifetimes';
import type { Quotas } from '../../lambda/domain/quotas';
import { auditLogGroupIdOf, type FunctionGroup } from '../../lambda/operations/groups';
import type { CallerNetwork } from './caller-network';
import { checkedAt } from './construct-error';
import { functionAccess, type InvokedFunction } from './function-access';
import { functionCode } from './function-code';
import type { VariableSources } from './function-environment';
import { groupRow, type GroupVariable } from './function-groups';
import type { FunctionSettings } from './function-settings';
import type { Gateways } from './gateways';
import { PERMISSIONS, type InvokedGroup } from './permissions';
import { PublishedFunction } from './service-function';
import {
  networkVariable,
  outboundVariables,
  type FunctionNetwork,
  type PrivateDestination,
} from './service-network';
import type { IIdentityState } from './state';
import type { TrustedIssuersOfFunction } from './trusted-issuers-layer';

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
  /** DNS names of resource configurations in Amazon VPC Lattice, by their ARN or ID. */
  readonly latticeResources: Readonly<Record<string, string>>;
  /** The network of the functions that send requests, which private endpoints must name. */
  readonly serviceNetwork?: FunctionNetwork;
  /**
   * Memory and concurrency.
   * @default - those of the group
   */
  readonly settings?: FunctionSettings;
  /** Removal policy of the log group. */
  readonly removalPolicy: RemovalPolicy;
  /** Digest of the stage secret of the API. Required for the groups that it has routes for. */
  readonly stageSecretHash?: string;
  /** The APIs and the role of gateways, if the deployment has them. */
  readonly gateways?: {
    readonly jwtUrl: string;
    readonly iamUrl: string;
    readonly targetRoles?: string;
    readonly jwtPassthrough: boolean;
    readonly functions: Pick<Gateways['functions'], 'gateway'>;
  };
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

/** Returns the variable with its name, unless its value is the default. */
function variableOf(
  scope: Construct,
  name: GroupVariable,
  props: GroupFunctionProps,
): [name: GroupVariable, value: string][] {
  const values: Readonly<Record<GroupVariable, string | undefined>> = {
    BASE_URL: props.baseUrl,
    CONSENT_PAGE: props.consentPage ? 'true' : undefined,
    GATEWAY_IAM_URL: props.gateways?.iamUrl,
    GATEWAY_JWT_PASSTHROUGH: props.gateways?.jwtPassthrough ? 'true' : undefined,
    GATEWAY_JWT_URL: props.gateways?.jwtUrl,
    GATEWAY_ROLE_ARN: props.gateways?.functions.gateway.executionRole.roleArn,
    GATEWAY_TARGET_ROLES: props.gateways?.targetRoles,
    LATTICE_RESOURCES:
      Object.keys(props.latticeResources).length > 0 ? JSON.stringify(props.latticeResources) : undefined,
    LIFETIMES: JSON.stringify(props.lifetimes),
    OWNER_ACCOUNTS: props.ownerAccounts.length > 0 ? JSON.stringify(props.ownerAccounts) : undefined,
    QUOTAS: JSON.stringify(props.quotas),
    SERVICE_NETWORK: props.serviceNetwork && networkVariable(scope, props.serviceNetwork),
    URL_SUFFIX: Aws.URL_SUFFIX,
  };
  const value = values[name];
  return value === undefined ? [] : [[name, value]];
}

/** @param scope gets the children `{group}`, `{group}-role`, and `{group}-logs` */
export function addGroupFunction(scope: Construct, props: GroupFunctionProps): PublishedFunction {
  const { group, settings } = props;
  const permissions = PERMISSIONS[group];
  const { timeout, memorySize, variables, outbound, asynchronous } = groupRow(group);
  const { statements, environment } = functionAccess(permissions, props);
  const added = new PublishedFunction(scope, group, {
    code: functionCode(group),
    description: `agent-identity: ${group}`,
    deployment: props.deployment,
    roleDescription: `agent-identity: the ${group} function`,
    roleId: `${group}-role`,
    logGroupId: auditLogGroupIdOf(group),
    policy: { name: group, statements },
    timeout,
    memorySize,
    ...(settings && { settings }),
    ...(asynchronous && { asynchronous }),
    logRetention: props.auditRetention,
    logKey: props.logKey,
    removalPolicy: props.removalPolicy,
    network: props.network,
    environment: {
      ...environment,
      ...Object.fromEntries(variables.flatMap((name) => variableOf(scope, name, props))),
      ARN_PREFIX: `arn:${Aws.PARTITION}:bedrock-agentcore:${props.state.identityRegion ?? Aws.REGION}:${Aws.ACCOUNT_ID}`,
      ...(permissions.verifiesUsers && props.trustedIssuers.environment),
      ...(props.namesInMetrics && { NAMES_IN_METRICS: 'true' }),
      ...(outbound &&
        checkedAt(scope.node.path, () => outboundVariables(scope, props.network, props.privateDestinations))),
      ...(props.stageSecretHash !== undefined && { STAGE_SECRET_HASH: props.stageSecretHash }),
    },
    ...(permissions.verifiesUsers && { layers: props.trustedIssuers.layers }),
    environmentSources: ENVIRONMENT_SOURCES,
  });
  acknowledgePatterns(added, group);
  return added;
}
