/**
 * The headers with which API Gateway's own responses can be read by scripts of the allowed origins. API Gateway can only
 * return a fixed value or a header of the request. With several origins, it therefore repeats the request's origin without
 * comparing it. Its responses have no secret: an error, and the challenge with the public metadata's URL.
 * Source: API Gateway developer guide, "Gateway responses in API Gateway" (parameter mapping).
 */
import { EXPOSED_HEADERS, isOpenToBrowsers } from './cors';

/** A fixed value, or the name of the request header whose value is repeated. */
export type GatewayHeader = { readonly value: string } | { readonly requestHeader: string };

export function gatewayCorsHeaders(
  endpoint: Parameters<typeof isOpenToBrowsers>[0],
): Readonly<Record<string, GatewayHeader>> {
  const [origin, ...others] = endpoint.allowedOrigins ?? [];
  if (!isOpenToBrowsers(endpoint) || origin === undefined) return {};
  return {
    'Access-Control-Allow-Origin': others.length === 0 ? { value: origin } : { requestHeader: 'Origin' },
    'Access-Control-Expose-Headers': { value: EXPOSED_HEADERS },
    Vary: { value: 'Origin' },
  };
}
