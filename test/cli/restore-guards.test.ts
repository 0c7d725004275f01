/** `agent-identity restore` undoes no revocation, suspension, or deletion. */
import { randomUUID } from 'node:crypto';
import {
  agentRestrictionKey,
  clientSecretKey,
  PREFIX,
  revocationKey,
  signingKeyKey,
  TOKEN_VAULT_KEY,
  userEmailKey,
  WRITING_REGION_KEY,
  vaultKeyPartition,
} from '../../lambda/model/table-keys';
import { localTableName } from '../../lib/local/dynamodb';
import { samplePortal } from '../domain/samples';
import { keyOfGrant, reasons, resultOf, restoreSteps, type World } from './restore-steps';
import { RestoredTables, TIMES } from './restored-tables';

let tables: RestoredTables;

beforeAll(async () => {
  tables = await RestoredTables.start();
});
beforeEach(() => {
  tables.reset();
});
afterAll(() => tables.close());

const { restore, lose, put, deleteAgent, revoke } = restoreSteps(() => tables);

describe('a revoked grant', () => {
  it('does not return to the record that its revocation left', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    const { generation, epoch } = (await tables.stores.grants.get(world.grantId))!;
    await tables.stores.grants.revoke(world.grantId, { providerId: world.provider.id, generation, epoch });
    expect(await restore(copy, 'vault', '--agent', world.identity.name)).toMatchObject({ records: [] });
    expect(await tables.stores.grants.get(world.grantId)).not.toHaveProperty('tokens');
  });

  it.each([
    ['grant', ({ grantId }: World) => ({ grantId })],
    ['agent', ({ identity }: World) => ({ workloadId: identity.id })],
    ['provider', ({ provider }: World) => ({ providerId: provider.id })],
    ['name of the provider', ({ provider }: World) => ({ providerName: provider.name })],
    ['user', ({ userHash }: World) => ({ userHash })],
    ['agent and user', ({ identity, userHash }: World) => ({ workloadId: identity.id, userHash })],
  ])('does not return after a revocation by %s, even if its record was lost too', async (_by, filter) => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    const agent = ['--agent', world.identity.name];
    // Neither an earlier revocation of the same grants nor a revocation of others.
    await revoke({ filter: filter(world), createdTime: TIMES.beforeConsent });
    await revoke({ filter: { ...filter(world), workloadId: randomUUID() } });
    expect(resultOf(await tables.run(copy, 'vault', '--json', ...agent)).records).toHaveLength(1);
    await revoke({ filter: filter(world) });
    expect(reasons(await restore(copy, 'vault', ...agent))).toEqual(['Revoked']);
    expect(await tables.stores.grants.get(world.grantId)).toBeUndefined();
  });

  it('does not return while the outbox remembers its tokens', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await tables.stores.revocations.createItem({
      itemId: randomUUID(),
      cause: 'deletion',
      grantId: world.grantId,
      workloadArn: world.identity.arn,
      provider: { name: world.provider.name, id: world.provider.id },
      tokensHash: 'hash',
      state: 'CONFIRMED',
      attempts: 1,
      createdTime: TIMES.since,
      revision: 1,
    });
    expect(reasons(await restore(copy, 'vault', '--agent', world.identity.name))).toEqual(['Revoked']);
  });

  it('does not return from a time whose later revocations are no longer recorded', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    tables.restoreSummary = { RestoreDateTime: TIMES.restored - 29 * 24 * 3600 };
    expect(reasons(await restore(copy, 'vault', '--agent', world.identity.name))).toEqual([
      'RevocationsForgotten',
    ]);
  });

  it('does not return if a live revocation cannot be read', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    const key = revocationKey(randomUUID());
    await put(localTableName('Revocations'), {
      ...key,
      createdTime: TIMES.since,
      filter: { workloadTag: 'later release' },
    });
    const { status, stderr } = await tables.run(copy, 'vault', '--apply', '--json');
    await lose('Revocations', key);
    expect(status).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { next: 'Use the version of the command that belongs to the deployment.' },
    });
    expect(await tables.stores.grants.get(world.grantId)).toBeUndefined();
  });
});

