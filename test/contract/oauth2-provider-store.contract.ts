/** The contract of every store of credential providers. */
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import type { Stores } from '../domain/in-memory-stores';
import { sampleProvider } from '../domain/samples';
import { CONCURRENT, outcomes } from './concurrency';

export function oauth2ProviderStoreContract(stores: () => Stores): void {
  const create = (provider: Oauth2Provider) => stores().providers.create(provider);
  const get = async (name: string) => await stores().providers.get(name);

  it.each<[string, Partial<Oauth2Provider>]>([
    ['with a discovery URL', {}],
    [
      'with stated metadata',
      {
        discovery: {
          authorizationServerMetadata: {
            issuer: 'https://provider.example',
            authorizationEndpoint: 'https://provider.example/authorize',
            tokenEndpoint: 'https://provider.example/token',
          },
        },
      },
    ],
    [
      'with all metadata that can be stated',
      {
        clientAuthenticationMethod: 'CLIENT_SECRET_POST',
        discovery: {
          authorizationServerMetadata: {
            issuer: 'https://provider.example',
            authorizationEndpoint: 'https://provider.example/authorize',
            tokenEndpoint: 'https://provider.example/token',
            responseTypes: ['code'],
            tokenEndpointAuthMethods: ['client_secret_post'],
          },
        },
        tags: { team: 'calendar' },
      },
    ],
    [
      'for token exchange, with an actor',
      {
        onBehalfOf: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M', actorTokenScopes: ['act'] },
        },
      },
    ],
    [
      'for token exchange, without an actor',
      {
        onBehalfOf: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' },
        },
      },
    ],
    ['for JWT authorization grants', { onBehalfOf: { grantType: 'JWT_AUTHORIZATION_GRANT' } }],
    [
      'for identity assertions',
      {
        onBehalfOf: {
          grantType: 'IDENTITY_ASSERTION',
          identityAssertionConfig: { credentialProviderName: 'identity-provider' },
        },
      },
    ],
    [
      'for token exchange without a client',
      {
        onBehalfOf: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' },
          onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' },
        },
      },
    ],
    [
      'for JWT authorization grants without a client',
      {
        onBehalfOf: {
          grantType: 'JWT_AUTHORIZATION_GRANT',
          onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' },
        },
      },
    ],
    [
      'with private certificate authorities',
      { certificateSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ca-a1b2c3' },
    ],
    [
      'with private certificate authorities in an object',
      { certificateObject: { uri: 's3://authorities/ca.pem', bucketOwnerAccountId: '123456789012' } },
    ],
    [
      'with private endpoints',
      {
        privateEndpoint: {
          managedVpcResource: {
            vpcIdentifier: 'vpc-0123456789abcdef0',
            subnetIds: ['subnet-0123456789abcdef0'],
            endpointIpAddressType: 'IPV4',
            routingDomain: 'nlb.corp.example',
          },
        },
        privateEndpointOverrides: [
          {
            domain: 'idp.corp.example',
            privateEndpoint: {
              selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-0123456789abcdef0' },
            },
          },
        ],
      },
    ],
    ['with a client ID metadata document', { registration: { metadataDocument: { refreshes: true } } }],
    [
      'with a client ID metadata document that publishes a key',
      {
        clientAuthenticationMethod: 'PUBLISHED_KEY_JWT',
        registration: {
          metadataDocument: {
            refreshes: true,
            publishedKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' },
          },
        },
      },
    ],
    ['for a built-in vendor', { vendor: 'SlackOauth2', clientAuthenticationMethod: 'CLIENT_SECRET_POST' }],
  ])('returns the complete provider that was created %s', async (_what, change) => {
    const provider = sampleProvider(change);
    expect(await create(provider)).toBe(true);
    expect(await get(provider.name)).toEqual(provider);
  });

  it('omits undefined metadata', async () => {
    const stated = {
      issuer: 'https://p.example',
      authorizationEndpoint: 'https://p.example/a',
      tokenEndpoint: 't',
    };
    const authorizationServerMetadata = { ...stated, responseTypes: undefined };
    const provider = sampleProvider({ discovery: { authorizationServerMetadata } });
    await create(provider);
    expect((await get(provider.name))?.discovery).toStrictEqual({ authorizationServerMetadata: stated });
  });

  it('returns nothing for a name that was not created', async () => {
    expect(await get('unknown')).toBeUndefined();
  });

  it('rejects a name that exists, and keeps the existing provider', async () => {
    const provider = sampleProvider();
    await create(provider);
    expect(await create(sampleProvider({ name: provider.name }))).toBe(false);
    expect(await get(provider.name)).toEqual(provider);
  });

  it('creates only one of many concurrent resources with the same name', async () => {
    const { name } = sampleProvider();
    const { won } = await outcomes(
      CONCURRENT.map(() => sampleProvider({ name })),
      create,
    );
    expect(won).toHaveLength(1);
    expect(await get(name)).toEqual(won[0]);
  });

  it('distinguishes providers and workload identities with the same name', async () => {
    const provider = sampleProvider();
    await create(provider);
    expect(await stores().identities.get(provider.name)).toBeUndefined();
  });
}
