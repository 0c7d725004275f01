/** What an agent throws if it has no credentials or the service does not respond, and that a waiting agent survives a restart. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ConfigurationError,
  createIdentityClient,
  getAccessToken,
  NoResponseError,
} from '../../../lib/client/index';

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'not used' };
const NOWHERE = 'http://127.0.0.1:9';

const options = (endpoint: string) => ({
  identity: createIdentityClient({ endpoint, region: 'us-east-1', credentials }),
  workloadIdentityToken: 'token',
  providerName: 'calendar',
  scopes: [],
  authFlow: 'USER_FEDERATION' as const,
  callbackUrl: 'http://127.0.0.1:8400/connected',
});

it('says in one sentence that the service does not respond, and keeps the cause', async () => {
  const error: unknown = await getAccessToken(options(NOWHERE)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoResponseError);
  expect(error).toMatchObject({
    message: `The identity service at ${NOWHERE} did not respond (ECONNREFUSED). Check that it runs, and that AGENT_IDENTITY_ENDPOINT is its address.`,
    cause: { code: 'ECONNREFUSED' },
  });
});

it.each([
  [NOWHERE, 'run eval "$(agent-identity env)"'],
  ['https://identity.example', 'sign in with "aws sso login"'],
])('says how an agent of %s gets AWS credentials', async (endpoint, step) => {
  const before = { ...process.env };
  for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, {
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  try {
    const identity = createIdentityClient({ endpoint, region: 'us-east-1' });
    const error: unknown = await getAccessToken({ ...options(endpoint), identity }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(step);
    expect((error as Error).cause).toBeInstanceOf(Error);
  } finally {
    process.env = before;
  }
});

it('keeps waiting for a consent while the service restarts', async () => {
  const responses = [
    {
      authorizationUrl: 'https://identity.example/authorize',
      sessionUri: 'urn:x',
      sessionStatus: 'IN_PROGRESS',
    },
    { accessToken: 'after the restart' },
  ];
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(responses.shift()));
  });
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const steps = [
    async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
    () => listen(port),
  ];
  const token = await getAccessToken({
    ...options(`http://127.0.0.1:${port}`),
    onAuthUrl: () => undefined,
    clock: { now: () => Date.now(), wait: async () => steps.shift()?.() },
  });
  expect(token).toBe('after the restart');
  expect(steps).toEqual([]);
  server.close();
  server.closeAllConnections();
});
