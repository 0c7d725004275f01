/** Asymmetric keys of the embedded KMS with the AWS SDK client: their signatures verify, and each key has only its usage. */
import { constants, createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KMS, type KeySpec, type SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { signEcdsa } from '../../lib/local/digest-signature';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { LOCAL_REGION } from '../../lib/local/principals';
import { StartError } from '../../lib/local/start-error';
import { casesToRun } from '../all-cases';
import { temporaryFolder } from '../environment/temporary-folder';

const credentials = newEmulatorCredentials();
const message = Buffer.from('a signing input');

const folder = temporaryFolder('kms-signing');
let running: LocalKms;
let client: KMS;

const clientOf = ({ endpoint }: LocalKms) => new KMS({ endpoint, credentials, region: LOCAL_REGION });

beforeAll(async () => {
  running = await startKms(join(folder, 'kms.json'), credentials);
  client = clientOf(running);
});
afterAll(async () => {
  client.destroy();
  await running.close();
});

async function newKey(spec: KeySpec, tags: Record<string, string> = {}): Promise<string> {
  const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
  const { KeyMetadata } = await client.createKey({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY', Tags });
  return KeyMetadata?.Arn ?? '';
}

async function publicKeyOf(KeyId: string) {
  const { PublicKey = new Uint8Array() } = await client.getPublicKey({ KeyId });
  return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

it.each(
  casesToRun<[KeySpec, SigningAlgorithmSpec, object]>(
    [
      ['ECC_NIST_P256', 'ECDSA_SHA_256', {}],
      ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', {}],
      ['RSA_2048', 'RSASSA_PSS_SHA_256', PSS],
      ['RSA_3072', 'RSASSA_PSS_SHA_256', PSS],
      ['RSA_4096', 'RSASSA_PKCS1_V1_5_SHA_256', {}],
    ],
    3,
  ),
)(
  'a key of %s signs with %s, and its public key verifies the signature',
  async (spec, SigningAlgorithm, options) => {
    const KeyId = await newKey(spec);
    const key = { key: await publicKeyOf(KeyId), ...options };
    const digest = createHash('sha256').update(message).digest();
    for (const asked of [
      { Message: message },
      { Message: message, MessageType: 'RAW' as const },
      { Message: digest, MessageType: 'DIGEST' as const },
    ]) {
      const { Signature = new Uint8Array() } = await client.sign({ KeyId, SigningAlgorithm, ...asked });
      expect(verify('sha256', message, key, Signature)).toBe(true);
      expect(verify('sha256', Buffer.from('another'), key, Signature)).toBe(false);
    }
  },
);

it('encodes every ECDSA signature in DER, whatever its first bits', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const lengths = new Set<number>();
  for (let at = 0; at < 500; at += 1) {
    const signed = Buffer.from(`message ${at}`);
    const signature = signEcdsa(privateKey, createHash('sha256').update(signed).digest());
    expect(verify('sha256', signed, publicKey, signature)).toBe(true);
    lengths.add(signature.length);
  }
  // A number whose first bit is set needs another byte, so there are three lengths.
  expect([...lengths]).toEqual(expect.arrayContaining([70, 71, 72]));
});

it.each<[KeySpec, SigningAlgorithmSpec[]]>([
  ['RSA_2048', ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PSS_SHA_256']],
  ['ECC_NIST_P256', ['ECDSA_SHA_256']],
])('describes a key of %s, and returns its public key', async (KeySpec, SigningAlgorithms) => {
  const KeyId = await newKey(KeySpec);
  const kind = { KeySpec, KeyUsage: 'SIGN_VERIFY', SigningAlgorithms };
  const { KeyMetadata } = await client.describeKey({ KeyId });
  expect(KeyMetadata).toMatchObject({
    ...kind,
    Arn: KeyId,
    KeyId: KeyId.split('/')[1],
    AWSAccountId: '000000000000',
    Enabled: true,
    KeyState: 'Enabled',
    CustomerMasterKeySpec: KeySpec,
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    MultiRegion: false,
  });
  expect(await client.getPublicKey({ KeyId })).toMatchObject({ ...kind, KeyId });
});

it('adds tags to a key, and removes them', async () => {
  const KeyId = await newKey('ECC_NIST_P256', { one: '1' });
  await client.tagResource({ KeyId, Tags: [{ TagKey: 'two', TagValue: '2' }] });
  await client.untagResource({ KeyId, TagKeys: ['one'] });
  const { Tags } = await client.listResourceTags({ KeyId });
  expect(Tags).toEqual([{ TagKey: 'two', TagValue: '2' }]);
});

it('replaces the value of a tag', async () => {
  const KeyId = await newKey('ECC_NIST_P256', { one: '1' });
  const Tags = [{ TagKey: 'one', TagValue: 'another' }];
  await client.tagResource({ KeyId, Tags });
  expect(await client.listResourceTags({ KeyId })).toMatchObject({ Tags, Truncated: false });
});

describe('rejects', () => {
  const tags = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ TagKey: `tag-${at}`, TagValue: '' }));

  it.each([
    ['a repeated key', 'TagException', [...tags(1), ...tags(1)]],
    ['a reserved key', 'TagException', [{ TagKey: 'aws:owner', TagValue: '' }]],
    ['more than 50 tags', 'LimitExceededException', tags(51)],
    ['characters that are not valid', 'ValidationException', [{ TagKey: 'a,b', TagValue: '' }]],
  ])('tags with %s, and keeps the existing tags', async (_name, name, Tags) => {
    const KeyId = await newKey('ECC_NIST_P256', { kept: '1' });
    await expect(client.tagResource({ KeyId, Tags })).rejects.toMatchObject({ name });
    await expect(
      client.createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Tags }),
    ).rejects.toMatchObject({ name });
    expect(await client.listResourceTags({ KeyId })).toMatchObject({
      Tags: [{ TagKey: 'kept', TagValue: '1' }],
    });
  });

  it('a digest of the wrong length, and a message that is too long', async () => {
    const KeyId = await newKey('ECC_NIST_P256');
    const SigningAlgorithm = 'ECDSA_SHA_256';
    for (const asked of [
      { Message: message, MessageType: 'DIGEST' as const },
      { Message: Buffer.alloc(4097), MessageType: 'RAW' as const },
    ]) {
      await expect(client.sign({ KeyId, SigningAlgorithm, ...asked })).rejects.toMatchObject({
        name: 'ValidationException',
      });
    }
  });

  const sign = (KeyId: string, SigningAlgorithm: SigningAlgorithmSpec = 'ECDSA_SHA_256') =>
    client.sign({ KeyId, Message: message, SigningAlgorithm });

  it('an algorithm that does not match the key', async () => {
    const KeyId = await newKey('ECC_NIST_P256');
    await expect(sign(KeyId, 'RSASSA_PSS_SHA_256')).rejects.toMatchObject({
      name: 'InvalidKeyUsageException',
    });
  });

  it('a disabled key, until it is enabled', async () => {
    const KeyId = await newKey('ECC_NIST_P256');
    await client.disableKey({ KeyId });
    const disabled = { name: 'DisabledException' };
    await expect(sign(KeyId)).rejects.toMatchObject(disabled);
    await expect(client.getPublicKey({ KeyId })).rejects.toMatchObject(disabled);
    await client.enableKey({ KeyId });
    await expect(sign(KeyId)).resolves.toHaveProperty('Signature');
  });

  it('encryption and decryption with a signing key', async () => {
    const KeyId = await newKey('ECC_NIST_P256');
    const { CiphertextBlob } = await client.encrypt({ KeyId: running.keyArn, Plaintext: message });
    const wrongUsage = { name: 'InvalidKeyUsageException' };
    await expect(client.encrypt({ KeyId, Plaintext: message })).rejects.toMatchObject(wrongUsage);
    await expect(client.decrypt({ KeyId, CiphertextBlob })).rejects.toMatchObject(wrongUsage);
    await expect(client.reEncrypt({ CiphertextBlob, DestinationKeyId: KeyId })).rejects.toMatchObject(
      wrongUsage,
    );
    await expect(client.generateDataKey({ KeyId, KeySpec: 'AES_256' })).rejects.toMatchObject(wrongUsage);
  });

  it('signing with a symmetric key, which has no public key', async () => {
    await expect(sign(running.keyArn)).rejects.toMatchObject({ name: 'InvalidKeyUsageException' });
    await expect(client.getPublicKey({ KeyId: running.keyArn })).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
  });

  it('a key that does not exist', async () => {
    const KeyId = running.keyArn.replace(/[^/]*$/, '9e6cf18a-872a-4230-8564-f8f399d8c50b');
    await expect(sign(KeyId)).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});

it('keeps a key with its tags and state across a restart, in one private file', async () => {
  const KeyId = await newKey('RSA_2048', { owner: 'me' });
  const off = await newKey('ECC_NIST_P256');
  await client.disableKey({ KeyId: off });
  const before = (await publicKeyOf(KeyId)).export({ format: 'jwk' });
  client.destroy();
  await running.close();
  expect(await readdir(folder)).toEqual(['kms.json']);
  expect((await stat(join(folder, 'kms.json'))).mode & 0o777).toBe(0o600);
  running = await startKms(join(folder, 'kms.json'), credentials);
  client = clientOf(running);
  expect((await publicKeyOf(KeyId)).export({ format: 'jwk' })).toEqual(before);
  const { Tags } = await client.listResourceTags({ KeyId });
  expect(Tags).toEqual([{ TagKey: 'owner', TagValue: 'me' }]);
  const { KeyMetadata } = await client.describeKey({ KeyId: off });
  expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled' });
});

it('does not start with a damaged signing key', async () => {
  await newKey('ECC_NIST_P256');
  const path = join(folder, 'damaged.json');
  const file = JSON.parse(await readFile(join(folder, 'kms.json'), 'utf8')) as { created: object[] };
  const created = file.created.map((key) => ('privateKey' in key ? { ...key, privateKey: 'none' } : key));
  await writeFile(path, JSON.stringify({ ...file, created }), { mode: 0o600 });
  await expect(startKms(path, credentials)).rejects.toThrow(StartError);
});
