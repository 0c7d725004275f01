/** The seal with KMS: the real client, with the embedded KMS. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KMS } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { decodeProtectedHeader } from 'jose';
import { createSeal, createSealOnly } from '../../lambda/adapters/kms/seal';
import {
  createSigningKeyEncrypter,
  createSigningKeyWrapper,
} from '../../lambda/adapters/kms/signing-key-wrapper';
import { createVaultKeyMaker } from '../../lambda/adapters/kms/vault-key-maker';
import { createVaultKeys } from '../../lambda/adapters/kms/vault-keys';
import { consentContext } from '../../lambda/domain/consent/session';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { grantContext } from '../../lambda/domain/grant/grant';
import type { SealingContext } from '../../lambda/domain/sealing/sealing';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { createFakeSystem, type FakeSystem } from '../domain/fake-system';
import { withFlippedCharacter } from '../domain/flipped-character';
import { createInMemoryTokenVaultStore, createInMemoryVaultKeyStore } from '../domain/in-memory-stores';
import { createKms } from '../../lambda/adapters/kms/sdk-client';
import { sampleGrantId, sampleIdentity, sampleProvider, sampleSession } from '../domain/samples';
import { temporaryFolder } from '../environment/temporary-folder';

const TOKEN_VAULT = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default';
const SECRET = 'a refresh token';

/** Seconds that a vault key encrypts. */
const SEALS_FOR = 86_400;

const credentials = newEmulatorCredentials();
const folder = temporaryFolder('sealing');
let kms: LocalKms;
let client: KMS;
/** Names of the KMS operations that were called, in order. */
let calls: string[];
let system: FakeSystem;
let store: ReturnType<typeof createInMemoryVaultKeyStore>;
let tokenVault: ReturnType<typeof createInMemoryTokenVaultStore>;
/** Whether the owner exists in the directory; read after a key is stored. */
let ownerIsThere: () => Promise<boolean>;
const owners = { exists: () => ownerIsThere() };

beforeAll(async () => {
  kms = await startKms(join(folder, 'kms.json'), credentials);
  client = new KMS({ endpoint: kms.endpoint, region: 'us-east-1', credentials });
  client.middlewareStack.add(
    (next, { commandName }) =>
      (input) => {
        calls.push(String(commandName));
        return next(input);
      },
    { step: 'initialize', name: 'countCalls' },
  );
});

afterAll(async () => {
  client.destroy();
  await kms.close();
});

beforeEach(() => {
  calls = [];
  system = createFakeSystem();
  store = createInMemoryVaultKeyStore();
  tokenVault = createInMemoryTokenVaultStore();
  ownerIsThere = () => Promise.resolve(true);
});

/** The vault keys as one function sees them, with its own cache. */
const newVaultKeys = (tokenVaultArn = TOKEN_VAULT) =>
  createVaultKeys({
    kms: createKms(client),
    keyArn: kms.keyArn,
    tokenVaultArn,
    tokenVault,
    owners,
    store,
    system,
    sealsFor: SEALS_FOR,
    readsTokenVault: true,
    report: () => undefined,
  });
const newSeal = () => createSeal(newVaultKeys());

const agent = sampleIdentity();
const provider = sampleProvider();
const grantId = { ...sampleGrantId(), workloadId: agent.id };
const context = grantContext(grantId, provider.id, agent.arn);

it.each<[string, SealingContext]>([
  ['a grant', context],
  ['a client secret', clientSecretContext(provider)],
  ['a consent session', consentContext(sampleSession(), 'code')],
])(
  'decrypts its own ciphertext for %s, also in another function, and does not reveal the text',
  async (_what, of) => {
    const sealed = await newSeal().seal(of, SECRET);
    expect(await newSeal().open(of, sealed)).toBe(SECRET);
    const bytes = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect([sealed, ...bytes].join()).not.toContain(SECRET);
  },
);

it('decrypts any text that it encrypted', async () => {
  const seal = newSeal();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      expect(await seal.open(context, await seal.seal(context, text))).toBe(text);
    }),
    { numRuns: 30 },
  );
});

it('never encrypts the same text to the same ciphertext', async () => {
  const seal = newSeal();
  expect(await seal.seal(context, SECRET)).not.toBe(await seal.seal(context, SECRET));
});

