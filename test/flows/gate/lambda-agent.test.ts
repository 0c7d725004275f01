/** An agent that is a Lambda function: it streams with the AWS helper, or returns one object. */
import { createServer } from 'node:http';
import type { Writable } from 'node:stream';
import { Lambda } from '@aws-sdk/client-lambda';
import type { LambdaFunction } from '../../../lib/local/lambda';
import { listenOnLoopback } from '../../../lib/local/loopback-server';
import { MAX_PAYLOAD_BYTES } from '../../../lambda/domain/gate/agent-request';
import { DELIMITER, WITH_METADATA, type ResponseStream } from '../../../lambda/gate/response-stream';
import { World } from '../support/world';
import { openEndpoint, type Opened } from './endpoints';

const FUNCTION = 'travel-agent';

interface FunctionUrlEvent {
  readonly version: string;
  readonly rawPath: string;
  readonly headers: Record<string, string>;
  readonly requestContext: { readonly http: { readonly method: string; readonly path: string } };
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

let endpoint: Opened;
let mcp: Opened;
let shared: Parameters<typeof openEndpoint>[1];
const failures: unknown[] = [];

const world = World.ofFile();
beforeAll(async () => {
  shared = {
    inbound: {
      kind: 'JWT',
      discoveryUrl: world.issuer.discoveryUrl,
      allowedAudience: [world.issuer.audience],
    },
    target: {
      kind: 'lambda',
      functionArn: `arn:aws:lambda:${world.local.region}:${world.local.accountId}:function:${FUNCTION}`,
    },
    reportFailure: (failure) => failures.push(failure),
  };
  [endpoint, mcp] = [
    await openEndpoint(world, shared),
    await openEndpoint(world, { ...shared, protocol: 'MCP' }),
  ];
});
afterAll(async () => {
  await Promise.all([endpoint.close(), mcp.close()]);
});
afterEach(() => {
  expect(failures).toEqual([]);
});

const deploy = (handler: LambdaFunction) => world.local.functions.set(FUNCTION, handler);

const call = async (
  body: string | Uint8Array = '{"prompt":"hello"}',
  at = endpoint,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(at.invocationUrl, {
    method: 'POST',
    body: body as string,
    headers: {
      authorization: `Bearer ${await world.issuer.token('ana')}`,
      'content-type': 'application/json',
      ...headers,
    },
  });

/** As in Lambda's runtime (`HttpResponseStream.from`), the metadata precedes the first bytes. */
function withMetadata(stream: ResponseStream, metadata: object): Writable {
  stream.setContentType(WITH_METADATA);
  stream.write(JSON.stringify(metadata));
  stream.write(DELIMITER);
  return stream;
}

const SSE = { statusCode: 200, headers: { 'Content-Type': 'text/event-stream' } };

it("receives a function URL event with the agent's headers", async () => {
  const events: FunctionUrlEvent[] = [];
  deploy((event) => {
    events.push(event as FunctionUrlEvent);
    return Promise.resolve({ statusCode: 200, body: '{}' });
  });
  expect((await call()).status).toBe(200);
  expect((await call('{}', mcp)).status).toBe(200);
  expect((await call(Buffer.from([255, 0]))).status).toBe(200);
  const [http, overMcp, binary] = events;
  expect(http).toMatchObject({
    version: '2.0',
    rawPath: '/invocations',
    headers: {
      'content-type': 'application/json',
      workloadaccesstoken: expect.stringMatching(/^ey/) as string,
      'x-amzn-bedrock-agentcore-runtime-session-id': expect.any(String) as string,
    },
    requestContext: { http: { method: 'POST', path: '/invocations' } },
    body: '{"prompt":"hello"}',
    isBase64Encoded: false,
  });
  expect(overMcp).toMatchObject({ rawPath: '/mcp', requestContext: { http: { path: '/mcp' } } });
  expect(binary).toMatchObject({ body: '/wA=', isBase64Encoded: true });
});

it('receives the method and the session of an MCP client, and no body, when the client ends its session', async () => {
  const events: FunctionUrlEvent[] = [];
  deploy((event) => {
    events.push(event as FunctionUrlEvent);
    return Promise.resolve({ statusCode: 204 });
  });
  const { status } = await fetch(mcp.invocationUrl, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${await world.issuer.token('ana')}`, 'mcp-session-id': 'a-session' },
  });
  expect(status).toBe(204);
  const [event] = events;
  expect(event).toMatchObject({
    rawPath: '/mcp',
    requestContext: { http: { method: 'DELETE', path: '/mcp' } },
    headers: { 'mcp-session-id': 'a-session' },
    isBase64Encoded: false,
  });
  expect(event).not.toHaveProperty('body');
});

it('receives a payload of the maximum size, even if JSON escapes all of it', async () => {
  const events: FunctionUrlEvent[] = [];
  deploy((event) => {
    events.push(event as FunctionUrlEvent);
    return Promise.resolve({ statusCode: 200, body: '{}' });
  });
  const largest = Buffer.alloc(MAX_PAYLOAD_BYTES, '\u0001');
  expect((await call(largest)).status).toBe(200);
  const [{ body, isBase64Encoded } = { body: '', isBase64Encoded: false }] = events;
  expect(isBase64Encoded).toBe(true);
  expect(Buffer.from(body, 'base64').equals(largest)).toBe(true);
});

it('streams its response: each event arrives before the next one is created', async () => {
  let next = (): void => undefined;
  const asked = () => new Promise<void>((resolve) => (next = resolve));
  deploy({
    async streaming(_event, stream) {
      const body = withMetadata(stream, SSE);
      for (const event of ['data: one\n\n', 'data: two\n\n']) {
        const wanted = asked();
        body.write(event);
        await wanted;
      }
      body.end('data: three\n\n');
    },
  });
  const answer = await call();
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  if (!answer.body) throw new Error('the answer has no body');
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const read = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
  expect(await read()).toBe('data: one\n\n');
  next();
  expect(await read()).toBe('data: two\n\n');
  next();
  expect(await read()).toBe('data: three\n\n');
  expect(await read()).toBe('');
});

describe('responds', () => {
  it.each<[what: string, handler: LambdaFunction, type: string, text: string]>([
    [
      'with one object in base64',
      () =>
        Promise.resolve({
          statusCode: 200,
          headers: { 'Content-Type': 'text/plain' },
          body: Buffer.from('hello').toString('base64'),
          isBase64Encoded: true,
        }),
      'text/plain',
      'hello',
    ],
    [
      'with its own JSON',
      () => Promise.resolve({ result: 'hello' }),
      'application/json',
      '{"result":"hello"}',
    ],
    [
      'as a stream without metadata',
      { streaming: (_event, stream) => Promise.resolve(stream.end('hello')) },
      'application/octet-stream',
      'hello',
    ],
    [
      'as a stream whose metadata arrive in pieces',
      {
        streaming(_event, stream) {
          stream.setContentType(WITH_METADATA);
          const [a, b] = ['{"statusCode":200,"headers":{"content-type":', '"text/plain"}}'];
          stream.write(a);
          stream.write(`${b}\0\0\0`);
          stream.write('\0\0\0\0\0hel');
          return Promise.resolve(stream.end('lo'));
        },
      },
      'text/plain',
      'hello',
    ],
  ])('%s', async (_what, handler, type, text) => {
    deploy(handler);
    const answer = await call();
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      type,
      text,
    ]);
  });

  it('with only a status', async () => {
    deploy({
      streaming: (_event, stream) => Promise.resolve(withMetadata(stream, { statusCode: 202 }).end()),
    });
    expect([(await call('{}', mcp)).status]).toEqual([202]);
  });
});

const last = async () =>
  (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime').at(-1);

describe('returns an error to the caller', () => {
  it.each<[what: string, handler: LambdaFunction, reason: string]>([
    [
      'if the function returns status 500',
      () => Promise.resolve({ statusCode: 500, body: 'private' }),
      'status 500',
    ],
    [
      'if the metadata is not valid',
      {
        streaming: (_event, stream) => Promise.resolve(withMetadata(stream, { statusCode: 'private' }).end()),
      },
      "the function's metadata is malformed",
    ],
  ])('%s', async (_what, handler, reason) => {
    deploy(handler);
    const answer = await call();
    expect(answer.status).toBe(424);
    expect(await answer.text()).not.toContain('private');
    expect(await last()).toMatchObject({ outcome: 'failed', reason: `agent: ${reason}` });
  });

  /** The service's local Lambda writes the error to stderr, too. */
  const quietly = async (work: () => Promise<void>): Promise<void> => {
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await work();
    } finally {
      written.mockRestore();
    }
  };

  it('if the function throws', () =>
    quietly(async () => {
      deploy(() => Promise.reject(new Error('private')));
      const answer = await call();
      expect([answer.status, await answer.text()]).toEqual([424, expect.not.stringContaining('private')]);
      expect(await last()).toMatchObject({ reason: 'agent: the function failed (Unhandled)' });
    }));

  it('as the last event, if the function throws during its response', () =>
    quietly(async () => {
      deploy({
        streaming(_event, stream) {
          withMetadata(stream, SSE).write('data: one\n\n');
          return Promise.reject(new Error('private'));
        },
      });
      const text = await (await call()).text();
      expect(text).toMatch(/^data: one\n\nevent: error\ndata: \{"__type":"RuntimeClientError"/);
      expect(text).not.toContain('private');
    }));

  it('if the function does not exist', async () => {
    world.local.functions.delete(FUNCTION);
    expect((await call()).status).toBe(424);
    expect(await last()).toMatchObject({ reason: 'agent: not invoked: ResourceNotFoundException' });
  });
});

describe('if Lambda has no concurrency left, the caller gets a 429', () => {
  it.each([
    ['after the time that Lambda states', { 'retry-after': '7' }, '7'],
    ['after a second', {}, '1'],
  ])('and can retry %s', async (_when, headers, retryAfter) => {
    let invocations = 0;
    const lambda = createServer((request, response) => {
      invocations += 1;
      request.resume();
      response
        .writeHead(429, { ...headers, 'x-amzn-errortype': 'TooManyRequestsException' })
        .end('{"Reason":"ConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}');
    });
    const { port, close } = await listenOnLoopback(lambda, 0);
    const { AWS_ENDPOINT_URL_LAMBDA } = process.env;
    process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${port}`;
    const throttled = await openEndpoint(world, shared);
    const throttledMcp = await openEndpoint(world, { ...shared, protocol: 'MCP' });
    try {
      const answer = await call('{}', throttled);
      expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
        429,
        retryAfter,
        { __type: 'ThrottlingException', message: 'The agent is at its limit. Try again shortly.' },
      ]);
      expect(invocations).toBe(1);
      expect(await last()).toMatchObject({ outcome: 'denied', reason: 'agent: throttled' });
      // A client that finds out the revision of MCP would fall back to an earlier one after a 429.
      const probe = await call('{}', throttledMcp, { 'mcp-method': 'server/discover' });
      expect([probe.status, probe.headers.get('retry-after')]).toEqual([503, retryAfter]);
      expect(probe.headers.get('x-amzn-errortype')).toBe('ThrottlingException');
    } finally {
      process.env.AWS_ENDPOINT_URL_LAMBDA = AWS_ENDPOINT_URL_LAMBDA;
      await Promise.all([throttled.close(), throttledMcp.close()]);
      await close();
    }
  });
});

it('is invoked once, even if it fails', () => {
  const runs: unknown[] = [];
  deploy((event) => {
    runs.push(event);
    return Promise.resolve({ statusCode: 503 });
  });
  return call().then((answer) => {
    expect([answer.status, runs.length]).toEqual([424, 1]);
  });
});

it('sends an event stream from the embedded Lambda that the AWS SDK client decodes', async () => {
  deploy({ streaming: (_event, stream) => Promise.resolve(stream.end('hello')) });
  const { EventStream = [] } = await new Lambda({}).invokeWithResponseStream({
    FunctionName: FUNCTION,
    Payload: Buffer.from('{}'),
  });
  const events: object[] = [];
  for await (const event of EventStream) events.push(event);
  expect(events).toMatchObject([{ PayloadChunk: { Payload: Buffer.from('hello') } }, { InvokeComplete: {} }]);
});
