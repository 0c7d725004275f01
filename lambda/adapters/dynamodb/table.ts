/**
 * One table, as the stores need it: strongly consistent reads, and writes that say whether their condition
 * held. Items are marshalled here and parsed by the store that reads them.
 */
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { UnstorableError } from '../../domain/unstorable';
import { PARTITION_KEY, SORT_KEY, type IndexShape, type Key } from '../../contract/table-keys';

/** An expression with the names and values that it mentions. */
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
   * @returns whether the condition held; if not, nothing was written
   * @throws UnstorableError for what DynamoDB never accepts, and so do the other writes
   */
  put(key: Key, item: object, expression?: Expression): Promise<boolean>;
  /** @returns whether the condition held; if not, nothing was written */
  update(key: Key, update: string, expression: Expression): Promise<boolean>;
  /** @returns whether the condition held; if not, nothing was removed */
  remove(key: Key, expression?: Expression): Promise<boolean>;
  /**
   * A page of one partition of an index, in its order; eventually consistent.
   *
   * @param query.after the whole key, table's and index's, of the item to go on behind
   */
  queryIndex(index: IndexShape, query: IndexQuery): Promise<{ items: unknown[]; more: boolean }>;
  /** How many items one partition of an index has; eventually consistent. */
  countIndex(index: IndexShape, partition: string, filter: Expression): Promise<number>;
  /**
   * A page of the whole table, of the items that the filter lets through; strongly consistent: what was written
   * before the first page is on one of them.
   *
   * @param scan.limit items that are looked at, let through or not
   */
  scan(filter: Expression, scan: { limit: number; after?: Key }): Promise<{ items: unknown[]; last?: Key }>;
  /** Items of one partition by sort key; from `from` on when given. */
  query(
    partition: string,
    options?: { from?: string; limit?: number; newestFirst?: boolean },
  ): Promise<unknown[]>;
}

/** For a record that must not exist yet. */
export const ABSENT: Expression = { condition: `attribute_not_exists(${PARTITION_KEY})` };

/** @throws UnstorableError for a number that DynamoDB has no form of */
function marshalled(values: object): Record<string, AttributeValue> {
  try {
    return marshall(values, { removeUndefinedValues: true });
  } catch (error) {
    throw new UnstorableError(error);
  }
}

/** What DynamoDB says of an item that is too large or otherwise none, and of a request that will never do. */
const isRejection = (error: unknown): boolean =>
  error instanceof DynamoDBServiceException && error.name === 'ValidationException';

const attributes = ({ condition, names, values }: Expression) => ({
  ...(condition !== undefined && { ConditionExpression: condition }),
  ...(names && { ExpressionAttributeNames: names }),
  ...(values && { ExpressionAttributeValues: marshalled(values) }),
});

async function conditionHeld(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    if (isRejection(error)) throw new UnstorableError(error);
    throw error;
  }
}

export function createTable(client: DynamoDBClient, name: string): Table {
  return {
    name,
    async get(key) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: name, Key: marshalled(key), ConsistentRead: true }),
      );
      return Item && unmarshall(Item);
    },
    put: (key, item, expression = {}) =>
      conditionHeld(
        client.send(
          new PutItemCommand({
            TableName: name,
            Item: marshalled({ ...item, ...key }),
            ...attributes(expression),
          }),
        ),
      ),
    update: (key, update, expression) =>
      conditionHeld(
        client.send(
          new UpdateItemCommand({
            TableName: name,
            Key: marshalled(key),
            UpdateExpression: update,
            ...attributes(expression),
          }),
        ),
      ),
    remove: (key, expression = {}) =>
      conditionHeld(
        client.send(
          new DeleteItemCommand({ TableName: name, Key: marshalled(key), ...attributes(expression) }),
        ),
      ),
    async queryIndex(index, { partition, limit, after }) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: name,
          IndexName: index.name,
          KeyConditionExpression: '#partition = :partition',
          ExpressionAttributeNames: { '#partition': index.partition },
          ExpressionAttributeValues: marshalled({ ':partition': partition }),
          Limit: limit,
          ...(after && { ExclusiveStartKey: marshalled({ ...after, [index.partition]: partition }) }),
        }),
      );
      return { items: Items.map((item) => unmarshall(item)), more: LastEvaluatedKey !== undefined };
    },
    async countIndex(index, partition, { condition, names, values }) {
      let count = 0;
      let start: Record<string, AttributeValue> | undefined;
      do {
        const page: QueryCommandOutput = await client.send(
          new QueryCommand({
            TableName: name,
            IndexName: index.name,
            Select: 'COUNT',
            KeyConditionExpression: '#partition = :partition',
            FilterExpression: condition,
            ExpressionAttributeNames: { '#partition': index.partition, ...names },
            ExpressionAttributeValues: marshalled({ ':partition': partition, ...values }),
            ...(start && { ExclusiveStartKey: start }),
          }),
        );
        count += page.Count ?? 0;
        start = page.LastEvaluatedKey;
      } while (start);
      return count;
    },
    async scan({ condition, names, values }, { limit, after }) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName: name,
          ConsistentRead: true,
          FilterExpression: condition,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values && marshalled(values),
          Limit: limit,
          ...(after && { ExclusiveStartKey: marshalled(after) }),
        }),
      );
      return {
        items: Items.map((item) => unmarshall(item)),
        ...(LastEvaluatedKey && { last: unmarshall(LastEvaluatedKey) as Key }),
      };
    },
    async query(partition, { from, limit, newestFirst } = {}) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: name,
          ConsistentRead: true,
          KeyConditionExpression: from === undefined ? '#pk = :pk' : '#pk = :pk AND #sk >= :from',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, ...(from !== undefined && { '#sk': SORT_KEY }) },
          ExpressionAttributeValues: marshalled({ ':pk': partition, ':from': from }),
          ...(limit !== undefined && { Limit: limit }),
          ScanIndexForward: newestFirst !== true,
        }),
      );
      return Items.map((item) => unmarshall(item));
    },
  };
}
