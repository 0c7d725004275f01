/** Where an authorization server's metadata comes from. */
import type { Oauth2Discovery, ProtectedResource } from '../../model/provider/record';
import { isDeepStrictEqual } from 'node:util';
import { isWithin } from '../../model/endpoint';
import { isOfOneIssuer, issuerOf } from '../../model/discovery-url';

/** The origins at which the authorization server of a protected resource can have its endpoints. */
export type BoundOrigins = Pick<ProtectedResource, 'endpointOrigins'>;

/**
 * Returns whether endpoints are at these origins. Codes, client secrets, and refresh tokens go to no other origin, whatever
 * the metadata of the server state later: an attacker who can change the document cannot have them sent elsewhere.
 */
export const isAtBoundOrigins = (
  { endpointOrigins }: BoundOrigins,
  endpoints: readonly (string | undefined)[],
): boolean => endpoints.every((url) => url === undefined || endpointOrigins.includes(new URL(url).origin));

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
