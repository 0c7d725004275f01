/** ResetTokenVaultKeyMaterial, and how requests treat what it gave up. */
import type { AuditEntry } from '../../lambda/domain/audit';
import { SOFT_WINDOW } from '../../lambda/domain/grant/grant';
import { KeyMaterialResetError, type Seal } from '../../lambda/domain/sealing/sealing';
import { ServiceError } from '../../lambda/domain/service-error';
import {
  resetTokenVaultKeyMaterial,
  type KeyMaterialResetDependencies,
} from '../../lambda/domain/token-vault/key-material-reset';
import { isGivenUp, NEVER_MOVED } from '../../lambda/domain/token-vault/token-vault';
import type { TokenVault } from '../../lambda/model/records/token-vault';
import { createFakeSystem, type FakeSystem } from './fake-system';
import { createInMemoryStores } from './in-memory-stores';
import { createRetrievalService, type RetrievalService } from './retrieval-service';
import { OWNER } from './samples';

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/one';

describe('ResetTokenVaultKeyMaterial', () => {
  let system: FakeSystem;
  let entries: AuditEntry[];
  let deps: KeyMaterialResetDependencies;
  /** The KMS keys that KMS was asked for. */
  let asked: string[];
  /** The KMS keys under which vault keys remain. */
  let former: string[];
  /** The probes of KMS keys. */
  let tested: string[][];
  beforeEach(() => {
    system = createFakeSystem();
    entries = [];
    asked = [];
    former = [];
    tested = [];
    deps = {
      tokenVault: createInMemoryStores().tokenVault,
      kmsKeyStates: {
        isDeleted(kmsKeyArn) {
          asked.push(kmsKeyArn);
          return Promise.resolve(!kmsKeyArn.endsWith('enabled'));
        },
      },
      vaultKeyMover: {
        probe(...probed) {
          tested.push(probed);
          return Promise.resolve();
        },
        formerKmsKeys: () => Promise.resolve(former),
      },
      audit: { record: (entry) => void entries.push(entry) },
      system,
      serviceKeyArn: KEY.replace('one', 'service'),
    };
  });

  const reset = (tokenVaultId = 'default') => resetTokenVaultKeyMaterial(deps, { arn: OWNER }, tokenVaultId);
  const put = async (vault: TokenVault) => expect(await deps.tokenVault.replace(vault)).toBe(true);
  const underKey = (revision: number): TokenVault => ({ kmsKeyArn: KEY, revision, lastModifiedDate: 1 });

  it("moves the token vault to the deployment's own key, and names the deleted key", async () => {
    await put(underKey(1));
    const vault = {
      revision: 2,
      lastModifiedDate: system.seconds(),
      resets: [{ kmsKeyArn: KEY, revision: 2 }],
    };
    expect(await reset()).toStrictEqual(vault);
    expect(await deps.tokenVault.get()).toEqual(vault);
    expect(asked).toEqual([KEY]);
    expect(tested).toEqual([[deps.serviceKeyArn, 'ResetTokenVaultKeyMaterial']]);
    expect(entries).toEqual([
      {
        operation: 'ResetTokenVaultKeyMaterial',
        principal: OWNER,
        outcome: 'allowed',
        result: `from ${KEY}`,
      },
    ]);
  });

  it('keeps the earlier resets', async () => {
    await put(underKey(1));
    const { resets } = await reset();
    const other = KEY.replace('one', 'other');
    await put({ ...underKey(3), kmsKeyArn: other, resets: resets ?? [] });
    expect((await reset()).resets).toEqual([
      { kmsKeyArn: KEY, revision: 2 },
      { kmsKeyArn: other, revision: 4 },
    ]);
  });

  it('changes nothing unless KMS says that the key is deleted', async () => {
    await put(underKey(1));
    const error = new ServiceError('ValidationException', 'The key exists.');
    deps = { ...deps, kmsKeyStates: { isDeleted: () => Promise.reject(error) } };
    await expect(reset()).rejects.toBe(error);
    expect(await deps.tokenVault.get()).toEqual(underKey(1));
    expect(entries).toMatchObject([{ outcome: 'denied', reason: 'The key exists.', result: `from ${KEY}` }]);
  });

  it("changes nothing if the deployment's own key cannot be used", async () => {
    await put(underKey(1));
    const error = new ServiceError('ValidationException', 'The key is disabled.');
    deps = { ...deps, vaultKeyMover: { ...deps.vaultKeyMover, probe: () => Promise.reject(error) } };
    await expect(reset()).rejects.toBe(error);
    expect(await deps.tokenVault.get()).toEqual(underKey(1));
  });

  it('changes nothing if the key of the token vault changes during the request', async () => {
    await put(underKey(1));
    const other = { ...underKey(2), kmsKeyArn: KEY.replace('one', 'other') };
    deps = { ...deps, kmsKeyStates: { isDeleted: () => put(other).then(() => true) } };
    await expect(reset()).rejects.toMatchObject({ type: 'ConflictException' });
    expect(await deps.tokenVault.get()).toEqual(other);
  });

  it("changes nothing if the key is the deployment's own, too, because nothing else could encrypt", async () => {
    await put({ ...underKey(1), kmsKeyArn: deps.serviceKeyArn });
    await expect(reset()).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining('Deploy it with another encryptionKey first') as string,
    });
    expect(asked).toEqual([]);
    expect((await deps.tokenVault.get()).revision).toBe(1);
  });

  it("rejects a token vault under the deployment's own key, and an unknown one, without asking KMS", async () => {
    await expect(reset()).rejects.toMatchObject({ type: 'ValidationException' });
    await expect(reset('other')).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
    expect(asked).toEqual([]);
    expect(await deps.tokenVault.get()).toEqual(NEVER_MOVED);
  });

  describe('after a move that left vault keys under a former key', () => {
    const FORMER = KEY.replace('one', 'former');
    const ENABLED = KEY.replace('one', 'enabled');

    it('keeps the present key, and gives up what the deleted one encrypted', async () => {
      await put({ ...underKey(1), kmsKeyArn: ENABLED });
      former = [FORMER, deps.serviceKeyArn];
      const vault = {
        kmsKeyArn: ENABLED,
        revision: 2,
        lastModifiedDate: system.seconds(),
        resets: [{ kmsKeyArn: FORMER, revision: 2 }],
      };
      expect(await reset()).toStrictEqual(vault);
      expect(await deps.tokenVault.get()).toEqual(vault);
      expect(asked).toEqual([ENABLED, FORMER]);
      expect(entries).toMatchObject([{ outcome: 'allowed', result: `from ${FORMER}` }]);
    });

    it("does so under the deployment's own key, and under a customer managed key that is the same", async () => {
      former = [FORMER];
      for (const [revision, kmsKeyArn] of [
        [1, undefined],
        [2, deps.serviceKeyArn],
      ] as const) {
        if (kmsKeyArn !== undefined) await put({ kmsKeyArn, revision, lastModifiedDate: 1 });
        const next = await reset();
        expect(next.kmsKeyArn).toBe(kmsKeyArn);
        expect(next.resets).toContainEqual({ kmsKeyArn: FORMER, revision: next.revision });
      }
    });

    it.each<[string, string, ServiceError | undefined]>([
      ['exists and is enabled', ENABLED, undefined],
      ['is disabled', FORMER, new ServiceError('ValidationException', 'It is disabled.')],
      ['is not shown', FORMER, new ServiceError('AccessDeniedException', 'Denied.')],
    ])('keeps what a former key encrypted that %s', async (_state, kept, answer) => {
      const deleted = KEY.replace('one', 'deleted');
      const isDeleted = (arn: string) =>
        arn === deleted ? Promise.resolve(true) : answer ? Promise.reject(answer) : Promise.resolve(false);
      deps = { ...deps, kmsKeyStates: { isDeleted } };
      former = [kept];
      await expect(reset()).rejects.toThrow(answer?.message ?? 'vault keys remain under it');
      expect(await deps.tokenVault.get()).toEqual(NEVER_MOVED);
      former = [kept, deleted];
      expect((await reset()).resets).toEqual([{ kmsKeyArn: deleted, revision: 1 }]);
    });

    it('changes nothing if KMS throttles, although another key is deleted', async () => {
      const throttled = new ServiceError('ThrottlingException', 'Slower.');
      const isDeleted = (arn: string) => (arn === FORMER ? Promise.resolve(true) : Promise.reject(throttled));
      deps = { ...deps, kmsKeyStates: { isDeleted } };
      former = [FORMER, KEY];
      await expect(reset()).rejects.toBe(throttled);
      expect(await deps.tokenVault.get()).toEqual(NEVER_MOVED);
    });
  });

  it.each([
    ['under the deleted key, of an earlier revision', KEY, 1, true],
    ['under a key with the same ARN, of a later revision', KEY, 2, false],
    ['under another key', KEY.replace('one', 'other'), 1, false],
  ])('a vault key %s', async (_what, kmsKeyArn, vaultRevision, givenUp) => {
    await put(underKey(1));
    expect(isGivenUp(await reset(), { kmsKeyArn, vaultRevision })).toBe(givenUp);
    expect(isGivenUp(NEVER_MOVED, { kmsKeyArn, vaultRevision })).toBe(false);
  });
});

