/** `agent-identity restore`: what was lost returns, and what was deleted, revoked, or suspended does not. */
import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import {
  agentRestrictionKey,
  clientSecretKey,
  grantKey,
  outboxItemKey,
  PREFIX,
  revocationKey,
  sessionKey,
  signingKeyKey,
  TOKEN_VAULT_KEY,
  userEmailKey,
  vaultKeyPartition,
  workloadIdentityKey,
  type Key,
  type TableName,
} from '../../lambda/contract/table-keys';
import type { Revocation } from '../../lambda/domain/revocation/revocation';
import { localTableName } from '../../lib/local/dynamodb';
import { samplePortal } from '../domain/samples';
import type { Outcome } from './command-under-test';
import { iso, RestoredTables, TIMES } from './restored-tables';

let tables: RestoredTables;

beforeAll(async () => {
  tables = await RestoredTables.start();
});
beforeEach(() => {
  tables.reset();
});
afterAll(() => tables.close());

interface Restored {
  readonly applied: boolean;
  readonly records: readonly Record<string, string>[];
  readonly notRestored: readonly { readonly record: string; readonly reason: string }[];
  readonly present: number;
}

type World = Awaited<ReturnType<RestoredTables['world']>>;

const resultOf = ({ status, stdout, stderr }: Outcome): Restored => {
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Restored;
};

const restore = async (source: string, into: string, ...options: string[]): Promise<Restored> =>
  resultOf(await tables.run(source, into, '--apply', '--json', ...options));

const reasons = ({ notRestored }: Restored): string[] => notRestored.map(({ reason }) => reason);

/** Loses an item without a request to the service, as a mistake in DynamoDB does. */
const lose = (table: TableName, { pk, sk }: Key) =>
  tables.client.send(new DeleteItemCommand({ TableName: localTableName(table), Key: marshall({ pk, sk }) }));

const put = (TableName: string, item: object) =>
  tables.client.send(
    new PutItemCommand({ TableName, Item: marshall(item, { removeUndefinedValues: true }) }),
  );

const keyOfGrant = ({ grantId: { workloadId, userHash, target } }: World): Key =>
  grantKey(workloadId, userHash, target);

/** Deletes an agent as DeleteWorkloadIdentity does. */
async function deleteAgent({ identity }: World): Promise<void> {
  const { identities, contents } = tables.stores;
  await identities.markDeleted(identity);
  await contents.shredKeys(identity.id);
  await contents.deleteGrantsOfWorkload(identity.id);
  await identities.remove(identity);
}

const revoke = (change: Partial<Revocation>) =>
  tables.stores.revocations.create({
    revocationId: randomUUID(),
    cause: 'operator',
    filter: {},
    createdTime: TIMES.since,
    revision: 1,
    matched: 1,
    ...change,
  });

describe('a lost record', () => {
  it('is listed without --apply, without any secret, and is not written', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    const outcome = await tables.run(copy, 'vault', '--agent', world.identity.name);
    expect(outcome.status).toBe(0);
    expect(outcome.stdout.split('\n')[1]?.split(/ +/)).toEqual(
      expect.arrayContaining(['grant', world.identity.name, world.provider.name, world.userHash]),
    );
    expect(outcome.stdout).toContain(
      `Would restore 1 record of ${iso(TIMES.restored).replace('.000Z', 'Z')} to the table agent-identity-Vault.\n`,
    );
    expect(outcome.stderr).toContain('Nothing was written. Repeat the command with --apply.');
    expect(outcome.stdout + outcome.stderr).not.toContain(world.tokens.sealed.slice(0, 10));
    expect(await tables.stores.grants.get(world.grantId)).toBeUndefined();
  });

  it('returns with --apply, once, and as it was', async () => {
    const world = await tables.world();
    const before = await tables.stores.grants.get(world.grantId);
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await lose('Vault', clientSecretKey(world.provider.id));
    const provider = ['--provider', world.provider.name];
    const { records, present } = await restore(copy, 'vault', ...provider);
    expect([records.map(({ record }) => record).sort(), present]).toEqual([['client-secret', 'grant'], 0]);
    expect(await tables.stores.grants.get(world.grantId)).toEqual(before);
    expect(await tables.stores.clientSecrets.get(world.provider.id)).toBe(world.secret);
    expect(await restore(copy, 'vault', ...provider)).toEqual({
      ...{ source: copy, table: 'agent-identity-Vault', restoredTo: TIMES.restored, applied: true },
      ...{ records: [], notRestored: [], present: 2 },
    });
  });

  it('returns to the directory and the keys while one of them has the other half', async () => {
    const world = await tables.world();
    const [directory, keys] = [await tables.copy('Directory'), await tables.copy('Keys')];
    await lose('Directory', workloadIdentityKey(world.identity.name));
    const agent = ['--agent', world.identity.name];
    expect((await restore(directory, 'directory', ...agent)).records).toEqual([
      { record: 'agent', agent: world.identity.name, owner: world.identity.owner },
    ]);
    expect(await tables.stores.identities.get(world.identity.name)).toEqual(world.identity);
    await tables.stores.contents.shredKeys(world.identity.id);
    expect((await restore(keys, 'keys', ...agent)).records).toHaveLength(1);
    expect(
      await tables.stores.vaultKeys.latest({ purpose: 'grant', ownerId: world.identity.id }),
    ).toMatchObject({ wrapped: 'wrapped-key' });
  });

  it('returns without the consent and the lease that were in progress', async () => {
    const world = await tables.world();
    const { grants } = tables.stores;
    const seen = await grants.get(world.grantId);
    const lease = { holder: 'worker', deadline: 1 };
    const details = { workloadName: world.identity.name, resources: [], audiences: [] };
    const consent = { sessionHash: 'session', expiresAt: 1 };
    const { id: providerId } = world.provider;
    await grants.takeLease(world.grantId, { providerId, details, seen, lease });
    const leased = await grants.get(world.grantId);
    await grants.openConsent(world.grantId, { providerId, details, consent, seen: leased, forget: false });
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await restore(copy, 'vault', '--agent', world.identity.name);
    expect(await grants.get(world.grantId)).toMatchObject({ tokens: world.tokens });
    expect(await grants.get(world.grantId)).not.toHaveProperty('lease');
    expect(await grants.get(world.grantId)).not.toHaveProperty('consent');
  });

  it.each([
    ['--record', () => ['grant']],
    ['--user-hash', ({ userHash }: World) => [userHash]],
    ['--agent', ({ identity }: World) => [identity.name]],
  ])('is selected with %s', async (option, value) => {
    const [world, another] = [await tables.world(), await tables.world()];
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await lose('Vault', clientSecretKey(another.provider.id));
    const { records } = await restore(copy, 'vault', option, ...value(world));
    expect(records).toMatchObject([{ record: 'grant', agent: world.identity.name }]);
    await restore(copy, 'vault');
  });
});

