/**
 * The authorization server that a provider of a protected resource is bound to (RFC 9728): its issuer, and the origins of
 * its endpoints. The owner chooses the protected resource, which names the server, whose document names the endpoints. So
 * only a statement of the owner binds a provider to another server, or to endpoints at another origin.
 */
import { isMetadataUrl, isProtectedResourceUrl, issuerRule } from '../../model/discovery-url';
import { checkEndpoint } from '../endpoint';
import type { EndpointPolicy } from '../../model/endpoint';
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { BoundServer, Oauth2Discovery, ProtectedResource } from '../../model/provider/record';
import { isDeepStrictEqual } from 'node:util';
import { accessDenied, invalidMember } from '../service-error';

const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';
const ISSUER_MEMBER = `${CONFIG}.authorizationServer`;
const ORIGINS_MEMBER = `${CONFIG}.endpointOrigins`;

/** Returns what audit entries say about the server of a protected resource. */
export const boundTo = ({ protectedResource: bound }: Oauth2Discovery): Partial<BoundServer> =>
  bound
    ? {
        protectedResource: bound.resource,
        authorizationServer: bound.issuer,
        endpointOrigins: bound.endpointOrigins,
      }
    : {};

/** Returns the server as Get shows it next to the configuration. AWS has no such member. */
export const shownServer = ({ protectedResource: bound }: Oauth2Discovery) =>
  bound && {
    resource: bound.resource,
    authorizationServer: bound.issuer,
    authorizationServerMetadataUrl: bound.metadataUrl,
    endpointOrigins: bound.endpointOrigins,
  };

export type ShownServer = NonNullable<ReturnType<typeof shownServer>>;

/**
 * What the owner states about the server: its issuer, and the origins of its endpoints. Without an issuer, the present one
 * stays, and a new provider accepts any. Without origins, the present ones stay; for another server, that of its issuer.
 */
export type StatedServer = Pick<CustomOauth2Config, 'authorizationServer' | 'endpointOrigins'>;

/**
 * Checks what a configuration states about the server. It is compared with what a protected resource and its server state,
 * so no other configuration can have it.
 *
 * @param member name of the configuration, for messages
 * @throws ValidationException
 */
export function checkStatedServer(
  member: string,
  { authorizationServer, endpointOrigins = [], oauthDiscovery: { discoveryUrl = '' } }: CustomOauth2Config,
  policy: EndpointPolicy,
): void {
  const stated = [
    ...(authorizationServer === undefined ? [] : [[`${member}.authorizationServer`, authorizationServer]]),
    ...endpointOrigins.map((origin, at) => [`${member}.endpointOrigins.${at}`, origin]),
  ] as [string, string][];
  for (const [name, url] of stated) {
    if (!isProtectedResourceUrl(discoveryUrl)) {
      throw invalidMember(name, 'must be omitted unless the discovery URL is that of a protected resource');
    }
    checkEndpoint(name, url, policy);
  }
  if (authorizationServer !== undefined && isMetadataUrl(authorizationServer)) {
    throw invalidMember(`${member}.authorizationServer`, issuerRule(authorizationServer));
  }
  for (const [at, origin] of endpointOrigins.entries()) {
    if (new URL(origin).origin === origin) continue;
    throw invalidMember(
      `${member}.endpointOrigins.${at}`,
      'must be an origin: the scheme, the host in lower case, and a port that is not the default, without a slash at the end',
    );
  }
}

/** The server that a configuration must have: as the owner states it, or as the provider has it now. */
export interface ExpectedServer extends StatedServer {
  readonly discoveryUrl: string;
  /** The server that the provider has now; absent for a new provider. */
  readonly present?: Oauth2Discovery | undefined;
  /** Whether the provider's owner states it. */
  readonly byOwner: boolean;
}

export const expectedIssuerOf = ({ authorizationServer, present }: ExpectedServer): string | undefined =>
  authorizationServer ?? present?.protectedResource?.issuer;

/** Returns what a client is registered at: the server that was found, if the provider exists, or the stated one. */
export const statedFor = (
  { authorizationServer, endpointOrigins }: StatedServer,
  found: ProtectedResource | undefined,
): StatedServer => ({
  authorizationServer: found?.issuer ?? authorizationServer,
  endpointOrigins: found?.endpointOrigins ?? endpointOrigins,
});

const isWithin = (found: ProtectedResource, origins: readonly string[]): boolean =>
  found.endpointOrigins.every((origin) => origins.includes(origin));

/** Returns whether a server is the stated one. Nothing is sent to another server, or to endpoints at other origins. */
export const isExpectedServer = (
  { authorizationServer, endpointOrigins }: StatedServer,
  found: ProtectedResource,
): boolean =>
  found.issuer === (authorizationServer ?? found.issuer) &&
  (!endpointOrigins || isWithin(found, endpointOrigins));