describe('a suspension', () => {
  const suspendedByOperator = { since: TIMES.since, by: 'arn:aws:iam::1:role/operator' };

  it('is not lifted by an earlier record, whatever its revision', async () => {
    const world = await tables.world();
    const { restrictions } = tables.stores;
    const { name } = world.identity;
    for (let revision = 1; revision < 6; revision += 1) await restrictions.putAgent({ name, revision });
    const copy = await tables.copy('Directory');
    await lose('Directory', agentRestrictionKey(name));
    await restrictions.putAgent({ name, revision: 1, suspendedByOperator });
    expect(await restore(copy, 'directory', '--record', 'restriction', '--agent', name)).toMatchObject({
      records: [],
      present: 1,
    });
    expect(await restrictions.ofAgent(name)).toMatchObject({ suspendedByOperator });
  });

  it('returns if it was lost, and an empty restriction does not', async () => {
    const world = await tables.world();
    const { restrictions } = tables.stores;
    const { name } = world.identity;
    await restrictions.putAgent({ name, revision: 1, suspendedByOperator });
    const suspended = await tables.copy('Directory');
    await restrictions.putAgent({ name, revision: 2 });
    const lifted = await tables.copy('Directory');
    await lose('Directory', agentRestrictionKey(name));
    const only = ['--record', 'restriction', '--agent', name];
    expect(reasons(await restore(lifted, 'directory', ...only))).toEqual(['RestrictsNothing']);
    expect((await restore(suspended, 'directory', ...only)).records).toHaveLength(1);
    expect(await restrictions.ofAgent(name)).toMatchObject({ suspendedByOperator });
  });

  it.each([
    [
      'agent by an operator',
      ({ identity: { name } }: World) =>
        tables.stores.restrictions.putAgent({ name, revision: 1, suspendedByOperator }),
    ],
    [
      'user by an operator',
      ({ userHash }: World) =>
        tables.stores.restrictions.putUser({ userHash, revision: 1, suspendedByOperator }),
    ],
    [
      'user by the identity provider',
      ({ userHash }: World) =>
        tables.stores.restrictions.putUser({
          userHash,
          revision: 1,
          accountAtIssuer: { state: 'PURGED', eventTime: TIMES.since, since: TIMES.since },
        }),
    ],
  ])('of the %s keeps the grant out', async (_of, suspend) => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await suspend(world);
    expect(reasons(await restore(copy, 'vault', '--agent', world.identity.name))).toEqual(['Suspended']);
    expect(await tables.stores.grants.get(world.grantId)).toBeUndefined();
  });
});

describe('a deleted agent', () => {
  it.each(['deleted', 'recreated'])(
    'that was %s does not return, with its vault keys and grants',
    async (how) => {
      const world = await tables.world();
      const copies = {
        directory: await tables.copy('Directory'),
        keys: await tables.copy('Keys'),
        vault: await tables.copy('Vault'),
      };
      await deleteAgent(world);
      const namesake = { ...world.identity, id: randomUUID(), createdTime: TIMES.since };
      if (how === 'recreated') await tables.stores.identities.create(namesake);
      const agent = ['--agent', world.identity.name];
      const directory = await restore(copies.directory, 'directory', ...agent);
      expect(reasons(directory)).toEqual([how === 'recreated' ? 'Recreated' : 'Deleted']);
      expect(reasons(await restore(copies.keys, 'keys', ...agent))).toEqual(['AgentMissing']);
      const vault = await restore(copies.vault, 'vault', '--user-hash', world.userHash);
      expect([vault.records, reasons(vault)]).toEqual([[], ['AgentMissing']]);
      const { identities, grants, vaultKeys } = tables.stores;
      expect(await identities.get(world.identity.name)).toEqual(how === 'recreated' ? namesake : undefined);
      expect(await grants.get(world.grantId)).toBeUndefined();
      expect(await vaultKeys.latest({ purpose: 'grant', ownerId: world.identity.id })).toBeUndefined();
    },
  );

  it('does not get a grant back that was written while the agent was being deleted', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    tables.before = async (operation) => {
      if (operation === 'PutItem') await deleteAgent(world);
      return undefined;
    };
    const restored = await restore(copy, 'vault', '--agent', world.identity.name);
    expect([restored.records, reasons(restored)]).toEqual([[], ['AgentMissing']]);
    expect(await tables.stores.grants.get(world.grantId)).toBeUndefined();
  });

  it('keeps a grant out whose vault key was shredded', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await tables.stores.contents.shredKeys(world.identity.id);
    expect(reasons(await restore(copy, 'vault', '--agent', world.identity.name))).toEqual(['KeyShredded']);
  });
});

