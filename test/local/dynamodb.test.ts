/** The embedded DynamoDB with the AWS SDK client: its tables, restarts, and access. */
import { request } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDB, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { create, type StoredItem, type StoreWrite } from 'dynalite/db';
import { TABLES, WORKLOAD_INDEX, type TableName } from '../../lambda/model/table-keys';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { CLEAN_SHUTDOWN } from '../../lib/local/dynamodb-store';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { StartError } from '../../lib/local/start-error';
import { temporaryFolder } from '../environment/temporary-folder';

const credentials = newEmulatorCredentials();
const vault = localTableName('Vault');
const key = { pk: { S: 'GRANT#1' }, sk: { S: 'RECORD' } };

let folder: string;
let running: LocalDynamoDb | undefined;

beforeEach(() => {
  folder = join(temporaryFolder('dynamodb'), 'store');
});

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(): Promise<DynamoDB> {
  running = await startDynamoDb(folder, credentials);
  return new DynamoDB({ endpoint: running.endpoint, region: 'us-east-1', credentials });
}

async function stop(client: DynamoDB): Promise<void> {
  client.destroy();
  await running?.close();
  running = undefined;
}

it('creates the four tables and keeps items across a restart', async () => {
  const first = await start();
  for (const table of Object.keys(TABLES) as TableName[]) {
    const { Table } = await first.describeTable({ TableName: localTableName(table) });
    expect(Table?.TableStatus).toBe('ACTIVE');
    expect(Table?.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
  }
  await first.putItem({ TableName: vault, Item: { ...key, sealed: { S: 'x' } } });
  await stop(first);

  const second = await start();
  const { Item } = await second.getItem({ TableName: vault, Key: key, ConsistentRead: true });
  expect(Item).toEqual({ ...key, sealed: { S: 'x' } });
  await stop(second);
});

it('completes a table whose creation was interrupted', async () => {
  await stop(await start());
  const { db, tableDb } = create({ path: folder });
  await db.open();
  await new Promise<void>((resolve) => {
    tableDb.get(vault, (_error, table) => {
      tableDb.put(vault, { TableName: vault, ...table, TableStatus: 'CREATING' }, () => {
        resolve();
      });
    });
  });
  await db.close();

  const client = await start();
  await client.putItem({ TableName: vault, Item: key });
  await stop(client);
});

describe('after a process was killed between the entries of an index and the item', () => {
  const byWorkload = (workloadId: string) =>
    new QueryCommand({
      TableName: vault,
      IndexName: WORKLOAD_INDEX.name,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': WORKLOAD_INDEX.partition },
      ExpressionAttributeValues: { ':partition': { S: workloadId } },
    });
  const grant = (name: string, attributes: Record<string, { S: string }> = {}) => ({
    pk: { S: `GRANT#${name}` },
    [WORKLOAD_INDEX.partition]: { S: 'an-agent' },
    [WORKLOAD_INDEX.sort]: { S: name },
    ...attributes,
  });

  /** Changes what the store has in the index, as a process leaves it that is killed. */
  async function damage(change: (entries: [string, StoredItem][]) => StoreWrite[]): Promise<void> {
    const { db } = create({ path: folder });
    await db.open();
    const entries: [string, StoredItem][] = [];
    const prefix = `index-global~${vault}~${WORKLOAD_INDEX.name}`;
    for await (const entry of db.iterator({ gte: `${prefix}~`, lt: `${prefix}\x7f` })) entries.push(entry);
    await db.batch([{ type: 'del', key: CLEAN_SHUTDOWN }, ...change(entries)]);
    await db.close();
  }

  async function listed(client: DynamoDB): Promise<unknown[]> {
    const { Items = [] } = await client.send(byWorkload('an-agent'));
    return Items;
  }

  it('finds the item without an entry, and no entry without an item, when it starts', async () => {
    const first = await start();
    for (const name of ['kept', 'missing', 'stale'])
      await first.putItem({ TableName: vault, Item: grant(name) });
    const before = await listed(first);
    expect(before).toHaveLength(3);
    await stop(first);

    await damage((entries) =>
      entries.flatMap(([key, entry]): StoreWrite[] => {
        if (isDeepStrictEqual(entry.sk, { S: 'missing' })) return [{ type: 'del', key }];
        if (!isDeepStrictEqual(entry.sk, { S: 'stale' })) return [];
        const phantom = { ...entry, sk: { S: 'phantom' } };
        return [
          { type: 'put', key, value: { ...entry, later: { S: 'x' } } },
          { type: 'put', key: `${key}x`, value: phantom },
        ];
      }),
    );

    const second = await start();
    expect(await listed(second)).toEqual(before);
    await stop(second);
  });

  it('does not read the items when the process before was stopped', async () => {
    const first = await start();
    await first.putItem({ TableName: vault, Item: grant('one') });
    await stop(first);
    // What no process does: the entry is missing although the store was closed.
    await damage((entries) => [
      ...entries.map(([key]): StoreWrite => ({ type: 'del', key })),
      { type: 'put', key: CLEAN_SHUTDOWN, value: {} },
    ]);
    const second = await start();
    expect(await listed(second)).toEqual([]);
    await stop(second);
  });
});

it('reports that the folder is in use', async () => {
  const client = await start();
  await expect(startDynamoDb(folder, credentials)).rejects.toThrow(StartError);
  await expect(startDynamoDb(folder, credentials)).rejects.toThrow(/in use/);
  await stop(client);
});

it('rejects every process except the one that started it', async () => {
  const client = await start();
  const endpoint = running?.endpoint ?? '';
  const stranger = new DynamoDB({
    endpoint,
    region: 'us-east-1',
    credentials: newEmulatorCredentials(),
  });
  const command = new GetItemCommand({ TableName: vault, Key: key });
  await expect(stranger.send(command)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  stranger.destroy();

  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20250101/us-east-1/dynamodb/aws4_request`;
  expect(await statusOf(endpoint, { authorization, origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf(endpoint, { authorization, host: 'evil.example' })).toBe(403);
  await stop(client);
});

it('survives a client that disconnects during a request', async () => {
  const client = await start();
  await new Promise<void>((resolve) => {
    const headers = {
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20250101/us-east-1/dynamodb/aws4_request`,
      'content-length': '100',
    };
    const outgoing = request(running?.endpoint ?? '', { method: 'POST', headers });
    outgoing.on('error', () => undefined).on('close', resolve);
    outgoing.write('{', () => setTimeout(() => outgoing.destroy(), 50));
  });
  await client.putItem({ TableName: vault, Item: key });
  await stop(client);
});

function statusOf(endpoint: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(endpoint, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    outgoing.on('error', reject).end();
  });
}
