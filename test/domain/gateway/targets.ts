/** Targets of gateways, as records keep them. */
import type { GatewayTarget } from '../../../lambda/model/records/gateway';

type Passthrough = NonNullable<NonNullable<GatewayTarget['targetConfiguration']['http']>['passthrough']>;

export const targetOf = (
  passthrough: Partial<Passthrough> = {},
  change: Partial<GatewayTarget> = {},
): GatewayTarget => ({
  gatewayId: 'travel-abcdefghij',
  name: 'calendar',
  id: 'abcdefghij',
  targetConfiguration: {
    http: {
      passthrough: { endpoint: 'https://api.example/v1', protocolType: 'CUSTOM', ...passthrough },
    },
  },
  revision: 1,
  createdTime: 1,
  lastUpdatedTime: 1,
  ...change,
});

export const apiKey = (
  credential: Partial<Record<'credentialParameterName' | 'credentialPrefix', string>> & {
    credentialLocation?: 'HEADER' | 'QUERY_PARAMETER';
  } = {},
): GatewayTarget['credential'] => ({
  credentialProviderType: 'API_KEY',
  credentialProvider: {
    apiKeyCredentialProvider: {
      providerArn:
        'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/apikeycredentialprovider/key',
      ...credential,
    },
  },
});
