/**
 * DynamoDB of the embedded cloud: dynalite over a LevelDB folder, which creates the tables if they are missing.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import {
  CreateTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
  type Projection,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import {
  keyAttributes,
  PARTITION_KEY,
  SORT_KEY,
  TABLES,
  type IndexShape,
  type TableName,
  type TableShape,
} from '../../lambda/model/table-keys';
import { returnFailedItems } from './dynamodb-failed-items';
import { markClosed, recoverStore } from './dynamodb-store';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';
import { LOCAL_REGION } from './principals';
import { ENVIRONMENT_VARIABLES } from './setting-names';

returnFailedItems();

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
  await recoverStore(folder, TABLE_NAMES.map(localTableName), names);
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
