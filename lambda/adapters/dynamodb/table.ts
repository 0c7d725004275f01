/**
 * One table, as the stores need it: strongly consistent reads, and writes that say whether their condition
 * held. Items are marshalled here and parsed by the store that reads them.
 */
import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { PARTITION_KEY, SORT_KEY, type Key } from './keys';

/** An expression with the names and values that it mentions. */
export interface Expression {
  readonly condition?: string;
  readonly names?: Record<string, string>;
  readonly values?: Record<string, unknown>;
}

export interface Table {
  readonly name: string;
  get(key: Key): Promise<unknown>;
  /** @returns whether the condition held; if not, nothing was written */
  put(key: Key, item: object, expression?: Expression): Promise<boolean>;
  /** @returns whether the condition held; if not, nothing was written */
  update(key: Key, update: string, expression: Expression): Promise<boolean>;
  /** Items of one partition by sort key; from `from` on when given. */
  query(
    partition: string,
    options?: { from?: string; limit?: number; newestFirst?: boolean },
  ): Promise<unknown[]>;
}

/** For a record that must not exist yet. */
export const ABSENT: Expression = { condition: `attribute_not_exists(${PARTITION_KEY})` };

const marshalled = (values: object) => marshall(values, { removeUndefinedValues: true });

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
