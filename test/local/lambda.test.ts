/** The embedded Lambda with the AWS SDK client: its invocations, errors, and access. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startLambda, type InvokedHandler, type LocalLambda } from '../../lib/local/lambda';

const credentials = newEmulatorCredentials();
const functions = new Map<string, InvokedHandler>();
const failures: { resource: string; error: unknown }[] = [];
let lambda: LocalLambda;

beforeAll(async () => {
  lambda = await startLambda({
    functions,
    credentials,
    reportFailure: (failure) => failures.push(failure),
  });
});
beforeEach(() => {
  functions.clear();
  failures.length = 0;
});
afterAll(() => lambda.close());

const client = (presented = credentials, endpoint = lambda.endpoint) =>
  new LambdaClient({ endpoint, region: 'us-east-1', credentials: presented, maxAttempts: 1 });

const invocation = (payload: unknown, more: { name?: string; event?: true } = {}) =>
  new InvokeCommand({
    FunctionName: more.name ?? 'doubling',
    Payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    ...(more.event && { InvocationType: 'Event' }),
  });

const payloadOf = (answer: { Payload?: Uint8Array }): unknown =>
  JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'));

const doubling: InvokedHandler = (event) => Promise.resolve((event as { number: number }).number * 2);

it.each([
  ['name', 'doubling'],
  ['ARN', 'arn:aws:lambda:us-east-1:000000000000:function:doubling'],
])('returns the response of the function with this %s', async (_by, name) => {
  functions.set('doubling', doubling);
  const answer = await client().send(invocation({ number: 21 }, { name }));
  expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
  expect(answer.FunctionError).toBeUndefined();
  expect(payloadOf(answer)).toBe(42);
});

it('returns null for a function that returns nothing', async () => {
  functions.set('doubling', () => Promise.resolve(undefined));
  expect(payloadOf(await client().send(invocation({})))).toBeNull();
});

it("distinguishes a function's error from its response", async () => {
  functions.set('doubling', () => Promise.reject(new TypeError('no number')));
  const answer = await client().send(invocation({}));
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
  expect(payloadOf(answer)).toEqual({ errorType: 'TypeError', errorMessage: 'no number', trace: [] });
  expect(failures).toMatchObject([{ resource: 'doubling', error: { message: 'no number' } }]);
});

it('returns an error for a result of more than 6 MB', async () => {
  functions.set('doubling', () => Promise.resolve('a'.repeat(6_291_554)));
  expect((await client().send(invocation({}))).FunctionError).toBeUndefined();
  functions.set('doubling', () => Promise.resolve('a'.repeat(6_291_555)));
  expect(await client().send(invocation({}))).toMatchObject({ FunctionError: 'Unhandled' });
});

it('accepts an event immediately, and finishes it before it closes', async () => {
  const own = await startLambda({ functions, credentials, reportFailure: () => undefined });
  let finish = (): void => undefined;
  const served: unknown[] = [];
  functions.set('doubling', async (event) => {
    await new Promise<void>((resolve) => (finish = resolve));
    served.push(event);
  });
  const answer = await client(credentials, own.endpoint).send(invocation({ number: 1 }, { event: true }));
  expect(answer.StatusCode).toBe(202);
  expect(served).toEqual([]);
  const closed = own.close();
  finish();
  await closed;
  expect(served).toEqual([{ number: 1 }]);
});

it('reports a failed event, because no caller waits for its response', async () => {
  functions.set('doubling', () => Promise.reject(new Error('in vain')));
  expect((await client().send(invocation({}, { event: true }))).StatusCode).toBe(202);
  while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toMatchObject([{ error: { message: 'in vain' } }]);
});

describe("returns Lambda's error for", () => {
  const large = JSON.stringify('x'.repeat(1024 * 1024));
  it.each([
    ['a function that does not exist', invocation({}, { name: 'none' }), 'ResourceNotFoundException'],
    ['a payload that is not JSON', invocation('{'), 'InvalidRequestContentException'],
    ['an event over 1 MB', invocation(large, { event: true }), 'RequestTooLargeException'],
    ['a payload over 6 MB', invocation(large.repeat(6)), 'RequestTooLargeException'],
  ])('%s', async (_what, command, name) => {
    const served: unknown[] = [];
    functions.set('doubling', (event) => Promise.resolve(served.push(event)));
    await expect(client().send(command)).rejects.toMatchObject({ name });
    expect(served).toEqual([]);
  });
});

it('rejects other credentials', async () => {
  const served: unknown[] = [];
  functions.set('doubling', (event) => Promise.resolve(served.push(event)));
  await expect(client(newEmulatorCredentials()).send(invocation({ number: 1 }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(served).toEqual([]);
});
