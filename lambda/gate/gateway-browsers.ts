/**
 * Web pages that call the gateways with user tokens: their preflight requests, and the headers with which their scripts can read
 * responses.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { NO_STORE } from '../api/errors';
import { corsHeaders, preflightHeaders, requestedFields, type BrowserEndpoint } from '../domain/gate/cors';
import { apiOf } from '../domain/gateway/inbound';
import { FORWARDED_METHODS, GATEWAY_METADATA_PATH } from '../domain/gateway/routes';
import { headerFields } from './header-fields';
import type { Plain } from './passed-response';

export type Cors = ReturnType<typeof corsHeaders>;

/** A field that a target can let pass. The gateway drops the others, so a page can send each that it asks for. */
const FIELD = /^[a-z0-9_-]{1,100}$/;

const endpointOf = (
  { requestContext: { identity } }: APIGatewayProxyEvent,
  allowedOrigins: readonly string[] | undefined,
): Omit<BrowserEndpoint, 'requestHeaderAllowlist'> => ({
  inbound: { kind: apiOf({ callerArn: identity.userArn }) === 'AWS_IAM' ? 'IAM' : 'JWT' },
  ...(allowedOrigins && { allowedOrigins: [...allowedOrigins] }),
});

/** Returns the headers of every response to this request. */
export const corsOf = (event: APIGatewayProxyEvent, allowedOrigins: readonly string[] | undefined): Cors =>
  corsHeaders({ ...endpointOf(event, allowedOrigins), requestHeaderAllowlist: [] }, headerFields(event));

/**
 * Returns what differs from {@link corsOf} in the response to a preflight request.
 *
 * @throws AccessDeniedException for an origin that is not allowed
 */
export function preflight(event: APIGatewayProxyEvent, allowedOrigins: readonly string[]): Plain {
  const received = headerFields(event);
  const endpoint = {
    ...endpointOf(event, allowedOrigins),
    requestHeaderAllowlist: requestedFields(received, FIELD),
  };
  const methods = event.resource === GATEWAY_METADATA_PATH ? ['GET'] : FORWARDED_METHODS;
  const headers = { ...NO_STORE, ...preflightHeaders(endpoint, received, methods) };
  return { statusCode: 204, headers, body: '' };
}

/** Returns the headers of a target's response, all of which a script of an allowed origin can read. */
export function readable(headers: Readonly<Record<string, string>>, cors: Cors): Record<string, string> {
  const { vary, 'access-control-expose-headers': exposed } = cors;
  return {
    ...headers,
    ...cors,
    ...(vary !== undefined && { vary: [headers.vary, vary].filter(Boolean).join(', ') }),
    ...(exposed !== undefined && {
      'access-control-expose-headers': [exposed, ...Object.keys(headers)].join(', '),
    }),
  };
}
