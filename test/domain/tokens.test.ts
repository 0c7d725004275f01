/** Encrypted tokens: the members of the stored record, and the contexts in which they can be decrypted. */
import { clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import type { ObtainedTokens } from '../../lambda/domain/oauth/token-request';
import { openTokens, sealTokens, tokensOf, type TokenHolder } from '../../lambda/domain/grant/tokens';
import { BEGINNING, createFakeSystem } from './fake-system';
import { createInMemorySeal } from './in-memory-seal';
import { sampleDetails, sampleGrantId, sampleIdentity, sampleProvider, sampleTokens } from './samples';

const provider = sampleProvider();
const owner: TokenHolder = {
  grantId: sampleGrantId(),
  provider,
  workloadArn: sampleIdentity().arn,
  resources: [],
  audiences: [],
};
const seal = createInMemorySeal();
const put = (obtained: ObtainedTokens) =>
  sealTokens({ seal, system: createFakeSystem() }, owner, obtained, { requestedScopes: ['a', 'b'] });

it('stores everything that a provider stated, with both tokens encrypted', async () => {
  const tokens = await put({
    accessToken: 'access',
    refreshToken: 'refresh',
    scopes: ['a'],
    expiresAt: BEGINNING + 60,
    refreshExpiresAt: BEGINNING + 600,
  });
  expect(tokens).toStrictEqual({
    sealed: tokens.sealed,
    scopes: ['a'],
    requestedScopes: ['a', 'b'],
    expiresAt: BEGINNING + 60,
    obtainedAt: BEGINNING,
    refreshable: true,
    refreshExpiresAt: BEGINNING + 600,
    client: clientBindingDigest(provider),
  });
  expect(await openTokens(seal, owner, tokens)).toStrictEqual({
    accessToken: 'access',
    refreshToken: 'refresh',
  });
});

it('stores no member that a provider did not state', async () => {
  const tokens = await put({ accessToken: 'access', scopes: [] });
  expect(tokens).toStrictEqual({
    sealed: tokens.sealed,
    scopes: [],
    requestedScopes: ['a', 'b'],
    obtainedAt: BEGINNING,
    refreshable: false,
    client: clientBindingDigest(provider),
  });
  expect(await openTokens(seal, owner, tokens)).toStrictEqual({ accessToken: 'access' });
});

it.each<[string, Partial<TokenHolder>]>([
  ['agent', { grantId: { ...owner.grantId, workloadId: 'another' } }],
  ['agent of the same name', { workloadArn: 'another' }],
  ['user', { grantId: { ...owner.grantId, userHash: 'another' } }],
  ['target', { grantId: { ...owner.grantId, target: 'another' } }],
  ['provider of the same name', { provider: { ...provider, id: 'another' } }],
  ['client of the provider', { provider: { ...provider, clientId: 'another' } }],
  [
    'server of the provider',
    { provider: { ...provider, discovery: { discoveryUrl: 'https://another.example' } } },
  ],
])('the tokens cannot be decrypted for another %s', async (_what, change) => {
  const tokens = await put({ accessToken: 'access', scopes: [] });
  await expect(openTokens(seal, { ...owner, ...change }, tokens)).rejects.toThrow('where it does not belong');
});

it('tokens are valid only for the provider, client, and server that they were obtained from', () => {
  const tokens = sampleTokens({ client: clientBindingDigest(provider) });
  const grant = {
    ...owner.grantId,
    ...sampleDetails(),
    providerId: provider.id,
    generation: 1,
    epoch: 0,
    tokens,
  };
  expect(tokensOf(grant, provider)).toBe(tokens);
  expect(tokensOf(grant, { ...provider, id: 'another' })).toBeUndefined();
  expect(tokensOf(grant, { ...provider, clientId: 'another' })).toBeUndefined();
  expect(tokensOf(undefined, provider)).toBeUndefined();
});
