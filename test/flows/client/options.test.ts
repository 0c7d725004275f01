/** What code without types can pass: each function names the option that is wrong, before it sends a request. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { createServer } from 'node:http';
import * as client from '../../../lib/client/index';
import * as mcp from '../../../lib/client/mcp';
import { listenOnLoopback } from '../../../lib/local/loopback-server';

/** The package as code without types sees it. */
const untyped = { ...client } as unknown as Record<
  Exclude<keyof typeof client, `${string}Error`>,
  (...args: readonly unknown[]) => unknown
>;

const send = jest.fn(() => Promise.reject(new Error('a request was sent')));
const identity = { send };
const key = { identity, workloadIdentityToken: 'secret-token', providerName: 'calendar' };
const token = { ...key, scopes: ['calendar.read'], authFlow: 'USER_FEDERATION' };
const connection = { client: { connect: send }, Transport: class {}, ...token };
const completion = { identity, url: '/connected?session_id=x&state=y', browserSession: () => undefined };
const agent = client.createIdentityClient({ endpoint: 'https://gate.example', region: 'us-east-1' });
const invocation = {
  agentRuntimeArn: 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/a',
  payload: Buffer.from('{}'),
};
const tool = () => 0;

/** Each function with options: how to call it, valid options, and the options that are required. */
const FUNCTIONS: Record<string, [(options?: unknown) => unknown, object, readonly string[]]> = {
  getAccessToken: [untyped.getAccessToken, token, Object.keys(token)],
  replaceAccessToken: [
    (options) => untyped.replaceAccessToken(options, 'rejected'),
    token,
    Object.keys(token),
  ],
  getApiKey: [untyped.getApiKey, key, Object.keys(key)],
  withAccessToken: [(options) => untyped.withAccessToken(options), token, Object.keys(token)],
  withApiKey: [untyped.withApiKey, key, Object.keys(key)],
  authorizedFetch: [
    (options) => untyped.authorizedFetch('https://api.example', options),
    token,
    Object.keys(token),
  ],
  connectMcp: [
    (options) => untyped.connectMcp('https://mcp.example', options),
    connection,
    Object.keys(connection),
  ],
  workloadAccessTokens: [
    (options) => untyped.workloadAccessTokens(identity, options),
    { workloadName: 'travel-agent' },
    ['workloadName'],
  ],
  completeAuthorization: [untyped.completeAuthorization, completion, Object.keys(completion)],
};

/** Returns the message of the error, which contains no value. */
async function rejection(call: () => unknown): Promise<string> {
  const failure = await Promise.resolve()
    .then(call)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(client.ConfigurationError);
  expect(send).not.toHaveBeenCalled();
  expect(String(failure)).not.toContain('secret-');
  return (failure as Error).message;
}

describe.each(Object.entries(FUNCTIONS))('%s', (name, [call, valid, required]) => {
  // A function is what `withAccessToken` and `withApiKey` wrap if there are no options.
  const functions = name.startsWith('with') ? [] : [() => valid];
  it.each([undefined, null, 'secret-text', 7, [valid], ...functions])(
    'rejects options that are %p',
    async (value) => {
      expect(await rejection(() => call(value))).toBe(
        `The options of ${name} must be an object: { ${required.join(', ')} }.`,
      );
    },
  );

  it.each(required)('names the option if %s is missing, or is not valid', async (option) => {
    const missing = await rejection(() => call({ ...valid, [option]: undefined }));
    const described = missing.replace(`\`${option}\` of ${name} is missing. It must be `, '');
    expect(described).not.toBe(missing);
    for (const value of [null, 7, { secret: 'secret-value' }]) {
      const message = await rejection(() => call({ ...valid, [option]: value }));
      expect(message).toBe(`\`${option}\` of ${name} must be ${described}`);
    }
  });

  it.each(required)('suggests %s for a similar name', async (option) => {
    const { [option]: value, ...others } = valid as Record<string, unknown>;
    for (const misspelled of [option.slice(1), `${option}s`, option.toUpperCase()]) {
      expect(await rejection(() => call({ ...others, [misspelled]: value }))).toBe(
        `Unknown option \`${misspelled}\` of ${name}. Did you mean \`${option}\`?`,
      );
    }
  });

  it('lists the options for any other name', async () => {
    expect(await rejection(() => call({ ...valid, __proto: 1 }))).toMatch(
      new RegExp(`^Unknown option \`__proto\` of ${name}\\. The options are .*${required.at(-1) ?? ''}`),
    );
  });
});

