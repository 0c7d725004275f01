/** The DynamoDB stores fulfill the contracts: the real client, with the embedded DynamoDB. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  createApiKeyProviderStore,
  createConsentPortalStore,
  createGatewayStore,
  createPolicyEngineStore,
  createOauth2ProviderStore,
  createWorkloadIdentityStore,
} from '../../lambda/adapters/dynamodb/owned-resource-store';
import {
  createClientMetadataStore,
  createRegisteredClientStore,
  createRestrictionStore,
  createSigningKeyStore,
  createTokenVaultStore,
  createUserEmailStore,
} from '../../lambda/adapters/dynamodb/directory-stores';
import { createDirectoryReader } from '../../lambda/adapters/dynamodb/directory-reader';
import { createGrantIndex } from '../../lambda/adapters/dynamodb/grant-index';
import { createRevocationStore } from '../../lambda/adapters/dynamodb/revocation-store';
import { createGrantStore, keyOf } from '../../lambda/adapters/dynamodb/grant-store';
import {
  agentRestrictionKey,
  outboxItemKey,
  revocationKey,
  signingKeyKey,
  type TableName,
  duePartition,
} from '../../lambda/model/table-keys';
import { createApiKeyStore, createClientSecretStore } from '../../lambda/adapters/dynamodb/secret-store';
import { createSessionStore } from '../../lambda/adapters/dynamodb/session-stores';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import { system } from '../../lambda/adapters/system';
import { grantTarget } from '../../lambda/domain/grant/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { pagesOf } from '../../lambda/domain/grant/selection';
import { isUnreadable } from '../../lambda/domain/grant/unreadable';
import { NO_USER } from '../../lambda/model/user';
import { clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import { itemIdOf } from '../../lambda/domain/revocation/item';
import { RunningSelections, revokeSelected } from '../../lambda/domain/revocation/select';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { epochSeconds } from '../../lambda/domain/system';
import { resumeWorkloadIdentity } from '../../lambda/domain/operator/suspend';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import type { Stores } from '../domain/in-memory-stores';
import { createInMemorySecretTexts } from '../domain/in-memory-secret-texts';
import { OWNER, sampleDetails, sampleGrantId, sampleProvider, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';
import { sampleItem } from './revocation-store.contract';
import { storeContracts } from './store-contracts';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const folder = temporaryFolder('stores');
let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
let stores: Stores;

beforeAll(async () => {
  const credentials = newEmulatorCredentials();
  dynamodb = await startDynamoDb(join(folder, 'dynamodb'), credentials);
  client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
  stores = dynamodbStores(client);
});

afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});

function dynamodbStores(on: DynamoDBClient): Stores {
  const table = (name: TableName) => createTable(createDynamoDb(on), localTableName(name));
  return {
    identities: createWorkloadIdentityStore(table('Directory')),
    providers: createOauth2ProviderStore(table('Directory')),
    apiKeyProviders: createApiKeyProviderStore(table('Directory')),
    portals: createConsentPortalStore(table('Directory')),
    gateways: createGatewayStore(table('Directory')),
    policyEngines: createPolicyEngineStore(table('Directory')),
    clientSecrets: createClientSecretStore(table('Vault')),
    apiKeys: createApiKeyStore(table('Vault')),
    clientMetadata: createClientMetadataStore(table('Directory')),
    registeredClients: createRegisteredClientStore(table('Directory')),
    sessions: createSessionStore(table('Sessions')),
    grants: createGrantStore(table('Vault')),
    grantIndex: createGrantIndex(table('Vault')),
    revocations: createRevocationStore(table('Revocations')),
    signingKeys: createSigningKeyStore(table('Directory')),
    vaultKeys: createVaultKeyStore(table('Keys')),
    tokenVault: createTokenVaultStore(table('Directory')),
    restrictions: createRestrictionStore(table('Directory')),
    directory: createDirectoryReader(createDynamoDb(on), {
      directory: localTableName('Directory'),
      vault: localTableName('Vault'),
    }),
  };
}

storeContracts(() => stores);

it('stores every user of an email address once', async () => {
  const emails = createUserEmailStore(createTable(createDynamoDb(client), localTableName('Directory')));
  expect(await emails.usersOf('address')).toEqual([]);
  for (const user of ['ana', 'ben', 'ana']) await emails.add('address', user);
  await emails.add('another address', 'cleo');
  expect(await emails.usersOf('address')).toEqual(['ana', 'ben']);
  expect(await emails.has('address', 'ben')).toBe(true);
  expect(await emails.has('address', 'cleo')).toBe(false);
});

it('returns the grants of an agent for a user in pages of bounded size', async () => {
  const holder = { workloadId: randomUUID(), userHash: sampleGrantId().userHash };
  const targets = Array.from({ length: 12 }, (_, place) => `USER_FEDERATION#calendar#${String(place + 10)}`);
  const tokens = { ...sampleTokens(), sealed: 'x'.repeat(200_000) };
  for (const target of targets) {
    await storeTokens(stores.grants, { ...holder, target }, { providerId: 'calendar', tokens });
  }
  const pages: string[][] = [];
  for await (const grants of pagesOf(stores.grantIndex, holder)) {
    pages.push(grants.map(({ target }) => target));
  }
  expect(pages.flat()).toEqual(targets);
  expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(6);
});

describe('a record that is not valid', () => {
  it('of a grant does not hide the other grants of its page', async () => {
    const providerId = randomUUID();
    const [first, second] = [sampleGrantId(), { ...sampleGrantId(), workloadId: randomUUID() }];
    const sibling = { ...first, target: `${first.target}-other` };
    const ids = [first, second, sibling];
    for (const id of ids) await storeTokens(stores.grants, id, { providerId, tokens: sampleTokens() });
    const [spoiled] = ids.map(keyOf);
    if (!spoiled) throw new Error('there is no key');
    const vault = createTable(createDynamoDb(client), localTableName('Vault'));
    await vault.put(spoiled, { ...((await vault.get(spoiled)) as object), epoch: 'none' });
    const page = await stores.grantIndex.page({ providerId }, { limit: 10 });
    expect(
      page.grants
        .filter((grant) => !isUnreadable(grant))
        .map(({ target }) => target)
        .sort(),
    ).toEqual([second.target, sibling.target].sort());
    expect(page.grants.filter(isUnreadable)).toMatchObject([first]);
    const held = await stores.grantIndex.ofAgentAndUser(first);
    expect(held.grants.filter((grant) => !isUnreadable(grant)).map(({ target }) => target)).toEqual([
      sibling.target,
    ]);
    expect(held.grants.filter(isUnreadable)).toMatchObject([first]);
    const { userHash } = first;
    const ofUser = { userHash, workloadId: first.workloadId };
    const { grants: byUser } = await stores.grantIndex.page(ofUser, { limit: 10 });
    expect(byUser.filter(isUnreadable)).toHaveLength(1);
    const ofOther = { userHash, workloadId: second.workloadId };
    const { grants: byOther } = await stores.grantIndex.page(ofOther, { limit: 10 });
    expect(byOther.filter(isUnreadable)).toEqual([]);
  });

  it('of the outbox does not hide the other items that are due', async () => {
    const revocations = createTable(createDynamoDb(client), localTableName('Revocations'));
    const [spoiled, valid] = [randomUUID(), randomUUID()];
    for (const itemId of [spoiled, valid]) {
      const due = { dueShard: duePartition(valid), dueAt: '000000000000001' };
      const provider = itemId === valid ? { name: 'calendar', id: 'id' } : 'calendar';
      await revocations.put(outboxItemKey(itemId), { ...due, provider, recordVersion: 1 });
    }
    const { items } = await stores.revocations.dueItems(1);
    expect(items.map(({ id }) => id)).toEqual(expect.arrayContaining([spoiled, valid]));
    await expect(stores.revocations.getItem(spoiled)).rejects.toThrow();
  });

  it('of the outbox does not hide the other items of its revocation', async () => {
    const revocations = createTable(createDynamoDb(client), localTableName('Revocations'));
    const revocationId = randomUUID();
    const records = Array.from({ length: 5 }, () => sampleItem({ revocationId }));
    await Promise.all(records.map((item) => stores.revocations.createItem(item)));
    const [{ itemId } = sampleItem()] = records;
    await revocations.put(outboxItemKey(itemId), {
      ...((await revocations.get(outboxItemKey(itemId))) as object),
      state: 'LATER',
    });
    for (const limit of [1, 2, 10]) {
      let [items, unreadable] = [0, [] as string[]];
      let after: string | undefined;
      do {
        const page = await stores.revocations.items(revocationId, {
          limit,
          ...(after !== undefined && { after }),
        });
        items += page.items.length;
        unreadable = [...unreadable, ...(page.unreadable ?? []).map((error) => error.itemId)];
        after = page.next;
      } while (after !== undefined);
      expect([items, unreadable]).toEqual([4, [itemId]]);
    }
  });
});

describe('a grant whose tokens fill a record', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  /** A seal whose ciphertexts are as long as those of a JWE. */
  const seal = {
    seal: (_context: unknown, plaintext: string) => Promise.resolve(encode(plaintext)),
    open: (_context: unknown, sealed: string) => Promise.resolve(Buffer.from(sealed, 'base64url').toString()),
  };

  /** Revokes a grant with an access token of this length. Returns the item of the outbox. */
  async function revoked(length: number) {
    const tags = Object.fromEntries(
      Array.from({ length: 50 }, (_, tag) => [`${tag}`.padEnd(128), 'v'.repeat(256)]),
    );
    const provider = sampleProvider({ tags, policy: 'p'.repeat(20_480) });
    await stores.providers.create(provider);
    await stores.clientSecrets.put(provider.id, encode('s'.repeat(2048)), provider.revision);
    const target = grantTarget({
      flow: 'USER_FEDERATION',
      providerName: provider.name,
      resources: [],
      audiences: [],
      scopes: [],
    });
    const grantId = { ...sampleGrantId(), target };
    const sealed = encode(JSON.stringify({ accessToken: 'A'.repeat(length) }));
    const tokens = { ...sampleTokens(), sealed, client: clientBindingDigest(provider) };
    await storeTokens(stores.grants, grantId, { providerId: provider.id, tokens, epoch: 0 });
    const revocationId = randomUUID();
    const filter = { grantId };
    const createdTime = epochSeconds(system);
    const revocation = { revocationId, requestedBy: OWNER, cause: 'operator', filter, createdTime } as const;
    await stores.revocations.create({ ...revocation, revision: 1, matched: 0, dueAt: system.now() });
    const report = jest.fn();
    const deps = {
      ...stores,
      seal,
      inspection: { ownerArnOf: () => 'arn' },
      runningSelections: new RunningSelections(),
      externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
      tokenVaultArn: 'arn',
      system,
      audit: { record: () => undefined },
      report,
    };
    expect(await revokeSelected(deps, revocationId, Infinity)).toMatchObject({ matched: 1 });
    expect(report).not.toHaveBeenCalled();
    expect(await stores.grants.get(grantId)).not.toHaveProperty('tokens');
    return stores.revocations.getItem(itemIdOf(grantId, sealed, revocationId));
  }

  it('keeps a token of 275,000 characters for its provider, whatever tags and policy the provider has', async () => {
    expect(await revoked(275_000)).toMatchObject({ state: 'PENDING' });
  });

  it('is revoked without its provider if the outbox has no space for the token', async () => {
    const item = await revoked(305_500);
    expect(item).toMatchObject({ state: 'NOT_PROVABLE', lastError: 'not_storable' });
    expect(item).not.toHaveProperty('sealed');
  });
});

