/**
 * The `Origin` of a request: the web page whose script sends it. Other clients send none. A server of MCP must reject
 * origins that it does not know, against DNS rebinding (MCP 2025-11-25 and 2026-07-28, "Streamable HTTP").
 * Source: RFC 6454 section 7.
 */
import * as v from 'valibot';
import { accessDenied } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import type { HeaderFields } from './header-fields';

/** Maximum origins of an endpoint. */
const MAX_ORIGINS = 10;

/** Host names are in lower case, and have no wildcards. */
const ORIGIN = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?$/;

/** Browsers send this form, and the gate compares it exactly: no default port, no path. */
const isSerialized = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

export const AllowedOriginsSchema = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.check(
        (text) => ORIGIN.test(text) && isSerialized(text),
        'must be an origin as browsers send it, such as https://app.example or http://localhost:5173: https or loopback http, in lower case, without a path, a wildcard, or the default port',
      ),
    ),
  ),
  v.minLength(1, 'must have an origin, or be omitted'),
  v.maxLength(MAX_ORIGINS, `must have up to ${MAX_ORIGINS} origins`),
  v.check((origins) => new Set(origins).size === origins.length, 'must not name an origin twice'),
);

type Origins = Pick<AgentEndpointConfiguration, 'protocol' | 'allowedOrigins'>;

/** Returns the origin of the request if the endpoint allows it; undefined for another origin, and for none. */
export function allowedOrigin({ allowedOrigins = [] }: Origins, received: HeaderFields): string | undefined {
  const [origin, ...others] = received.get('origin') ?? [];
  return origin !== undefined && others.length === 0 && allowedOrigins.includes(origin) ? origin : undefined;
}

/**
 * Checks the origin of a request. Callers of AWS's HTTP contract can send any, as in AWS, unless the endpoint states some.
 *
 * @throws AccessDeniedException for an origin that the endpoint does not allow, also `null`
 */
export function checkOrigin(endpoint: Origins, received: HeaderFields): void {
  if (endpoint.protocol === 'HTTP' && endpoint.allowedOrigins === undefined) return;
  if (!received.has('origin') || allowedOrigin(endpoint, received) !== undefined) return;
  throw accessDenied(
    'This endpoint does not accept requests from the origin that this request names. Ask the operator to add the origin to allowedOrigins.',
    'origin not in allowedOrigins',
  );
}
