/** The client library with tokens that are bound to keys (DPoP): a resource and an MCP server that verify the proofs. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { awaitConsent } from '../../../lib/client/access-token';
import { boundTokenError } from '../../../lib/client/errors';
import {
  authorizedFetch,
  connectMcp,
  getAccessToken,
  ReplacementTokenRejectedError,
  ResourceRedirectError,
  withAccessToken,
  workloadAccessTokens,
  type ConsentRequiredError,
} from '../../../lib/client/index';
import { withAccessToken as withAccessTokenInMcp } from '../../../lib/client/mcp';
import { TOKEN_TYPE_HEADER } from '../../../lib/client/service-contract';
import { customProvider } from '../support/custom-provider';
import { World, type TestAgent } from '../support/world';
import { federated } from './agent-code';

let agent: TestAgent;
let requiresNonce = false;
const world = World.ofFile({
  clients: [
    {
      client_id: 'agents',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://placeholder.example/'],
      grant_types: ['authorization_code', 'refresh_token'],
      dpop_bound_access_tokens: true,
    },
  ],
  issueRefreshToken: () => Promise.resolve(true),
  features: {
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => requiresNonce },
  },
});
beforeAll(async () => {
  agent = await world.agent('agent', undefined, { clientSecret: undefined });
});
afterEach(() => {
  requiresNonce = false;
});

async function configure(resourceUrl: string): Promise<void> {
  const { status, body } = await world.post('UpdateOauth2CredentialProvider', {
    name: agent.providerName,
    ...customProvider(world.provider.discoveryUrl, {
      clientId: 'agents',
      dpopConfig: { resourceUrls: [resourceUrl] },
    }),
  });
  expect([status, body]).toEqual([200, expect.any(String)]);
}

function optionsFor(userId: string) {
  const usual = federated(world, agent);
  const workloadIdentityToken = workloadAccessTokens(usual.identity, { workloadName: agent.name, userId });
  return { ...usual, workloadIdentityToken };
}

describe('authorizedFetch', () => {
  const me = () => `${world.provider.issuer}/me`;
  beforeAll(async () => {
    await configure(me());
    await agent.connect('ana');
  });

  it('sends a proof with each request, even if the URL has a query', async () => {
    const request = authorizedFetch(me(), optionsFor('ana'));
    expect(await (await request(me())).json()).toEqual({ sub: 'ana' });
    const posted = await request(`${me()}?a=b`, { method: 'post' });
    expect(await posted.json()).toEqual({ sub: 'ana' });
  });

  it('uses the nonce that the resource requires, once', async () => {
    requiresNonce = true;
    const request = authorizedFetch(me(), optionsFor('ana'));
    expect((await request(me())).status).toBe(200);
    expect((await request(me())).status).toBe(200);
  });

  it('sends a proof even if a proxy drops the header with the type of the token', async () => {
    const options = optionsFor('ana');
    const { requestHandler } = options.identity.config;
    const handle = requestHandler.handle.bind(requestHandler);
    jest.spyOn(requestHandler, 'handle').mockImplementation(async (...sent) => {
      const result = (await handle(...sent)) as { response: { headers: object } };
      Reflect.deleteProperty(result.response.headers, TOKEN_TYPE_HEADER);
      return result;
    });
    expect((await authorizedFetch(me(), options)(me())).status).toBe(200);
  });

  it('sends nothing to another origin', async () => {
    const request = authorizedFetch(me(), optionsFor('ana'));
    await expect(request('http://127.0.0.1:9/me')).rejects.toBeInstanceOf(ResourceRedirectError);
  });
});

describe('withAccessToken', () => {
  beforeAll(() => configure(`${world.provider.issuer}/me`));

  it('does not call a tool with a bound token, which it would send as a bearer token', async () => {
    await agent.connect('dan');
    const tool = jest.fn();
    const call = withAccessToken(optionsFor('dan'))(tool);
    await expect(call()).rejects.toThrow(boundTokenError(agent.providerName));
    expect(tool).not.toHaveBeenCalled();
  });

  it('does not call a tool of an MCP server with a bound token either', async () => {
    const tool = jest.fn();
    const call = withAccessTokenInMcp(optionsFor('dan'))(tool);
    await expect(call()).rejects.toThrow(boundTokenError(agent.providerName));
    expect(tool).not.toHaveBeenCalled();
  });

  it('does not return a bound token after the consent of a repeated call', async () => {
    const options = optionsFor('eve');
    const required = await getAccessToken(options).catch((error: unknown) => error);
    const { authorizationUrl, sessionUri } = required as ConsentRequiredError;
    await agent.complete(await agent.consent(authorizationUrl, 'eve'), { userId: 'eve' });
    await expect(awaitConsent(options, sessionUri)).rejects.toThrow(boundTokenError(agent.providerName));
  });
});

describe('connectMcp', () => {
  /** Requests of the server, as it verified them. */
  const seen: string[] = [];
  let challenges = 0;
  let asksForNonces = false;
  let url: string;
  let close: () => Promise<void>;

  /** Returns why a request is rejected (RFC 9449 section 4.3, introspection replaced by the provider's records). */
  async function rejection(authorization = '', proof = '', method = ''): Promise<string | undefined> {
    const token = /^DPoP (.+)$/.exec(authorization)?.[1] ?? '';
    const known = world.provider.exchanges.some(({ answer }) => answer.access_token === token);
    if (!known) return 'invalid_token';
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
    });
    const ath = createHash('sha256').update(token).digest('base64url');
    if (payload.htm !== method || payload.htu !== url || payload.ath !== ath) return 'invalid_dpop_proof';
    if (asksForNonces && payload.nonce !== 'nonce-1') return 'use_dpop_nonce';
    seen.push(`${method} ${await calculateJwkThumbprint(protectedHeader.jwk ?? { kty: '' })}`);
    return undefined;
  }

  beforeAll(async () => {
    const handle: (request: never, response: never) => Promise<void> = toNodeHandler(
      createMcpHandler(() => {
        const server = new McpServer({ name: 'tickets', version: '1.0.0' });
        server.registerTool('read', { description: 'read' }, () => ({
          content: [{ type: 'text', text: 'read' }],
        }));
        return server;
      }),
    );
    const http = createServer((request, response) => {
      const { authorization, dpop } = request.headers;
      void rejection(authorization, String(dpop), request.method)
        .catch(() => 'invalid_dpop_proof')
        .then((error) => {
          if (error === undefined) return handle(request as never, response as never);
          challenges += 1;
          const challenge = `DPoP algs="ES256", error="${error}"`;
          response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': 'nonce-1' }).end();
          return undefined;
        });
    });
    await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
    close = () =>
      new Promise((closed) => {
        http.closeAllConnections();
        http.close(() => {
          closed();
        });
      });
    await configure(url);
    await agent.connect('cleo');
  });
  afterAll(() => close());

  async function connected() {
    const client = new Client({ name: 'agent', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    return connectMcp(url, { client, Transport: StreamableHTTPClientTransport, ...optionsFor('cleo') });
  }

  it('sends a proof with each request, without a sign of it in the code of the agent', async () => {
    const client = await connected();
    expect(await client.callTool({ name: 'read' })).toMatchObject({ content: [{ text: 'read' }] });
    await client.close();
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen.map((request) => request.split(' ')[1])).size).toBe(1);
    expect(challenges).toBe(0);
  });

  it('learns the nonce of the server from the first challenge, and keeps it', async () => {
    asksForNonces = true;
    const client = await connected();
    await client.callTool({ name: 'read' });
    await client.callTool({ name: 'read' });
    await client.close();
    expect(challenges).toBe(1);
  });

  it('stops at a server that requires another nonce each time', async () => {
    asksForNonces = false;
    const endless = createServer((_request, response) => {
      challenges += 1;
      const challenge = 'DPoP error="use_dpop_nonce"';
      response.writeHead(401, { 'www-authenticate': challenge, 'dpop-nonce': `n-${challenges}` }).end();
    });
    await new Promise<void>((ready) => endless.listen(0, '127.0.0.1', ready));
    const address = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/mcp`;
    await configure(address);
    challenges = 0;
    await expect(authorizedFetch(address, optionsFor('cleo'))(address)).rejects.toBeInstanceOf(
      ReplacementTokenRejectedError,
    );
    expect(challenges).toBe(4);
    endless.closeAllConnections();
    endless.close();
  });
});
