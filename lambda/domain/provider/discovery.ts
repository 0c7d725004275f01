/** Where an authorization server's metadata comes from. */
import { isDeepStrictEqual } from 'node:util';
import { isWithin } from '../../model/endpoint';
import { isOfOneIssuer, issuerOf } from '../../model/discovery-url';

/** AWS's `Oauth2AuthorizationServerMetadata`: what is stated instead of discovered. */
export interface StatedMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly responseTypes?: readonly string[] | undefined;
  readonly tokenEndpointAuthMethods?: readonly string[] | undefined;
}

/** A protected resource (RFC 9728), and the authorization server that it named when the provider was configured. */
export interface ProtectedResource {
  /** The resource identifier, which is the resource indicator of every request (RFC 8707). */
  readonly resource: string;
  readonly issuer: string;
  /** Where the metadata of the authorization server is. */
  readonly metadataUrl: string;
  /** Origins of the server's endpoints; see {@link endpointOriginsOf}. Absent in providers from before this member. */
  readonly endpointOrigins?: readonly string[] | undefined;
  /** Whether an update of the owner moved the provider to this server by stating it. Later updates must state it, too. */
  readonly statedByUpdate?: true | undefined;
  /** Whether it accepts only access tokens that are bound to keys (DPoP); absent if it does not say so. */
  readonly dpopRequired?: true | undefined;
}

/**
 * Returns the origins at which the authorization server of a protected resource can have its endpoints. Codes, client
 * secrets, and refresh tokens go to no other origin, whatever its metadata state later: an attacker who can change the
 * document cannot have them sent elsewhere.
 */
export const endpointOriginsOf = ({
  issuer,
  endpointOrigins,
}: Pick<ProtectedResource, 'issuer' | 'endpointOrigins'>): readonly string[] =>
  endpointOrigins ?? [new URL(issuer).origin];

/** AWS's `Oauth2Discovery`: exactly one of the two. */
export type Oauth2Discovery =
  | {
      /** With `protectedResource`, the metadata of the resource; without, those of the authorization server. */
      readonly discoveryUrl: string;
      readonly protectedResource?: ProtectedResource | undefined;
      readonly authorizationServerMetadata?: undefined;
    }
  | {
      readonly discoveryUrl?: undefined;
      readonly protectedResource?: undefined;
      readonly authorizationServerMetadata: StatedMetadata;
    };

/**
 * Returns the authorization server as the configuration names it. The metadata at a discovery URL are read later, and must
 * be those of the issuer in the URL, whichever of its documents this is. The issuer of stated metadata is not verified, so
 * that the endpoints count as well.
 */
function serverOf({
  discoveryUrl,
  protectedResource,
  authorizationServerMetadata: stated,
}: Oauth2Discovery): readonly string[] {
  if (protectedResource) return ['issuer', protectedResource.issuer];
  if (discoveryUrl !== undefined) {
    return ['discovery URL', isOfOneIssuer(discoveryUrl) ? issuerOf({ discoveryUrl }) : discoveryUrl];
  }
  const { issuer, authorizationEndpoint, tokenEndpoint } = stated;
  return ['stated', issuer, new URL(authorizationEndpoint).origin, new URL(tokenEndpoint).origin];
}

/** Returns whether two configurations are known to name one authorization server. */
export const isSameServer = (one: Oauth2Discovery, other: Oauth2Discovery): boolean =>
  isDeepStrictEqual(serverOf(one), serverOf(other));

/**
 * Returns the resource indicators of a request to the server (RFC 8707). A provider of a protected resource gets tokens
 * for this resource alone, whatever the request names.
 */
export const resourcesAt = (
  { protectedResource }: Oauth2Discovery,
  requested: readonly string[],
): readonly string[] => (protectedResource ? [protectedResource.resource] : requested);

/**
 * Returns whether a server is part of a resource: its URL is the resource identifier or below it. The metadata of an MCP
 * server can name a parent of its URL (MCP 2026-07-28, basic/authorization, "Canonical Server URI").
 *
 * @param serverUrl an absolute URL
 */
export const isServerOf = (serverUrl: string, { resource }: Pick<ProtectedResource, 'resource'>): boolean =>
  isWithin(new URL(serverUrl), new URL(resource));
