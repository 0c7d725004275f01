/** DynamoDB as the commands for operators call it. Items keep the form that DynamoDB returns, so nothing in them changes. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { awsEndpoint } from './aws-endpoint';
import type { CliContext } from './context';
import { CliError } from './failure';
import { send, signerOf, wait } from './service';

export type Item = Readonly<Record<string, AttributeValue>>;

/** A request that DynamoDB rejected. */
export class DynamoDbFailure extends CliError {
  constructor(
    /** Name of the error, such as `ResourceNotFoundException`. */
    readonly type: string,
    { operation, table, message }: { operation: string; table: string | undefined; message: string },
  ) {
    super(
      `DynamoDB rejected ${operation}${table === undefined ? '' : ` for the table ${table}`} (${type}): ${message}`,
      {
        next: `Check the names of the tables, the Region, and the permission dynamodb:${operation}${table === undefined ? '' : ' for this table'}. docs/cli.md lists the permissions.`,
      },
    );
  }
}

export interface DynamoDb {
  /** @throws DynamoDbFailure after an error response */
  readonly call: <Output>(operation: string, input: object) => Promise<Output>;
  /** Returns the pages of a table in its order, strongly consistent. */
  readonly scan: (table: string, input?: object) => AsyncIterable<readonly Item[]>;
  readonly get: (table: string, key: Item) => Promise<Item | undefined>;
  /** @returns whether the condition held; if not, nothing was written */
  readonly conditional: (operation: 'PutItem' | 'DeleteItem', input: object) => Promise<boolean>;
}

const ATTEMPTS = 6;

const TRANSIENT = [
  'InternalServerError',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
];

interface ErrorResponse {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

/** Returns the client. Its protocol is awsJson1_0. */
export async function dynamoDb(
  context: CliContext,
  options: { readonly profile?: string; readonly region?: string },
): Promise<DynamoDb> {
  const signer = await signerOf(context, options);
  const url = awsEndpoint(context, 'DYNAMODB', signer.region);

  async function call<Output>(operation: string, input: object): Promise<Output> {
    const body = JSON.stringify(input);
    for (let attempt = 1; ; attempt++) {
      const headers = await signer.sign(
        url,
        'dynamodb',
        { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
        body,
      );
      const response = await send(url, { method: 'POST', headers, body });
      const output = (await response.json().catch(() => ({}))) as ErrorResponse;
      if (response.ok) return output as Output;
      const type = output.__type?.split('#').at(-1) ?? `HTTP status ${response.status}`;
      if (attempt < ATTEMPTS && (TRANSIENT.includes(type) || response.status >= 500)) {
        await wait(100 * 2 ** attempt);
        continue;
      }
      const { TableName: table } = input as { TableName?: string };
      throw new DynamoDbFailure(type, {
        operation,
        table,
        message: output.message ?? output.Message ?? 'no message',
      });
    }
  }

  return {
    call,
    async *scan(table, input = {}) {
      let start: Item | undefined;
      do {
        const page: { Items?: Item[]; LastEvaluatedKey?: Item } = await call('Scan', {
          TableName: table,
          ConsistentRead: true,
          ...input,
          ...(start && { ExclusiveStartKey: start }),
        });
        yield page.Items ?? [];
        start = page.LastEvaluatedKey;
      } while (start);
    },
    get: async (table, key) =>
      (await call<{ Item?: Item }>('GetItem', { TableName: table, Key: key, ConsistentRead: true })).Item,
    async conditional(operation, input) {
      try {
        await call(operation, input);
        return true;
      } catch (error) {
        if (error instanceof DynamoDbFailure && error.type === 'ConditionalCheckFailedException')
          return false;
        throw error;
      }
    },
  };
}
