/**
 * The authorization server that a provider of a protected resource is bound to (RFC 9728): its issuer, and the origins of
 * its endpoints. The owner chooses the protected resource, which names the server, whose document names the endpoints. So
 * only a statement of the owner binds a provider to another server, or to endpoints at another origin.
 */
import { accessDenied, invalidMember } from '../service-error';
import {
  endpointOriginsOf,
  type Oauth2Discovery,
  type ProtectedResource,
  type ServerOrigins,
} from './discovery';

const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';
const ISSUER_MEMBER = `${CONFIG}.authorizationServer`;
const ORIGINS_MEMBER = `${CONFIG}.endpointOrigins`;

/** What the owner states about the server. */
export interface StatedServer {
  /** Its issuer; absent if the one that the provider has now is right, or any for a new provider. */
  readonly authorizationServer?: string | undefined;
  /** The origins of its endpoints; absent if those are right that the provider has or had there, or that of the issuer. */
  readonly endpointOrigins?: readonly string[] | undefined;
}

/** The servers of a provider, as it is stored. */
export interface PresentServers {
  readonly discovery: Oauth2Discovery;
  /** The servers that it had before with endpoints at another origin than their issuer, the earliest first. */
  readonly formerServers?: readonly ServerOrigins[] | undefined;
}

/** The server that a configuration must have: as the owner states it, or as the provider has it now. */
export interface ExpectedServer extends StatedServer {
  readonly discoveryUrl: string;
  /** The server that the provider has now; absent for a new provider. */
  readonly present?: Oauth2Discovery | undefined;
  /** The servers that it had before; see {@link formerServers}. */
  readonly former?: readonly ServerOrigins[] | undefined;
  /** Whether the provider's owner states it. */
  readonly byOwner: boolean;
}

export const expectedIssuerOf = ({ authorizationServer, present }: ExpectedServer): string | undefined =>
  authorizationServer ?? present?.protectedResource?.issuer;

const ownOrigin = ({ issuer }: Pick<ServerOrigins, 'issuer'>): readonly string[] => [new URL(issuer).origin];

const isWithin = (found: ProtectedResource, origins: readonly string[]): boolean =>
  endpointOriginsOf(found).every((origin) => origins.includes(origin));

/** Returns whether a server is the stated one. Nothing is sent to another server, or to endpoints at other origins. */
export const isExpectedServer = (
  { authorizationServer, endpointOrigins }: StatedServer,
  found: ProtectedResource,
): boolean =>
  found.issuer === (authorizationServer ?? found.issuer) &&
  (!endpointOrigins || isWithin(found, endpointOrigins));

/**
 * Otherwise, a change of the configuration for any reason would send its secret to whichever server the resource names at
 * the time.
 *
 * @throws ValidationException
 */
function checkIssuer(
  { discoveryUrl, authorizationServer, present }: ExpectedServer,
  found: ProtectedResource,
): void {
  if (authorizationServer !== undefined) {
    if (found.issuer === authorizationServer) return;
    throw invalidMember(ISSUER_MEMBER, `is not named by the protected resource, which names ${found.issuer}`);
  }
  if (!present) return;
  const { protectedResource: bound } = present;
  if (!bound) {
    throw invalidMember(
      ISSUER_MEMBER,
      `is required: the discovery URL of the provider changes to that of a protected resource, and its metadata names ${found.issuer} for ${found.resource}. If that is right, set it to ${found.issuer}`,
    );
  }
  const isOtherUrl = present.discoveryUrl !== discoveryUrl;
  if (bound.issuer === found.issuer && (isOtherUrl || bound.resource === found.resource)) return;
  throw invalidMember(
    ISSUER_MEMBER,
    `is required: the provider uses ${bound.issuer} for ${bound.resource}, and the metadata now names ${found.issuer} for ${found.resource}. If that is right, set it to ${found.issuer}`,
  );
}

/**
 * An update that repeats the configuration keeps the present server. So if another principal could bind the provider to one,
 * the next update of the owner would send the client secret there, and the users' tokens of an on-behalf-of exchange.
 *
 * @throws AccessDeniedException
 */