describe('decryption fails', () => {
  const other = sampleIdentity();

  it.each<[string, SealingContext]>([
    ['another agent', grantContext({ ...grantId, workloadId: other.id }, provider.id, other.arn)],
    [
      'an agent of the same name with another id',
      grantContext({ ...grantId, workloadId: other.id }, provider.id, agent.arn),
    ],
    ['another owner ARN', grantContext(grantId, provider.id, other.arn)],
    ['another user', grantContext({ ...grantId, userHash: 'another' }, provider.id, agent.arn)],
    ['another target', grantContext({ ...grantId, target: 'another' }, provider.id, agent.arn)],
    ['another provider', grantContext(grantId, sampleProvider().id, agent.arn)],
    ['another purpose', { ...context, purpose: 'consent' }],
    ['a binding with an additional member', { ...context, binding: { ...context.binding, more: '' } }],
    ['no binding', { ...context, binding: {} }],
  ])('for %s', async (_whose, wrong) => {
    const seal = newSeal();
    const sealed = await seal.seal(context, SECRET);
    await expect(seal.open(wrong, sealed)).rejects.toThrow();
    await expect(newSeal().open(wrong, sealed)).rejects.toThrow();
  });

  it('for another part of the same session', async () => {
    const session = sampleSession();
    const seal = newSeal();
    const sealed = await seal.seal(consentContext(session, 'verifier'), SECRET);
    await expect(seal.open(consentContext(session, 'code'), sealed)).rejects.toThrow();
  });

  it("for another owner's context, even if the record is changed to name that owner", async () => {
    const seal = newSeal();
    const theirs = { ...context, ownerId: randomUUID() };
    const { kid, ctx } = decodeProtectedHeader(await seal.seal(theirs, 'theirs'));
    const copied = withHeader(await seal.seal(context, SECRET), { kid, ctx });
    await expect(seal.open(theirs, copied)).rejects.toThrow();
  });

  it('if one character was changed, anywhere', async () => {
    const seal = newSeal();
    const sealed = await seal.seal(context, SECRET);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), async (at) => {
        await expect(seal.open(context, withFlippedCharacter(sealed, at))).rejects.toThrow();
      }),
      { numRuns: 200 },
    );
  });

  it('if the ciphertext was truncated, anywhere', async () => {
    const seal = newSeal();
    const sealed = await seal.seal(context, SECRET);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), async (at) => {
        await expect(seal.open(context, sealed.slice(0, at))).rejects.toThrow();
      }),
      { numRuns: 100 },
    );
  });

  it('if the kid is changed to another version of the same key', async () => {
    const seal = newSeal();
    const sealed = await seal.seal(context, SECRET);
    system.advance(301);
    const newer = await createSealOnly(newVaultKeys()).seal(context, SECRET);
    const { kid } = decodeProtectedHeader(newer);
    expect(kid).not.toBe(decodeProtectedHeader(sealed).kid);
    await expect(seal.open(context, withHeader(sealed, { kid }))).rejects.toThrow();
  });

  it.each([undefined, '', 'unknown', 7, null, ['a']])('if the kid is changed to %p', async (kid) => {
    const seal = newSeal();
    const sealed = await seal.seal(context, SECRET);
    await expect(seal.open(context, withHeader(sealed, { kid }))).rejects.toThrow();
  });

  it.each([{ alg: 'dir' }, { enc: 'A128GCM' }, { alg: 'none' }, { zip: 'DEF' }, { p2c: 1 }])(
    'if the header is changed to %p',
    async (change) => {
      const seal = newSeal();
      const sealed = await seal.seal(context, SECRET);
      await expect(seal.open(context, withHeader(sealed, change))).rejects.toThrow();
    },
  );

  it('if the vault key was deleted', async () => {
    const sealed = await newSeal().seal(context, SECRET);
    store = createInMemoryVaultKeyStore();
    await expect(newSeal().open(context, sealed)).rejects.toThrow('was deleted');
  });

  it('in another token vault', async () => {
    const sealed = await newSeal().seal(context, SECRET);
    const elsewhere = createSeal(newVaultKeys(TOKEN_VAULT.replace('123456789012', '210987654321')));
    await expect(elsewhere.open(context, sealed)).rejects.toThrow();
  });

  it('with a vault key that was copied to another owner', async () => {
    const sealed = await newSeal().seal(context, SECRET);
    const { kid = '' } = decodeProtectedHeader(sealed);
    const record = await store.get(context, kid);
    if (!record) throw new Error('no vault key');
    const thief = { purpose: context.purpose, ownerArn: context.ownerArn, ownerId: randomUUID() };
    await store.create({ ...record, ...thief });
    await expect(newVaultKeys().version(thief, kid)).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });
});

