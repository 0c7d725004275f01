/** What every store of credential providers promises. */
import type { Oauth2Provider } from '../../lambda/domain/provider/oauth2-provider';
import type { Stores } from '../domain/in-memory-stores';
import { sampleProvider } from '../domain/samples';
import { AT_ONCE, outcomes } from './concurrency';

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
      "that exchanges users' tokens, with an actor",
      {
        onBehalfOf: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M', actorTokenScopes: ['act'] },
        },
      },
    ],
    [
      "that exchanges users' tokens without one",
      {
        onBehalfOf: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' },
        },
      },
    ],
    ["that takes users' tokens for a grant", { onBehalfOf: { grantType: 'JWT_AUTHORIZATION_GRANT' } }],
    ['of a built-in vendor', { vendor: 'SlackOauth2', clientAuthenticationMethod: 'CLIENT_SECRET_POST' }],
  ])('gives back what was created %s, whole', async (_what, change) => {
    const provider = sampleProvider(change);
    expect(await create(provider)).toBe(true);
    expect(await get(provider.name)).toEqual(provider);
  });

  it('leaves out metadata that is undefined', async () => {
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

  it('knows nothing of a name that was not created', async () => {
    expect(await get('unheard-of')).toBeUndefined();
  });

  it('does not create over a name that is taken, and leaves what is there', async () => {
    const provider = sampleProvider();
    await create(provider);
    expect(await create(sampleProvider({ name: provider.name }))).toBe(false);
    expect(await get(provider.name)).toEqual(provider);
  });

  it('creates only one of many concurrent resources with the same name', async () => {
    const { name } = sampleProvider();
    const { won } = await outcomes(
      AT_ONCE.map(() => sampleProvider({ name })),
      create,
    );
    expect(won).toHaveLength(1);
    expect(await get(name)).toEqual(won[0]);
  });

  it('keeps providers and workload identities of the same name apart', async () => {
    const provider = sampleProvider();
    await create(provider);
    expect(await stores().identities.get(provider.name)).toBeUndefined();
  });
}
