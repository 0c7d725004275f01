/** Responses of the operations on gateways and targets: the AWS members, whose times are texts (ISO 8601). */
import { workloadIdentityArn } from '../domain/identity/workload-identity';
import { gatewayUrl, type GatewayUrls } from '../domain/gateway/manage/gateway';
import type { LimitOfGateway } from '../domain/gateway/manage/rate-limits';
import type { TargetOfGateway } from '../domain/gateway/manage/targets';
import type { Gateway, GatewayTarget } from '../model/records/gateway';

/** Every write is complete when its response is returned. */
const READY = 'READY';
const DELETING = 'DELETING';

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

export const timesOf = ({
  createdTime,
  lastUpdatedTime,
}: {
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}) => ({ createdAt: isoTime(createdTime), updatedAt: isoTime(lastUpdatedTime) });

/** The AWS type `GatewaySummary`: an entry of a listing. */
export const gatewayListed = (gateway: Gateway) => ({
  gatewayId: gateway.id,
  name: gateway.name,
  description: gateway.description,
  status: READY,
  authorizerType: gateway.authorizerType,
  protocolType: gateway.protocolType,
  ...timesOf(gateway),
});

/** The AWS types `CreateGatewayResponse`, `GetGatewayResponse`, and `UpdateGatewayResponse`. */
export const gatewayDescribed = (gateway: Gateway, urls: GatewayUrls, arnPrefix: string) => ({
  ...gatewayListed(gateway),
  gatewayArn: gateway.arn,
  gatewayUrl: gatewayUrl(urls, gateway),
  roleArn: gateway.roleArn,
  authorizerConfiguration: gateway.authorizerConfiguration,
  exceptionLevel: gateway.exceptionLevel,
  policyEngineConfiguration: gateway.policyEngineConfiguration,
  workloadIdentityDetails: { workloadIdentityArn: workloadIdentityArn(arnPrefix, gateway.id) },
});

/** The AWS type `DeleteGatewayResponse`. */
export const gatewayDeleted = ({ id }: Gateway) => ({ gatewayId: id, status: DELETING });

const statusOf = ({ heldTools }: GatewayTarget) => (heldTools ? 'SYNCHRONIZE_UNSUCCESSFUL' : READY);

const heldReasons = ({ heldTools }: GatewayTarget): readonly string[] | undefined =>
  heldTools?.map(
    (tool) =>
      `The server changed the definition of the tool "${tool}". Review it, and update the target to accept it.`,
  );

const synchronizedAt = ({ lastSynchronizedTime }: GatewayTarget) =>
  lastSynchronizedTime === undefined ? undefined : isoTime(lastSynchronizedTime);

const targetTypeOf = ({ mcp, http }: GatewayTarget['targetConfiguration']) => {
  if (mcp) return 'MCP_SERVER';
  return http?.agentcoreRuntime ? 'AGENTCORE_RUNTIME' : 'PASSTHROUGH';
};

/** The AWS type `TargetSummary`: an entry of a listing. */
export const targetListed = (target: GatewayTarget) => ({
  targetId: target.id,
  name: target.name,
  description: target.description,
  status: statusOf(target),
  targetType: targetTypeOf(target.targetConfiguration),
  listingMode: target.targetConfiguration.mcp?.mcpServer?.listingMode,
  lastSynchronizedAt: synchronizedAt(target),
  ...timesOf(target),
});

/** The AWS types `CreateGatewayTargetResponse`, `GetGatewayTargetResponse`, and `UpdateGatewayTargetResponse`. */
export const targetDescribed = ({ gateway, target }: TargetOfGateway) => ({
  gatewayArn: gateway.arn,
  targetId: target.id,
  name: target.name,
  description: target.description,
  status: statusOf(target),
  statusReasons: heldReasons(target),
  protocolType: target.targetConfiguration.mcp ? 'MCP' : 'HTTP',
  targetConfiguration: target.targetConfiguration,
  tools: target.tools,
  credentialProviderConfigurations: target.credential ? [target.credential] : [],
  metadataConfiguration: target.metadataConfiguration,
  privateEndpoint: target.privateEndpoint,
  lastSynchronizedAt: synchronizedAt(target),
  ...timesOf(target),
});

/** The AWS type `DeleteGatewayTargetResponse`. */
export const targetDeleted = ({ gateway, target }: TargetOfGateway) => ({
  gatewayArn: gateway.arn,
  targetId: target.id,
  status: DELETING,
});

/** The AWS type `GatewayRateLimitDetail`. */
export const rateLimitDescribed = ({ gateway, limit }: LimitOfGateway) => ({
  rateLimitId: limit.id,
  gatewayIdentifier: gateway.id,
  description: limit.description,
  dimensionKeys: limit.dimensionKeys,
  entries: limit.entries,
  status: 'ACTIVE',
  ...timesOf(limit),
});

/** The AWS type `DeleteGatewayRateLimitResponse`. */
export const rateLimitDeleted = ({ limit }: LimitOfGateway) => ({ rateLimitId: limit.id, status: DELETING });
