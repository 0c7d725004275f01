/** The embedded KMS and its symmetric keys with the AWS SDK client. */
import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  KMS,
  type CreateKeyCommandInput,
} from '@aws-sdk/client-kms';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { StartError } from '../../lib/local/start-error';
import { moveClock } from '../flows/support/clock';
import { temporaryFolder } from '../environment/temporary-folder';

const credentials = newEmulatorCredentials();
const context = { vault: 'default', owner: 'my-agent' };
const secret = Buffer.from('a secret');

const folder = temporaryFolder('kms');
let kms: LocalKms;
let client: KMS;

const clientOf = (endpoint: string, as = credentials) =>
  new KMS({ endpoint, region: 'us-east-1', credentials: as });

beforeAll(async () => {
  kms = await startKms(join(folder, 'kms.json'), credentials);
  client = clientOf(kms.endpoint);
});

afterAll(async () => {
  client.destroy();
  await kms.close();
});

async function encrypted(): Promise<Uint8Array> {
  const { CiphertextBlob } = await client.encrypt({
    KeyId: kms.keyArn,
    Plaintext: secret,
    EncryptionContext: context,
  });
  if (!CiphertextBlob) throw new Error('no ciphertext');
  return CiphertextBlob;
}

it('decrypts with the same context, in any order of its pairs', async () => {
  const CiphertextBlob = await encrypted();
  expect(Buffer.from(CiphertextBlob).includes(secret)).toBe(false);
  const EncryptionContext = { owner: 'my-agent', vault: 'default' };
  const opened = await client.decrypt({ CiphertextBlob, EncryptionContext, KeyId: kms.keyArn });
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
  expect(opened.KeyId).toBe(kms.keyArn);
});

it.each([
  ['KeySpec AES_256', { KeySpec: 'AES_256' as const }, 32],
  ['NumberOfBytes', { NumberOfBytes: 64 }, 64],
])('generates data keys by %s', async (_name, size, bytes) => {
  const made = await client.generateDataKey({ KeyId: kms.keyArn, EncryptionContext: context, ...size });
  expect(made.Plaintext).toHaveLength(bytes);
  const opened = await client.decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context });
  expect(opened.Plaintext).toEqual(made.Plaintext);
});

it.each([
  ['none', undefined],
  ['another value', { ...context, owner: 'another-agent' }],
  ['an additional pair', { ...context, more: '1' }],
  ['a missing pair', { vault: 'default' }],
  ['names and values swapped', { default: 'vault', 'my-agent': 'owner' }],
])('does not decrypt with another context: %s', async (_name, EncryptionContext) => {
  const command = new DecryptCommand({ CiphertextBlob: await encrypted(), EncryptionContext });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
});

it('does not decrypt a blob if any part of it is changed', async () => {
  const blob = await encrypted();
  // One changed byte each of version, key ID, nonce, tag, and ciphertext, and truncated blobs.
  const changed = [0, 1, 17, 29, blob.length - 1].map((at) =>
    blob.map((byte, i) => (i === at ? byte ^ 1 : byte)),
  );
  for (const CiphertextBlob of [...changed, blob.subarray(0, -1), blob.subarray(0, 10)]) {
    const command = new DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  }
});

it('does not decrypt with another key', async () => {
  const other = await startKms(join(folder, 'other.json'), credentials);
  const otherClient = clientOf(other.endpoint);
  const command = new DecryptCommand({ CiphertextBlob: await encrypted(), EncryptionContext: context });
  await expect(otherClient.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  otherClient.destroy();
  await other.close();
});

it('rejects unknown keys', async () => {
  const KeyId = kms.keyArn.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const command = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'NotFoundException' });
});

