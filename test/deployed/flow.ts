/**
 * The whole flow on the deployed functions, with AWS SDK clients, an authorization server without settings of this
 * project, and a browser.
 */
import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { OPERATIONS } from '../../lambda/operations';
import type { Ask } from '../flows/support/world';
import type { Checks } from './checks';
import { USER, type FlowWorld, type RegisteredAgent } from './registration';

/**
 * Lifetime of the provider's access tokens in seconds. The clock of a deployed function cannot be changed, and
 * concurrent calls each start a new process.
 */
export const ACCESS_TOKEN_SECONDS = 6;

/** The request for the agent's own token. */
export const OWN: Ask = { oauth2Flow: 'M2M', scopes: ['b'], resourceOauth2ReturnUrl: undefined };

type Flow = (checks: Checks, world: FlowWorld, registered: RegisteredAgent) => Promise<void>;

const checkWorkloadTokens: Flow = async (checks, { front, issuer }, { agent, userToken }) => {
  await checks.step(
    'workload access tokens for the agent, a user ID, and a user token verify with the published keys',
    async () => {
      const tokens = [await agent.token(), await agent.token({ userId: USER }), await userToken()];
      const keys = (await (await fetch(front.endpoint + OPERATIONS.Jwks.path)).json()) as JSONWebKeySet;
      const metadata = await fetch(front.endpoint + OPERATIONS.IssuerMetadata.path);
      const { issuer: stated } = (await metadata.json()) as { issuer?: string };
      strictEqual(stated, front.endpoint);
      for (const each of tokens) await jwtVerify(each, createLocalJWKSet(keys), { issuer: front.endpoint });
    },
  );

  await checks.check('a user token that the issuer did not sign is rejected', async () => {
    const forged = await issuer.forged('signed with another key', USER);
    await rejects(agent.token({ userToken: forged }), { name: 'UnauthorizedException' });
  });
};

const checkConsent: Flow = async (checks, { callers, front, provider, issuer }, { agent, userToken }) => {
  await checks.step(
    'consent in a browser and completion for the user store a token in the vault',
    async () => {
      const workloadToken = await userToken();
      const { authorizationUrl } = await agent.ask(workloadToken);
      ok(authorizationUrl?.startsWith(front.endpoint));
      const pushed = provider.pushes.length;
      const page = await agent.consent(authorizationUrl, USER);
      match(page.href, /^http:\/\/127\.0\.0\.1:9\/connected/);
      // Pushed by the function provider-client, which the public function invokes (RFC 9126).
      deepStrictEqual(
        provider.pushes.slice(pushed).map(({ status }) => status),
        [201],
      );
      await agent.complete(page, { userToken: await issuer.token(USER) });
      const { accessToken } = await agent.ask(workloadToken);
      strictEqual(accessToken, provider.exchanges.at(-1)?.answer.access_token);
    },
  );

  await checks.check(
    'another user does not get the token, and another principal gets none at all',
    async () => {
      const other = await agent.token({ userId: 'ben' });
      const answer = await agent.ask(other);
      strictEqual(answer.accessToken, undefined);
      ok(answer.authorizationUrl);
      const stranger = agent.as(callers.data(front.principals.stranger));
      await rejects(stranger.ask(await userToken()), { name: 'AccessDeniedException' });
      await rejects(stranger.token(), { name: 'AccessDeniedException' });
    },
  );
};

const checkRenewal: Flow = async (checks, { callers, provider }, { agent, userToken, token }) => {
  await checks.check('an expired token is refreshed once for concurrent callers', async () => {
    const first = await token();
    await pause((ACCESS_TOKEN_SECONDS + 1) * 1000);
    const before = provider.exchanges.length;
    const fresh = new Set(await Promise.all([token(), token(), token()]));
    strictEqual(fresh.size, 1);
    notStrictEqual([...fresh][0], first);
    const refreshes = provider.exchanges.slice(before);
    deepStrictEqual(
      refreshes.map(({ grantType, status }) => [grantType, status]),
      [['refresh_token', 200]],
    );
  });

  await checks.check('a token that the resource rejected is renewed', async () => {
    const rejected = await token();
    const answer = await callers.post(OPERATIONS.RejectResourceOauth2Token.path, {
      workloadIdentityToken: await userToken(),
      resourceCredentialProviderName: agent.providerName,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      rejectedAccessToken: rejected,
    });
    strictEqual(answer.status, 200, answer.body);
    notStrictEqual((JSON.parse(answer.body) as { accessToken?: string }).accessToken, rejected);
  });
};

const checkOwnToken: Flow = async (checks, { provider }, { agent }) => {
  await checks.check('the agent gets its own token by client credentials', async () => {
    const { accessToken } = await agent.ask(await agent.token(), OWN);
    strictEqual(accessToken, provider.exchanges.at(-1)?.answer.access_token);
    strictEqual(provider.exchanges.at(-1)?.grantType, 'client_credentials');
  });
};

const checkBoundToken: Flow = async (checks, { callers, provider }, { agent }) => {
  await checks.check('a token that is bound to a key comes with a proof', async () => {
    const { issuer, discoveryUrl, clientId, clientSecret } = provider;
    const name = `${agent.providerName}-bound`;
    const created = await callers.post(OPERATIONS.CreateOauth2CredentialProvider.path, {
      name,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          clientId,
          clientSecret,
          oauthDiscovery: { discoveryUrl },
          dpopConfig: { resourceUrls: [`${issuer}/me`] },
        },
      },
    });
    strictEqual(created.status, 201, created.body);
    const answer = await callers.post(OPERATIONS.GetResourceDpopProof.path, {
      workloadIdentityToken: await agent.token(),
      resourceCredentialProviderName: name,
      scopes: OWN.scopes ?? [],
      oauth2Flow: 'M2M',
      httpMethod: 'GET',
      httpUri: `${issuer}/me`,
    });
    strictEqual(answer.status, 200, answer.body);
    const { dpopProof, tokenType } = JSON.parse(answer.body) as Record<string, string>;
    deepStrictEqual([tokenType, dpopProof?.split('.').length], ['DPoP', 3]);
    const deleted = await callers.post(OPERATIONS.DeleteOauth2CredentialProvider.path, { name });
    strictEqual(deleted.status, 204, deleted.body);
  });
};

/** Takes a registered agent to a grant in the vault. */
export const checkFlow: Flow = async (checks, world, registered) => {
  for (const part of [checkWorkloadTokens, checkConsent, checkRenewal, checkOwnToken, checkBoundToken]) {
    await part(checks, world, registered);
  }
};
