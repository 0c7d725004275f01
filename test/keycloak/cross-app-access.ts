/**
 * Keycloak as the authorization server of a resource in cross-app access, with its feature `identity-assertion-jwt`. It
 * issues no identity assertions, so the identity provider of the users, "workforce", is a scripted one.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { Checks } from '../deployed/checks';
import { CLIENT, exchangeIdTokens } from '../flows/support/assertion-server';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import type { TestAgent } from '../flows/support/world';
import { agentAt } from './clients';
import { decoded, USERNAME } from './people';
import type { World } from './world';

/** The provider at the identity provider of the users. */
const WORKFORCE = 'workforce';

export const startWorkforce = (): Promise<TestIssuer> => startIssuer();

export const workforceTrust = ({ discoveryUrl }: TestIssuer): DeployedIssuer => ({
  discoveryUrl,
  allowedAudience: [CLIENT.clientId],
});

export async function checkCrossAppAccess(
  checks: Checks,
  { service, calendar, subjects }: World,
  workforce: TestIssuer,
): Promise<void> {
  checks.chapter('Cross-app access: identity assertions of another identity provider');
  const identityProvider = exchangeIdTokens(workforce);
  const subject = 'workforce-user';
  await calendar.identityProvider({
    alias: WORKFORCE,
    providerId: 'jwt-authorization-grant',
    enabled: true,
    config: {
      issuer: workforce.issuer,
      jwksUrl: `${workforce.issuer}/jwks`,
      useJwksUrl: 'true',
      jwtAuthorizationGrantEnabled: 'true',
    },
  });
  await calendar.link(subjects.calendar, WORKFORCE, subject, USERNAME);
  await service.provider(WORKFORCE, {
    ...CLIENT,
    oauthDiscovery: { discoveryUrl: workforce.discoveryUrl },
    clientAuthenticationMethod: 'CLIENT_SECRET_POST',
    onBehalfOfTokenExchangeConfig: { grantType: 'TOKEN_EXCHANGE' },
  });
  const { agent, clientId } = await agentAt(
    service,
    calendar,
    {
      onBehalfOfTokenExchangeConfig: {
        grantType: 'IDENTITY_ASSERTION',
        identityAssertionConfig: { credentialProviderName: WORKFORCE },
      } as never,
    },
    {
      attributes: {
        'oauth2.jwt.authorization.grant.enabled': 'true',
        'oauth2.jwt.authorization.grant.idp': WORKFORCE,
      },
    },
  );
  identityProvider.clients.set(calendar.issuer, clientId);

  const tokenFor = async (user: string, by: TestAgent = agent): Promise<string> => {
    const userToken = await workforce.token(user, { aud: CLIENT.clientId, nonce: randomUUID() });
    const { accessToken } = await by.ask(await by.token({ userToken }), {
      oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
      scopes: [],
      resourceOauth2ReturnUrl: undefined,
    });
    return accessToken ?? '';
  };

  await checks.check('an ID token of the identity provider becomes a token of Keycloak', async () => {
    const { payload } = decoded(await tokenFor(subject));
    assert.equal(payload.iss, calendar.issuer);
    assert.equal(payload.sub, subjects.calendar);
    assert.equal(payload.azp, clientId);
  });
  await checks.check('a user without an account at Keycloak gets none', async () => {
    await assert.rejects(tokenFor('another-user'), {
      name: 'ValidationException',
      message: /rejected the request/,
    });
  });
  await checks.check('an assertion that was redeemed is not accepted again', async () => {
    identityProvider.claims = { jti: 'the-same' };
    await tokenFor(subject);
    await assert.rejects(tokenFor(subject), {
      name: 'ValidationException',
      message: /rejected the request: invalid_grant\./,
    });
  });
}