describe('a vault key', () => {
  it('is created once for an owner and purpose, and needs no KMS call while it is cached', async () => {
    const seal = newSeal();
    for (const text of ['one', 'two', 'three']) await seal.seal(context, text);
    expect(calls).toEqual(['GenerateDataKeyCommand']);
    await seal.seal({ ...context, purpose: 'consent' }, 'four');
    expect(calls).toEqual(['GenerateDataKeyCommand', 'GenerateDataKeyCommand']);
  });

  it('is unwrapped once in five minutes', async () => {
    const sealed = await newSeal().seal(context, SECRET);
    const seal = newSeal();
    calls = [];
    for (let minute = 0; minute < 5; minute += 1) {
      await seal.open(context, sealed);
      await seal.open(context, sealed);
      system.advance(59);
    }
    expect(calls).toEqual(['DecryptCommand']);
    system.advance(5);
    await seal.open(context, sealed);
    expect(calls).toEqual(['DecryptCommand', 'DecryptCommand']);
  });

  it('of another function is used instead of a new key', async () => {
    const first = await newSeal().seal(context, SECRET);
    calls = [];
    const second = await newSeal().seal(context, SECRET);
    expect(calls).toEqual(['DecryptCommand']);
    expect(decodeProtectedHeader(second).kid).toBe(decodeProtectedHeader(first).kid);
  });

  it('encrypts for its lifetime, also in a function that cached it, and decrypts after that', async () => {
    const seal = newSeal();
    const first = await seal.seal(context, 'first');
    system.advance(SEALS_FOR - 1);
    const last = await seal.seal(context, 'last');
    expect(decodeProtectedHeader(last).kid).toBe(decodeProtectedHeader(first).kid);
    system.advance(301);
    const next = await seal.seal(context, 'next');
    expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(first).kid);
    // All functions use this key from now on.
    const elsewhere = await newSeal().seal(context, 'elsewhere');
    expect(decodeProtectedHeader(elsewhere).kid).toBe(decodeProtectedHeader(next).kid);
    for (const reader of [seal, newSeal()]) {
      const opened = await Promise.all(
        [first, last, next, elsewhere].map((each) => reader.open(context, each)),
      );
      expect(opened).toEqual(['first', 'last', 'next', 'elsewhere']);
    }
  });

  it('of an unknown age does not encrypt', async () => {
    const { kid = '' } = decodeProtectedHeader(await newSeal().seal(context, SECRET));
    const record = await store.get(context, kid);
    if (!record) throw new Error('no vault key');
    await store.create({ ...record, version: 'zzz' });
    const sealed = await newSeal().seal(context, SECRET);
    expect(decodeProtectedHeader(sealed).kid).not.toBe('zzz');
  });

  it('that was created without its plaintext is used after the caches expire', async () => {
    const seal = newSeal();
    const first = await seal.seal(context, 'first');
    const { purpose, ownerId, ownerArn } = context;
    const maker = createVaultKeyMaker({
      kms: createKms(client),
      keyArn: kms.keyArn,
      tokenVaultArn: TOKEN_VAULT,
      tokenVault,
      owners,
      store,
      system: { ...system, now: () => system.now() + 1 },
    });
    calls = [];
    const version = await maker.makeUnseen({ purpose, ownerId, ownerArn });
    expect(calls).toEqual(['GenerateDataKeyWithoutPlaintextCommand']);
    expect(decodeProtectedHeader(await seal.seal(context, SECRET)).kid).toBe(
      decodeProtectedHeader(first).kid,
    );
    system.advance(301);
    const second = await seal.seal(context, 'second');
    expect(decodeProtectedHeader(second).kid).toBe(version);
    expect(await newSeal().open(context, first)).toBe('first');
    expect(await newSeal().open(context, second)).toBe('second');
  });

  it('that is created while its owner is deleted encrypts nothing, and is removed', async () => {
    const seen: boolean[] = [];
    ownerIsThere = async () => {
      seen.push((await store.latest(context)) !== undefined);
      return false;
    };
    await expect(newSeal().seal(context, SECRET)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `The workload identity "${agent.name}" was deleted during the request.`,
    });
    // The owner is read after the key was stored. Before that, a deletion could miss the key.
    expect(seen).toEqual([true]);
    expect(await store.latest(context)).toBeUndefined();
  });

  it('can be created by several functions concurrently, and each can decrypt what the others encrypted', async () => {
    const seals = Array.from({ length: 5 }, newSeal);
    const sealed = await Promise.all(seals.map((seal) => seal.seal(context, SECRET)));
    const reader = newSeal();
    for (const record of sealed) expect(await reader.open(context, record)).toBe(SECRET);
  });
});

