/** The API of the calendar product: a protected resource that accepts only the tokens of its provider. */
import type { ServerResponse } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { eventsOf } from './calendar-events';
import type { LoopbackServer } from './loopback-server';

const REQUIRED_SCOPE = 'calendar.read';

function sendJson(response: ServerResponse, status: number, body: unknown, challenge?: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
  });
  response.end(JSON.stringify(body));
}

/**
 * Serves `GET /events` on an already bound server.
 *
 * @param trust the issuer of the accepted access tokens (RFC 9068), its keys, and the required `aud`.
 */
export function startCalendarApi(
  server: LoopbackServer,
  trust: { readonly issuer: string; readonly jwksUri: string; readonly audience: string },
): void {
  const keys = createRemoteJWKSet(new URL(trust.jwksUri));

  server.serve(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/events') {
      sendJson(response, 404, { error: 'not_found' });
      return;
    }
    const token = /^Bearer (?<token>[\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.groups?.token;
    if (token === undefined) {
      // RFC 6750, section 3.1: the response to a request without a token has no error code.
      sendJson(response, 401, { error: 'unauthorized' }, 'Bearer');
      return;
    }
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: trust.issuer,
        audience: trust.audience,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub'],
      });
      const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
      if (!scopes.includes(REQUIRED_SCOPE)) {
        const challenge = `Bearer error="insufficient_scope", scope="${REQUIRED_SCOPE}"`;
        sendJson(response, 403, { error: 'insufficient_scope' }, challenge);
        return;
      }
      sendJson(response, 200, { events: eventsOf(payload.sub ?? '') });
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      sendJson(response, 401, { error: 'invalid_token' }, 'Bearer error="invalid_token"');
    }
  });
}
