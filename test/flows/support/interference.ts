/** Interferes with a request of the running service between two of its steps, in the functions' AWS SDK clients. */
import {
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, KMSServiceException, ReEncryptCommand } from '@aws-sdk/client-kms';

/** The clients' own `send`, for any command. */
type Send = (this: unknown, command: object, ...rest: unknown[]) => Promise<unknown>;

/** @param before is called with each command; the client throws its errors */
function ahead(client: typeof DynamoDBClient | typeof KMSClient, before: (command: object) => Promise<void>) {
  const send = Reflect.get(client.prototype, 'send') as Send;
  const spy = jest.spyOn(client.prototype, 'send') as unknown as jest.SpyInstance;
  spy.mockImplementation(async function (this: unknown, ...sent: Parameters<Send>) {
    await before(sent[0]);
    return send.apply(this, sent);
  });
}

const isWrite = (command: object): command is { input: { TableName: string } } =>
  command instanceof PutItemCommand ||
  command instanceof UpdateItemCommand ||
  command instanceof DeleteItemCommand;

/**
 * Runs other work to completion before each write to the table, for the given number of writes. Undone
 * by `jest.restoreAllMocks()`.
 *
 * @param others the other work, whose own writes are not delayed
 */
export function outrunWrites(
  table: 'Directory' | 'Sessions',
  others: () => Promise<unknown>,
  times = 1,
): void {
  let left = times;
  let busy = false;
  ahead(DynamoDBClient, async (command) => {
    if (left === 0 || busy || !isWrite(command) || !command.input.TableName.endsWith(table)) return;
    left -= 1;
    busy = true;
    await others().finally(() => {
      busy = false;
    });
  });
}

/**
 * KMS fails requests with this error. Undone by `jest.restoreAllMocks()`.
 *
 * @param kmsKeyArn of the requests; all requests if omitted
 */
export function failKms(name: string, kmsKeyArn?: string): void {
  const error = { name, $fault: 'client', message: 'failed', $metadata: {} } as const;
  ahead(KMSClient, (command) => {
    const { input } = command as {
      readonly input: { readonly KeyId?: string; readonly SourceKeyId?: string };
    };
    return kmsKeyArn === undefined || [input.KeyId, input.SourceKeyId].includes(kmsKeyArn)
      ? Promise.reject(new KMSServiceException(error))
      : Promise.resolve();
  });
}

/** KMS re-encrypts once, to test the key, and then throttles the vault keys. Undone by `jest.restoreAllMocks()`. */
export function throttleRewrapping(): void {
  let rewrapped = 0;
  ahead(KMSClient, (command) => {
    if (!(command instanceof ReEncryptCommand) || (rewrapped += 1) === 1) return Promise.resolve();
    const throttled = {
      name: 'ThrottlingException',
      $fault: 'client',
      message: 'Rate exceeded',
      $metadata: {},
    } as const;
    return Promise.reject(new KMSServiceException(throttled));
  });
}
