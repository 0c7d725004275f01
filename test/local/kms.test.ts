/** The embedded KMS, by the real client. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { StartError } from '../../lib/local/start-error';

const credentials = newEmulatorCredentials();
const context = { vault: 'default', owner: 'my-agent' };
const secret = Buffer.from('a secret');

let folder: string;
let kms: LocalKms;
let client: KMSClient;

const clientOf = (endpoint: string, as = credentials) =>
  new KMSClient({ endpoint, region: 'us-east-1', credentials: as });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kms-'));
  kms = await startKms(join(folder, 'kms.json'), credentials);
  client = clientOf(kms.endpoint);
});

afterAll(async () => {
  client.destroy();
  await kms.close();
  await rm(folder, { recursive: true });
});

async function encrypted(): Promise<Uint8Array> {
  const { CiphertextBlob } = await client.send(
    new EncryptCommand({ KeyId: kms.keyArn, Plaintext: secret, EncryptionContext: context }),
  );
  if (!CiphertextBlob) throw new Error('no ciphertext');
  return CiphertextBlob;
}

it('opens what it sealed under the same context, in any order', async () => {
  const CiphertextBlob = await encrypted();
  expect(Buffer.from(CiphertextBlob).includes(secret)).toBe(false);
  const EncryptionContext = { owner: 'my-agent', vault: 'default' };
  const opened = await client.send(
    new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: kms.keyArn }),
  );
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
  expect(opened.KeyId).toBe(kms.keyArn);
});

it.each([
  ['KeySpec AES_256', { KeySpec: 'AES_256' as const }, 32],
  ['NumberOfBytes', { NumberOfBytes: 64 }, 64],
])('makes data keys by %s', async (_name, size, bytes) => {
  const made = await client.send(
    new GenerateDataKeyCommand({ KeyId: kms.keyArn, EncryptionContext: context, ...size }),
  );
  expect(made.Plaintext).toHaveLength(bytes);
  const opened = await client.send(
    new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }),
  );
  expect(opened.Plaintext).toEqual(made.Plaintext);
});

it.each([
  ['none', undefined],
  ['another value', { ...context, owner: 'another-agent' }],
  ['a pair more', { ...context, more: '1' }],
  ['a pair less', { vault: 'default' }],
  ['names and values swapped', { default: 'vault', 'my-agent': 'owner' }],
])('does not open under another context: %s', async (_name, EncryptionContext) => {
  const command = new DecryptCommand({ CiphertextBlob: await encrypted(), EncryptionContext });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
});

it('does not open a blob with any part of it changed', async () => {
  const blob = await encrypted();
  // One byte each of the version, key id, nonce, tag and ciphertext; and blobs cut short.
  const changed = [0, 1, 17, 29, blob.length - 1].map((at) =>
    blob.map((byte, i) => (i === at ? byte ^ 1 : byte)),
  );
  for (const CiphertextBlob of [...changed, blob.subarray(0, -1), blob.subarray(0, 10)]) {
    const command = new DecryptCommand({ CiphertextBlob, EncryptionContext: context });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  }
});

it('does not open what another key sealed', async () => {
  const other = await startKms(join(folder, 'other.json'), credentials);
  const otherClient = clientOf(other.endpoint);
  const command = new DecryptCommand({ CiphertextBlob: await encrypted(), EncryptionContext: context });
  await expect(otherClient.send(command)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
  otherClient.destroy();
  await other.close();
});

it('knows only its own key', async () => {
  const KeyId = kms.keyArn.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const command = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'NotFoundException' });
});

it.each([
  ['two sizes', { KeySpec: 'AES_256' as const, NumberOfBytes: 32 }],
  ['no size', {}],
  ['too large a size', { NumberOfBytes: 1025 }],
])('does not make a data key of %s', async (_name, size) => {
  const command = new GenerateDataKeyCommand({ KeyId: kms.keyArn, ...size });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'ValidationException' });
});

it('answers nobody but the process that started it', async () => {
  const stranger = clientOf(kms.endpoint, newEmulatorCredentials());
  const command = new GenerateDataKeyCommand({ KeyId: kms.keyArn, KeySpec: 'AES_256' });
  await expect(stranger.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  stranger.destroy();
});

it('keeps its key, for its owner only, and opens after a restart what it sealed before', async () => {
  const CiphertextBlob = await encrypted();
  expect((await stat(join(folder, 'kms.json'))).mode & 0o777).toBe(0o600);

  const restarted = await startKms(join(folder, 'kms.json'), credentials);
  const restartedClient = clientOf(restarted.endpoint);
  const opened = await restartedClient.send(
    new DecryptCommand({ CiphertextBlob, EncryptionContext: context }),
  );
  restartedClient.destroy();
  await restarted.close();

  expect(restarted.keyArn).toBe(kms.keyArn);
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(secret);
});

it('does not start with a damaged key, and leaves the file as it is', async () => {
  const path = join(folder, 'damaged.json');
  await writeFile(path, '{"keyId":');
  await expect(startKms(path, credentials)).rejects.toThrow(StartError);
  expect(await readFile(path, 'utf8')).toBe('{"keyId":');
});
