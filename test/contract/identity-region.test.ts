/** Keys and secrets by the ARNs of the identity Region: the real clients, with the embedded KMS and Secrets Manager. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { namingInIdentityRegion } from '../../lambda/adapters/identity-region';
import { startEmulators, type Emulators } from '../../lib/local/emulators';
import { LOCAL_REGION } from '../../lib/local/principals';

const IDENTITY_REGION = 'eu-central-1';
const REGIONS = { identityRegion: IDENTITY_REGION, ownRegion: LOCAL_REGION };

let folder: string;
let emulators: Emulators;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'regions-'));
  emulators = await startEmulators(folder);
});

afterAll(async () => {
  await emulators.close();
  await rm(folder, { recursive: true });
});

const settings = (service: 'kms' | 'secretsManager') => ({
  endpoint: emulators.access.endpoints[service],
  region: LOCAL_REGION,
  credentials: emulators.access.credentials,
});

const inIdentityRegion = (arn: string | undefined): string =>
  arn?.replace(`:${LOCAL_REGION}:`, `:${IDENTITY_REGION}:`) ?? '';

it('names keys with the identity Region in requests and responses', async () => {
  const plain = new KMSClient(settings('kms'));
  const kms = namingInIdentityRegion(new KMSClient(settings('kms')), REGIONS);
  const { KeyMetadata: created } = await plain.send(new CreateKeyCommand({ MultiRegion: true }));
  const KeyId = inIdentityRegion(created?.Arn);
  expect(KeyId).toContain(`:${IDENTITY_REGION}:`);
  await expect(plain.send(new DescribeKeyCommand({ KeyId }))).rejects.toThrow('does not exist');

  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata).toMatchObject({ Arn: KeyId, KeyId: created?.KeyId, MultiRegion: true });
  const Plaintext = Buffer.from('a secret');
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }));
  const moved = await kms.send(
    new ReEncryptCommand({ CiphertextBlob, SourceKeyId: KeyId, DestinationKeyId: KeyId }),
  );
  const opened = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: moved.CiphertextBlob }));
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext);
});

it('names secrets with the identity Region in requests and responses', async () => {
  const plain = new SecretsManagerClient(settings('secretsManager'));
  const secrets = namingInIdentityRegion(new SecretsManagerClient(settings('secretsManager')), REGIONS);
  const { ARN } = await plain.send(new CreateSecretCommand({ Name: 'client', SecretString: 'a secret' }));
  const SecretId = inIdentityRegion(ARN);
  expect(await secrets.send(new DescribeSecretCommand({ SecretId }))).toMatchObject({ ARN: SecretId });
  expect(await secrets.send(new DescribeSecretCommand({ SecretId: 'client' }))).toMatchObject({
    ARN: SecretId,
  });
  expect(await secrets.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
    SecretString: 'a secret',
  });
});

it('leaves ARNs of a third Region, ids, and a deployment in one Region as they are', async () => {
  const kms = namingInIdentityRegion(new KMSClient(settings('kms')), REGIONS);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const elsewhere = KeyMetadata?.Arn?.replace(IDENTITY_REGION, 'ap-southeast-1');
  await expect(kms.send(new DescribeKeyCommand({ KeyId: elsewhere }))).rejects.toThrow('ap-southeast-1');
  expect(await kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }))).toMatchObject({
    KeyMetadata: { KeyId: KeyMetadata?.KeyId },
  });
  const home = namingInIdentityRegion(new KMSClient(settings('kms')), {
    identityRegion: LOCAL_REGION,
    ownRegion: LOCAL_REGION,
  });
  expect(await home.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }))).toMatchObject({
    KeyMetadata: { Arn: KeyMetadata?.Arn?.replace(IDENTITY_REGION, LOCAL_REGION) },
  });
});
