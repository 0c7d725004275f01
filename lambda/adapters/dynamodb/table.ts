/**
 * One table, with the operations that the stores need: strongly consistent reads, and writes that return whether their
 * condition held. This module marshals items, and the stores parse them.
 */
import { randomUUID } from 'node:crypto';
import type { AttributeValue, QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { isAwsError } from '../aws/aws-error';
import { UnstorableError } from '../../domain/unstorable';
import { PARTITION_KEY, SORT_KEY, type IndexShape, type Key } from '../../model/table-keys';
import type { DynamoDb } from './client';
import { recordOf } from './record-of-item';

/** An expression, with its names and values. */
export interface Expression {
  readonly condition?: string;
  readonly names?: Record<string, string>;
  readonly values?: Record<string, unknown>;
}

export interface IndexQuery {
  readonly partition: string;
  readonly limit: number;
  readonly after?: Readonly<Record<string, string>>;
}

export interface Table {
  readonly name: string;
  get(key: Key): Promise<unknown>;
  /**
   * If the response is lost, the client repeats the write, whose condition might no longer hold after the first one. The
   * write then recognizes itself in the item.
   *
   * @returns whether the item was written
   * @throws UnstorableError for an item that DynamoDB never accepts, as the other writes do
   */
  put(key: Key, item: object, expression?: Expression): Promise<boolean>;
  /** @returns whether the condition held; if not, nothing was written */
  update(key: Key, update: string, expression: Expression): Promise<boolean>;
  /**
   * Updates an item as {@link Table.put} puts one. A repetition changes nothing, even if other updates came in between.
   *
   * @param assignments what follows `SET` in the update
   * @returns whether the item was updated
   */
  updateOnce(key: Key, assignments: string, expression: Expression): Promise<boolean>;
  /** @returns whether the condition held; if not, nothing was removed */
  remove(key: Key, expression?: Expression): Promise<boolean>;
  /**
   * A page of one partition of an index, in its order; eventually consistent.
   *
   * @param query.after the complete key (of table and index) of the item to continue after
   */
  queryIndex(index: IndexShape, query: IndexQuery): Promise<{ items: unknown[]; more: boolean }>;
  /** How many items one partition of an index has; eventually consistent. */
  countIndex(index: IndexShape, partition: string, filter: Expression): Promise<number>;
  /**
   * A page of the items in the whole table that match the filter. Reads are strongly consistent: an item that was
   * written before the first page is on one of the pages.
   *
   * @param scan.limit number of items to examine, whether or not they match
   */
  scan(filter: Expression, scan: { limit: number; after?: Key }): Promise<{ items: unknown[]; last?: Key }>;
  /** A page of one partition, by sort key: up to `limit` items and 1 MB (DynamoDB API reference, Query). */
  queryPage(
    partition: string,
    options?: { prefix?: string | undefined; after?: Key | undefined; limit?: number | undefined },
  ): Promise<{ items: unknown[]; last?: Key }>;
  /** Items of one partition by sort key, starting at `from` if given. */
  query(
    partition: string,
    options?: { from?: string; limit?: number; newestFirst?: boolean },
  ): Promise<unknown[]>;
}

/** Condition for a record that must not exist yet. */
export const ABSENT = { condition: `attribute_not_exists(${PARTITION_KEY})` } as const satisfies Expression;

/** Attribute that distinguishes a conditional write from a concurrent one with the same content. */
export const WRITE_ID = 'writeId';

/** @throws UnstorableError for a number that DynamoDB cannot represent */
function marshalled(values: object): Record<string, AttributeValue> {
  try {
    return marshall(values, { removeUndefinedValues: true });
  } catch (error) {
    throw new UnstorableError(error);
  }
}

/** DynamoDB's error for an item that is too large or malformed, and for a request that can never succeed. */
const isRejection = (error: unknown): boolean => isAwsError(error, 'ValidationException');

const attributes = ({ condition, names, values }: Expression) => ({
  ...(condition !== undefined && { ConditionExpression: condition }),
  ...(names && { ExpressionAttributeNames: names }),
  ...(values && { ExpressionAttributeValues: marshalled(values) }),
});

/** If the condition does not hold, the error contains the item as it is. */
const RETURN_ITEM = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

/** @param writeId of a write that returns the item if its condition does not hold */
async function isApplied(write: Promise<unknown>, writeId?: string): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isAwsError(error, 'ConditionalCheckFailedException')) {
      return writeId !== undefined && error.Item?.[WRITE_ID]?.S === writeId;
    }
    if (isRejection(error)) throw new UnstorableError(error);
    throw error;
  }
}

/**
 * DynamoDB returns a list for every page, also for one without items. A response without it is not from DynamoDB, and
 * must not be read as the absence of items.
 */
function itemsIn(items: Record<string, AttributeValue>[] | undefined): unknown[] {
  if (!items) throw new Error('DynamoDB returned no list of items');
  return items.map(recordOf);
}

type Page = Pick<QueryCommandOutput, 'Items' | 'Count' | 'LastEvaluatedKey'>;

