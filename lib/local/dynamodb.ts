/**
 * DynamoDB of the embedded cloud: dynalite over a LevelDB folder, which creates the tables if they are missing.
 */
import { existsSync, readdirSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import {
  CreateTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
  type Projection,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { create as openStore } from 'dynalite/db';
import {
  keyAttributes,
  PARTITION_KEY,
  SORT_KEY,
  TABLES,
  type IndexShape,
  type TableName,
  type TableShape,
} from '../../lambda/contract/table-keys';
import { repairIndexes } from './dynamodb-indexes';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';
import { LOCAL_REGION } from './principals';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** Returns the name of a table in the embedded DynamoDB. */
export const localTableName = (table: TableName): string => `agent-identity-${table}`;

export interface LocalDynamoDb extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

/**
 * @param folder of the LevelDB store; created if it is missing
 * @param credentials that clients must present
 * @throws StartError when another process has the folder open
 */
export async function startDynamoDb(
  folder: string,
  credentials: EmulatorCredentials,
  names = ENVIRONMENT_VARIABLES,
): Promise<LocalDynamoDb> {
  await checkStore(folder, names);
  const server = dynalite({ path: folder, createTableMs: 0 });
  const [serve] = server.listeners('request') as RequestListener[];
  if (!serve) throw new Error('dynalite has no request listener.');
  server.removeAllListeners('request').on('request', guarded(serve, credentials));

  const { port, close } = await listenOnLoopback(server, 0);
  const endpoint = `http://${LOOPBACK}:${port}`;
  try {
    await createTables(endpoint, credentials);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    endpoint,
    close: async () => {
      await close();
      await markClosed(folder);
    },
  };
}

function guarded(serve: RequestListener, credentials: EmulatorCredentials) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (!mayCallEmulator(request, credentials)) {
      response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'Access denied.' }));
      return;
    }
    serve(request, response);
    // When a client disconnects, dynalite throws, which would end the process. A disconnect is not a defect.
    request.removeAllListeners('error').on('error', () => undefined);
  };
}

/** The key of a record that the store has while no process uses it. Without it, the process before was killed. */
export const CLOSED = 'agent-identity-closed';

async function markClosed(folder: string): Promise<void> {
  const { db } = openStore({ path: folder });
  await db.open();
  await db.batch([{ type: 'put', key: CLOSED, value: {} }]);
  await db.close();
}

/** Files of LevelDB with records. It creates them after `CURRENT`, which names the list of them. */
const RECORD_FILE = /^\d+\.(ldb|sst|log)$/;

/**
 * Without `CURRENT`, LevelDB creates an empty store, and deletes the files of the earlier one.
 *
 * @throws StartError for a folder with records and without this file
 */
function checkComplete(folder: string, names: SettingNames): void {
  const files = readdirSync(folder);
  if (files.includes('CURRENT') || !files.some((file) => RECORD_FILE.test(file))) return;
  throw new StartError(
    `The database ${folder} has records, but its file CURRENT is missing. Restore the data folder from a backup. To begin with an empty one, move the data folder away, or set ${names.of('DATA_DIR')} to another folder.`,
  );
}

/**
 * Opens the store once before dynalite does. dynalite opens it at the first request, which would crash if another process
 * held the lock. This function also completes what a crash interrupted: tables, which dynalite would leave in CREATING,
 * and indexes.
 */
async function checkStore(folder: string, names: SettingNames): Promise<void> {
  const isNew = !existsSync(folder);
  if (!isNew) checkComplete(folder, names);
  const store = openStore({ path: folder });
  const { db, tableDb } = store;
  try {
    await db.open();
  } catch (error) {
    throw storeError(folder, error, names);
  }
  const get = promisify(tableDb.get);
  const put = promisify(tableDb.put);
  const wasClosed = isNew || (await db.get(CLOSED).catch(() => undefined)) !== undefined;
  for (const name of isNew ? [] : TABLE_NAMES.map(localTableName)) {
    const table = await get(name).catch(() => undefined);
    if (table?.TableStatus === 'CREATING') await put(name, { ...table, TableStatus: 'ACTIVE' });
    if (!wasClosed) await repairIndexes(store, name);
  }
  await db.batch([{ type: 'del', key: CLOSED }]);
  await db.close();
}

/** Returns the error for a store that cannot be opened: what a person can do, by the cause that LevelDB has. */
function storeError(folder: string, error: unknown, names: SettingNames): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const reason = cause instanceof Error ? cause.message : '';
  const other = `set ${names.of('DATA_DIR')} to another folder`;
  switch (systemErrorCode(cause)) {
    case 'LEVEL_LOCKED':
      return new StartError(
        `The data folder is in use: another process has ${folder} open. Stop it, or ${other}.`,
      );
    case 'LEVEL_IO_ERROR':
      return new StartError(
        `The database ${folder} cannot be read or written: ${reason}. If the disk is full, free some space, and start again; otherwise, ${other}.`,
      );
    case 'LEVEL_CORRUPTION':
      return new StartError(
        `The database ${folder} is damaged: ${reason}. Restore the data folder from a backup, or ${other}.`,
      );
    case undefined:
    default:
      return error;
  }
}

/** Returns what a person can do if the store cannot be read or written; undefined for another error. */
export const ioFailure = (error: Error): string | undefined =>
  systemErrorCode(error) === 'LEVEL_IO_ERROR'
    ? `The data folder cannot be read or written, so the service has stopped: ${error.message}. If the disk is full, free some space. Then start the service again: it has kept every change for which it returned a response.`
    : undefined;

async function createTables(endpoint: string, credentials: EmulatorCredentials): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: LOCAL_REGION, credentials });
  try {
    const { TableNames: present = [] } = await client.send(new ListTablesCommand({}));
    const absent = TABLE_NAMES.filter((table) => !present.includes(localTableName(table)));
    await Promise.all(absent.map((table) => createTable(client, localTableName(table), TABLES[table])));
  } finally {
    client.destroy();
  }
}

/** In seconds. dynalite creates a table within milliseconds, but after its response. */
const TABLE_WAIT = { maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.1 };

const projectionOf = (projection: IndexShape['projection']): Projection =>
  typeof projection === 'string'
    ? { ProjectionType: projection }
    : { ProjectionType: 'INCLUDE', NonKeyAttributes: [...projection] };

async function createTable(client: DynamoDBClient, name: string, shape: TableShape): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
        { AttributeName: SORT_KEY, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: keyAttributes(shape).map((attribute) => ({
        AttributeName: attribute,
        AttributeType: 'S',
      })),
      ...(shape.indexes.length > 0 && {
        GlobalSecondaryIndexes: shape.indexes.map(({ name: indexName, partition, sort, projection }) => ({
          IndexName: indexName,
          KeySchema: [
            { AttributeName: partition, KeyType: 'HASH' },
            { AttributeName: sort, KeyType: 'RANGE' },
          ],
          Projection: projectionOf(projection),
        })),
      }),
    }),
  );
  await waitUntilTableExists({ client, ...TABLE_WAIT }, { TableName: name });
}
