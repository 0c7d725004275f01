/** What happens to a request of the running service between two of its own steps, at AWS SDK clients in the functions. */
import {
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, KMSServiceException, ReEncryptCommand } from '@aws-sdk/client-kms';

/** The clients' own `send`, whichever command it sends. */
type Send = (this: unknown, command: object, ...rest: unknown[]) => Promise<unknown>;

/** @param before is called with each command; what it throws, the client throws */
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
 * Lets others be faster: before each write into the table, as often as it says, something else is done to the end. Undone
 * by `jest.restoreAllMocks()`.
 *
 * @param others writes as well; those writes go ahead
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

/** KMS rewraps once, which is the probe of the key, and has no time for the vault keys. Undone by `jest.restoreAllMocks()`. */
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
