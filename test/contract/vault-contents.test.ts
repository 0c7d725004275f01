/** The contents of a deleted resource are deleted too: vault keys and grants, with the embedded DynamoDB. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createGrantStore } from '../../lambda/adapters/dynamodb/grant-store';
import type { TableName } from '../../lambda/model/table-keys';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createVaultContents } from '../../lambda/adapters/dynamodb/vault-contents';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import { SEALING_PURPOSES } from '../../lambda/model/sealing-purpose';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { sampleGrantId, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const folder = temporaryFolder('contents');
let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
const table = (name: TableName) => createTable(createDynamoDb(client), localTableName(name));

beforeAll(async () => {
  const credentials = newEmulatorCredentials();
  dynamodb = await startDynamoDb(join(folder, 'dynamodb'), credentials);
  client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
});

afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});

const contents = () => createVaultContents({ keys: table('Keys'), vault: table('Vault') });

async function grants(count: number, change: { workloadId?: string; providerId?: string }) {
  const store = createGrantStore(table('Vault'));
  const { workloadId = randomUUID(), providerId = randomUUID() } = change;
  const ids = Array.from({ length: count }, () => ({ ...sampleGrantId(), workloadId }));
  for (const id of ids) await storeTokens(store, id, { providerId, tokens: sampleTokens() });
  return async () =>
    (await Promise.all(ids.map((id) => store.get(id)))).filter((grant) => grant !== undefined).length;
}

it('deletes all grants of a workload identity, over many pages, and no others', async () => {
  const workloadId = randomUUID();
  const [own, others] = [await grants(60, { workloadId }), await grants(3, {})];
  await contents().deleteGrantsOfWorkload(workloadId);
  expect([await own(), await others()]).toEqual([0, 3]);
});

it('deletes all grants of a provider, over many pages, and no others', async () => {
  const providerId = randomUUID();
  const [own, others] = [await grants(60, { providerId }), await grants(3, {})];
  await contents().deleteGrantsOfProvider(providerId);
  expect([await own(), await others()]).toEqual([0, 3]);
});

it('shreds every version of every vault key of an owner, and no keys of other owners', async () => {
  const store = createVaultKeyStore(table('Keys'));
  const [ownerId, other] = [randomUUID(), randomUUID()];
  const rest = { ownerArn: 'arn', wrapped: 'wrapped', kmsKeyArn: 'arn', vaultRevision: 0 };
  for (const purpose of SEALING_PURPOSES) {
    for (const version of ['1', '2']) await store.create({ purpose, ownerId, version, ...rest });
    await store.create({ purpose, ownerId: other, version: '1', ...rest });
  }
  await contents().shredKeys(ownerId);
  for (const purpose of SEALING_PURPOSES) {
    expect(await store.latest({ purpose, ownerId })).toBeUndefined();
    expect(await store.latest({ purpose, ownerId: other })).toBeDefined();
  }
});