/** Only the owner can follow the advice to state another server. */
const onlyIfRight = (byOwner: boolean, advice: string): string =>
  byOwner ? `If that is right, ${advice}` : 'Ask the owner of the provider to confirm it';

/** Returns why a stated issuer is not named. Identifiers are compared as strings, which a slash is easily lost in. */
function unnamed(stated: string, named: string): string {
  const differsBySlash = stated === `${named}/` || named === `${stated}/`;
  const difference = differsBySlash ? '. They differ only by the slash at the end' : '';
  return `is not named by the protected resource, which names ${named}${difference}`;
}

/**
 * Otherwise, a change of the configuration for any reason would send its secret to whichever server the resource names at
 * the time. For the same reason, a configuration from before a move, as in the rollback of a stack, must not be applied to
 * the server after it.
 *
 * @throws ValidationException
 */
function checkIssuer(
  { discoveryUrl, authorizationServer, present, byOwner }: ExpectedServer,
  found: ProtectedResource,
): void {
  const bound = present?.protectedResource;
  const confirm = onlyIfRight(byOwner, `set it to ${found.issuer}`);
  const now = (start: string) =>
    invalidMember(ISSUER_MEMBER, `${start} now names ${found.issuer} for ${found.resource}. ${confirm}`);
  if (authorizationServer !== undefined) {
    if (found.issuer === authorizationServer) return;
    if (bound?.issuer === authorizationServer) {
      throw now(
        `is not named any more: the provider uses ${bound.issuer} for ${bound.resource}, and the metadata`,
      );
    }
    throw invalidMember(ISSUER_MEMBER, unnamed(authorizationServer, found.issuer));
  }
  if (!present) return;
  if (!bound) {
    throw invalidMember(
      ISSUER_MEMBER,
      `is required: the discovery URL of the provider changes to that of a protected resource, and its metadata names ${found.issuer} for ${found.resource}. ${confirm}`,
    );
  }
  const isNamed = bound.issuer === found.issuer;
  if (bound.statedByUpdate && isNamed) {
    throw invalidMember(
      ISSUER_MEMBER,
      `is required: an update moved the provider to ${bound.issuer}, so the configuration must state the authorization server. If the client and its secret are those at this server, set it to ${bound.issuer}`,
    );
  }
  const isOtherUrl = present.discoveryUrl !== discoveryUrl;
  if (isNamed && (isOtherUrl || bound.resource === found.resource)) return;
  throw now(`is required: the provider uses ${bound.issuer} for ${bound.resource}, and the metadata`);
}

/**
 * The secret, the grants, and the users' tokens of a provider stay when its server moves. So another principal that is
 * allowed to update the provider can only leave the origins as they are: it could be in league with an attacker that changed
 * the metadata.
 *
 * @param known the origins that the provider has at the server
 * @param origins what the provider is going to be bound to
 * @throws AccessDeniedException
 */
function checkOriginsByOwner(byOwner: boolean, known: readonly string[], origins: readonly string[]): void {
  if (byOwner || isDeepStrictEqual(new Set(origins), new Set(known))) return;
  throw accessDenied(
    'Only the owner of the credential provider can change the origins of its authorization server (endpointOrigins).',
    'endpoint origin stated by another principal than the owner',
  );
}

/**
 * Returns what the provider is bound to: the server that was found, with the origins that the owner states, or that the
 * provider has at this server, or that of the issuer. Only a new provider, for which nothing was stored yet, takes
 * the origins that the metadata have.
 *
 * @throws ValidationException for another server, or an endpoint at another origin; AccessDeniedException for an origin that
 *   a principal other than the owner states
 */
export function boundServer(expected: ExpectedServer, found: ProtectedResource): ProtectedResource {
  checkIssuer(expected, found);
  const { endpointOrigins: stated, present } = expected;
  const kept = present?.protectedResource?.issuer === found.issuer ? present.protectedResource : undefined;
  const known = kept ? kept.endpointOrigins : [new URL(found.issuer).origin];
  const statedByUpdate = kept ? kept.statedByUpdate : present ? true : undefined;
  const endpointOrigins = stated ?? (present ? known : found.endpointOrigins);
  checkOriginsByOwner(expected.byOwner, known, endpointOrigins);
  if (isWithin(found, endpointOrigins)) {
    return { ...found, endpointOrigins, ...(statedByUpdate && { statedByUpdate }) };
  }
  const origins = found.endpointOrigins.join(' and ');
  throw invalidMember(
    ORIGINS_MEMBER,
    stated
      ? `must contain the origins of all endpoints of ${found.issuer}: ${origins}`
      : `is required: the provider accepts endpoints of ${found.issuer} at ${endpointOrigins.join(' and ')}, and its metadata has endpoints at ${origins}. ${onlyIfRight(expected.byOwner, 'set it to these origins')}`,
  );
}
