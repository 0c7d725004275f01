/** The embedded Secrets Manager with the AWS SDK client: its secrets, errors, and access. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManager, TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { startSecretsManager } from '../../lib/local/secrets-manager';
import { temporaryFolder } from '../environment/temporary-folder';

const credentials = newEmulatorCredentials();
const folder = temporaryFolder('secrets-manager');
let kms: LocalKms;
let service: Awaited<ReturnType<typeof startSecretsManager>>;

const file = () => join(folder, 'secrets.json');
const start = async () => {
  service = await startSecretsManager({ path: file(), key: kms.key, credentials });
};
const client = (presented = credentials) =>
  new SecretsManager({ endpoint: service.endpoint, region: 'us-east-1', credentials: presented });

beforeAll(async () => {
  kms = await startKms(join(folder, 'kms.json'), credentials);
  await start();
});
afterAll(async () => {
  await service.close();
  await kms.close();
});

it('keeps a secret across a restart, with encrypted text', async () => {
  const SecretString = 'a text that must not be in the file';
  const { ARN } = await client().createSecret({ Name: 'kept/secret', SecretString });
  expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:kept\/secret-[0-9a-f]{6}$/);
  await service.close();
  await start();
  for (const SecretId of ['kept/secret', ARN]) {
    expect(await client().getSecretValue({ SecretId })).toMatchObject({ ARN, SecretString });
  }
  expect(await readFile(file(), 'utf8')).not.toContain(SecretString);
  if (process.platform !== 'win32') expect((await stat(file())).mode & 0o777).toBe(0o600);
});

it('replaces the old version with a new one, and keeps the tags', async () => {
  const Tags = [{ Key: 'a', Value: '1' }];
  await client().createSecret({ Name: 'changing', SecretString: 'before', Tags });
  const before = await client().getSecretValue({ SecretId: 'changing' });
  await client().putSecretValue({ SecretId: 'changing', SecretString: 'after' });
  const after = await client().getSecretValue({ SecretId: 'changing' });
  expect(after).toMatchObject({ ARN: before.ARN, SecretString: 'after' });
  expect(after.VersionId).not.toBe(before.VersionId);
  expect(await client().describeSecret({ SecretId: 'changing' })).toMatchObject({ Tags });
});

it('adds tags and removes them', async () => {
  await client().createSecret({ Name: 'tagged', SecretString: 'a' });
  const tagsOf = async () => (await client().describeSecret({ SecretId: 'tagged' })).Tags;
  const Tags = [{ Key: 'a', Value: '1' }];
  await client().tagResource({ SecretId: 'tagged', Tags });
  expect(await tagsOf()).toEqual(Tags);
  await client().untagResource({ SecretId: 'tagged', TagKeys: ['a', 'b'] });
  expect(await tagsOf()).toEqual([]);
});

it('returns the errors of Secrets Manager', async () => {
  await client().createSecret({ Name: 'taken', SecretString: 'a' });
  await expect(client().createSecret({ Name: 'taken', SecretString: 'b' })).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
  await expect(client().getSecretValue({ SecretId: 'none' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

it('rejects a tag key that occurs twice', async () => {
  const Tags = [
    { Key: 'agent-identity:owner', Value: 'one' },
    { Key: 'agent-identity:owner', Value: 'other' },
  ];
  const refused = { name: 'InvalidParameterException' };
  const create = new CreateSecretCommand({ Name: 'twice', SecretString: 'a', Tags });
  await expect(client().send(create)).rejects.toMatchObject(refused);
  await client().createSecret({ Name: 'twice', SecretString: 'a' });
  const tag = new TagResourceCommand({ SecretId: 'twice', Tags });
  await expect(client().send(tag)).rejects.toMatchObject(refused);
});

it('does not decrypt a text that was moved to another secret', async () => {
  await client().createSecret({ Name: 'one', SecretString: 'of one' });
  await client().createSecret({ Name: 'two', SecretString: 'of two' });
  const secrets = JSON.parse(await readFile(file(), 'utf8')) as { name: string; sealed: string }[];
  const sealed = secrets.find(({ name }) => name === 'one')?.sealed;
  const moved = secrets.map((secret) => (secret.name === 'two' ? { ...secret, sealed } : secret));
  await service.close();
  await writeFile(file(), JSON.stringify(moved));
  await start();
  await expect(client().getSecretValue({ SecretId: 'two' })).rejects.toMatchObject({
    name: 'InternalServiceError',
  });
});

it('rejects other credentials', async () => {
  const stranger = client(newEmulatorCredentials());
  await expect(stranger.getSecretValue({ SecretId: 'taken' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});
