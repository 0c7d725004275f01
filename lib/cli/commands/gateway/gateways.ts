/** Gateways of the caller: how a person names them, and what people see of them. */
import { nameInArn } from '../../../../lambda/model/arn';
import { OPERATIONS } from '../../../../lambda/operations';
import {
  UNUSED_ROLE_ARN,
  type GatewayAuthorizerType,
  type PolicyEngineConfiguration,
} from '../../../../lambda/model/gateway/gateway-configuration';
import { authorizerFields, type Authorized } from '../../authorizer';
import type { CliContext } from '../../context';
import { notFound } from '../../not-found';
import { isoTime, printFields, printJson } from '../../output';
import { allPages, type Service } from '../../service';

/** What listings have. */
export interface GatewaySummary {
  readonly gatewayId: string;
  readonly name: string;
  readonly description?: string;
  readonly status: string;
  readonly authorizerType: GatewayAuthorizerType;
  /** Present if the gateway has one URL, for several MCP servers. */
  readonly protocolType?: 'MCP';
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Gateway extends GatewaySummary, Authorized {
  readonly roleArn: string;
  readonly gatewayArn: string;
  /** Absent if the operator turned gateways off. */
  readonly gatewayUrl?: string;
  readonly policyEngineConfiguration?: PolicyEngineConfiguration;
}

/** How people and options say it. */
const CALLERS: Readonly<Record<GatewayAuthorizerType, string>> = {
  CUSTOM_JWT: 'user token',
  AWS_IAM: 'IAM',
};

export const callersOf = ({ authorizerType }: Pick<GatewaySummary, 'authorizerType'>): string =>
  CALLERS[authorizerType];

export const ONE_GATEWAY = {
  kind: 'tuple',
  parameters: [{ brief: 'Name, ID, or ARN of the gateway', parse: String, placeholder: 'gateway' }],
} as const;

export const listGateways = (service: Pick<Service, 'call'>): Promise<GatewaySummary[]> =>
  allPages<GatewaySummary>(service, OPERATIONS.ListGateways, 'items');

/**
 * Returns the gateway that a person names by its name, its ID, or its ARN. An ID has a random end, so it is the name of
 * another gateway only if its owner chose that.
 *
 * @throws CliError if the caller has no such gateway
 */
export async function findGateway(service: Pick<Service, 'call'>, named: string): Promise<Gateway> {
  const gateways = await listGateways(service);
  const text = named.startsWith('arn:') ? nameInArn(named) : named;
  const found =
    gateways.find(({ gatewayId }) => gatewayId === text) ??
    gateways.find(({ name }) => name.toLowerCase() === text?.toLowerCase());
  if (!found) {
    const names = gateways.map(({ name }) => name);
    throw notFound('You have no gateway', named, { names, list: 'gateway list' });
  }
  return service.call<Gateway>(OPERATIONS.GetGateway, { gatewayIdentifier: found.gatewayId });
}

/** Members of a gateway or a target that the service sets. Requests cannot have them. */
const SET_BY_SERVICE: ReadonlySet<string> = new Set([
  ...['gatewayArn', 'gatewayId', 'gatewayUrl', 'targetId', 'workloadIdentityDetails'],
  ...['status', 'statusReasons', 'createdAt', 'updatedAt', 'lastSynchronizedAt'],
]);

/** Returns the members that the owner configured. An update must repeat them, because it removes what it does not state. */
export const configuredMembers = (resource: object): object =>
  Object.fromEntries(Object.entries(resource).filter(([member]) => !SET_BY_SERVICE.has(member)));

export function showGateway(
  context: CliContext,
  gateway: Gateway,
  { json }: { readonly json: boolean },
): void {
  if (json) {
    printJson(context, gateway);
    return;
  }
  printFields(context, [
    ['Gateway', gateway.name],
    ['ID', gateway.gatewayId],
    ['ARN', gateway.gatewayArn],
    ['Description', gateway.description],
    ['URL', gateway.gatewayUrl],
    ['Protocol', gateway.protocolType],
    ['Callers', callersOf(gateway)],
    ['Policy engine', nameInArn(gateway.policyEngineConfiguration?.arn)],
    ['Policy mode', gateway.policyEngineConfiguration?.mode],
    ['Role', gateway.roleArn === UNUSED_ROLE_ARN ? undefined : gateway.roleArn],
    ...authorizerFields(gateway.authorizerConfiguration),
    ['Created', isoTime(Date.parse(gateway.createdAt) / 1000)],
    ['Changed', isoTime(Date.parse(gateway.updatedAt) / 1000)],
  ]);
}
