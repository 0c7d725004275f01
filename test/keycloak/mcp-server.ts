/**
 * A protected MCP server whose authorization server is Keycloak. The agent knows the server's URL, and its credential
 * provider knows an initial access token, because Keycloak registers no clients without one by default.
 */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { protectedResourceUrl } from '../../lambda/model/discovery-url';
import { connectMcp, workloadAccessTokens } from '../../lib/client/index';
import type { Checks } from '../deployed/checks';
import { RETURN_URL } from '../flows/support/world';
import type { Realm } from './admin';
import { audienceMapper } from './on-behalf-of';
import { signInAndConsent, USERNAME } from './people';
import type { World } from './world';

/** The client that stands for the MCP server at Keycloak. */
const RESOURCE_SERVER = 'notes-server';

/** The name of clients that the service registers. */
const REGISTERED = 'agent-identity';

/** Milliseconds for the deletion of a client, which the service begins after its response. */
const WITHIN = 10_000;

const SCOPES = ['openid', 'offline_access'];

/** An MCP server of the official SDK. It accepts tokens of the realm for itself, and names the realm to others (RFC 9728). */
async function startMcpServer(realm: Realm) {
  const keys = createRemoteJWKSet(new URL(realm.endpoint('certs')));
  const handle: (request: never, response: ServerResponse) => Promise<void> = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'notes', version: '1.0.0' });
      server.registerTool('read', { description: 'Reads a note' }, () => ({
        content: [{ type: 'text', text: 'Buy milk' }],
      }));
      return server;
    }),
  );
  const http = createServer((request, response) => {
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ resource: url, authorization_servers: [realm.issuer] }));
      return;
    }
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    jwtVerify(token, keys, { issuer: realm.issuer, audience: url }).then(
      () => handle(request as never, response),
      () => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
    );
  });
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  return {
    url,
    close(): Promise<void> {
      http.closeAllConnections();
      return new Promise((closed) => http.close(() => closed()));
    },
  };
}

export async function checkMcpServer(checks: Checks, { service, calendar }: World): Promise<void> {
  checks.chapter('Keycloak as the authorization server of an MCP server');
  const mcp = await startMcpServer(calendar);
  const config = { oauthDiscovery: { discoveryUrl: protectedResourceUrl(mcp.url) } };
  await calendar.client({ clientId: RESOURCE_SERVER, attributes: { resource_url: mcp.url } });
  await calendar.defaultScope('notes', audienceMapper({ 'included.client.audience': RESOURCE_SERVER }));
  await calendar.registrationPolicy('consent-required');

  await checks.check('without an initial access token, Keycloak registers no client', () =>
    assert.rejects(service.provider('notes', config), {
      name: 'ValidationException',
      message: /\(insufficient_scope, [\d.:]+\): .*set initialAccessToken, or register a client there/,
    }),
  );
  const initialAccessToken = await calendar.initialAccessToken();
  await checks.check('a token of another realm is not sent to Keycloak', async () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'https://another.example' })).toString('base64url');
    await assert.rejects(service.provider('notes', { ...config, initialAccessToken: `e30.${claims}.e30` }), {
      name: 'ValidationException',
      message: /from another issuer/,
    });
  });
  await checks.check('an agent that has only the URL calls a tool after one consent', async () => {
    const agent = await service.agent({ ...config, initialAccessToken } as never);
    const identity = service.identity();
    const links: string[] = [];
    const client = await connectMcp(mcp.url, {
      client: new Client({ name: 'agent', version: '1.0.0' }),
      Transport: StreamableHTTPClientTransport,
      identity,
      providerName: agent.providerName,
      scopes: SCOPES,
      authFlow: 'USER_FEDERATION',
      callbackUrl: RETURN_URL,
      workloadIdentityToken: workloadAccessTokens(identity, { workloadName: agent.name, userId: USERNAME }),
      onAuthUrl: async (link) => {
        links.push(link);
        const back = await signInAndConsent(link, new URL(RETURN_URL).origin);
        await agent.complete(back.searchParams.get('session_id') ?? undefined, { userId: USERNAME });
      },
    });
    const { content } = await client.callTool({ name: 'read' });
    assert.deepEqual(content, [{ type: 'text', text: 'Buy milk' }]);
    assert.equal(links.length, 1);
    await client.close();
  });
  await checks.check('the initial access token registers one client only', () =>
    assert.rejects(service.provider('notes', { ...config, initialAccessToken }), {
      name: 'ValidationException',
      message: /does not accept the initial access token/,
    }),
  );
  await checks.check('a registered client is deleted with its provider', async () => {
    const before = await calendar.clientsNamed(REGISTERED);
    await service.provider('deleted', {
      ...config,
      initialAccessToken: await calendar.initialAccessToken(),
    });
    assert.equal(await calendar.clientsNamed(REGISTERED), before + 1);
    await service.deleteProvider('deleted');
    const until = Date.now() + WITHIN;
    while ((await calendar.clientsNamed(REGISTERED)) > before) {
      assert.ok(Date.now() < until, 'Keycloak still has the client');
      await new Promise((later) => setTimeout(later, 100));
    }
  });
  await mcp.close();
}
