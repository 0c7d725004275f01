/** Keys and secrets by the ARNs of the identity Region: the real clients, with the embedded KMS and Secrets Manager. */
import { KMS } from '@aws-sdk/client-kms';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManager,
} from '@aws-sdk/client-secrets-manager';
import { createSdkClient } from '../../lambda/adapters/aws/sdk-client';
import { namingInIdentityRegion } from '../../lambda/adapters/identity-region';
import { createKms } from '../../lambda/adapters/kms/sdk-client';
import { createSecretTexts } from '../../lambda/adapters/secretsmanager/secrets';
import { startEmulators, type Emulators } from '../../lib/local/emulators';
import { LOCAL_REGION } from '../../lib/local/principals';
import { temporaryFolder } from '../environment/temporary-folder';

const IDENTITY_REGION = 'eu-central-1';
const REGIONS = { identityRegion: IDENTITY_REGION, ownRegion: LOCAL_REGION };

const folder = temporaryFolder('regions');
let emulators: Emulators;

beforeAll(async () => {
  emulators = await startEmulators(folder);
});

afterAll(() => emulators.close());

const settings = (service: 'kms' | 'secretsManager') => ({
  endpoint: emulators.access.endpoints[service],
  region: LOCAL_REGION,
  credentials: emulators.access.credentials,
});

const inIdentityRegion = (arn: string | undefined): string =>
  arn?.replace(`:${LOCAL_REGION}:`, `:${IDENTITY_REGION}:`) ?? '';

it('names keys with the identity Region in requests and responses', async () => {
  const plain = new KMS(settings('kms'));
  const kms = namingInIdentityRegion(createKms(new KMS(settings('kms'))), REGIONS);
  const { KeyMetadata: created } = await plain.createKey({ MultiRegion: true });
  const KeyId = inIdentityRegion(created?.Arn);
  expect(KeyId).toContain(`:${IDENTITY_REGION}:`);
  await expect(plain.describeKey({ KeyId })).rejects.toThrow('does not exist');

  const { KeyMetadata } = await kms.send('DescribeKey', { KeyId });
  expect(KeyMetadata).toMatchObject({ Arn: KeyId, KeyId: created?.KeyId, MultiRegion: true });
  const Plaintext = Buffer.from('a secret');
  const { CiphertextBlob } = await kms.send('Encrypt', { KeyId, Plaintext });
  const moved = await kms.send('ReEncrypt', {
    CiphertextBlob,
    SourceKeyId: KeyId,
    DestinationKeyId: KeyId,
  });
  const opened = await kms.send('Decrypt', { KeyId, CiphertextBlob: moved.CiphertextBlob });
  expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext);
});

it('names secrets with the identity Region in requests and responses', async () => {
  const plain = new SecretsManager(settings('secretsManager'));
  const secrets = createSecretTexts(
    namingInIdentityRegion(
      createSdkClient(plain, {
        DescribeSecret: DescribeSecretCommand,
        GetSecretValue: GetSecretValueCommand,
      }),
      REGIONS,
    ),
  );
  const { ARN } = await plain.createSecret({ Name: 'client', SecretString: 'a secret' });
  const SecretId = inIdentityRegion(ARN);
  expect(await secrets.describe(SecretId)).toMatchObject({ arn: SecretId });
  expect(await secrets.describe('client')).toMatchObject({ arn: SecretId });
  expect(await secrets.text(SecretId)).toBe('a secret');
});

it('leaves ARNs of a third Region, ids, and a deployment in one Region as they are', async () => {
  const kms = namingInIdentityRegion(createKms(new KMS(settings('kms'))), REGIONS);
  const { KeyMetadata } = await new KMS(settings('kms')).createKey({});
  const elsewhere = KeyMetadata?.Arn?.replace(LOCAL_REGION, 'ap-southeast-1');
  await expect(kms.send('DescribeKey', { KeyId: elsewhere })).rejects.toThrow('ap-southeast-1');
  expect(await kms.send('DescribeKey', { KeyId: KeyMetadata?.KeyId })).toMatchObject({
    KeyMetadata: { KeyId: KeyMetadata?.KeyId },
  });
  const home = namingInIdentityRegion(createKms(new KMS(settings('kms'))), {
    identityRegion: LOCAL_REGION,
    ownRegion: LOCAL_REGION,
  });
  expect(await home.send('DescribeKey', { KeyId: KeyMetadata?.KeyId })).toMatchObject({
    KeyMetadata: { Arn: KeyMetadata?.Arn },
  });
});