it('a revocation whose filter has a member of a later release is rejected, because without it, more grants would match', async () => {
  const revocations = createTable(createDynamoDb(client), localTableName('Revocations'));
  const revocationId = randomUUID();
  const filter = { workloadId: 'agent' };
  const revocation = { revocationId, cause: 'operator', filter, createdTime: 1 } as const;
  await stores.revocations.create({ ...revocation, revision: 1, matched: 0 });
  const item = (await revocations.get(revocationKey(revocationId))) as Record<string, unknown>;
  await revocations.put(revocationKey(revocationId), { ...item, filter: { ...filter, scope: 'calendar' } });
  await expect(stores.revocations.get(revocationId)).rejects.toThrow('scope');
});

it('a signing key of an unknown version is rejected', async () => {
  const directory = createTable(createDynamoDb(client), localTableName('Directory'));
  const publicJwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } as const;
  const key = {
    period: 9001,
    generation: 0,
    signsFrom: 0,
    kid: 'kid',
    publicJwk,
    wrappedPrivateKey: 'wrapped',
  };
  expect(await stores.signingKeys.create(key)).toBe(true);
  expect(await stores.signingKeys.since(9001)).toEqual([key]);
  await directory.put(signingKeyKey(9001), { ...key, recordVersion: 2 });
  await expect(stores.signingKeys.since(9001)).rejects.toThrow('version 2');
  await directory.remove(signingKeyKey(9001));
});

