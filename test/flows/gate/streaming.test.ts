/**
 * Streaming of an agent's response: each event arrives before the next one is created, a disconnect stops the agent,
 * limits are reported, and no client mistakes a partial response for a complete one. The agent and the test wait for
 * each other, so the order does not depend on timing.
 */
import type { ServerResponse } from 'node:http';
import { World } from '../support/world';
import { AgentServer } from './agent-server';
import { openEndpoint, type Opened } from './endpoints';
import type { AgentEndpointOptions } from '../../../lib/local/agent-endpoint';
import { MAX_HELD_BYTES } from '../../../lambda/domain/gate/event-stream';

const world = World.ofFile();
const server = AgentServer.ofFile();
let endpoint: Opened;
const open: Opened[] = [];
const failures: unknown[] = [];

const start = async (change: Partial<AgentEndpointOptions> = {}): Promise<Opened> => {
  const opened = await openEndpoint(world, {
    inbound: {
      kind: 'JWT',
      discoveryUrl: world.issuer.discoveryUrl,
      allowedAudience: [world.issuer.audience],
    },
    target: { kind: 'url', url: server.url },
    reportFailure: (failure) => failures.push(failure),
    ...change,
  });
  open.push(opened);
  return opened;
};

beforeAll(async () => {
  endpoint = await start();
});
afterAll(() => Promise.all(open.map(({ close }) => close())));
beforeEach(() => {
  failures.length = 0;
});
afterEach(() => {
  // No behavior of the agent counts as an error of the gate.
  expect(failures).toEqual([]);
});

const call = async (at: Opened = endpoint, signal?: AbortSignal): Promise<Response> =>
  fetch(at.invocationUrl, {
    method: 'POST',
    body: '{}',
    headers: { authorization: `Bearer ${await world.issuer.token('ana')}`, accept: 'text/event-stream' },
    ...(signal && { signal }),
  });

const SSE = { 'content-type': 'text/event-stream' };

/** The next chunk of the body as text; undefined at its end. */
async function piece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value } = await reader.read();
  return value && Buffer.from(value).toString('utf8');
}

const readerOf = ({ body }: Response) => {
  if (!body) throw new Error('the answer has no body');
  return body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
};

/** The agent's side of an invocation, once it has begun. */
const running = () =>
  new Promise<ServerResponse>((begun) => {
    server.run = (response) => {
      response.writeHead(200, SSE).flushHeaders();
      begun(response);
    };
  });

const interruptions = async () =>
  (await world.audit()).filter(({ operation }) => operation === 'AgentInvocation');

describe('a streamed response', () => {
  it('arrives event by event: the caller has each event before the agent creates the next one', async () => {
    const run = running();
    const [answer, response] = await Promise.all([call(), run]);
    // The headers have arrived before the first event exists.
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const reader = readerOf(answer);
    for (const event of ['data: one\n\n', 'data: two\n\n', 'data: three\n\n']) {
      response.write(event);
      expect(await piece(reader)).toBe(event);
    }
    response.end();
    expect(await piece(reader)).toBeUndefined();
  });

  it('ends without additions', async () => {
    server.run = (response) => response.writeHead(200, SSE).end('data: all\n\n');
    expect(await (await call()).text()).toBe('data: all\n\n');
    expect(await interruptions()).toEqual([]);
  });

  it('can be large', async () => {
    const large = Buffer.alloc(12 * 1024 * 1024, 'a');
    server.run = (response) => response.end(large);
    expect(Buffer.from(await (await call()).arrayBuffer()).equals(large)).toBe(true);
  });

  it('can have no body', async () => {
    server.run = (response) => response.writeHead(204).end();
    expect([(await call()).status, await interruptions()]).toEqual([204, []]);
  });
});

