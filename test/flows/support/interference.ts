/** Interferes with a request of the running service between two of its steps, in the functions' AWS clients. */
import { KMSClient, KMSServiceException, ReEncryptCommand } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';

/** A method of a client, for any request. */
type Method = (this: unknown, request: object, ...rest: unknown[]) => Promise<unknown>;

/** @param before is called with each request; the client throws its errors */
function ahead(
  client: typeof SignatureV4 | typeof KMSClient,
  method: 'sign' | 'send',
  before: (request: object) => Promise<void>,
) {
  const original = Reflect.get(client.prototype, method) as Method;
  const spy = jest.spyOn(client.prototype, method as never) as unknown as jest.SpyInstance;
  spy.mockImplementation(async function (this: unknown, ...sent: Parameters<Method>) {
    await before(sent[0]);
    return original.apply(this, sent);
  });
}

/** Returns the table that a request of DynamoDB writes to; undefined for any other request. */
function writtenTable(request: object): string | undefined {
  const { headers = {}, body } = request as { headers?: Record<string, string>; body?: string | Uint8Array };
  if (!/^DynamoDB_\w+\.(Put|Update|Delete)Item$/.test(headers['x-amz-target'] ?? '')) return undefined;
  const { TableName } = JSON.parse(Buffer.from(body ?? '').toString('utf8')) as { TableName: string };
  return TableName;
}

/**
 * Runs other work to completion before each write to the table, for the given number of writes. Until
 * the end of the test, or `jest.restoreAllMocks()`.
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
  ahead(SignatureV4, 'sign', async (request) => {
    if (left === 0 || busy || !writtenTable(request)?.endsWith(table)) return;
    left -= 1;
    busy = true;
    await others().finally(() => {
      busy = false;
    });
  });
}

/**
 * KMS fails requests of the control plane with this error. Until the end of the test, or `jest.restoreAllMocks()`.
 *
 * @param kmsKeyArn of the requests; all requests if omitted
 */
export function failKms(name: string, kmsKeyArn?: string): void {
  const error = { name, $fault: 'client', message: 'failed', $metadata: { httpStatusCode: 400 } } as const;
  ahead(KMSClient, 'send', (command) => {
    const { input } = command as {
      readonly input: { readonly KeyId?: string; readonly SourceKeyId?: string };
    };
    return kmsKeyArn === undefined || [input.KeyId, input.SourceKeyId].includes(kmsKeyArn)
      ? Promise.reject(new KMSServiceException(error))
      : Promise.resolve();
  });
}

/** KMS re-encrypts once, to test the key, and then throttles the vault keys. Until the end of the test, or `jest.restoreAllMocks()`. */
export function throttleRewrapping(): void {
  let rewrapped = 0;
  ahead(KMSClient, 'send', (command) => {
    if (!(command instanceof ReEncryptCommand) || (rewrapped += 1) === 1) return Promise.resolve();
    const throttled = {
      name: 'ThrottlingException',
      $fault: 'client',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400 },
    } as const;
    return Promise.reject(new KMSServiceException(throttled));
  });
}
