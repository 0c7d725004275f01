/**
 * An MCP server behind the gate, and the official SDK's client in front of it: authorization by MCP's specification
 * (2025-11-25, "Authorization": RFC 9728, RFC 8414, RFC 8707, RFC 9207), consent by URL-mode elicitation.
 */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { LATEST_PROTOCOL_VERSION, UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { decodeJwt } from 'jose';
import { completeAuthorization } from '../../../lib/client/index';
import { federated, identityClient } from '../client/agent-code';
import { startMcpServer, type TestMcpServer } from '../client/mcp-server';
import type { TestProvider } from '../support/provider';
import { World } from '../support/world';
import type { Opened } from './endpoints';
import { openMcpEndpoint, startSignIn } from './mcp-endpoint';
import { CLIENT_REDIRECT, McpUser } from './mcp-user';

/** The application's state for its browser session. */
const STATE = 'state-of-this-browser';

let world: World;
let signIn: TestProvider;
const servers: TestMcpServer[] = [];
const endpoints: Opened[] = [];
const users: McpUser[] = [];
beforeAll(async () => {
  [world, signIn] = await Promise.all([World.start(), startSignIn()]);
  signIn.allowRedirect(CLIENT_REDIRECT);
});
afterAll(async () => {
  await Promise.all(users.map((user) => user.leave()));
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  await Promise.all(servers.map((server) => server.close()));
  await signIn.close();
  await world.stop();
});

/** @param allowedScopes scopes, of which a caller's token needs at least one */
async function served(allowedScopes: string[], sessions = false) {
  const options = () => ({ ...federated(world, endpoint.agent), customState: STATE });
  const server = await startMcpServer(options, { sessions });
  servers.push(server);
  const endpoint = await openMcpEndpoint(world, signIn, server.url, allowedScopes);
  endpoints.push(endpoint);
  return { server, endpoint };
}

function userOf({ invocationUrl }: Opened, login: string): McpUser {
  const user = new McpUser(login, invocationUrl);
  users.push(user);
  return user;
}

const call = (client: Client) => client.callTool({ name: 'token' });
const text = (value: unknown) => ({ content: [{ type: 'text', text: value }] });
const issued = (): unknown => world.provider.exchanges.at(-1)?.answer.access_token;

/** Follows the link of the elicitation in the user's browser; returns the URL at which the browser arrives. */
async function follow(user: McpUser, client: Client, { agent }: Opened): Promise<URL> {
  const refused: unknown = await call(client).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UrlElicitationRequiredError);
  const { code, elicitations } = refused as UrlElicitationRequiredError;
  expect(code).toBe(-32042);
  expect(elicitations).toMatchObject([{ mode: 'url', elicitationId: expect.any(String) as string }]);
  return agent.consent(elicitations[0]?.url, user.login, user.browser);
}

/** Completes as the application does for the user who is signed in to its browser session. */
const complete = (user: McpUser, url: URL) =>
  completeAuthorization({
    identity: identityClient(world),
    url,
    browserSession: () => ({ user: { userToken: user.accessToken }, states: [STATE] }),
  });