describe('a live record', () => {
  it('stays if it is newer, of another resource, or being deleted, and is replaced if it is older', async () => {
    const world = await tables.world();
    const { identities } = tables.stores;
    const { identity } = world;
    const agent = ['--agent', identity.name];
    const updated = { ...identity, tags: { team: 'new' }, revision: 2, lastUpdatedTime: TIMES.since };
    const older = await tables.copy('Directory');
    await identities.replace(updated);
    expect(await restore(older, 'directory', ...agent)).toMatchObject({ records: [], present: 1 });
    const newer = await tables.copy('Directory');
    const overwritten = { ...identity, recordVersion: 1, ...workloadIdentityKey(identity.name) };
    await put(localTableName('Directory'), { ...overwritten, lastUpdatedTime: TIMES.since + 1 });
    expect(await restore(newer, 'directory', ...agent)).toMatchObject({ records: [], present: 1 });
    await put(localTableName('Directory'), { ...overwritten, deleted: true });
    expect(reasons(await restore(newer, 'directory', ...agent))).toEqual(['Deleted']);
    await put(localTableName('Directory'), { ...overwritten, id: randomUUID() });
    expect(reasons(await restore(newer, 'directory', ...agent))).toEqual(['Recreated']);
    await put(localTableName('Directory'), overwritten);
    expect((await restore(newer, 'directory', ...agent)).records).toHaveLength(1);
    expect(await identities.get(identity.name)).toEqual(updated);
  });

  it('stays if the user consented again', async () => {
    const world = await tables.world();
    const copy = await tables.copy('Vault');
    await lose('Vault', keyOfGrant(world));
    await tables.stores.grants.openConsent(world.grantId, {
      providerId: world.provider.id,
      details: { workloadName: world.identity.name, resources: [], audiences: [] },
      consent: { sessionHash: 'session', expiresAt: TIMES.since },
      seen: undefined,
      forget: false,
    });
    expect(await restore(copy, 'vault', '--agent', world.identity.name)).toMatchObject({
      records: [],
      present: 1,
    });
    expect(await tables.stores.grants.get(world.grantId)).not.toHaveProperty('tokens');
  });
});

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

it('brings neither signing keys, portals, nor the token vault back, nor vault keys of other purposes', async () => {
  const world = await tables.world();
  const portal = samplePortal();
  const copy = `copy-never-${randomUUID()}`;
  await tables.create(copy);
  for (const key of [
    signingKeyKey(1),
    TOKEN_VAULT_KEY,
    { pk: PREFIX.consentPortal + portal.name, sk: 'RECORD' },
  ])
    await put(copy, { ...portal, ...key, recordVersion: 1 });
  await put(copy, { ...userEmailKey('hash'), recordVersion: 2, userHash: 'later' });
  await put(copy, { pk: 'LATER-KIND#1', sk: 'RECORD' });
  const { records, notRestored } = await restore(copy, 'directory');
  expect(records).toEqual([]);
  expect(notRestored.map(({ reason }) => reason).sort()).toEqual([
    ...['NeverRestored', 'NeverRestored', 'NeverRestored'],
    ...['Unreadable', 'Unreadable'],
  ]);
  await tables.sealed(world.identity, 'consent');
  const keys = await tables.copy('Keys');
  await tables.stores.contents.shredKeys(world.identity.id);
  const lost = await restore(keys, 'keys');
  expect(reasons(lost)).toContain('NeverRestored');
  const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: localTableName('Keys') }));
  expect(Items.map(({ pk }) => pk?.S)).not.toContain(vaultKeyPartition('consent', world.identity.id));
});