function checkIssuerByOwner({ byOwner, present }: ExpectedServer, { issuer }: ProtectedResource): void {
  if (byOwner || present?.protectedResource?.issuer === issuer) return;
  throw accessDenied(
    'Only the owner of the credential provider can bind it to another authorization server (authorizationServer).',
    'authorization server stated by another principal than the owner',
  );
}

/** More servers than a provider has in practice. Of one that is forgotten, only the origin of its issuer is known. */
const MAX_FORMER_SERVERS = 20;

/**
 * Returns the servers that a changed provider had before, if their endpoints were at another origin than their issuer.
 * Grants come back when an earlier server does, so the provider must know then what its owner has confirmed.
 *
 * @param present the provider before the change
 * @param next its server afterwards
 */
export function formerServers(
  { discovery, formerServers: earlier = [] }: PresentServers,
  next: Oauth2Discovery,
): readonly ServerOrigins[] | undefined {
  const bound = discovery.protectedResource;
  const isMoved = bound && !endpointOriginsOf(bound).every((origin) => ownOrigin(bound).includes(origin));
  const left = isMoved ? [{ issuer: bound.issuer, endpointOrigins: endpointOriginsOf(bound) }] : [];
  const former = [...earlier, ...left].filter(({ issuer }) => issuer !== next.protectedResource?.issuer);
  return former.length === 0 ? undefined : former.slice(-MAX_FORMER_SERVERS);
}

/** Returns the origins that the provider has at a server, or had when it left it; undefined if they are not known. */
const knownOriginsAt = (
  { present, former = [] }: ExpectedServer,
  issuer: string,
): readonly string[] | undefined => {
  const bound = present?.protectedResource;
  const known = [...(bound ? [bound] : []), ...former].find((server) => server.issuer === issuer);
  return known && endpointOriginsOf(known);
};

/**
 * The secret, the grants, and the users' tokens of a provider stay when its server moves, and grants come back when an
 * earlier server does. So another principal that is allowed to update the provider can only leave the origins as they are:
 * it could be in league with an attacker that changed the metadata.
 *
 * @param known the origins that the provider has or had at the server
 * @param origins what the provider is going to be bound to
 * @throws AccessDeniedException
 */
function checkOriginsByOwner(byOwner: boolean, known: readonly string[], origins: readonly string[]): void {
  if (byOwner || origins.every((origin) => known.includes(origin))) return;
  throw accessDenied(
    'Only the owner of the credential provider can bind it to another origin of its authorization server (endpointOrigins).',
    'endpoint origin stated by another principal than the owner',
  );
}

/**
 * Returns what the provider is bound to: the server that was found, with the origins that the owner states, or that the
 * provider has or had at this server, or that of the issuer. Only a new provider, for which nothing was stored yet, takes
 * the origins that the metadata have.
 *
 * @throws ValidationException for another server, or an endpoint at another origin; AccessDeniedException for another
 *   server or origin that a principal other than the owner states
 */
export function boundServer(expected: ExpectedServer, found: ProtectedResource): ProtectedResource {
  checkIssuer(expected, found);
  checkIssuerByOwner(expected, found);
  const { endpointOrigins: stated, present } = expected;
  const known = knownOriginsAt(expected, found.issuer) ?? ownOrigin(found);
  const endpointOrigins = stated ?? (present ? known : endpointOriginsOf(found));
  checkOriginsByOwner(expected.byOwner, known, endpointOrigins);
  if (isWithin(found, endpointOrigins)) return { ...found, endpointOrigins };
  const origins = endpointOriginsOf(found).join(' and ');
  throw invalidMember(
    ORIGINS_MEMBER,
    stated
      ? `must contain the origins of all endpoints of ${found.issuer}: ${origins}`
      : `is required: the provider accepts endpoints of ${found.issuer} at ${endpointOrigins.join(' and ')}, and its metadata has endpoints at ${origins}. If that is right, set it to these origins`,
  );
}