describe('a grant with an end', () => {
  const vault = () => createTable(createDynamoDb(client), localTableName('Vault'));
  const lease = { holder: 'holder', deadline: 1 };

  it('has a TTL attribute in the table from its first write on', async () => {
    const id = sampleGrantId();
    const change = {
      providerId: 'provider',
      details: sampleDetails(),
      seen: undefined,
      lease,
      endsAt: 1_800_000_000,
    };
    expect(await stores.grants.takeLease(id, change)).toBe(true);
    expect(await vault().get(keyOf(id))).toMatchObject({ ttl: 1_800_000_000, generation: 0 });
    const tokens = { holder: 'holder', epoch: 0, tokens: sampleTokens() };
    await stores.grants.putRenewed(id, { ...tokens, endsAt: 1_800_000_060 });
    expect(await vault().get(keyOf(id))).toMatchObject({ ttl: 1_800_000_060, generation: 1 });
    expect(await stores.grants.get(id)).not.toHaveProperty('ttl');
  });

  it('has no TTL attribute without an end', async () => {
    const id = sampleGrantId();
    await stores.grants.takeLease(id, {
      providerId: 'provider',
      details: sampleDetails(),
      seen: undefined,
      lease,
    });
    expect(await vault().get(keyOf(id))).not.toHaveProperty('ttl');
  });

  describe('with an open consent', () => {
    const consent = { sessionHash: 'session', expiresAt: 1_800_000_000 };
    const endsAt = 1_800_086_400;

    async function openConsent(id: GrantId, ending?: number, forget = false) {
      const seen = await stores.grants.get(id);
      const change = { providerId: 'provider', details: sampleDetails(), consent, seen, forget };
      expect(await stores.grants.openConsent(id, { ...change, endsAt: ending })).toBe(true);
    }

    const putTokens = (id: GrantId, epoch = 0) =>
      stores.grants.putTokens(id, { providerId: 'provider', tokens: sampleTokens(), epoch });

    it('has a TTL attribute until tokens are stored', async () => {
      const id = sampleGrantId();
      await openConsent(id, endsAt);
      expect(await vault().get(keyOf(id))).toMatchObject({ ttl: endsAt, generation: 0 });
      expect(await stores.grants.get(id)).toMatchObject({ endsAt });
      expect(await stores.grants.get(id)).not.toHaveProperty('ttl');
      expect(await putTokens(id)).toBe(true);
      expect(await vault().get(keyOf(id))).not.toHaveProperty('ttl');
    });

    it('gets the end of the later session, and the TTL attribute again after its tokens were dropped', async () => {
      const id = sampleGrantId();
      await openConsent(id, endsAt);
      await openConsent(id, endsAt + 60);
      expect(await vault().get(keyOf(id))).toMatchObject({ ttl: endsAt + 60 });
      await putTokens(id);
      await openConsent(id, endsAt, true);
      const stored = await vault().get(keyOf(id));
      expect(stored).toMatchObject({ ttl: endsAt });
      expect(stored).not.toHaveProperty('tokens');
    });
  });
});

