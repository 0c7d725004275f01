/** What a credential provider adds to the requests to its server. */
import { tokenParameters } from '../../lambda/domain/oauth/provider-parameters';
import type { CustomOauth2Config } from '../../lambda/model/provider/configuration';
import { sampleProvider } from './samples';

/** Where each member takes effect. The compiler asks for a decision about a new one: does the server get it? */
const EFFECT: Readonly<Record<keyof CustomOauth2Config, 'parameter' | 'elsewhere'>> = {
  // The resource of an MCP server, which its metadata names.
  oauthDiscovery: 'parameter',
  authorizationServer: 'elsewhere',
  certificateConfigurations: 'elsewhere',
  clientAuthenticationMethod: 'elsewhere',
  clientId: 'elsewhere',
  clientRegistration: 'elsewhere',
  clientSecret: 'elsewhere',
  clientSecretConfig: 'elsewhere',
  clientSecretSource: 'elsewhere',
  dpopConfig: 'elsewhere',
  endpointOrigins: 'elsewhere',
  initialAccessToken: 'elsewhere',
  onBehalfOfTokenExchangeConfig: 'elsewhere',
  privateEndpoint: 'elsewhere',
  privateEndpointOverrides: 'elsewhere',
  privateKeyJwtConfig: 'elsewhere',
};

const REQUESTS = [
  'authorization_code',
  'client_credentials',
  'refresh_token',
  'on_behalf_of',
  'identity_assertion',
] as const;

it('a token request has the resource of an MCP server, except an identity assertion grant', () => {
  expect(Object.values(EFFECT).filter((effect) => effect === 'parameter')).toHaveLength(1);
  const provider = sampleProvider();
  const resource = 'https://mcp.example/mcp';
  const [issuer, metadataUrl] = ['https://login.example', `${resource}/metadata`];
  const protectedResource = { resource, issuer, metadataUrl, endpointOrigins: [issuer] };
  const bound = { ...provider, discovery: { discoveryUrl: metadataUrl, protectedResource } };
  const narrowing = { resources: ['https://api.example'], audiences: [] };
  expect(REQUESTS.map((request) => tokenParameters(request, bound, narrowing))).toEqual(
    REQUESTS.map((request) => [
      ['resource', request === 'identity_assertion' ? 'https://api.example' : resource],
    ]),
  );
});
