/**
 * The headers with which a browser lets a script of another origin call an endpoint and read its responses. They never
 * allow credentials: a script sends its token itself, and the gate reads no cookies.
 * Source: WHATWG Fetch, "CORS protocol".
 */
import { accessDenied } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { MCP_FIELD, SESSION_HEADER } from './agent-request';
import { singleField, type HeaderFields } from './header-fields';
import { allowedOrigin } from './origin';

/** An agent endpoint, or the gateways with one kind of callers. */
export interface BrowserEndpoint extends Pick<
  AgentEndpointConfiguration,
  'allowedOrigins' | 'requestHeaderAllowlist'
> {
  readonly inbound: Pick<AgentEndpointConfiguration['inbound'], 'kind'>;
}

/** Headers of requests. `*` would not include Authorization. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'accept',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
  'last-event-id',
  'traceparent',
  'tracestate',
  'baggage',
  SESSION_HEADER.toLowerCase(),
] as const;

/** Headers of responses that a script can read, in addition to those that it always can. */
export const EXPOSED_HEADERS = [
  'WWW-Authenticate',
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
  'Retry-After',
  SESSION_HEADER,
  'x-amzn-RequestId',
  'x-amzn-errortype',
].join(', ');

/** Seconds for which a browser remembers a preflight. Chromium accepts no more. */
const MAX_AGE = 7200;

/** Further fields that one preflight can name. */
const MAX_REQUESTED_FIELDS = 32;

/** Returns whether scripts of other origins can call the endpoint. A browser has user tokens, and no IAM principal. */
export const isOpenToBrowsers = ({
  inbound,
  allowedOrigins,
}: {
  readonly inbound: Pick<AgentEndpointConfiguration['inbound'], 'kind'>;
  readonly allowedOrigins?: readonly string[] | undefined;
}): boolean => inbound.kind === 'JWT' && allowedOrigins !== undefined;

/** Returns the headers of every response of the gate to this request. */
export function corsHeaders(
  endpoint: BrowserEndpoint,
  received: HeaderFields,
): Readonly<Record<string, string>> {
  if (!isOpenToBrowsers(endpoint)) return {};
  const origin = allowedOrigin(endpoint, received);
  return {
    vary: 'Origin',
    ...(origin !== undefined && {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED_HEADERS,
    }),
  };
}

/** Returns the fields of a form for which a preflight request asks. */
export const requestedFields = (received: HeaderFields, form: RegExp): string[] =>
  (singleField(received, 'access-control-request-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => form.test(name))
    .slice(0, MAX_REQUESTED_FIELDS);

/**
 * Returns the headers of the response to a preflight request, in addition to {@link corsHeaders}.
 *
 * @param methods of the path
 * @throws AccessDeniedException for an origin that the endpoint does not allow
 */
export function preflightHeaders(
  endpoint: BrowserEndpoint,
  received: HeaderFields,
  methods: readonly string[],
): Readonly<Record<string, string>> {
  if (allowedOrigin(endpoint, received) === undefined) {
    throw accessDenied(
      'This endpoint does not accept requests from this origin.',
      'origin not in allowedOrigins',
    );
  }
  const allowlist = endpoint.requestHeaderAllowlist.map((name) => name.toLowerCase());
  // A server can name any `Mcp-Param-…` field.
  const headers = new Set([...REQUEST_HEADERS, ...allowlist, ...requestedFields(received, MCP_FIELD)]);
  return {
    vary: 'Origin, Access-Control-Request-Headers',
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': [...headers].join(', '),
    'access-control-max-age': String(MAX_AGE),
  };
}