describe('after a reset', () => {
  let service: RetrievalService;
  beforeEach(async () => {
    service = await createRetrievalService();
  });

  /** Gives up everything that was encrypted before. */
  function giveUp(): void {
    const { seal } = service.deps;
    const later = new Set<string>();
    const after: Seal = {
      async seal(context, plaintext) {
        const sealed = await seal.seal(context, plaintext);
        later.add(sealed);
        return sealed;
      },
      open: (context, sealed) =>
        later.has(sealed) ? seal.open(context, sealed) : Promise.reject(new KeyMaterialResetError('reset')),
    };
    Object.assign(service.deps, { seal: after });
  }
  const reasons = () => service.entries.map(({ reason }) => reason);

  it.each([
    ['is valid', 0],
    ['must be refreshed', 3600],
  ])(
    "a user's token that %s is dropped, and the request returns an authorization URL",
    async (_what, age) => {
      await service.grant();
      service.system.advance(age);
      giveUp();
      const first = await service.ask();
      expect(first).toMatchObject({ output: { sessionStatus: 'IN_PROGRESS' }, outcome: 'consent-required' });
      expect(await service.ask()).toMatchObject({ output: first.output });
      expect(reasons()).toEqual(['reset', undefined]);
      expect(await service.stored()).not.toHaveProperty('tokens');
      const { queued } = service.deps.revocationQueue as unknown as { queued: object[] };
      expect(queued).toEqual([expect.objectContaining({ cause: 'forced' })]);
      await service.grant({ accessToken: 'access-new' });
      expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-new' } });
    },
  );

  it('a poll does not return the token, and begins no session', async () => {
    const { output } = await service.ask();
    const { sessionUri } = output as { sessionUri: string };
    await service.grant();
    giveUp();
    service.system.advance(3600);
    expect(await service.ask({ sessionUri })).toMatchObject({
      output: { sessionUri, sessionStatus: 'FAILED' },
    });
  });

  it('a report of a rejected token returns an authorization URL', async () => {
    await service.grant();
    giveUp();
    expect(await service.reject('access-0')).toMatchObject({ outcome: 'consent-required' });
  });

  it('the next request of the agent for its own token gets a new one', async () => {
    let count = 0;
    service.endpoint.before = () => {
      count += 1;
      const tokens = { access_token: `machine-${count}`, token_type: 'Bearer', expires_in: 3600 };
      service.endpoint.instead.push(Response.json(tokens));
      return Promise.resolve();
    };
    const machine = { oauth2Flow: 'M2M' as const, scopes: ['a'] };
    await service.ask(machine);
    giveUp();
    for (const outcome of ['exchanged', 'cached']) {
      expect(await service.ask(machine)).toMatchObject({ output: { accessToken: 'machine-2' }, outcome });
    }
  });

  it('a background renewal that finds nothing to refresh is no failure', async () => {
    await service.grant();
    service.system.advance(3600 - Math.min(SOFT_WINDOW, 60));
    await service.ask();
    giveUp();
    await service.catchUp();
    expect(service.entries.at(-1)).toMatchObject({
      operation: 'BackgroundRenewal',
      outcome: 'allowed',
      result: 'consent-required',
      reason: 'reset',
    });
  });
});
