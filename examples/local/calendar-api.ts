/**
 * The API of the calendar product, and its MCP server: two protected resources that accept only tokens that their provider
 * issued for them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { eventsOf } from './calendar-events';
import { MCP_METADATA_PATH, MCP_PATH, serveCalendarMcp } from './calendar-mcp';
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

export interface CalendarTrust {
  /** Issuer of the accepted access tokens (RFC 9068). */
  readonly issuer: string;
  readonly jwksUri: string;
  /** The required `aud` of tokens for the API. */
  readonly audience: string;
  /** The required `aud` of tokens for the MCP server, which is its URL. */
  readonly mcpUrl: string;
}

/** Serves `GET /events` and the MCP server on an already bound server. */
export function startCalendarApi(server: LoopbackServer, trust: CalendarTrust): void {
  const keys = createRemoteJWKSet(new URL(trust.jwksUri));
  const metadataUrl = `${server.origin}${MCP_METADATA_PATH}`;

  /** Returns the subject of a valid token for the resource, or sends an error, and returns undefined. */
  async function subjectOf(
    request: IncomingMessage,
    response: ServerResponse,
    audience: string,
    challenge: string,
  ): Promise<string | undefined> {
    const token = /^Bearer (?<token>[\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.groups?.token;
    if (token === undefined) {
      // RFC 6750, section 3.1: the response to a request without a token has no error code.
      sendJson(response, 401, { error: 'unauthorized' }, `Bearer${challenge && ` ${challenge}`}`);
      return undefined;
    }
    const parameters = challenge && `, ${challenge}`;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: trust.issuer,
        audience,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub'],
      });
      const scopes = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
      if (scopes.includes(REQUIRED_SCOPE)) return payload.sub ?? '';
      const insufficient = `Bearer error="insufficient_scope", scope="${REQUIRED_SCOPE}"${parameters}`;
      sendJson(response, 403, { error: 'insufficient_scope' }, insufficient);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      sendJson(response, 401, { error: 'invalid_token' }, `Bearer error="invalid_token"${parameters}`);
    }
    return undefined;
  }

  server.serve(async (request, response) => {
    if (request.method === 'GET' && request.url === '/events') {
      const subject = await subjectOf(request, response, trust.audience, '');
      if (subject !== undefined) sendJson(response, 200, { events: eventsOf(subject) });
    } else if (request.method === 'GET' && request.url === MCP_METADATA_PATH) {
      sendJson(response, 200, {
        resource: trust.mcpUrl,
        authorization_servers: [trust.issuer],
        scopes_supported: [REQUIRED_SCOPE],
      });
    } else if (request.url === MCP_PATH) {
      const challenge = `resource_metadata="${metadataUrl}"`;
      const subject = await subjectOf(request, response, trust.mcpUrl, challenge);
      if (subject !== undefined) await serveCalendarMcp(request, response, subject);
    } else {
      sendJson(response, 404, { error: 'not_found' });
    }
  });
}