describe('the tables', () => {
  it.each([
    [sessionKey('hash'), 'sessions', 'Its records never return'],
    [outboxItemKey('item'), 'revocations', 'Its records never return'],
    [workloadIdentityKey('agent'), 'directory', 'Set --into directory.'],
  ])('must not be a copy of another one: %j', async (key, name, next) => {
    const copy = `copy-other-${randomUUID()}`;
    await tables.create(copy);
    await put(copy, { ...key, recordVersion: 1 });
    const { status, stderr } = await tables.run(copy, 'vault', '--apply');
    expect(status).toBe(2);
    expect(stderr).toContain(`is a copy of the table ${name}, not of vault. ${next}`);
  });

  it('must be restored from the live one, to a time that is known', async () => {
    const copy = await tables.copy('Vault');
    tables.restoreSummary = {
      RestoreDateTime: TIMES.restored,
      SourceTableArn: 'arn:aws:dynamodb:us-east-1:123456789012:table/another',
    };
    expect(await tables.run(copy, 'vault')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('which is not the table agent-identity-Vault.') as string,
    });
    tables.restoreSummary = undefined;
    expect(await tables.run(copy, 'vault')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Set --restored-to.') as string,
    });
    const stated = ['--restored-to', iso(TIMES.restored), '--json'];
    expect(JSON.parse((await tables.run(copy, 'vault', ...stated)).stdout)).toMatchObject({
      restoredTo: TIMES.restored,
    });
    expect((await tables.run(localTableName('Vault'), 'vault')).stderr).toContain('not the live one');
  });

  it('are those of the stack, without their copies', async () => {
    const stack = `Identity${randomUUID().slice(0, 8)}`;
    const named = ['Directory', 'Keys', 'Vault', 'Revocations', 'Sessions'].map(
      (name) => `${stack}-${name}Table0123ABCD-1XYZ`,
    );
    for (const name of [...named, `${named[2]}-restored`]) await tables.create(name);
    const copy = `copy-of-stack-${randomUUID()}`;
    await tables.create(copy);
    const options = ['--source', copy, '--into', 'vault', '--json'];
    const { table } = JSON.parse((await tables.runWith([...options, '--stack', stack])).stdout) as {
      table: string;
    };
    expect(table).toBe(named[2]);
    expect(JSON.parse((await tables.runWith([...options, '--stack', 'Another'])).stderr)).toMatchObject({
      error: {
        message:
          'The table directory of the deployment is not known: the stack "Another" has none in this Region.',
      },
    });
    await tables.create(`${stack}-SecondVaultTable0123ABCD-1XYZ`);
    expect((await tables.runWith([...options, '--stack', stack])).stderr).toContain(
      'Set --table vault=NAME.',
    );
  });

  it.each([
    [['--table', 'sessions=x'], /--table must be directory, keys, vault, revocations/],
    [['--table', 'vault=x', '--table', 'vault=y'], /--table states the table vault twice/],
    [['--restored-to', 'yesterday'], /--restored-to must be a time/],
    [[], /The table directory of the deployment is not known\. Set --stack/],
  ])('are rejected for the options %j', async (options, message) => {
    const { status, stderr } = await tables.runWith(['--source', 'x', '--into', 'vault', ...options]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('a run that fails', () => {
  const denied = {
    status: 400,
    body: { __type: 'com.amazon#AccessDeniedException', message: 'User is not authorized.' },
  };

  it('says which permission is missing, and never the secret key', async () => {
    const copy = await tables.copy('Vault');
    tables.before = (operation) => Promise.resolve(operation === 'Scan' ? denied : undefined);
    const { status, stderr } = await tables.run(copy, 'vault', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: {
        message:
          'DynamoDB rejected Scan for the table agent-identity-Directory (AccessDeniedException): User is not authorized.',
        next: expect.stringContaining('the permission dynamodb:Scan for this table') as string,
      },
    });
  });

  it('continues with the same command', async () => {
    const worlds = [await tables.world(), await tables.world()];
    const copy = await tables.copy('Vault');
    for (const world of worlds) await lose('Vault', keyOfGrant(world));
    let puts = 0;
    tables.before = (operation) => {
      if (operation === 'PutItem') puts += 1;
      return Promise.resolve(operation === 'PutItem' && puts > 1 ? denied : undefined);
    };
    const failed = await tables.run(copy, 'vault', '--record', 'grant', '--apply', '--json');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('Records that were restored before: 1.');
    expect(failed.stderr).toContain('run the same command again');
    tables.reset();
    expect((await restore(copy, 'vault', '--record', 'grant')).records).toHaveLength(1);
    for (const { grantId } of worlds) expect(await tables.stores.grants.get(grantId)).toBeDefined();
  });
});