describe('a caller that disconnects', () => {
  it('stops an agent that is sending its response', async () => {
    const run = running();
    const leave = new AbortController();
    const [answer, response] = await Promise.all([call(endpoint, leave.signal), run]);
    response.write('data: one\n\n');
    expect(await piece(readerOf(answer))).toBe('data: one\n\n');
    const before = (await interruptions()).length;
    leave.abort();
    // Only the gate closes the agent's connection.
    await server.gone;
    while ((await interruptions()).length === before) await new Promise(setImmediate);
    expect((await interruptions()).at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'the caller disconnected',
    });
  });

  it('stops an agent that has not responded', async () => {
    const asked = new Promise<void>((begun) => (server.run = () => begun()));
    const leave = new AbortController();
    const called = call(endpoint, leave.signal);
    await asked;
    leave.abort();
    await expect(called).rejects.toMatchObject({ name: 'AbortError' });
    await server.gone;
  });
});

describe('a limit', () => {
  const error = (text: string) => JSON.parse(text) as { __type: string; message: string };

  it('on the duration returns a service error if the response has not begun', async () => {
    const brief = await start({ invocationTimeout: 1 });
    server.run = () => undefined;
    const answer = await call(brief);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([424, 'RuntimeClientError']);
    expect(error(await answer.text())).toMatchObject({
      __type: 'RuntimeClientError',
      message: expect.stringContaining('within 1 seconds') as string,
    });
    await server.gone;
  });

  it('on the duration ends server-sent events with an error event, which replaces an unfinished event', async () => {
    const brief = await start({ invocationTimeout: 2 });
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\ndata: half an ev');
    const text = await (await call(brief)).text();
    expect(text).toMatch(/^data: one\n\nevent: error\ndata: \{.*\}\n\n$/);
    expect(error(/data: (\{.*\})/.exec(text)?.[1] ?? '')).toMatchObject({
      __type: 'RuntimeClientError',
      message: expect.stringContaining('did not finish') as string,
    });
    await server.gone;
    expect((await interruptions()).at(-1)).toMatchObject({ reason: 'agent: timed out' });
  });

  it('on idle time ends the response with an error that says what to do', async () => {
    const impatient = await start({ idle: 1000 });
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\n');
    const text = await (await call(impatient)).text();
    expect(text).toMatch(/^data: one\n\nevent: error\n/);
    expect(text).toContain('must send data while it works');
    await server.gone;
  });

  it.each([
    ['server-sent events', 'text/event-stream', 'data: one more event of many\n\n'],
    ['another content type', 'text/plain', 'more of the same'],
  ])('on idle time does not blame the agent when the caller stops reading %s', async (_what, type, piece) => {
    const impatient = await start({ idle: 1000 });
    server.run = (response) => {
      const pieces = Buffer.from(piece.repeat(10_000));
      response.writeHead(200, { 'content-type': type });
      const flood = (): void => {
        while (!response.destroyed && response.write(pieces));
      };
      response.on('drain', flood);
      flood();
    };
    const before = (await interruptions()).length;
    const answer = await call(impatient);
    while ((await interruptions()).length === before) await new Promise((later) => setTimeout(later, 20));
    expect((await interruptions()).at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'the caller stopped reading',
    });
    await server.gone;
    await answer.body?.cancel().catch(() => undefined);
  });

  it('on the duration cuts off a response of another content type', async () => {
    const brief = await start({ invocationTimeout: 1 });
    server.run = (response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"half":');
    await expect((await call(brief)).text()).rejects.toMatchObject({ message: 'terminated' });
    await server.gone;
  });
});

