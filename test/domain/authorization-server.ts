/**
 * An authorization server in a function: it publishes its metadata, answers authorization requests as the person at
 * the browser decides, and redeems each code once, for the client, redirect URI, and code verifier that it was issued
 * to (RFC 6749 section 4.1, RFC 7636 with S256, RFC 9207). It also accepts pushed requests (RFC 9126).
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Transport } from '../../lambda/domain/oauth/transport';

export const PROVIDER = 'https://provider.example';
export const PUSH_ENDPOINT = `${PROVIDER}/par`;
export const DISCOVERY_URL = `${PROVIDER}/.well-known/openid-configuration`;

/** The request that a code was issued for. */
interface GivenCode {
  readonly clientId: string | null;
  readonly redirectUri: string | null;
  readonly challenge: string | null;
  readonly scope: string | null;
}

export interface TestAuthorizationServer {
  readonly transport: Transport;
  /** Metadata members in addition to, or instead of, the default ones. */
  metadata: Record<string, unknown>;
  /** The stated lifetime of a pushed request in seconds. */
  pushLifetime: number;
  /** The received token requests and pushed requests, in order: the form, and the client's credentials. */
  readonly requests: { readonly form: URLSearchParams; readonly credentials: string }[];
  /** Responses to token requests that replace the server's own response, once each. */
  readonly instead: Response[];
  /** Runs before the server answers a token request. */
  before: () => Promise<void>;
  /** Consents to the authorization request. Returns the query that the browser is redirected with. */
  consent(authorizationRequest: string): URLSearchParams;
}

const digestOf = (verifier: string | null): string =>
  createHash('sha256')
    .update(verifier ?? '')
    .digest('base64url');

function credentialsOf(headers: Record<string, string>): string {
  const { authorization = '' } = Object.fromEntries(new Headers(headers));
  return Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
}

export function createAuthorizationServer(): TestAuthorizationServer {
  const codes = new Map<string, GivenCode>();
  const pushed = new Map<string, URLSearchParams>();

  function push(form: URLSearchParams, credentials: string): Response {
    if (credentials !== `${form.get('client_id')}:secret`) {
      return Response.json({ error: 'invalid_client' }, { status: 401 });
    }
    const requestUri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`;
    pushed.set(requestUri, form);
    return Response.json({ request_uri: requestUri, expires_in: server.pushLifetime }, { status: 201 });
  }

  function redeem(form: URLSearchParams, credentials: string): Response {
    const code = form.get('code') ?? '';
    const given = codes.get(code);
    codes.delete(code);
    const isItself =
      credentials === `${given?.clientId}:secret` &&
      form.get('redirect_uri') === given?.redirectUri &&
      (given.challenge === null || digestOf(form.get('code_verifier')) === given.challenge);
    if (!given || !isItself) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    return Response.json({
      access_token: `access-for-${code}`,
      refresh_token: `refresh-for-${code}`,
      token_type: 'Bearer',
      expires_in: 3600,
      ...(given.scope !== null && { scope: given.scope }),
    });
  }

  const server: TestAuthorizationServer = {
    metadata: {},
    pushLifetime: 60,
    requests: [],
    instead: [],
    before: () => Promise.resolve(),
    async transport(url, { headers, body }) {
      if (url === DISCOVERY_URL) {
        return Response.json({
          issuer: PROVIDER,
          authorization_endpoint: `${PROVIDER}/authorize`,
          token_endpoint: `${PROVIDER}/token`,
          authorization_response_iss_parameter_supported: true,
          code_challenge_methods_supported: ['S256'],
          ...server.metadata,
        });
      }
      const request = { form: new URLSearchParams(body), credentials: credentialsOf(headers) };
      server.requests.push(request);
      await server.before();
      const answer = url === PUSH_ENDPOINT ? push : redeem;
      return server.instead.shift() ?? answer(request.form, request.credentials);
    },
    consent(authorizationRequest) {
      const { searchParams } = new URL(authorizationRequest);
      const asked = pushed.get(searchParams.get('request_uri') ?? '') ?? searchParams;
      const code = randomUUID();
      codes.set(code, {
        clientId: asked.get('client_id'),
        redirectUri: asked.get('redirect_uri'),
        challenge: asked.get('code_challenge'),
        scope: asked.get('scope'),
      });
      return new URLSearchParams({ code, state: asked.get('state') ?? '', iss: PROVIDER });
    },
  };
  return server;
}