describe('a function that can encrypt but not decrypt', () => {
  it('creates a key for each record and never unwraps one, and other functions can decrypt the records', async () => {
    const sealOnly = createSealOnly(newVaultKeys());
    const records = [await sealOnly.seal(context, 'one'), await sealOnly.seal(context, 'two')];
    expect(calls).toEqual(['GenerateDataKeyCommand', 'GenerateDataKeyCommand']);
    expect(new Set(records.map((record) => decodeProtectedHeader(record).kid)).size).toBe(2);
    const seal = newSeal();
    expect(await Promise.all(records.map((record) => seal.open(context, record)))).toEqual(['one', 'two']);
  });
});

describe('the wrapper of signing keys', () => {
  const wrapper = ({ tokenVaultArn = TOKEN_VAULT, on = client } = {}) =>
    createSigningKeyWrapper(createKms(on), kms.keyArn, tokenVaultArn);

  /** A signing key as it is stored. */
  const wrappedKey = async (kid = 'kid-1') => ({
    kid,
    wrappedPrivateKey: await wrapper().wrap(kid, SECRET),
  });

  it('unwraps its own keys, and the wrapped key does not reveal the private key', async () => {
    const key = await wrappedKey();
    expect(Buffer.from(key.wrappedPrivateKey, 'base64').toString('latin1')).not.toContain(SECRET);
    expect(await wrapper().unwrap(key)).toBe(SECRET);
  });

  it('does not unwrap a changed key, or a key with another key ID or for another token vault', async () => {
    const key = await wrappedKey();
    expect(await wrapper().unwrap({ ...key, kid: 'kid-2' })).toBeUndefined();
    expect(await wrapper({ tokenVaultArn: `${TOKEN_VAULT}-2` }).unwrap(key)).toBeUndefined();
    const bytes = Buffer.from(key.wrappedPrivateKey, 'base64');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    expect(await wrapper().unwrap({ ...key, wrappedPrivateKey: bytes.toString('base64') })).toBeUndefined();
  });

  it('unwraps a key under an earlier KMS key as long as KMS allows it', async () => {
    const { KeyMetadata } = await client.createKey({});
    const KeyId = KeyMetadata?.Arn ?? '';
    const there = createSigningKeyEncrypter(createKms(client), KeyId, TOKEN_VAULT);
    const key = { ...(await wrappedKey()), wrappedPrivateKey: await there.wrap('kid-1', SECRET) };
    expect(await wrapper().unwrap(key)).toBe(SECRET);
    await client.disableKey({ KeyId });
    expect(await wrapper().unwrap(key)).toBeUndefined();
  });

  it('does not unwrap a vault key', async () => {
    await newSeal().seal(context, SECRET);
    const record = await store.latest(context);
    expect(
      await wrapper().unwrap({ ...(await wrappedKey()), wrappedPrivateKey: record?.wrapped ?? '' }),
    ).toBeUndefined();
  });

  it('throws if KMS denies the request or cannot be reached, because the key might be valid', async () => {
    const key = await wrappedKey();
    const stranger = new KMS({
      endpoint: kms.endpoint,
      region: 'us-east-1',
      credentials: newEmulatorCredentials(),
    });
    await expect(wrapper({ on: stranger }).unwrap(key)).rejects.toThrow();
    stranger.destroy();
    const nowhere = new KMS({
      endpoint: 'http://127.0.0.1:9',
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    });
    await expect(wrapper({ on: nowhere }).unwrap(key)).rejects.toThrow();
    nowhere.destroy();
  });
});

/** Returns the record with changed members of its protected header; undefined removes a member. */
function withHeader(sealed: string, change: object): string {
  const [, ...rest] = sealed.split('.');
  const header = JSON.stringify({ ...decodeProtectedHeader(sealed), ...change });
  return [Buffer.from(header).toString('base64url'), ...rest].join('.');
}