describe('an agent that', () => {
  const last = async () =>
    (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime').at(-1);

  it.each<[what: string, run: (response: ServerResponse) => unknown, status: number]>([
    ['returns 500', (response) => response.writeHead(500).end('a private detail'), 500],
    [
      'returns an error page of its proxy',
      (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>a private detail</h1>'),
      502,
    ],
    [
      'redirects',
      (response) => response.writeHead(302, { location: `${server.url}/a-private-detail` }).end(),
      302,
    ],
    ['returns 404', (response) => response.writeHead(404).end('a private detail'), 404],
  ])('%s: the caller gets only the status', async (_what, run, status) => {
    server.run = run;
    const answer = await call();
    expect(answer.status).toBe(424);
    const text = await answer.text();
    expect(text).toContain(`status ${status}`);
    expect(text).not.toContain('private');
    expect(server.asked).toHaveLength(1);
    expect(await last()).toMatchObject({ outcome: 'failed', reason: `agent: status ${status}` });
  });

  it('is unavailable: the caller gets a 424', async () => {
    const unreachable = await start({ target: { kind: 'url', url: 'http://127.0.0.1:9/invocations' } });
    const answer = await call(unreachable);
    expect([answer.status, await answer.json()]).toMatchObject([424, { __type: 'RuntimeClientError' }]);
    expect(await last()).toMatchObject({ outcome: 'failed', reason: 'agent: no response (ECONNREFUSED)' });
  });

  it('resolves to a private address: the gate does not call it', async () => {
    const inside = await start({ target: { kind: 'url', url: 'https://10.0.0.1/invocations' } });
    expect((await call(inside)).status).toBe(424);
    expect(await last()).toMatchObject({
      reason: expect.stringContaining('leads to an internal address') as string,
    });
  });

  it('disconnects before it responds: the caller gets a 424', async () => {
    server.run = (response) => response.destroy();
    expect((await call()).status).toBe(424);
  });

  it('disconnects during server-sent events: an error is the last event', async () => {
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\n', () => response.destroy());
    const text = await (await call()).text();
    expect(text).toMatch(/^data: one\n\nevent: error\ndata: \{"__type":"RuntimeClientError"/);
    expect((await interruptions()).at(-1)).toMatchObject({ reason: 'agent: the response ended early' });
  });

  it.each([
    ['a partial event', 'data: {"amount": 1'],
    ['an event without its blank line', 'data: {"amount": 1}\n'],
    ['an event with half of its blank line', 'data: {"amount": 1}\r'],
  ])('disconnects after %s: no client mistakes the event for a complete one', async (_what, half) => {
    server.run = (response) =>
      response.writeHead(200, SSE).write(`data: one\r\n\r\n${half}`, () => response.destroy());
    const text = await (await call()).text();
    expect(text).toMatch(/^data: one\r\n\r\nevent: error\ndata: \{"__type":"RuntimeClientError"/);
  });

  it('disconnects during an event that is too long to buffer: the response is cut off without an error event', async () => {
    server.run = (response) =>
      response.writeHead(200, SSE).write(`data: ${'x'.repeat(MAX_HELD_BYTES)}`, () => response.destroy());
    await expect((await call()).text()).rejects.toMatchObject({ message: 'terminated' });
  });

  it('ends its response with a partial event: the caller gets the response unchanged', async () => {
    server.run = (response) => response.writeHead(200, SSE).end('data: one\n\ndata: two');
    expect(await (await call()).text()).toBe('data: one\n\ndata: two');
  });

  it('disconnects during another content type: the response is cut off', async () => {
    server.run = (response) => response.writeHead(200).write('half', () => response.destroy());
    const answer = await call();
    await expect(answer.text()).rejects.toMatchObject({ message: 'terminated' });
  });

  it('returns an HTML page: the caller gets it with nosniff and without cookies', async () => {
    server.run = (response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'a=1' }).end('<p>hello</p>');
    const answer = await call();
    expect(await answer.text()).toBe('<p>hello</p>');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

it('waits for a slow caller instead of buffering the response', async () => {
  let finished = false;
  server.run = (response) => {
    response.writeHead(200);
    response.once('finish', () => (finished = true));
    response.end(Buffer.alloc(64 * 1024 * 1024));
  };
  const answer = await call();
  const reader = readerOf(answer);
  await reader.read();
  // The caller has read one chunk; the rest does not fit into the buffers.
  expect(finished).toBe(false);
  await reader.cancel();
  await server.gone;
});

it('serves concurrent callers separately', async () => {
  server.run = (response, { headers }) =>
    response.end(String(headers['x-amzn-bedrock-agentcore-runtime-request-id']));
  const texts = await Promise.all(Array.from({ length: 20 }, async () => (await call()).text()));
  expect(new Set(texts).size).toBe(20);
});
