/** A server as the identity provider of users: its stock tokens at the API and at a gate. */
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { Checks } from '../deployed/checks';
import { AgentServer } from '../flows/gate/agent-server';
import { openEndpoint } from '../flows/gate/endpoints';
import type { World } from '../flows/support/world';
import { newSecret } from '../keycloak/service';
import { APPLICATION, discoveryUrlOf, signedIn, type AuthorizationServer, type Client } from './servers';

/** The scope that the service requires of access tokens. */
const SCOPE = 'agents';

/** The application whose access tokens are for agents, and the one that has ID tokens only. */
const CALLING = 'calling-application';
const SIGN_IN = 'sign-in-application';

/** The deployment's entries for a server. */
export const trustOf = (server: AuthorizationServer): DeployedIssuer[] => [
  { discoveryUrl: discoveryUrlOf(server), ...server.recipients(CALLING), allowedScopes: [SCOPE] },
  { discoveryUrl: discoveryUrlOf(server), allowedAudience: [SIGN_IN] },
];

async function application(server: AuthorizationServer, id: string): Promise<Client> {
  const client: Client = {
    id,
    secret: newSecret(),
    method: 'client_secret_basic',
    grants: ['authorization_code'],
    redirectUris: [APPLICATION],
    scopes: ['openid', SCOPE],
    consent: false,
    accessTokenSeconds: 600,
  };
  await server.register(client);
  return client;
}

export async function checkUsers(checks: Checks, world: World, server: AuthorizationServer): Promise<void> {
  checks.chapter(`${server.name} as the identity provider of users`);
  const client = await checks.step('an application is registered', () => application(server, CALLING));
  const { access_token: userToken } = await checks.step('a user signs in', () =>
    signedIn(server, client, ['openid', SCOPE]),
  );
  const agent = await world.agent();
  const { sub } = decodeJwt(userToken);

  await checks.check(`a stock access token has its scopes in an array in ${server.scopeClaim}`, () => {
    const scopes = decodeJwt(userToken)[server.scopeClaim] as unknown[];
    assert.deepEqual([...scopes].sort(), [SCOPE, 'openid']);
    return Promise.resolve();
  });
  await checks.check('its exchange returns a workload access token for the user', async () => {
    const { sub_id } = decodeJwt(await agent.token({ userToken }));
    assert.deepEqual(sub_id, { format: 'iss_sub', iss: server.issuer, sub });
  });
  await checks.check('an access token without the required scope is rejected with this reason', async () => {
    const { access_token: without } = await signedIn(server, client, ['openid']);
    await assert.rejects(agent.token({ userToken: without }), { name: 'UnauthorizedException' });
    const { reason } = (await world.audit()).at(-1) ?? {};
    assert.match(String(reason), /scope not allowed/);
  });
  await checks.check('an ID token is accepted by its audience', async () => {
    const { id_token: idToken } = await signedIn(server, await application(server, SIGN_IN), ['openid']);
    const { sub_id } = decodeJwt(await agent.token({ userToken: idToken }));
    assert.deepEqual(sub_id, { format: 'iss_sub', iss: server.issuer, sub });
  });

  const target = await AgentServer.start();
  const endpoint = await openEndpoint(
    world,
    {
      inbound: {
        kind: 'JWT',
        discoveryUrl: discoveryUrlOf(server),
        allowedScopes: [SCOPE],
        ...(server.recipients(CALLING) as { allowedAudience?: string[]; allowedClients?: string[] }),
      },
      target: { kind: 'url', url: target.url },
    },
    agent,
  );
  const call = (token: string) =>
    fetch(endpoint.invocationUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{}',
    });
  await checks.check('a gate with allowedScopes passes the call, with a token for the user', async () => {
    assert.equal((await call(userToken)).status, 200);
    const token = String(target.asked[0]?.headers.workloadaccesstoken);
    assert.equal(decodeJwt(token).sub, `${server.issuer}#${String(sub)}`);
  });
  await checks.check('the gate names the scope to a caller whose token lacks it', async () => {
    const { access_token: without } = await signedIn(server, client, ['openid']);
    const response = await call(without);
    assert.equal(response.status, 403);
    assert.match(
      response.headers.get('www-authenticate') ?? '',
      new RegExp(`error="insufficient_scope", scope="${SCOPE}"`),
    );
  });
  await checks.check('the metadata of the gate names the issuer as its own metadata does', async () => {
    const response = await fetch(`${endpoint.baseUrl}/.well-known/oauth-protected-resource`);
    const { authorization_servers: servers } = (await response.json()) as { authorization_servers: unknown };
    assert.deepEqual(servers, [server.issuer]);
  });
  await endpoint.close();
  await target.stop();
}
