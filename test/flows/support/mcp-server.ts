/**
 * A protected MCP server as far as OAuth is concerned: its metadata (RFC 9728), and an endpoint that accepts access tokens
 * of its authorization server for itself alone.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Configuration } from 'oidc-provider';

export interface ProtectedMcpServer {
  readonly origin: string;
  /** The resource identifier. */
  readonly resource: string;
  readonly discoveryUrl: string;
  /** The document, which a test can replace. */
  metadata: unknown;
  /** Answers requests for metadata instead of the server, if set. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** Paths of the requests, in order. */
  readonly requests: string[];
  /** Calls the endpoint with a token; returns the status. */
  call(accessToken: string): Promise<number>;
  close(): Promise<void>;
}

/** @param issuer of the authorization server */
export async function startMcpServer(issuer: string): Promise<ProtectedMcpServer> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const isValid = (token: string): Promise<boolean> =>
    jwtVerify(token, keys, { issuer, audience: mcp.resource }).then(
      () => true,
      () => false,
    );

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '' } = request;
    mcp.requests.push(url);
    if (url === '/mcp') {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      response.writeHead((await isValid(token)) ? 200 : 401).end();
    } else if (mcp.instead) {
      mcp.instead(request, response);
    } else if (url === '/.well-known/oauth-protected-resource/mcp') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(mcp.metadata));
    } else {
      response.writeHead(404).end();
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mcp: ProtectedMcpServer = {
    origin,
    resource: `${origin}/mcp`,
    discoveryUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    metadata: { resource: `${origin}/mcp`, authorization_servers: [issuer] },
    instead: undefined,
    requests: [],
    async call(accessToken) {
      const response = await fetch(`${origin}/mcp`, { headers: { authorization: `Bearer ${accessToken}` } });
      return response.status;
    },
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
  return mcp;
}

/** The authorization server's settings: any resource gets tokens for itself (RFC 8707), with the scope `notes`. */
export const forAnyResource = (): NonNullable<Configuration['features']> => ({
  resourceIndicators: {
    enabled: true,
    defaultResource: () => [],
    getResourceServerInfo: (_ctx, resource) => ({
      scope: 'notes',
      audience: resource,
      accessTokenFormat: 'jwt' as const,
    }),
    useGrantedResource: () => true,
  },
});
