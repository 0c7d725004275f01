/**
 * The stateless part of a deployment, in any scope: the functions with their roles and logs, and the API in front of them.
 * It can be deleted and deployed again.
 */
import { CfnOutput, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import type { IpAddressType, ThrottleSettings } from 'aws-cdk-lib/aws-apigateway';
import type { ILambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct, IDependable } from 'constructs';
import { ENDPOINT_OUTPUT, type FunctionGroup, type RoutedGroup } from '../../lambda/operations/groups';
import type { DeployedIssuer } from '../resources/trusted-issuer';
import type { ApiDomain } from './api-domain';
import type { ApiOptions } from './api-options';
import { AuditTrail, checkAuditTrail, type AuditTrailProps } from './audit-trail';
import {
  ownerAccountsOf,
  SERVICE_CALLER_ACCOUNTS_PROPS,
  type ServiceCallerAccounts,
} from './caller-accounts';
import { checkedAt } from './construct-error';
import { warnOfCertificateEnds } from './certificate-expiry';
import { ContributorInsights, type ContributorInsightsOptions } from './contributor-insights';
import { checkNetwork, type CallerNetwork } from './caller-network';
import { claimDeploymentName, deploymentNameOf } from './deployment-name';
import type { InvokedFunction } from './function-access';
import { checkFunctions, SERVICE_FUNCTIONS, type ServiceFunctionSettings } from './function-settings';
import { GROUPS } from './function-groups';
import { addGradualDeployment } from './gradual-deployment';
import { addGroupFunction, type GroupFunctionProps } from './group-function';
import { IdentityApi } from './identity-api';
import { lifetimesInSeconds, type LifetimeProps } from './lifetimes';
import { liveAliasOf } from './live-alias';
import { Gateways, GATEWAYS_PROPS, type GatewaysProps } from './gateways';
import { LOG_REMOVAL_POLICY, LogKey } from './log-key';
import type { ServiceFunctions } from './monitored-resources';
import { addMonitoring } from './monitoring';
import type { InvokedGroup } from './permissions';
import { CALLER_SERVICES, checkPrivateApi, type PrivateApi } from './private-api';
import { checkPropNames } from './prop-names';
import { checkQuotas, type QuotaProps } from './quotas';
import { addSchedules } from './schedules';
import type { PublishedFunction } from './service-function';
import { addStageSecret } from './stage-secret';
import {
  addVpcEndpoints,
  networkOfGroup,
  resolveLatticeResources,
  SERVICE_NETWORK_PROPS,
  warnOfIsolatedSubnets,
  warnOfPublicApi,
  withSecurityGroups,
  type FunctionNetwork,
  type PrivateDestination,
  type ServiceNetwork,
} from './service-network';
import { checkReplication } from './standby';
import type { IIdentityState } from './state';
import { checkTokenVaultKeys } from './token-vault-keys';
import { resolveTrustedIssuers } from './trusted-issuers';
import { addTrustedIssuers } from './trusted-issuers-layer';
import type { WebAcl } from './web-acl';

/** The functions and the API of a deployment. */
export interface IdentityServiceProps extends ApiOptions, ContributorInsightsOptions {
  /**
   * Name that separates the deployment from others in the account and Region: in the API's name, as the dimension
   * `Deployment` of all metrics, in the logs, and in the alarms. Up to 64 letters, digits, `.`, `_`, and `-`.
   * @default - the stack's name, followed by the construct's path in the stack
   */
  readonly deploymentName?: string;
  /**
   * Issuers whose user tokens are accepted, for workload identities without their own authorizer configuration. The list
   * can contain one issuer several times, each time with different conditions. An entry with
   * `identityAssertions` accepts identity assertions instead (docs/cross-app-access.md). If a value is known only at
   * deployment, about 12 issuers fit.
   * @default - none: GetWorkloadAccessTokenForJWT rejects every token
   */
  readonly trustedIssuers?: DeployedIssuer[];
  /**
   * How many workload identities and credential providers one owner can have. Concurrent creations can exceed it.
   * @default - the quotas of AWS: 1000 workload identities, 50 credential providers of each kind
   */
  readonly quotas?: QuotaProps;
  /**
   * How long tokens, consent sessions, and vault keys are valid.
   * @default - 15 minutes for workload access tokens, 10 minutes for consent sessions, 90 days for vault keys
   */
  readonly lifetimes?: LifetimeProps;
  /**
   * Whether every consent begins with a page of the service, which names the agent, the provider, the permissions, and
   * the address to which the user returns. The user continues to the provider from there, or declines.
   * @default false - authorization URLs redirect to the provider immediately, as on AWS
   */
  readonly consentPage?: boolean;
  /**
   * ARNs of other KMS keys that SetTokenVaultCMK can move the token vault to: symmetric encryption keys of this Region,
   * whose key policies delegate access to this account's IAM policies. Keep a key in the list while the vault uses it. With
   * replicas in other Regions, use multi-Region keys with a replica in each of them. An earlier key of the deployment also
   * belongs in the list until its vault keys have moved, and its signing keys have rotated.
   * @default - none: the vault stays under the deployment's own key
   */
  readonly tokenVaultKeys?: string[];
  /**
   * Copies the audit entries into a bucket that shows tampering (docs/audit-trail.md).
   * @default - the audit entries are only in the functions' logs
   */
  readonly auditTrail?: AuditTrailProps;
  /**
   * Whether the names of workload identities and credential providers are dimension values of metrics, so that each of
   * them has its own metrics, and alarms about providers name the provider. CloudWatch bills each metric, $0.30 a month,
   * for the hours in which it has data: a principal that creates, uses, and deletes resources in a loop can create about 25
   * metrics a second. Set it if you trust everyone who can create them.
   * @default false - the value of these dimensions is `all`
   */
  readonly namesInMetrics?: boolean;
  /**
   * Limits of each method of the API, over all callers. API Gateway counts the requests to each method separately, so the
   * whole API can get more. It applies the limits on a best-effort basis, and returns 429 with `Retry-After` above them.
   * @default - a `rateLimit` of 100 requests per second, and a `burstLimit` of 200
   */
  readonly throttle?: ThrottleSettings;
  /**
   * Whether the stack sets the role with which API Gateway writes logs. The account has one such setting in each Region
   * for all of its APIs, and every stack that sets it replaces the role of the others. Without a role, the deployment of
   * an API fails. With `false`, the stack leaves the setting alone: the account must already have a role.
   * @default true
   */
  readonly cloudWatchRole?: boolean;
  /**
   * Memory, concurrency, environment, layers, tracing, and system log level of individual functions.
   * @default - memory from measurement; no reserved and no provisioned concurrency
   */
  readonly functions?: ServiceFunctionSettings;
  /**
   * The APIs and functions of gateways, which attach the credentials of users to the requests of agents (docs/gateways.md).
   * @default - none: the service has no gateways
   */
  readonly gateways?: GatewaysProps;
  /**
   * How AWS CodeDeploy shifts the callers of each function to a new version, such as
   * `LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES`. An alarm about function errors, unexpected errors, keys, or
   * signatures ends the deployment and restores the version before. The alarms have periods of 5 minutes, so a shift
   * should take 10 minutes or more.
   * @default - all callers get the new version immediately
   */
  readonly deploymentConfig?: ILambdaDeploymentConfig;
  /**
   * A custom domain name. The issuer of workload access tokens and the callback URLs then use it, and API Gateway's own
   * address is disabled. Decide before you register the first callback URL at an authorization server.
   * @default - API Gateway's own address
   */
  readonly domain?: ApiDomain;
  /**
   * The IP versions over which the API and its domain name can be called. With `IpAddressType.DUAL_STACK`, IAM policies and
   * web ACLs that name IP addresses need those of IPv6, too. A private API always accepts both versions.
   * @default - IPv4 only for an API that can be reached from the internet
   */
  readonly ipAddressType?: IpAddressType;
  /**
   * Restricts the API to VPC endpoints, also for browsers during consent.
   * @default - the API can be reached from the internet
   */
  readonly privateApi?: PrivateApi;
  /**
   * A VPC for the functions that send requests to identity providers and authorization servers. Use it to reach servers in
   * private networks, and to have fixed addresses behind a NAT gateway (docs/private-networks.md).
   * @default - the functions send their requests over the internet
   */
  readonly network?: ServiceNetwork;
  /**
   * The destinations in private networks that the service can send requests to. Owners of credential providers and
   * workload identities choose the URLs, so allow no more than they need. Loopback, link-local, and metadata addresses
   * cannot be allowed. Up to 30.
   * @default - none: the service sends requests to public addresses only
   */
  readonly privateDestinations?: PrivateDestination[];
  /**
   * DNS names of resource configurations in Amazon VPC Lattice, by their ARN or ID, for credential providers and workload
   * identities whose `privateEndpoint` names one: those of VPC endpoints of the type Resource in `network`.
   * `privateDestinations` must allow the names. Up to 10.
   * @default - none: a `privateEndpoint` with a resource configuration is rejected
   */
  readonly latticeResources?: Readonly<Record<string, string>>;
  /**
   * Other accounts whose principals can call the service: the operations of agents, and with `manageResources` those of
   * the control plane. They never reach the operators' operations and the key of the token vault. An IAM policy of the
   * caller's account must allow the calls too, and owners and resource policies decide as for every caller.
   * @default - none: the service accepts requests from its own account only
   */
  readonly callers?: ServiceCallerAccounts;
  /**
   * A web ACL (AWS WAF) in front of the API.
   * @default - none
   */
  readonly webAcl?: WebAcl;
}

/** @throws Error for the name of a configuration, which JavaScript does not check: CDK would fail without naming the prop */
function checkDeploymentConfig(config: unknown): void {
  if (typeof config !== 'string') return;
  throw new Error(
    `deploymentConfig must be a LambdaDeploymentConfig, such as LambdaDeploymentConfig.CANARY_10PERCENT_10MINUTES, not ${JSON.stringify(config)}`,
  );
}

/** What other constructs use of a deployment. */
export interface IdentityService {
  readonly api: IdentityApi;
  readonly deploymentName: string;
  /** ARN of the function, or alias, that rotates keys by hand. */
  readonly keyRotationFunctionArn: string;
  readonly logKey: LogKey;
  /** The network in which all functions must run; absent for none. */
  readonly requiredNetwork?: CallerNetwork;
  /** The audit trail in Amazon S3, if there is one. */
  readonly auditTrail?: AuditTrail;
  /** Absent if the service has none. */
  readonly gateways?: Gateways;
}

/** Adds the outputs that operators, agents, and other CDK apps need. */
function addOutputs(
  scope: Construct,
  { api, deploymentName, keyRotationFunctionArn }: IdentityService,
): void {
  new CfnOutput(scope, 'Endpoint', {
    value: api.baseUrl,
    description: `${ENDPOINT_OUTPUT} (signing name execute-api), without a trailing slash`,
  });
  new CfnOutput(scope, 'RestApiId', {
    value: api.restApiId,
    description: 'Identity service: restApiId of AgentIdentity.fromAgentIdentityAttributes in other CDK apps',
  });
  new CfnOutput(scope, 'DeploymentName', {
    value: deploymentName,
    description: 'Identity service: the dimension Deployment of its metrics (docs/metrics.md)',
  });
  new CfnOutput(scope, 'KeyRotationFunctionArn', {
    value: keyRotationFunctionArn,
    description: 'Identity service: function to invoke to rotate keys by hand (docs/runbook.md)',
  });
}

export interface IdentityServiceDefinition extends IdentityServiceProps {
  /** The tables and their key. */
  readonly state: IIdentityState;
  /**
   * Removal policy of the logs and their key.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** @throws Error that names a prop which is not valid, in addition to those of {@link configurationOf} */
function checkProps(scope: Construct, props: IdentityServiceDefinition): void {
  const { network, functions = {}, auditTrail = {}, deploymentConfig, gateways, privateApi, callers } = props;
  checkReplication(scope, props.state, props.domain);
  checkedAt(scope.node.path, () => {
    if (network) checkNetwork('network', network, SERVICE_NETWORK_PROPS);
    if (privateApi) checkPrivateApi(privateApi);
    if (callers) checkPropNames('callers', callers, SERVICE_CALLER_ACCOUNTS_PROPS);
    checkFunctions('functions', SERVICE_FUNCTIONS, functions);
    if (gateways) checkPropNames('gateways', gateways, GATEWAYS_PROPS);
    if (gateways && privateApi) {
      throw new Error(
        'gateways cannot be combined with privateApi, because the APIs of gateways are public. Remove one of them.',
      );
    }
    checkAuditTrail(auditTrail);
    checkDeploymentConfig(deploymentConfig);
  });
}

/** Returns what the functions get from the props, with the defaults. @throws Error that names a prop which is not valid */
const configurationOf = (scope: Construct, props: IdentityServiceDefinition) =>
  checkedAt(scope.node.path, () => ({
    trustedIssuers: resolveTrustedIssuers(props.trustedIssuers ?? []),
    tokenVaultKeys: checkTokenVaultKeys(
      props.tokenVaultKeys ?? [],
      Stack.of(scope).region,
      props.state.replicated,
    ),
    quotas: checkQuotas(props.quotas ?? {}),
    lifetimes: lifetimesInSeconds(props.lifetimes ?? {}),
    consentPage: props.consentPage ?? false,
    namesInMetrics: props.namesInMetrics ?? false,
    privateDestinations: props.privateDestinations ?? [],
    latticeResources: resolveLatticeResources(props.latticeResources ?? {}, props.network),
    ownerAccounts: ownerAccountsOf(props.callers ?? {}),
  }));

/** What the parts of a deployment have in common. */
interface Deployment {
  readonly deployment: string;
  readonly logKey: LogKey;
  readonly auditRetention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
  readonly network: FunctionNetwork | undefined;
  /** The functions need them from the first request to the last. Undefined if the stack creates none. */
  readonly vpcEndpoints: IDependable | undefined;
}

function addApi(
  scope: Construct,
  props: IdentityServiceDefinition,
  { deployment, logKey, removalPolicy, network }: Deployment,
): IdentityApi {
  const { domain, privateApi, callers, webAcl, securityPolicy, ipAddressType } = props;
  const callerNetwork = privateApi?.network ?? (privateApi || network?.allFunctions ? network : undefined);
  return new IdentityApi(scope, 'Api', {
    deployment,
    logKey,
    logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
    throttle: props.throttle ?? {},
    cloudWatchRole: props.cloudWatchRole ?? true,
    removalPolicy,
    ...(securityPolicy !== undefined && { securityPolicy }),
    ...(ipAddressType && { ipAddressType }),
    ...(domain && { domain }),
    ...(privateApi && { privateApi }),
    ...(callerNetwork && { callerNetwork }),
    ...(callers && { callers }),
    ...(webAcl && { webAcl }),
  });
}

/** Adds the functions, those that others invoke first, and connects the API with its own. */
function addFunctions(
  scope: Construct,
  props: IdentityServiceDefinition,
  { network, vpcEndpoints, ...shared }: Deployment,
  api: IdentityApi,
): { readonly functions: ServiceFunctions<PublishedFunction>; readonly gateways?: Gateways } {
  const configuration = configurationOf(scope, props);
  for (const [index, { caCertificates }] of configuration.trustedIssuers.entries()) {
    warnOfCertificateEnds(scope, `trustedIssuers[${index}].caCertificates`, caCertificates);
  }
  const trustedIssuers = addTrustedIssuers(scope, configuration.trustedIssuers);
  const addFunction = (
    group: FunctionGroup,
    invoked: Readonly<Partial<Record<InvokedGroup, InvokedFunction>>> = {},
    routed: Pick<GroupFunctionProps, 'stageSecretHash' | 'gateways'> = {},
  ) =>
    addGroupFunction(scope, {
      group,
      network: networkOfGroup(network, group),
      ...(network && { serviceNetwork: network }),
      settings: props.functions?.[GROUPS[group].setting] ?? {},
      state: props.state,
      baseUrl: api.baseUrl,
      ...configuration,
      ...shared,
      trustedIssuers,
      invoked,
      ...routed,
    });
  const revocation = addFunction('revocation');
  const providerClient = addFunction('provider-client', { revocation: liveAliasOf(revocation) });
  const connections = addFunction('connections', { revocation: liveAliasOf(revocation) });
  const keyRotation = addFunction('key-rotation');
  const polls = configuration.trustedIssuers.some(({ securityEvents }) => securityEvents?.transmitter?.poll);
  const eventPoll = polls ? addFunction('event-poll', { revocation: liveAliasOf(revocation) }) : undefined;
  const invoked = {
    'provider-client': liveAliasOf(providerClient),
    revocation: liveAliasOf(revocation),
    connections: liveAliasOf(connections),
  };
  const { secret, hash } = addStageSecret(scope, keyRotation.functionArn, vpcEndpoints);
  const gateways =
    props.gateways &&
    new Gateways(scope, 'Gateways', {
      ...props.gateways,
      ...shared,
      state: props.state,
      service: api,
      stageSecret: { secret, hash },
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      network: network ?? 'internet',
      privateDestinations: configuration.privateDestinations,
      namesInMetrics: configuration.namesInMetrics,
      ...(props.securityPolicy !== undefined && { securityPolicy: props.securityPolicy }),
      ...(props.ipAddressType && { ipAddressType: props.ipAddressType }),
    });
  const addRouted = (group: RoutedGroup, ofGroup?: Parameters<typeof addFunction>[1]) =>
    addFunction(group, ofGroup, { stageSecretHash: hash, ...(gateways && { gateways }) });
  const routed = {
    'control-plane': addRouted('control-plane', {
      ...invoked,
      ...(gateways && { gateway: liveAliasOf(gateways.functions.gateway) }),
    }),
    'token-exchange': addRouted('token-exchange'),
    'credential-retrieval': addRouted('credential-retrieval', invoked),
    'oauth-callback': addRouted('oauth-callback', invoked),
    'token-vault': addRouted('token-vault'),
    grants: addRouted('grants', invoked),
    operator: addRouted('operator', invoked),
    'security-events': addRouted('security-events', invoked),
    portal: addRouted('portal', invoked),
  };
  api.connect(routed, secret);
  // The functions of the API invoke them by name, without a reference to the alias.
  api.reachable.add(providerClient.alias, revocation.alias, connections.alias);
  if (gateways) api.reachable.add(gateways.functions.gateway.alias);
  if (vpcEndpoints) api.reachable.add(vpcEndpoints);
  const functions = {
    ...routed,
    'provider-client': providerClient,
    'key-rotation': keyRotation,
    revocation,
    connections,
    ...(eventPoll && { 'event-poll': eventPoll }),
    ...gateways?.functions,
  };
  return { functions, ...(gateways && { gateways }) };
}

const addAuditTrail = (
  scope: Construct,
  trail: AuditTrailProps,
  state: IIdentityState,
  { network, ...shared }: Deployment,
  functions: ServiceFunctions<PublishedFunction>,
): AuditTrail =>
  new AuditTrail(scope, 'AuditTrail', {
    ...trail,
    ...shared,
    state,
    functions,
    ...(network?.allFunctions && { network }),
  });

/**
 * Adds the functions, the API, the schedules, and the monitoring.
 *
 * @param scope gets the outputs `Endpoint`, `RestApiId`, `DeploymentName`, and `KeyRotationFunctionArn`; the children `Api`,
 *   `LogKey`, `StageSecret`, `Alarms`, `Dashboard`, those of {@link addSchedules} and
 *   {@link addTrustedIssuers}, `AuditTrail` if it is set, and `GradualDeployment` with a `deploymentConfig`; and for each function group `{group}`,
 *   `{group}-role`, and `{group}-logs`
 */
export function addIdentityService(scope: Construct, props: IdentityServiceDefinition): IdentityService {
  const { state, deploymentConfig, auditRetention = RetentionDays.ONE_YEAR } = props;
  const removalPolicy = props.removalPolicy ?? LOG_REMOVAL_POLICY;
  checkProps(scope, props);
  const deployment = deploymentNameOf(scope, props.deploymentName);
  claimDeploymentName(scope, deployment);
  const network = props.network && withSecurityGroups(scope, props.network);
  const logKey = new LogKey(scope, 'LogKey', { removalPolicy });
  const vpcEndpoints = network && addVpcEndpoints(scope, network);
  const callsApi = network?.allFunctions === true || props.gateways !== undefined;
  if (network && callsApi && !props.privateApi) warnOfPublicApi(scope, network);
  const callers = props.privateApi?.network;
  if (callers) warnOfIsolatedSubnets(scope, 'privateApi.network', callers, CALLER_SERVICES);
  const shared = { deployment, logKey, auditRetention, removalPolicy, network, vpcEndpoints };
  const api = addApi(scope, props, shared);
  const { functions, gateways } = addFunctions(scope, props, shared, api);
  const auditTrail = props.auditTrail && addAuditTrail(scope, props.auditTrail, state, shared, functions);
  const aliasOf = (published: PublishedFunction | undefined) => published?.alias as IFunction | undefined;
  addSchedules(scope, {
    keyRotation: functions['key-rotation'].alias as IFunction,
    revocation: functions.revocation.alias as IFunction,
    eventPoll: aliasOf(functions['event-poll']),
    auditDigest: aliasOf(auditTrail?.digestFunction),
  });
  const alarms = addMonitoring(
    scope,
    { deployment, api, functions, state, ...(auditTrail && { auditTrail }) },
    props,
  );
  if (deploymentConfig) {
    const shifted = [...Object.values(functions), ...(auditTrail ? [auditTrail.digestFunction] : [])];
    addGradualDeployment(scope, { deploymentConfig, alarms, functions: shifted });
  }
  if (props.contributorInsights) {
    new ContributorInsights(scope, 'ContributorInsights', { deployment, accessLog: api.accessLog });
  }
  const service = {
    api,
    deploymentName: deployment,
    keyRotationFunctionArn: functions['key-rotation'].alias.functionArn,
    logKey,
    ...(network?.allFunctions && { requiredNetwork: network }),
    ...(auditTrail && { auditTrail }),
    ...(gateways && { gateways }),
  };
  addOutputs(scope, service);
  return service;
}