describe('a secret or a vault key', () => {
  it('does not return after the provider was changed or deleted', async () => {
    const world = await tables.world();
    const { providers } = tables.stores;
    const [keys, vault] = [await tables.copy('Keys'), await tables.copy('Vault')];
    await lose('Vault', clientSecretKey(world.provider.id));
    const changed = { ...world.provider, revision: 2, lastUpdatedTime: TIMES.since };
    await providers.replace(changed);
    const only = ['--record', 'client-secret', '--provider', world.provider.name];
    expect(reasons(await restore(vault, 'vault', ...only))).toEqual(['SecretChanged']);
    await tables.stores.contents.shredKeys(world.provider.id);
    await providers.remove(changed);
    const ofProvider = await restore(keys, 'keys', '--provider', world.provider.name);
    expect(reasons(ofProvider)).toEqual(['ProviderMissing']);
  });

  it('does not return if a KMS key wraps it that the token vault no longer uses', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Keys');
    await tables.stores.contents.shredKeys(world.identity.id);
    await put(localTableName('Directory'), { ...TOKEN_VAULT_KEY, recordVersion: 1, revision: 1 });
    const restored = await restore(copy, 'keys', '--agent', world.identity.name);
    await lose('Directory', TOKEN_VAULT_KEY);
    expect(reasons(restored)).toEqual(['FormerKmsKey']);
  });
});

it('brings neither signing keys, portals, the token vault, nor the writing Region back, nor vault keys of other purposes', async () => {
  const world = await tables.world();
  const portal = samplePortal();
  const copy = `copy-never-${randomUUID()}`;
  await tables.create(copy);
  for (const key of [
    signingKeyKey(1),
    TOKEN_VAULT_KEY,
    WRITING_REGION_KEY,
    { pk: PREFIX.consentPortal + portal.name, sk: 'RECORD' },
  ])
    await put(copy, { ...portal, ...key, recordVersion: 1 });
  await put(copy, { ...userEmailKey('hash', 'user'), recordVersion: 2, userHash: 'later' });
  await put(copy, { pk: 'LATER-KIND#1', sk: 'RECORD' });
  const { records, notRestored } = await restore(copy, 'directory');
  expect(records).toEqual([]);
  expect(notRestored.map(({ reason }) => reason).sort()).toEqual([
    ...['NeverRestored', 'NeverRestored', 'NeverRestored', 'NeverRestored'],
    ...['Unreadable', 'Unreadable'],
  ]);
  await tables.sealed(world.identity, 'consent');
  const keys = await tables.copy('Keys');
  await tables.stores.contents.shredKeys(world.identity.id);
  const lost = await restore(keys, 'keys');
  expect(reasons(lost)).toContain('NeverRestored');
  const { Items = [] } = await tables.client.scan({ TableName: localTableName('Keys') });
  expect(Items.map(({ pk }) => pk?.S)).not.toContain(vaultKeyPartition('consent', world.identity.id));
});
