/** The API key of a provider: which agents get it, where it is stored, and what the audit entry contains. */
import { decodeJwt } from 'jose';
import type { AuditEntry } from '../../lambda/domain/audit';
import type { ApiKeyProvider } from '../../lambda/model/records/api-key-provider';
import { apiKeyContext, apiKeyProviderArn } from '../../lambda/domain/provider/api-key-provider';
import { userHashOf } from '../../lambda/model/user';
import { getResourceApiKey, type ApiKeyDependencies } from '../../lambda/domain/credential/api-key';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { ARN_PREFIX, ISSUER, OWNER, sampleIdentity } from './samples';
import { createTokenService } from './token-service';

const suspendedByOperator = { since: 1, by: OWNER, reason: 'the reason' };

const STRANGER = 'arn:aws:iam::123456789012:role/stranger';
const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-AbCdEf';

type TokenService = Awaited<ReturnType<typeof createTokenService>>;

let service: TokenService;
let deps: ApiKeyDependencies;
let seal: ReturnType<typeof createInMemorySeal>;
let provider: ApiKeyProvider;
let entries: AuditEntry[];
let token: string;

beforeEach(async () => {
  service = await createTokenService();
  entries = [];
  const { stores, system, identity, publicKeys } = service;
  seal = createInMemorySeal();
  const { owner, tags, revision, createdTime, lastUpdatedTime } = identity;
  provider = {
    name: 'weather',
    id: 'id-of-weather',
    arn: apiKeyProviderArn(ARN_PREFIX, 'weather'),
    ...{ owner, tags, revision, createdTime, lastUpdatedTime },
  };
  await stores.apiKeyProviders.create(provider);
  await stores.apiKeys.put(provider.id, await seal.seal(apiKeyContext(provider), 'the-key'), 1);
  deps = {
    directory: stores.directory,
    apiKeys: stores.apiKeys,
    apiKeyProviderIds: new Map(),
    externalSecrets: createExternalSecrets(
      createInMemorySecretTexts({ [SECRET]: { tags: { [OWNER_TAG]: OWNER }, text: '{"key":"its-own"}' } }),
      system,
    ),
    seal,
    publicKeys,
    audit: { record: (entry) => void entries.push(entry) },
    system,
    issuer: ISSUER,
  };
  token = await service.issue({ userId: 'ana' });
});

const get = (change: { principal?: string; token?: string; name?: string } = {}) =>
  getResourceApiKey(
    deps,
    { arn: change.principal ?? OWNER },
    change.token ?? token,
    change.name ?? 'weather',
  );

it('returns the API key to the agent for every user', async () => {
  expect(await get()).toBe('the-key');
  const another = await service.issue();
  expect(await get({ token: another })).toBe('the-key');
  const { arn } = service.identity;
  const entry = {
    operation: 'GetResourceApiKey',
    outcome: 'allowed',
    principal: OWNER,
    workloadIdentity: arn,
    provider: 'weather',
    credentialProvider: provider.arn,
    result: 'cached',
  };
  expect(entries).toEqual([
    { ...entry, jti: decodeJwt(token).jti, user: userHashOf({ kind: 'user-id', id: 'ana' }) },
    { ...entry, jti: decodeJwt(another).jti, user: userHashOf(undefined) },
  ]);
});

it('returns the API key of the present provider of the name, and each new key of it', async () => {
  const { stores } = service;
  await get();
  const rotated = await seal.seal(apiKeyContext(provider), 'the-next-key');
  await stores.apiKeys.put(provider.id, rotated, 2);
  expect(await get()).toBe('the-next-key');
  await stores.apiKeyProviders.remove(provider);
  const recreated = { ...provider, id: 'id-of-another-weather' };
  await stores.apiKeyProviders.create(recreated);
  await stores.apiKeys.put(recreated.id, await seal.seal(apiKeyContext(recreated), 'another-key'), 1);
  expect(await get()).toBe('another-key');
});

it('reads the API key from the external secret of its owner', async () => {
  const { stores } = service;
  const externalSecret = { arn: SECRET, jsonKey: 'key' };
  await stores.apiKeyProviders.replace({ ...provider, externalSecret, revision: provider.revision + 1 });
  expect(await get()).toBe('its-own');
});

