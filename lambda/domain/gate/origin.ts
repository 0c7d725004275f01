/**
 * The `Origin` of a request: the web page whose script sends it. Other clients send none. A server of MCP must reject
 * origins that it does not know, against DNS rebinding (MCP 2025-11-25 and 2026-07-28, "Streamable HTTP").
 * Source: RFC 6454 section 7.
 */
import { accessDenied } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import type { HeaderFields } from './header-fields';

type Origins = Pick<AgentEndpointConfiguration, 'protocol' | 'allowedOrigins'>;

/** Returns the origin of the request if the endpoint allows it; undefined for another origin, and for none. */
export function allowedOrigin(
  { allowedOrigins = [] }: Pick<Origins, 'allowedOrigins'>,
  received: HeaderFields,
): string | undefined {
  const [origin, ...others] = received.get('origin') ?? [];
  return origin !== undefined && others.length === 0 && allowedOrigins.includes(origin) ? origin : undefined;
}

/**
 * Checks the origin of a request. Callers of the AWS HTTP contract can send any, as in AWS, unless the endpoint states some.
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
