/** What AWS KMS says about the state of a KMS key: the real client, with the embedded KMS. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { KMS } from '@aws-sdk/client-kms';
import { createKmsKeyStates } from '../../lambda/adapters/kms/kms-key-states';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { deleteKmsKey, disable, newKmsKey, scheduleDeletion } from '../flows/support/kms-keys';
import { createKms } from '../../lambda/adapters/kms/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const TOKEN_VAULT = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default';

const credentials = newEmulatorCredentials();
const folder = temporaryFolder('deletion');
let running: LocalKms;
let kms: KMS;
beforeAll(async () => {
  running = await startKms(join(folder, 'kms.json'), credentials);
  kms = new KMS({ endpoint: running.endpoint, region: 'us-east-1', credentials });
});
afterAll(async () => {
  kms.destroy();
  await running.close();
});

const isDeleted = (arn: string, client = kms) =>
  createKmsKeyStates(createKms(client), TOKEN_VAULT).isDeleted(arn);
const checkMovable = (arn: string, client = kms) =>
  createKmsKeyStates(createKms(client), TOKEN_VAULT).checkMovable(arn);

it('confirms the deletion of a key after its waiting period', async () => {
  const key = await newKmsKey(kms);
  await deleteKmsKey(kms, key);
  expect(await isDeleted(key)).toBe(true);
  await expect(checkMovable(key)).rejects.toThrow(
    `${key} does not exist, so the vault keys under it cannot be moved. ResetTokenVaultKeyMaterial`,
  );
});

it.each<[string, (key: string) => Promise<unknown>, string]>([
  ['disabled', (key) => disable(kms, key), 'is disabled, and not deleted. Enable it'],
  ['pending deletion', (key) => scheduleDeletion(kms, key), 'not deleted. Cancel its scheduled deletion'],
])('does not confirm the deletion of a key that is %s', async (_state, change, message) => {
  const key = await newKmsKey(kms);
  await change(key);
  await expect(isDeleted(key)).rejects.toMatchObject({
    type: 'ValidationException',
    message: expect.stringContaining(`${key} `) as string,
  });
  await expect(isDeleted(key)).rejects.toThrow(message);
});

it('says that an enabled key is not deleted, and that vault keys can be moved away from it', async () => {
  const key = await newKmsKey(kms);
  expect(await isDeleted(key)).toBe(false);
  await checkMovable(key);
});

it('does not ask for a key of another Region, which might only have no replica here', async () => {
  const key = await newKmsKey(kms);
  await deleteKmsKey(kms, key);
  const elsewhere = key.replace(':us-east-1:', ':eu-central-1:');
  await expect(isDeleted(elsewhere)).rejects.toMatchObject({
    type: 'ValidationException',
    message: expect.stringContaining('cannot say whether') as string,
  });
  // After a failover, a move away from such a key is the way to recover.
  await checkMovable(elsewhere);
});

describe('does not confirm anything if KMS', () => {
  it.each([
    [
      'denies access',
      400,
      'AccessDeniedException',
      {
        type: 'AccessDeniedException',
        message: expect.stringMatching('List it .*tokenVaultKeys.* SetTokenVaultCMK') as string,
      },
    ],
    ['throttles', 400, 'ThrottlingException', { type: 'ThrottlingException' }],
    ['cannot tell its state', 400, 'KMSInvalidStateException', { type: 'ValidationException' }],
    ['cannot reach the key', 400, 'KeyUnavailableException', { name: 'KeyUnavailableException' }],
    ['fails', 500, 'KMSInternalException', { name: 'KMSInternalException' }],
    // Not every NotFoundException on the way is one of KMS.
    ['is behind a proxy that finds nothing', 404, undefined, { $metadata: { httpStatusCode: 404 } }],
  ])('%s', async (_what, status, __type, error) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ ...(__type && { __type }), message: 'no' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new KMS({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
    const key = await newKmsKey(kms);
    await expect(isDeleted(key, client)).rejects.toMatchObject(error);
    const moving = checkMovable(key, client);
    // The runbook's recovery moves away from a key that was deleted in another account.
    await (__type === 'AccessDeniedException' ? moving : expect(moving).rejects.toMatchObject(error));
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is not reachable', async () => {
    const client = new KMS({
      endpoint: 'http://127.0.0.1:9',
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    });
    await expect(isDeleted(await newKmsKey(kms), client)).rejects.toThrow();
    client.destroy();
  });
});
