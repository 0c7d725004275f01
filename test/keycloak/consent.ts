/** Keycloak as a credential provider: consent by code, PKCE, and PAR, and client credentials, with each authentication method. */
import assert from 'node:assert/strict';
import type { Checks } from '../deployed/checks';
import { RETURN_URL, type TestAgent } from '../flows/support/world';
import type { Realm } from './admin';
import { agentAt, METHODS } from './clients';
import { signInAndConsent, USERNAME } from './people';
import type { World } from './world';

const RETURN_ORIGIN = new URL(RETURN_URL).origin;

const SCOPES = ['openid', 'profile'];

/** Keycloak rejects an authorization request of this client without PKCE, or one that was not pushed. */
export const STRICT = {
  consentRequired: true,
  attributes: {
    'pkce.code.challenge.method': 'S256',
    'require.pushed.authorization.requests': 'true',
  },
};

/** Completes a consent of the user; returns the access token. */
export async function connect(agent: TestAgent): Promise<string> {
  const user = { userId: USERNAME };
  const token = await agent.token(user);
  const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
  const back = await signInAndConsent(authorizationUrl ?? '', RETURN_ORIGIN);
  await agent.complete(back.searchParams.get('session_id') ?? undefined, user);
  const { accessToken } = await agent.ask(token, { scopes: SCOPES });
  assert.ok(accessToken, 'no access token after the consent');
  return accessToken;
}

/** Requests the user's access token for the agent. */
export const askAgain = async (agent: TestAgent) =>
  agent.ask(await agent.token({ userId: USERNAME }), { scopes: SCOPES });

/** The user of the access token, from Keycloak's user info endpoint. */
export async function userNameOf(realm: Realm, accessToken: string): Promise<unknown> {
  const response = await fetch(realm.endpoint('userinfo'), {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { preferred_username: name } = (await response.json()) as { preferred_username?: unknown };
  return name;
}

export async function checkConsent(checks: Checks, { service, calendar }: World): Promise<void> {
  for (const method of METHODS) {
    checks.chapter(`Keycloak as a credential provider, with ${method}`);
    await checks.check(
      "an agent gets a user's token after sign-in and consent, with PKCE and PAR",
      async () => {
        const { agent } = await agentAt(service, calendar, { method }, STRICT);
        assert.equal(await userNameOf(calendar, await connect(agent)), USERNAME);
      },
    );
    await checks.check('an agent gets its own token by client credentials', async () => {
      // Keycloak issues no such token to a client that requires user consent.
      const settings = { serviceAccountsEnabled: true };
      const { agent, clientId } = await agentAt(service, calendar, { method }, settings);
      const { accessToken } = await agent.ask(await agent.token(), {
        oauth2Flow: 'M2M',
        scopes: ['openid'],
        resourceOauth2ReturnUrl: undefined,
      });
      assert.equal(await userNameOf(calendar, accessToken ?? ''), `service-account-${clientId}`);
    });
  }
}