it('works for a client that knows only its URL: discovery, sign-in, and use', async () => {
  const { server, endpoint } = await served(['a']);
  const { baseUrl, invocationUrl } = endpoint;
  const user = userOf(endpoint, 'ana');
  const { request, answer } = await user.signIn();

  const prm = `GET ${baseUrl}/.well-known/oauth-protected-resource 200`;
  const authorizationServer = `GET ${signIn.issuer}/.well-known/oauth-authorization-server 200`;
  expect(user.exchanges.map(({ method, url, status }) => `${method} ${url.href} ${status}`)).toEqual([
    `POST ${invocationUrl} 401`,
    prm,
    authorizationServer,
    `POST ${signIn.issuer}/reg 201`,
    // Sign in with the browser, and then start again with the code.
    prm,
    authorizationServer,
    `POST ${signIn.issuer}/token 200`,
  ]);
  expect(user.exchanges[0]?.challenge).toBe(
    `Bearer error="invalid_token", resource_metadata="${baseUrl}/.well-known/oauth-protected-resource", scope="a"`,
  );
  // RFC 7636, RFC 8707; RFC 9207 in the response.
  expect(Object.fromEntries(request)).toMatchObject({
    code_challenge_method: 'S256',
    resource: invocationUrl,
    scope: 'a',
  });
  expect(answer.get('iss')).toBe(signIn.issuer);
  expect(new URLSearchParams(user.exchanges.at(-1)?.body).get('resource')).toBe(invocationUrl);
  expect(decodeJwt(user.accessToken)).toMatchObject({ iss: signIn.issuer, aud: invocationUrl, sub: 'ana' });

  const client = await user.connect();
  expect(user.protocolVersion).toBe(LATEST_PROTOCOL_VERSION);
  expect((await client.listTools()).tools).toMatchObject([{ name: 'token' }]);
  const headers = server.reached.at(-1)?.headers ?? {};
  expect(headers['mcp-protocol-version']).toBe(LATEST_PROTOCOL_VERSION);
  // The agent gets its own token for this user; the user token stays at the gate.
  expect(headers).not.toHaveProperty('authorization');
  expect(decodeJwt(String(headers.workloadaccesstoken))).toMatchObject({
    sub: `${signIn.issuer}#ana`,
    act: { name: endpoint.agent.name },
  });
  // 401, sign-in, initialize, initialized (202), no stream for server messages (405), tool list.
  expect([...user.calls].sort()).toEqual(['GET 405', 'POST 200', 'POST 200', 'POST 202', 'POST 401']);
  expect(new Set(server.reached.map(({ method }) => method))).toEqual(new Set(['POST']));
});

it('asks each user for consent by an elicitation, and the next call succeeds', async () => {
  const { endpoint } = await served(['a']);
  const signedIn = async (login: string) => {
    const user = userOf(endpoint, login);
    await user.signIn();
    return { user, client: await user.connect() };
  };
  const [ben, cleo] = [await signedIn('ben'), await signedIn('cleo')];
  const passedOn = await follow(ben.user, ben.client, endpoint);
  // Cleo cannot complete the session that Ben began, and her attempt ends it.
  for (const { user } of [cleo, ben]) {
    await expect(complete(user, passedOn)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  }
  await complete(ben.user, await follow(ben.user, ben.client, endpoint));
  expect(await call(ben.client)).toMatchObject(text(issued()));
  const bens = issued();

  await complete(cleo.user, await follow(cleo.user, cleo.client, endpoint));
  expect(await call(cleo.client)).toMatchObject(text(issued()));
  expect(issued()).not.toBe(bens);
  expect(await call(ben.client)).toMatchObject(text(bens));
});

it('keeps the sessions of a stateful server: a stream that GET opens, and their end by DELETE', async () => {
  const { server, endpoint } = await served(['b'], true);
  const user = userOf(endpoint, 'eve');
  await user.signIn();
  const client = await user.connect();
  expect(user.sessionId).toEqual(expect.any(String));
  await complete(user, await follow(user, client, endpoint));
  expect(await call(client)).toMatchObject(text(issued()));
  expect(server.reached.slice(1).map(({ headers }) => headers['mcp-session-id'])).toEqual(
    server.reached.slice(1).map(() => user.sessionId),
  );
  // The client opens the stream by itself.
  expect(user.calls).toContain('GET 200');
  const ended = user.sessionId;
  await user.leave();
  expect(user.calls.at(-1)).toBe('DELETE 200');
  expect(server.reached.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': ended } });
});

it('rejects a token that was issued for another endpoint', async () => {
  const [here, elsewhere] = [(await served(['a'])).endpoint, (await served(['a'])).endpoint];
  const user = userOf(elsewhere, 'fay');
  await user.signIn();
  const answers = await Promise.all(
    [elsewhere, here].map(async ({ invocationUrl }) => {
      const { status } = await fetch(invocationUrl, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${user.accessToken}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      });
      return status;
    }),
  );
  expect(answers).toEqual([200, 401]);
});