export function createTable(client: DynamoDb, name: string): Table {
  return {
    name,
    async get(key) {
      const { Item } = await client.send('GetItem', {
        TableName: name,
        Key: marshalled(key),
        ConsistentRead: true,
      });
      return Item && recordOf(Item);
    },
    put(key, item, expression) {
      const writeId = expression && randomUUID();
      return isApplied(
        client.send('PutItem', {
          TableName: name,
          Item: marshalled({ ...item, ...key, [WRITE_ID]: writeId }),
          ...(expression && { ...attributes(expression), ...RETURN_ITEM }),
        }),
        writeId,
      );
    },
    updateOnce(key, assignments, { condition, names, values }) {
      const writeId = randomUUID();
      return isApplied(
        client.send('UpdateItem', {
          TableName: name,
          Key: marshalled(key),
          UpdateExpression: `SET ${WRITE_ID} = :writeId, ${assignments}`,
          ...attributes({
            condition: `${condition} AND (attribute_not_exists(${WRITE_ID}) OR ${WRITE_ID} <> :writeId)`,
            ...(names && { names }),
            values: { ...values, ':writeId': writeId },
          }),
          ...RETURN_ITEM,
        }),
        writeId,
      );
    },
    update: (key, update, expression) =>
      isApplied(
        client.send('UpdateItem', {
          TableName: name,
          Key: marshalled(key),
          UpdateExpression: update,
          ...attributes(expression),
        }),
      ),
    remove: (key, expression = {}) =>
      isApplied(
        client.send('DeleteItem', { TableName: name, Key: marshalled(key), ...attributes(expression) }),
      ),
    async queryIndex(index, { partition, limit, after }) {
      const { Items, LastEvaluatedKey } = await client.send('Query', {
        TableName: name,
        IndexName: index.name,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': index.partition },
        ExpressionAttributeValues: marshalled({ ':partition': partition }),
        Limit: limit,
        ...(after && { ExclusiveStartKey: marshalled({ ...after, [index.partition]: partition }) }),
      });
      return { items: itemsIn(Items), more: LastEvaluatedKey !== undefined };
    },
    async countIndex(index, partition, { condition, names, values }) {
      let count = 0;
      let start: Record<string, AttributeValue> | undefined;
      do {
        const page: Page = await client.send('Query', {
          TableName: name,
          IndexName: index.name,
          Select: 'COUNT',
          KeyConditionExpression: '#partition = :partition',
          FilterExpression: condition,
          ExpressionAttributeNames: { '#partition': index.partition, ...names },
          ExpressionAttributeValues: marshalled({ ':partition': partition, ...values }),
          ...(start && { ExclusiveStartKey: start }),
        });
        if (page.Count === undefined) throw new Error('DynamoDB returned no count');
        count += page.Count;
        start = page.LastEvaluatedKey;
      } while (start);
      return count;
    },
    async scan({ condition, names, values }, { limit, after }) {
      const { Items, LastEvaluatedKey } = await client.send('Scan', {
        TableName: name,
        ConsistentRead: true,
        FilterExpression: condition,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values && marshalled(values),
        Limit: limit,
        ...(after && { ExclusiveStartKey: marshalled(after) }),
      });
      return {
        items: itemsIn(Items),
        ...(LastEvaluatedKey && { last: recordOf(LastEvaluatedKey) as object as Key }),
      };
    },
    async queryPage(partition, { prefix, after, limit } = {}) {
      const { Items, LastEvaluatedKey } = await client.send('Query', {
        TableName: name,
        ConsistentRead: true,
        KeyConditionExpression:
          prefix === undefined ? '#pk = :pk' : '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: {
          '#pk': PARTITION_KEY,
          ...(prefix !== undefined && { '#sk': SORT_KEY }),
        },
        ExpressionAttributeValues: marshalled({ ':pk': partition, ':prefix': prefix }),
        Limit: limit,
        ...(after && { ExclusiveStartKey: marshalled(after) }),
      });
      return {
        items: itemsIn(Items),
        ...(LastEvaluatedKey && { last: recordOf(LastEvaluatedKey) as object as Key }),
      };
    },
    async query(partition, { from, limit, newestFirst } = {}) {
      const items: unknown[] = [];
      let start: Record<string, AttributeValue> | undefined;
      do {
        const page: Page = await client.send('Query', {
          TableName: name,
          ConsistentRead: true,
          KeyConditionExpression: from === undefined ? '#pk = :pk' : '#pk = :pk AND #sk >= :from',
          ExpressionAttributeNames: {
            '#pk': PARTITION_KEY,
            ...(from !== undefined && { '#sk': SORT_KEY }),
          },
          ExpressionAttributeValues: marshalled({ ':pk': partition, ':from': from }),
          ...(limit !== undefined && { Limit: limit }),
          ScanIndexForward: newestFirst !== true,
          ...(start && { ExclusiveStartKey: start }),
        });
        items.push(...itemsIn(page.Items));
        // A page has up to 1 MB (DynamoDB API reference, Query).
        start = limit === undefined ? page.LastEvaluatedKey : undefined;
      } while (start);
      return items;
    },
  };
}