describe('a restriction that this code cannot read', () => {
  const directory = () => createTable(createDynamoDb(client), localTableName('Directory'));
  const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator' };
  const record = { name: 'unread', revision: 1, recordVersion: 1, suspendedByOperator };

  it.each([
    ['of a later version', { ...record, recordVersion: 2 }],
    ['without a version', { ...record, recordVersion: undefined }],
    ['with a member of a later release', { ...record, suspendedByAnother: { since: 1 } }],
    ['with a malformed suspension', { ...record, suspendedByOperator: { since: 'once' } }],
    ['with an empty suspension', { ...record, suspendedByOperator: null }],
    ['without a revision', { ...record, revision: undefined }],
  ])('%s never counts as absent, and cannot be overwritten', async (_how, item) => {
    await directory().put(agentRestrictionKey('unread'), item);
    await expect(stores.directory.readIdentity('unread', undefined)).rejects.toThrow();
    await expect(stores.directory.read('unread', 'any', undefined)).rejects.toThrow();
    await expect(stores.directory.readApiKeyProvider('unread', 'any', 'AGENT')).rejects.toThrow();
    await expect(stores.restrictions.ofAgent('unread')).rejects.toThrow();
    const operator = { arn: suspendedByOperator.by };
    const deps = { ...stores, audit: { record: () => undefined }, system, arnPrefix: 'arn' };
    await expect(resumeWorkloadIdentity(deps, operator, { name: 'unread' })).rejects.toThrow();
  });
});

it('the user of a grant is in the index of users, unless the agent has the grant for itself', async () => {
  const [id, own] = [sampleGrantId(), { ...sampleGrantId(), userHash: NO_USER }];
  for (const grantId of [id, own]) {
    await storeTokens(stores.grants, grantId, { providerId: 'provider', tokens: sampleTokens() });
    expect(await stores.grants.get(grantId)).toMatchObject(grantId);
  }
  const vault = createTable(createDynamoDb(client), localTableName('Vault'));
  expect(await vault.get(keyOf(id))).toHaveProperty('userHash', id.userHash);
  expect(await vault.get(keyOf(own))).not.toHaveProperty('userHash');
});
