const { BedrockAgentCoreControl } = require('@aws-sdk/client-bedrock-agentcore-control');
const { completeConsent, connectCalendar } = require('./agent');
const { consent } = require('./consent');

const RETURN_URL = 'http://127.0.0.1/connected';

beforeAll(async () => {
  const control = new BedrockAgentCoreControl();
  await control.createWorkloadIdentity({
    name: 'travel-agent',
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
  const discoveryUrl = `${process.env.AUTHORIZATION_SERVER}/.well-known/openid-configuration`;
  await control.createOauth2CredentialProvider({
    name: 'calendar',
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl },
        clientId: 'travel',
        clientSecret: 'not-a-secret',
      },
    },
  });
});

test('the agent gets an access token after the user allows access', async () => {
  const { authorizationUrl, accessToken } = await connectCalendar('alice');
  expect(accessToken).toBeUndefined();

  await completeConsent(await consent(authorizationUrl, RETURN_URL), 'alice');

  const connected = await connectCalendar('alice');
  const claims = JSON.parse(Buffer.from(connected.accessToken.split('.')[1], 'base64url'));
  expect(claims.iss).toBe(process.env.AUTHORIZATION_SERVER);
});