const idOf = (arn: string): string => arn.replace(/^.*\//, '');

async function created(): Promise<string> {
  const { KeyMetadata } = await client.createKey({});
  return KeyMetadata?.Arn ?? '';
}

describe('a second key', () => {
  const there = { vault: 'elsewhere' };

  it('re-encrypts a ciphertext of the first key, with a new context', async () => {
    const KeyId = await created();
    const blob = await encrypted();
    const { CiphertextBlob, ...moved } = await client.reEncrypt({
      CiphertextBlob: blob,
      SourceKeyId: kms.keyArn,
      SourceEncryptionContext: context,
      DestinationKeyId: KeyId,
      DestinationEncryptionContext: there,
    });
    expect(moved).toMatchObject({ SourceKeyId: kms.keyArn, KeyId });
    const opened = await client.decrypt({ CiphertextBlob, KeyId, EncryptionContext: there });
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
    const wrong = { CiphertextBlob, EncryptionContext: there };
    await expect(client.decrypt({ ...wrong, KeyId: kms.keyArn })).rejects.toMatchObject({
      name: 'IncorrectKeyException',
    });
    await expect(client.decrypt({ ...wrong, KeyId, EncryptionContext: context })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('does not re-encrypt with a wrong context or a wrong source key', async () => {
    const KeyId = await created();
    const reEncrypt = async (change: object) =>
      client.reEncrypt({
        CiphertextBlob: await encrypted(),
        SourceEncryptionContext: context,
        DestinationKeyId: KeyId,
        ...change,
      });
    await expect(reEncrypt({ SourceEncryptionContext: there })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    await expect(reEncrypt({ SourceKeyId: KeyId })).rejects.toMatchObject({ name: 'IncorrectKeyException' });
  });

  it('cannot be used while it is disabled, and can be used again when it is enabled', async () => {
    const KeyId = await created();
    const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: secret });
    await client.disableKey({ KeyId });
    const disabled = { name: 'DisabledException' };
    await expect(client.decrypt({ CiphertextBlob })).rejects.toMatchObject(disabled);
    await expect(client.encrypt({ KeyId, Plaintext: secret })).rejects.toMatchObject(disabled);
    const make = new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' });
    await expect(client.send(make)).rejects.toMatchObject(disabled);
    await client.enableKey({ KeyId });
    const opened = await client.decrypt({ CiphertextBlob });
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
    expect(await client.send(make)).not.toHaveProperty('Plaintext');
  });

  it('cannot be used or enabled while its deletion is scheduled, and can be enabled after it is canceled', async () => {
    const KeyId = await created();
    const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: secret });
    const decrypt = () => client.decrypt({ KeyId, CiphertextBlob });
    const invalidState = { name: 'KMSInvalidStateException' };
    await expect(client.cancelKeyDeletion({ KeyId })).rejects.toMatchObject(invalidState);
    const scheduled = await client.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    expect(scheduled).toMatchObject({ KeyId, KeyState: 'PendingDeletion', PendingWindowInDays: 7 });
    const described = await client.describeKey({ KeyId });
    expect(described.KeyMetadata).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: scheduled.DeletionDate,
    });
    await expect(decrypt()).rejects.toMatchObject(invalidState);
    await expect(client.enableKey({ KeyId })).rejects.toMatchObject(invalidState);
    await client.cancelKeyDeletion({ KeyId });
    await expect(decrypt()).rejects.toMatchObject({ name: 'DisabledException' });
    await client.enableKey({ KeyId });
    expect(Buffer.from((await decrypt()).Plaintext ?? [])).toEqual(secret);
  });

  it('does not exist after the date of its deletion, and its material leaves the file', async () => {
    const KeyId = await created();
    const stored = async () => (await readFile(join(folder, 'kms.json'), 'utf8')).includes(idOf(KeyId));
    await client.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    expect(await stored()).toBe(true);
    moveClock(7 * 24 * 3600);
    try {
      await expect(client.describeKey({ KeyId })).rejects.toMatchObject({
        name: 'NotFoundException',
      });
      await created();
      expect(await stored()).toBe(false);
    } finally {
      jest.useRealTimers();
    }
    await expect(client.describeKey({ KeyId })).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  it('is stored with its state, even if other keys are created concurrently', async () => {
    const path = join(folder, 'several.json');
    const running = await startKms(path, credentials);
    const several = clientOf(running.endpoint);
    const made = await Promise.all([1, 2, 3].map(() => several.createKey({})));
    const [first = '', ...others] = made.map(({ KeyMetadata }) => KeyMetadata?.Arn ?? '');
    await several.disableKey({ KeyId: first });
    await running.close();

    const restarted = await startKms(path, credentials);
    const again = clientOf(restarted.endpoint);
    const use = (KeyId: string) => again.encrypt({ KeyId, Plaintext: secret });
    await expect(use(first)).rejects.toMatchObject({ name: 'DisabledException' });
    for (const arn of [restarted.keyArn, ...others]) expect((await use(arn)).KeyId).toBe(arn);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    several.destroy();
    again.destroy();
    await restarted.close();
  });

  it.each<[string, CreateKeyCommandInput]>([
    ['an unsupported spec', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }],
    ['a usage that does not match the spec', { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'SIGN_VERIFY' }],
    ['an unsupported usage', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }],
    ['no usage, if there is more than one', { KeySpec: 'RSA_2048' }],
  ])('is not created with %s', async (_name, input) => {
    await expect(client.createKey(input)).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('is described with its state', async () => {
    const KeyId = await created();
    const describe = async () => (await client.describeKey({ KeyId })).KeyMetadata;
    expect(await describe()).toMatchObject({
      Arn: KeyId,
      AWSAccountId: '000000000000',
      Enabled: true,
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeySpec: 'SYMMETRIC_DEFAULT',
    });
    await client.disableKey({ KeyId });
    expect(await describe()).toMatchObject({ Enabled: false, KeyState: 'Disabled' });
  });
});

it('decrypts with the keys of an older file, without tags and signing keys', async () => {
  const path = join(folder, 'old.json');
  const [root, other] = [1, 2].map((byte) => ({
    keyId: randomUUID(),
    material: Buffer.alloc(32, byte).toString('base64'),
  }));
  await writeFile(path, JSON.stringify({ ...root, created: [{ ...other, enabled: false }] }), {
    mode: 0o600,
  });
  const old = await startKms(path, credentials);
  const oldClient = clientOf(old.endpoint);
  const describe = async (KeyId = '') => (await oldClient.describeKey({ KeyId })).KeyMetadata;
  expect(old.keyArn).toContain(root?.keyId);
  expect(await describe(root?.keyId)).toMatchObject({ Enabled: true });
  expect(await describe(other?.keyId)).toMatchObject({ Enabled: false });
  oldClient.destroy();
  await old.close();
});

it.each([
  ['two sizes', { KeySpec: 'AES_256' as const, NumberOfBytes: 32 }],
  ['no size', {}],
  ['too large a size', { NumberOfBytes: 1025 }],
])('does not generate a data key with %s', async (_name, size) => {
  const command = new GenerateDataKeyCommand({ KeyId: kms.keyArn, ...size });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'ValidationException' });
});

it('rejects every process except the one that started it', async () => {
  const stranger = clientOf(kms.endpoint, newEmulatorCredentials());
  const command = new GenerateDataKeyCommand({ KeyId: kms.keyArn, KeySpec: 'AES_256' });
  await expect(stranger.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  stranger.destroy();
});

it('keeps its key in a private file, and decrypts earlier ciphertexts after a restart', async () => {
  const CiphertextBlob = await encrypted();
  expect((await stat(join(folder, 'kms.json'))).mode & 0o777).toBe(0o600);

  const restarted = await startKms(join(folder, 'kms.json'), credentials);
  const restartedClient = clientOf(restarted.endpoint);
  const opened = await restartedClient.decrypt({ CiphertextBlob, EncryptionContext: context });
  restartedClient.destroy();
  await restarted.close();

  expect(restarted.keyArn).toBe(kms.keyArn);
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
});

it('does not start with a damaged key, and does not change the file', async () => {
  const path = join(folder, 'damaged.json');
  await writeFile(path, '{"keyId":', { mode: 0o600 });
  await expect(startKms(path, credentials)).rejects.toThrow(StartError);
  expect(await readFile(path, 'utf8')).toBe('{"keyId":');
});
