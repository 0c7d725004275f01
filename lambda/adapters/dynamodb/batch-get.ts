/** Items of several partitions or tables in one strongly consistent round trip. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Key } from '../../model/table-keys';
import type { DynamoDb } from './client';
import { recordOf } from './record-of-item';

/** Attempts at a throttled batch. */
const ATTEMPTS = 4;

/** An item to read. */
export interface Wanted {
  readonly table: string;
  readonly key: Key;
}

type Item = Record<string, AttributeValue>;

/** Returns the record of an item that was read; undefined if there is none. */
export type Found = (key: Key) => unknown;

/** @throws Error if DynamoDB leaves a key unread */
export async function batchGet(client: DynamoDb, wanted: readonly Wanted[]): Promise<Found> {
  const found = new Map<string, unknown>();
  let request: Record<string, { Keys: Item[]; ConsistentRead: true }> = {};
  for (const { table, key } of wanted) {
    const entry = (request[table] ??= { Keys: [], ConsistentRead: true });
    entry.Keys.push({ pk: { S: key.pk }, sk: { S: key.sk } });
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const response: {
      Responses?: Record<string, Item[]>;
      UnprocessedKeys?: typeof request;
    } = (await client.send('BatchGetItem', { RequestItems: request })) as never;
    // Also for keys without items. Without it, the absence of a restriction would be a guess.
    if (!response.Responses) throw new Error('DynamoDB returned no response to a batch');
    for (const item of Object.values(response.Responses).flat()) {
      const record = recordOf(item);
      found.set(`${String(record.pk)} ${String(record.sk)}`, record);
    }
    request = response.UnprocessedKeys ?? {};
    if (Object.keys(request).length === 0) return ({ pk, sk }) => found.get(`${pk} ${sk}`);
  }
  throw new Error('DynamoDB left keys of a batch unread');
}
