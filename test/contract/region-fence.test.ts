/** The fence of functions without a route: the real handler, with the embedded DynamoDB. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { createTable, type Table } from '../../lambda/adapters/dynamodb/table';
import { WRITING_REGION_KEY } from '../../lambda/model/table-keys';
import type * as Invocation from '../../lambda/functions/composition/invocation';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

const OWN_REGION = 'eu-west-1';

const schema = v.strictObject({ scheduled: v.boolean() });

type Options = Invocation.InvocationOptions<typeof schema, number>;

let folder: string;
let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
let directory: Table;
let served: unknown[];

beforeEach(async () => {
  folder = temporaryFolder('fence');
  const credentials = newEmulatorCredentials();
  dynamodb = await startDynamoDb(join(folder, randomUUID()), credentials);
  client = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: OWN_REGION, credentials });
  directory = createTable(createDynamoDb(client), localTableName('Directory'));
  served = [];
  Object.assign(process.env, {
    AWS_REGION: OWN_REGION,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    ARN_PREFIX: 'arn:aws:bedrock-agentcore:us-east-1:000000000000',
    REPLICATED_TABLE: localTableName('Directory'),
  });
});

afterEach(async () => {
  client.destroy();
  await dynamodb.close();
});

/** A function that has just started. The environment is read when its modules load. */
function startFunction(options: Pick<Options, 'outsideWritingRegion'> = {}) {
  jest.resetModules();
  const load = createRequire(__filename);
  const { createInvocationHandler } = load(
    '../../lambda/functions/composition/invocation',
  ) as typeof Invocation;
  return createInvocationHandler(
    {
      schema,
      refusal: 'The event is not valid.',
      isScheduled: ({ scheduled }) => scheduled,
      messageFor: (error) => (error instanceof Error ? error.message : undefined),
      ...options,
    },
    (event) => Promise.resolve(served.push(event)),
  );
}

it('outside the writing Region, ignores its schedule without an error, and rejects any other event', async () => {
  const invoke = startFunction();
  await expect(invoke({ scheduled: true })).resolves.toBeUndefined();
  await expect(invoke({ scheduled: false })).rejects.toThrow('another Region is the writing Region');
  await expect(invoke({})).rejects.toThrow('another Region is the writing Region');
  expect(served).toEqual([]);
});

it('outside the writing Region, can return its refusal to a caller that waits', async () => {
  const invoke = startFunction({ outsideWritingRegion: ({ scheduled }) => (scheduled ? undefined : 0) });
  await expect(invoke({ scheduled: false })).resolves.toBe(0);
  await expect(invoke({})).rejects.toThrow('another Region is the writing Region');
  expect(served).toEqual([]);
});

it('in the writing Region, works', async () => {
  await directory.put(WRITING_REGION_KEY, { region: OWN_REGION, since: 0, recordVersion: 1 });
  const invoke = startFunction();
  await invoke({ scheduled: true });
  await invoke({ scheduled: false });
  expect(served).toEqual([{ scheduled: true }, { scheduled: false }]);
});

it('does not work if the record is malformed', async () => {
  await directory.put(WRITING_REGION_KEY, { region: OWN_REGION, recordVersion: 1 });
  await expect(startFunction()({ scheduled: false })).rejects.toThrow();
  expect(served).toEqual([]);
});