describe('an external secret that takes 2 seconds to read', () => {
  const texts = createInMemorySecretTexts({
    [SECRET]: { tags: { [OWNER_TAG]: OWNER }, text: '{"key":"its-own"}' },
  });

  /** @param duringRead happens during the read */
  async function getSlowly(duringRead: () => Promise<unknown>): Promise<string> {
    const { stores, system } = service;
    const externalSecret = { arn: SECRET, jsonKey: 'key' };
    await stores.apiKeyProviders.replace({ ...provider, externalSecret, revision: provider.revision + 1 });
    const slow: typeof texts = {
      ...texts,
      async text(arn) {
        await duringRead();
        system.advance(2);
        return texts.text(arn);
      },
    };
    deps = { ...deps, externalSecrets: createExternalSecrets(slow, system) };
    return get();
  }

  it('is returned if nothing has changed', async () => {
    expect(await getSlowly(() => Promise.resolve())).toBe('its-own');
  });

  it('is not returned after a suspension of the agent', async () => {
    const { stores, identity } = service;
    const suspend = () =>
      stores.restrictions.putAgent({ name: identity.name, suspendedByOperator, revision: 1 });
    await expect(getSlowly(suspend)).rejects.toMatchObject({
      type: 'AccessDeniedException',
      detail: 'the agent is suspended by an operator',
    });
    expect(entries.at(-1)).toMatchObject({ outcome: 'denied', provider: 'weather' });
  });

  it('is not returned after a suspension of the user', async () => {
    const userHash = userHashOf({ kind: 'user-id', id: 'ana' });
    const suspend = () => service.stores.restrictions.putUser({ userHash, suspendedByOperator, revision: 1 });
    await expect(getSlowly(suspend)).rejects.toMatchObject({
      type: 'AccessDeniedException',
      detail: 'the user is suspended by an operator',
    });
  });

  it('is not returned after the deletion of the provider', async () => {
    const { apiKeyProviders } = service.stores;
    const remove = () => apiKeyProviders.remove({ ...provider, revision: provider.revision + 1 });
    await expect(getSlowly(remove)).rejects.toMatchObject({
      type: 'ResourceNotFoundException',
      message: expect.stringContaining('API key credential provider') as unknown,
    });
  });
});

it('returns no API key for a token of another issuer', async () => {
  await expect(get({ token: `${token.slice(0, -8)}AAAAAAAA` })).rejects.toMatchObject({
    name: 'UnauthorizedException',
  });
  expect(entries).toMatchObject([{ outcome: 'denied', provider: 'weather', error: 'UnauthorizedException' }]);
  expect(entries[0]).not.toHaveProperty('workloadIdentity');
  expect(entries[0]).not.toHaveProperty('credentialProvider');
});

it('returns no API key for an agent that was deleted or recreated after the token was issued', async () => {
  const { stores, identity } = service;
  await stores.identities.remove(identity);
  const gone = {
    name: 'UnauthorizedException',
    message: 'The workload identity of this token was deleted.',
    detail: 'workload identity deleted or recreated after the token was issued',
  };
  await expect(get()).rejects.toMatchObject(gone);
  await stores.identities.create(sampleIdentity({ name: identity.name, arn: identity.arn }));
  await expect(get()).rejects.toMatchObject(gone);
});

it('returns no API key to a principal that is not authorized to act as the agent', async () => {
  await expect(get({ principal: STRANGER })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(get({ principal: STRANGER, name: 'none' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(entries).toMatchObject([
    { outcome: 'denied', principal: STRANGER, credentialProvider: provider.arn },
    { outcome: 'denied', principal: STRANGER },
  ]);
});

it('returns no API key to an agent that is not authorized to use the provider', async () => {
  const { stores } = service;
  await stores.apiKeyProviders.replace({ ...provider, owner: STRANGER, revision: provider.revision + 1 });
  await expect(get()).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

it('reports an unknown provider as not found', async () => {
  await expect(get({ name: 'none' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringContaining('credential provider') as unknown,
  });
  expect(entries[0]).not.toHaveProperty('credentialProvider');
});

it('reports an internal error without details if the API key is missing from the token vault', async () => {
  await service.stores.apiKeys.remove(provider.id);
  await expect(get()).rejects.toThrow('the provider has no API key');
  expect(entries).toMatchObject([
    { outcome: 'failed', reason: 'internal error', error: 'InternalServerException' },
  ]);
});