it.each([
  ['authorizedFetch', 'forceAuthentication', true],
  ['authorizedFetch', 'resourceServerUrl', 'https://api.example'],
  ['connectMcp', 'forceAuthentication', true],
  ['connectMcp', 'resourceServerUrl', 'https://mcp.example'],
])('rejects options that %s does not have: %s', async (name, option, value) => {
  const [call, valid] = FUNCTIONS[name] ?? [() => undefined, {}];
  expect(await rejection(() => call({ ...valid, [option]: value }))).toContain(
    `Unknown option \`${option}\` of ${name}.`,
  );
});

it('rejects optional values of other types', async () => {
  const values: Record<string, unknown> = {
    resources: 'https://api.example',
    audiences: [7],
    resourceServerUrl: new URL('https://api.example'),
    callbackUrl: null,
    customState: 7,
    customParameters: { prompt: 7 },
    forceAuthentication: 'yes',
    onAuthUrl: 'https://app.example/connect',
    consentTimeout: '600',
    clock: {},
    signal: new AbortController(),
  };
  for (const [name, value] of Object.entries(values)) {
    const message = await rejection(() => untyped.getAccessToken({ ...token, [name]: value }));
    expect(message).toMatch(new RegExp(`^\`${name}\` of getAccessToken must be .*, or left out\\.$`));
  }
});

it('accepts a set of scopes, and rejects an iterator, which could be read once only', async () => {
  const scopes = new Set(['calendar.read']);
  await expect(untyped.getAccessToken({ ...token, scopes })).rejects.toThrow('a request was sent');
  send.mockClear();
  expect(await rejection(() => untyped.getAccessToken({ ...token, scopes: scopes.values() }))).toContain(
    '`scopes` of getAccessToken must be a collection of strings',
  );
});

describe('a wrapper', () => {
  const wrappers = [
    ['withAccessToken', untyped.withAccessToken, token],
    ['withApiKey', untyped.withApiKey, key],
    ['withAccessToken of MCP', mcp.withAccessToken as unknown as typeof untyped.withAccessToken, token],
  ] as const;

  it.each(wrappers)(
    '%s validates the options that a function makes for a call',
    async (title, wrap, valid) => {
      const [name] = title.split(' ');
      const wrapped = (made: unknown) => (wrap(() => made) as (wrappedTool: unknown) => () => unknown)(tool);
      expect(await rejection(wrapped(undefined))).toContain(`The options of ${name} must be an object`);
      expect(await rejection(wrapped({ ...valid, provider: 'calendar' }))).toContain(
        'Did you mean `providerName`?',
      );
    },
  );

  it.each(wrappers)('%s says how to pass the tool', async (title, wrap, valid) => {
    const [name] = title.split(' ');
    const inOneCall = wrap(valid, tool) as (...args: unknown[]) => unknown;
    expect(await rejection(() => inOneCall('today'))).toContain(`${name}(options)(tool)`);
    expect(await rejection(() => inOneCall())).toContain(`${name}(options)(tool)`);
  });
});

