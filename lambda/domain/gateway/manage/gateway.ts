/**
 * Gateways: they forward the requests of agents to targets, and attach credentials that the agents never hold. The resource
 * of a gateway, and those of its targets, as its owner configures them.
 */
import type { GatewayAuthorizerType } from '../../../model/gateway/gateway-configuration';
import type { Gateway, GatewayTarget } from '../../../model/records/gateway';
import { restrictsRecipients } from '../../../model/trusted-issuer';
import type { OwnedResourceStore } from '../../owned-resource';

export type GatewayStore = OwnedResourceStore<Gateway>;

/** The gateway that targets belong to. */
export type GatewayOfTargets = Pick<Gateway, 'id' | 'name'>;

export interface GatewayTargetStore {
  /** Returns all targets by name. The read is strongly consistent. */
  list(gateway: GatewayOfTargets): Promise<readonly GatewayTarget[]>;
  /** Returns false if the name is in use; then nothing was written. */
  create(gateway: GatewayOfTargets, target: GatewayTarget): Promise<boolean>;
  /** Writes the target if the stored one has the same ID and the previous revision. */
  replace(gateway: GatewayOfTargets, target: GatewayTarget): Promise<boolean>;
  /** Removes the target if the stored one has the same ID and revision. */
  remove(gateway: GatewayOfTargets, target: GatewayTarget): Promise<boolean>;
  removeAll(gateway: GatewayOfTargets): Promise<void>;
}

/** The base URL of the gateways with each authorizer. A deployment without gateways has none. */
export type GatewayUrls = Readonly<Partial<Record<GatewayAuthorizerType, string>>>;

type Addressed = Pick<Gateway, 'id' | 'authorizerType' | 'protocolType'>;

/** Follows the ID in the URL of a gateway with the protocolType `MCP`, in the place of a target. */
export const MCP_PATH = 'mcp';

/** Returns the AWS member `gatewayUrl`; undefined if the deployment has no gateways any more. */
export function gatewayUrl(urls: Required<GatewayUrls>, gateway: Addressed): string;
export function gatewayUrl(urls: GatewayUrls, gateway: Addressed): string | undefined;
export function gatewayUrl(
  urls: GatewayUrls,
  { id, authorizerType, protocolType }: Addressed,
): string | undefined {
  const base = urls[authorizerType];
  return base && (protocolType ? `${base}/${id}/${MCP_PATH}` : `${base}/${id}`);
}

type Admitting = Addressed & Pick<Gateway, 'authorizerConfiguration'>;
type Issuer = NonNullable<Gateway['authorizerConfiguration']>['customJWTAuthorizer'];

/** Returns the issuer of a gateway's users, as its owner configured it; undefined for a gateway whose callers sign. */
export const configuredIssuer = ({
  authorizerType,
  authorizerConfiguration,
}: Admitting): Issuer | undefined =>
  authorizerType === 'CUSTOM_JWT' ? authorizerConfiguration?.customJWTAuthorizer : undefined;

/**
 * Returns the conditions that user tokens have to meet, which the gateway and token exchange validate; undefined for a gateway
 * whose callers sign. Without an audience and clients, tokens have to be for the gateway's URL (RFC 8707).
 */
export function trustedIssuerOf(gateway: Admitting, urls: GatewayUrls): Issuer | undefined {
  const issuer = configuredIssuer(gateway);
  const url = gatewayUrl(urls, gateway);
  if (!issuer || url === undefined || restrictsRecipients(issuer)) return issuer;
  return { ...issuer, allowedAudience: [url] };
}

/** Entries of a page, unless the caller sets `maxResults`. */
export const PAGE = 100;

export const gatewayArn = (arnPrefix: string, id: string): string => `${arnPrefix}:gateway/${id}`;

const ID = /^(.+)-[0-9a-z]{10}$/;

/** Returns the name of the gateway with this ID, which is the name of its record; undefined for another text. */
export const nameInGatewayId = (gatewayId: string): string | undefined => ID.exec(gatewayId)?.[1];

/** Returns the gateway; undefined if none has this ID. */
export async function findGateway(
  gateways: Pick<GatewayStore, 'get'>,
  gatewayId: string,
): Promise<Gateway | undefined> {
  const name = nameInGatewayId(gatewayId);
  const gateway = name === undefined ? undefined : await gateways.get(name);
  return gateway?.id === gatewayId ? gateway : undefined;
}
