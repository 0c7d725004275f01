/**
 * The headers that pass between the caller and a target: those of the lists here, those of the protocol, and those that the
 * target's `metadataConfiguration` allows. Whatever it allows, some never pass: those of the connection, of the caller's and
 * the target's credentials, of cookies, of AWS, and those by which proxies name the client (RFC 9110 section 7.6).
 */
import type { GatewayTarget } from '../../model/records/gateway';
import { reservedHeaderFault } from '../../model/gateway/header-names';
import type { PassthroughProtocol } from '../../model/gateway/target-configuration';
import { MCP_FIELD } from '../gate/agent-request';
import { joinedField, type HeaderFields } from '../gate/header-fields';
import { invalidMember } from '../service-error';
import type { CredentialPlace } from './manage/credential-placement';
import { protocolOf } from './target';

const REQUEST = new Set([
  'accept',
  'accept-language',
  'content-type',
  'content-encoding',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
]);

const RESPONSE = new Set([
  'content-type',
  'content-length',
  'content-disposition',
  'content-language',
  'allow',
  'cache-control',
  'etag',
  'last-modified',
  'expires',
  'vary',
  'retry-after',
  'x-accel-buffering',
]);

/** With the characters of RFC 9110 section 5.6.2. */
const A2A_FIELD = /^(x-)?a2a-[a-z0-9!#$%&'*+.^_`|~-]+$/;

const OF_PROTOCOL: Readonly<Record<PassthroughProtocol, (name: string) => boolean>> = {
  MCP: (name) => MCP_FIELD.test(name) || name === 'last-event-id',
  A2A: (name) => A2A_FIELD.test(name) || name === 'last-event-id',
  CUSTOM: () => false,
};

/** Of this service, which the list of reserved names does not have. */
const OF_SERVICE: ReadonlySet<string> = new Set(['oauth2callbackurl', 'workloadaccesstoken']);

/**
 * The server must validate it, against pages that a browser loaded from elsewhere (MCP 2025-11-25, "Transports", security
 * warning). No owner can let it pass to another target.
 */
const isOriginForMcp = (name: string, protocol: PassthroughProtocol): boolean =>
  name === 'origin' && protocol === 'MCP';

/** Returns whether a header passes only by the lists here, even if `metadataConfiguration` names it. */
const isReserved = (name: string): boolean => OF_SERVICE.has(name) || reservedHeaderFault(name) !== undefined;

const isNamed = (name: string, names: readonly string[] = []): boolean =>
  names.some((allowed) => allowed.toLowerCase() === name);

const isOfCredential = (name: string, place: CredentialPlace | undefined): boolean =>
  place?.location === 'HEADER' && place.name.toLowerCase() === name;

/** RFC 9110 section 5.5; bytes outside ASCII are opaque. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Some servers reject requests without it. */
const USER_AGENT = 'agent-identity';

/**
 * Returns the headers of a request, without those of the credential.
 *
 * @throws ValidationException for a value that no header can have
 */
export function requestHeaders(
  received: HeaderFields,
  target: Pick<GatewayTarget, 'targetConfiguration' | 'metadataConfiguration'>,
  place: CredentialPlace | undefined,
): Record<string, string> {
  const protocol = protocolOf(target);
  const isOfProtocol = OF_PROTOCOL[protocol];
  const allowed = target.metadataConfiguration?.allowedRequestHeaders;
  const passing = [...received.keys()].filter((name) => {
    if (isOfCredential(name, place)) return false;
    if (REQUEST.has(name) || isOriginForMcp(name, protocol)) return true;
    return !isReserved(name) && (isOfProtocol(name) || isNamed(name, allowed));
  });
  const headers: Record<string, string> = { 'user-agent': USER_AGENT };
  for (const name of passing) {
    const value = joinedField(received, name) ?? '';
    if (!FIELD_VALUE.test(value)) throw invalidMember(name, 'must have characters of one byte, on one line');
    headers[name] = value;
  }
  // Another encoding could not be searched for the credential.
  return { ...headers, 'accept-encoding': 'identity' };
}

/** A response of one user must not be served to another one. */
const cacheControl = (value: string | undefined): string =>
  value === undefined || /(^|[,\s])(public|s-maxage)([=,\s]|$)/i.test(value) ? 'no-store' : value;

/**
 * Returns the headers of a response that pass, except for `Location`.
 *
 * @param received by lowercase name
 */
export function responseHeaders(
  received: Readonly<Record<string, string>>,
  target: Pick<GatewayTarget, 'targetConfiguration' | 'metadataConfiguration'>,
  place: CredentialPlace | undefined,
): Record<string, string> {
  const isOfProtocol = OF_PROTOCOL[protocolOf(target)];
  const allowed = target.metadataConfiguration?.allowedResponseHeaders;
  const passing = Object.entries(received).filter(([name]) => {
    if (isOfCredential(name, place)) return false;
    return RESPONSE.has(name) || (!isReserved(name) && (isOfProtocol(name) || isNamed(name, allowed)));
  });
  return {
    'content-type': 'application/octet-stream',
    ...Object.fromEntries(passing),
    'cache-control': cacheControl(received['cache-control']),
    // The media type is as declared.
    'x-content-type-options': 'nosniff',
  };
}
