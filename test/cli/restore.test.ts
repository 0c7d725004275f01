/** `agent-identity restore`: what was lost returns from the copy of a table, and newer records stay. */
import { randomUUID } from 'node:crypto';
import {
  clientSecretKey,
  outboxItemKey,
  sessionKey,
  workloadIdentityKey,
} from '../../lambda/model/table-keys';
import { localTableName } from '../../lib/local/dynamodb';
import { keyOfGrant, reasons, restoreSteps, type World } from './restore-steps';
import { iso, RestoredTables, TIMES } from './restored-tables';

let tables: RestoredTables;

beforeAll(async () => {
  tables = await RestoredTables.start();
});
beforeEach(() => {
  tables.reset();
});
afterAll(() => tables.close());

const { restore, lose, put } = restoreSteps(() => tables);

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