describe('arguments that are no options', () => {
  it.each<[string, () => unknown, string]>([
    ['no URL', () => untyped.authorizedFetch(undefined, token), 'The URL of the resource must be'],
    ['a path for a request', () => authorized('/transfers'), 'must be a whole URL'],
    ['a Request', () => authorized(new Request('https://api.example/')), 'must be a whole URL'],
    ['no agent', () => untyped.invokeAgent(), '`agent` of invokeAgent is missing'],
    ['no token', () => untyped.invokeAgent(agent), '`workloadIdentityToken` of invokeAgent is missing'],
    [
      'all that the gate sends',
      () => untyped.invokeAgent(agent, client.fromGate({ WorkloadAccessToken: 'secret-token' }), invocation),
      'fromGate(request.headers).workloadIdentityToken',
    ],
    ['no request', () => untyped.invokeAgent(agent, 'token'), '`request` of invokeAgent is missing'],
    ['no ARN', () => untyped.invokeAgent(agent, 'token', {}), '`agentRuntimeArn` of invokeAgent is missing'],
    ['no URL of a gate', () => untyped.agentFetch(), 'The URL of the agent must be'],
    [
      'no token of a gate',
      () => untyped.agentFetch('https://gate.example'),
      '`workloadIdentityToken` of agentFetch is missing',
    ],
    [
      'no rejected token',
      () => untyped.replaceAccessToken(token),
      '`rejected` of replaceAccessToken is missing',
    ],
    ['no identity', () => untyped.workloadAccessTokens(), '`identity` of workloadAccessTokens is missing'],
    [
      'a user token that is bytes',
      () => untyped.workloadAccessTokens(identity, { workloadName: 'a', userToken: Buffer.from('secret-') }),
      '`userToken` of workloadAccessTokens must be the user token, or a function that returns it',
    ],
    [
      'a user twice',
      () =>
        untyped.workloadAccessTokens(identity, {
          workloadName: 'a',
          userId: 'ana',
          userToken: 'secret-token',
        }),
      'Pass either userToken or userId, not both.',
    ],
    ['no headers', () => untyped.fromGate(null), '`request` of fromGate must be'],
    ['an endpoint alone', () => untyped.createIdentityClient('https://x.example'), '{ endpoint:'],
    [
      'no token for a source',
      () => untyped.staticWorkloadAccessToken(),
      '`token` of staticWorkloadAccessToken',
    ],
  ])('%s', async (_title, call, message) => {
    expect(await rejection(call)).toContain(message);
  });

  const authorized = (url: unknown) =>
    (untyped.authorizedFetch('https://api.example', token) as (url: unknown) => unknown)(url);
});

it('reads the headers of a request that is passed in place of its headers', () => {
  const headers = { WorkloadAccessToken: 'token', OAuth2CallbackUrl: 'https://app.example/back' };
  for (const request of [{ headers }, new Request('https://agent.example', { headers })]) {
    expect(client.fromGate(request).callbackUrl).toBe('https://app.example/back');
  }
});

it('validates the session of a browser', async () => {
  const url = '/connected?session_id=urn:ietf:params:oauth:request_uri:secret-x&state=secret-state';
  const user = { userId: 'ana' };
  const complete = (session: unknown) =>
    rejection(() => untyped.completeAuthorization({ identity, url, browserSession: () => session }));
  expect(await complete({ states: ['a'] })).toContain('`user` of browserSession is missing');
  expect(await complete({ user })).toContain('`states` of browserSession is missing');
  for (const states of ['secret-state', new Map([['secret-state', 1]]), [7]]) {
    expect(await complete({ user, states })).toContain('`states` of browserSession must be a collection');
  }
});

describe('the URL that invokes an agent', () => {
  const path = `/prod/runtimes/${encodeURIComponent(invocation.agentRuntimeArn)}/invocations`;

  it.each([path, `${path}?qualifier=DEFAULT`, '/prod/runtimes', '/prod/runtimes/'])(
    'is no endpoint, and the error names the endpoint: %s',
    async (end) => {
      const endpoint = `https://gate.example${end}`;
      const message = await rejection(() => client.createIdentityClient({ endpoint, region: 'us-east-1' }));
      expect(message).toContain(
        'The endpoint is the URL that invokes an agent. Pass the part before /runtimes/: https://gate.example/prod',
      );
    },
  );

  it('is no endpoint of a client of the AWS SDK, and no request is sent', async () => {
    const requests: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url);
      response.end('{}');
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const gateClient = (end: string) =>
      new BedrockAgentCoreClient({
        endpoint: `http://127.0.0.1:${port}${end}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      });
    expect(await rejection(() => client.invokeAgent(gateClient(path), 'secret-token', invocation))).toBe(
      `The endpoint is the URL that invokes an agent. Pass the part before /runtimes/: http://127.0.0.1:${port}/prod`,
    );
    expect(requests).toEqual([]);
    await client.invokeAgent(gateClient('/prod'), 'secret-token', invocation);
    expect(requests).toEqual([path]);
    await close();
  });
});
