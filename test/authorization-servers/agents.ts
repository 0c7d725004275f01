/** A server as the authorization server of agents: consent, client credentials, refresh, and revocation. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Checks } from '../deployed/checks';
import { customProvider } from '../flows/support/custom-provider';
import { RETURN_URL, TestAgent, type World } from '../flows/support/world';
import { discoveryUrlOf, type AuthorizationServer, type Client } from './servers';

const METHODS = {
  CLIENT_SECRET_BASIC: 'client_secret_basic',
  CLIENT_SECRET_POST: 'client_secret_post',
} as const;

/** Has the characters that are often encoded in the wrong way. */
const SECRET = 'a+b:c/d%e&f=g h';

/** Lifetime of an access token that the service refreshes, in seconds. */
const LIFETIME = 5;

/** Milliseconds within which the server must have revoked a token; the service begins after its response. */
const REVOKED_WITHIN = 30_000;

const USER = { userId: 'ana' };

interface ClientAgent {
  readonly agent: TestAgent;
  readonly client: Client;
}

let count = 0;

/** An agent, and the client of its credential provider at the server. */
async function agentAt(
  world: World,
  server: AuthorizationServer,
  method: keyof typeof METHODS = 'CLIENT_SECRET_BASIC',
  change: Partial<Client> = {},
): Promise<ClientAgent> {
  count += 1;
  const [id, name, providerName] = [`client-${count}`, `agent-at-server-${count}`, `server-${count}`];
  const control = world.control();
  await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const { callbackUrl = '' } = await control.createOauth2CredentialProvider({
    name: providerName,
    ...customProvider(discoveryUrlOf(server), {
      clientId: id,
      clientSecret: SECRET,
      clientAuthenticationMethod: method,
    }),
  });
  const client: Client = {
    id,
    secret: SECRET,
    method: METHODS[method],
    grants: ['authorization_code', 'refresh_token'],
    redirectUris: [callbackUrl],
    scopes: server.scopes,
    consent: true,
    accessTokenSeconds: 600,
    ...change,
  };
  await server.register(client);
  return { agent: new TestAgent(world.data(), name, providerName, callbackUrl), client };
}

const ask = async (agent: TestAgent, { scopes }: AuthorizationServer) =>
  agent.ask(await agent.token(USER), { scopes: [...scopes] });

/** Completes a consent of the user; returns the access token. */
async function connect(agent: TestAgent, server: AuthorizationServer): Promise<string> {
  const { authorizationUrl = '' } = await ask(agent, server);
  await agent.complete(await server.signIn(authorizationUrl, new URL(RETURN_URL).origin), USER);
  const { accessToken } = await ask(agent, server);
  assert.ok(accessToken, 'no access token after the consent');
  return accessToken;
}

export async function checkAgents(checks: Checks, world: World, server: AuthorizationServer): Promise<void> {
  checks.chapter(`${server.name} as the authorization server of agents`);
  for (const method of Object.keys(METHODS) as (keyof typeof METHODS)[]) {
    await checks.check(`an agent gets a user's token after one consent, with ${method}`, async () => {
      const { agent } = await agentAt(world, server, method);
      await connect(agent, server);
    });
    await checks.check(`an agent gets its own token by client credentials, with ${method}`, async () => {
      const scopes = ['reports'];
      const { agent } = await agentAt(world, server, method, { grants: ['client_credentials'], scopes });
      const { accessToken } = await agent.ask(await agent.token(), {
        oauth2Flow: 'M2M',
        scopes,
        resourceOauth2ReturnUrl: undefined,
      });
      assert.ok(accessToken, 'no access token');
    });
  }
  await checks.check('an access token that expired is refreshed, twice', async () => {
    const { agent } = await agentAt(world, server, 'CLIENT_SECRET_BASIC', { accessTokenSeconds: LIFETIME });
    const tokens = new Set([await connect(agent, server)]);
    for (const size of [2, 3]) {
      await wait((LIFETIME + 1) * 1000);
      tokens.add((await ask(agent, server)).accessToken ?? '');
      assert.equal(tokens.size, size);
    }
    assert.ok(!tokens.has(''), 'no access token');
  });
  await checks.check('tokens that a user revokes are not valid at the server', async () => {
    const { agent, client } = await agentAt(world, server);
    const token = await connect(agent, server);
    assert.equal(await server.isActive(client, token), true);
    const { status } = await world.post('RevokeResourceGrant', {
      workloadIdentityToken: await agent.token(USER),
      resourceCredentialProviderName: agent.providerName,
    });
    assert.equal(status, 200);
    const until = Date.now() + REVOKED_WITHIN;
    while ((await server.isActive(client, token)) && Date.now() < until) await wait(100);
    assert.equal(await server.isActive(client, token), false);
    assert.equal((await ask(agent, server)).accessToken, undefined);
  });
}
