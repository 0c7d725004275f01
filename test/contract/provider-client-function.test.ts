/** The function `provider-client` as its callers use it, with the embedded Lambda. */
import type { PushRequest, RenewalRequest } from '../../lambda/model/events/provider-client';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { createProviderClientFunction } from '../../lambda/adapters/lambda/provider-client';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startLambda, type InvokedHandler, type LocalLambda } from '../../lib/local/lambda';

const credentials = newEmulatorCredentials();
const functions = new Map<string, InvokedHandler>();
let lambda: LocalLambda;
let providerClient: ReturnType<typeof createProviderClientFunction>;

beforeAll(async () => {
  lambda = await startLambda({ functions, credentials, reportFailure: () => undefined });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  providerClient = createProviderClientFunction('provider-client');
});
afterEach(() => functions.clear());
afterAll(() => lambda.close());

const push: PushRequest = {
  workload: { name: 'agent', id: 'agent-id' },
  provider: { name: 'calendar', id: 'provider-id' },
  client: 'digest',
  parameters: [
    ['resource', 'https://a.example'],
    ['resource', 'https://b.example'],
  ],
};

const renewal: RenewalRequest = {
  principal: 'arn:aws:iam::123456789012:role/agent',
  workloadName: 'agent',
  providerName: 'calendar',
  grantId: { workloadId: 'agent-id', userHash: 'user', target: 'USER_FEDERATION#calendar#' },
  holder: 'this-reader',
  flow: 'USER_FEDERATION',
  scopes: ['a'],
  resources: [],
  audiences: [],
};

it('returns the request URI of a pushed request', async () => {
  const events: unknown[] = [];
  const pushed = { requestUri: 'urn:ietf:params:oauth:request_uri:abc', expiresIn: 60 };
  functions.set('provider-client', (event) => {
    events.push(event);
    return Promise.resolve({ pushed });
  });
  expect(await providerClient.push(push)).toEqual(pushed);
  expect(events).toEqual([{ push }]);
});

it("returns the provider's error code, and whether a retry can succeed", async () => {
  functions.set('provider-client', () =>
    Promise.resolve({ failure: { code: 'invalid_scope', unavailable: false } }),
  );
  const failure = providerClient.push(push);
  await expect(failure).rejects.toBeInstanceOf(ProviderFailure);
  await expect(failure).rejects.toMatchObject({ code: 'invalid_scope', unavailable: false });
});

it.each<[string, InvokedHandler | undefined]>([
  ['fails', () => Promise.reject(new Error('The invocation failed'))],
  ['returns nothing', () => Promise.resolve(undefined)],
  ['returns another object', () => Promise.resolve({ requestUri: 'urn:x' })],
  ['returns no object', () => Promise.resolve([{ pushed: { requestUri: 'urn:x', expiresIn: 1 } }])],
  ['does not exist', undefined],
])('reports an unavailable provider if the function %s', async (_what, handler) => {
  if (handler) functions.set('provider-client', handler);
  const failure = providerClient.push(push);
  await expect(failure).rejects.toBeInstanceOf(ProviderFailure);
  await expect(failure).rejects.toMatchObject({ code: 'temporarily_unavailable', unavailable: true });
});

it('queues a renewal and does not wait for it', async () => {
  let finish = (): void => undefined;
  const served = new Promise<unknown>((resolve) => {
    functions.set('provider-client', async (event) => {
      await new Promise<void>((done) => (finish = done));
      resolve(event);
    });
  });
  await providerClient.dispatch(renewal);
  finish();
  expect(await served).toEqual({ renew: renewal });
});

it('reports a renewal that could not be queued', async () => {
  await expect(providerClient.dispatch(renewal)).rejects.toMatchObject({ unavailable: true });
});
