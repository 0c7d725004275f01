/** Exchanges a user's access token of Keycloak for a token of the agent, with both grant types. */
import assert from 'node:assert/strict';
import type { OnBehalfOfTokenExchangeConfigType } from '@aws-sdk/client-bedrock-agentcore-control';
import type { Checks } from '../deployed/checks';
import type { Ask, TestAgent } from '../flows/support/world';
import { agentAt } from './clients';
import { application, decoded, USERNAME, userToken } from './people';
import { APPLICATION, CALENDAR_APPLICATION, type World } from './world';

const exchangeBy = (grantType: OnBehalfOfTokenExchangeConfigType['grantType']) => ({
  onBehalfOfTokenExchangeConfig: { grantType },
});

/** A mapper that adds an audience to access tokens. */
export const audienceMapper = (config: Record<string, string>) => ({
  name: 'audience',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'access.token.claim': 'true', ...config },
});

async function exchange(agent: TestAgent, token: string, ask: Ask = {}): Promise<string> {
  const { accessToken } = await agent.ask(await agent.token({ userToken: token }), {
    oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
    scopes: [],
    resourceOauth2ReturnUrl: undefined,
    ...ask,
  });
  assert.ok(accessToken, 'no access token');
  return accessToken;
}

/** RFC 8693: Keycloak exchanges access tokens of the same realm whose audience is the requesting client. */
async function checkTokenExchange(checks: Checks, { service, people, subjects }: World): Promise<void> {
  const { agent, clientId } = await agentAt(service, people, exchangeBy('TOKEN_EXCHANGE'), {
    attributes: { 'standard.token.exchange.enabled': 'true' },
  });
  const mapper = audienceMapper({ 'included.client.audience': clientId });
  await people.client(application(APPLICATION, { protocolMappers: [mapper] }));
  await checks.check('a token exchange succeeds without a setting', async () => {
    const { payload } = decoded(await exchange(agent, await userToken(people, APPLICATION)));
    assert.equal(payload.sub, subjects.people);
    assert.equal(payload.azp, clientId);
  });
  await checks.check('a token exchange with the JWT subject token type is rejected', async () => {
    const customParameters = { subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' };
    const refused = exchange(agent, await userToken(people, APPLICATION), { customParameters });
    await assert.rejects(refused, {
      name: 'ValidationException',
      message: /rejected the request: invalid_request\./,
    });
  });
}

/** RFC 7523: the realm `calendar` trusts the realm `people`, and maps the token to a user that it contains. */
async function checkJwtGrant(checks: Checks, { service, people, calendar, subjects }: World): Promise<void> {
  await calendar.identityProvider({
    alias: 'people',
    providerId: 'jwt-authorization-grant',
    enabled: true,
    config: {
      issuer: people.issuer,
      jwksUrl: people.endpoint('certs'),
      useJwksUrl: 'true',
      jwtAuthorizationGrantEnabled: 'true',
    },
  });
  await calendar.link(subjects.calendar, 'people', subjects.people, USERNAME);
  const { agent, clientId } = await agentAt(service, calendar, exchangeBy('JWT_AUTHORIZATION_GRANT'), {
    attributes: {
      'oauth2.jwt.authorization.grant.enabled': 'true',
      'oauth2.jwt.authorization.grant.idp': 'people',
    },
  });
  // Without the roles of other clients, the realm is the only audience.
  const mapper = audienceMapper({ 'included.custom.audience': calendar.issuer });
  await people.client(
    application(CALENDAR_APPLICATION, { fullScopeAllowed: false, protocolMappers: [mapper] }),
  );
  await checks.check('a JWT authorization grant succeeds', async () => {
    const { payload } = decoded(await exchange(agent, await userToken(people, CALENDAR_APPLICATION)));
    assert.equal(payload.iss, calendar.issuer);
    assert.equal(payload.sub, subjects.calendar);
    assert.equal(payload.azp, clientId);
  });
}

export async function checkOnBehalfOf(checks: Checks, world: World): Promise<void> {
  checks.chapter('On behalf of a user');
  await checkTokenExchange(checks, world);
  await checkJwtGrant(checks, world);
}
