/**
 * An agent's answer on its way to the caller: each event arrives before the next is made, a caller who leaves ends the
 * run, limits are told, and no one takes half an answer for the whole. The agent waits for the test, and the test for the
 * agent; no clock says what came first.
 */
import type { ServerResponse } from 'node:http';
import { World } from '../support/world';
import { AgentServer } from './agent-server';
import { openEndpoint, type Opened } from './endpoints';
import type { AgentEndpointOptions } from '../../../lib/local/agent-endpoint';
import { MAX_HELD_BYTES } from '../../../lambda/domain/gate/event-stream';

let world: World;
let server: AgentServer;
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
  [world, server] = await Promise.all([World.start(), AgentServer.start()]);
  endpoint = await start();
});
afterAll(async () => {
  await Promise.all(open.map(({ close }) => close()));
  await Promise.all([server.stop(), world.stop()]);
});
beforeEach(() => {
  server.reset();
  failures.length = 0;
});
afterEach(() => {
  // Whatever the agent does, it is no defect of the gate.
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

/** The next piece of the body, as text; undefined at its end. */
async function piece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value } = await reader.read();
  return value && Buffer.from(value).toString('utf8');
}

const readerOf = ({ body }: Response) => {
  if (!body) throw new Error('the answer has no body');
  return body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
};

/** The agent's side of a run, once it has begun. */
const running = () =>
  new Promise<ServerResponse>((begun) => {
    server.run = (response) => {
      response.writeHead(200, SSE).flushHeaders();
      begun(response);
    };
  });

const runs = async () => (await world.audit()).filter(({ operation }) => operation === 'AgentRun');

describe('an answer that is made piece by piece', () => {
  it('arrives event by event: the agent makes the next when the caller has had the last', async () => {
    const run = running();
    const [answer, response] = await Promise.all([call(), run]);
    // The head is there, and no event has been made.
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const reader = readerOf(answer);
    for (const event of ['data: one\n\n', 'data: two\n\n', 'data: three\n\n']) {
      response.write(event);
      expect(await piece(reader)).toBe(event);
    }
    response.end();
    expect(await piece(reader)).toBeUndefined();
  });

  it('ends with nothing added', async () => {
    server.run = (response) => response.writeHead(200, SSE).end('data: all\n\n');
    expect(await (await call()).text()).toBe('data: all\n\n');
    expect(await runs()).toEqual([]);
  });

  it('may be large', async () => {
    const large = Buffer.alloc(12 * 1024 * 1024, 'a');
    server.run = (response) => response.end(large);
    expect(Buffer.from(await (await call()).arrayBuffer()).equals(large)).toBe(true);
  });

  it('may have no body at all', async () => {
    server.run = (response) => response.writeHead(204).end();
    expect([(await call()).status, await runs()]).toEqual([204, []]);
  });
});

describe('a caller who hangs up', () => {
  it('ends the run that was answering', async () => {
    const run = running();
    const leave = new AbortController();
    const [answer, response] = await Promise.all([call(endpoint, leave.signal), run]);
    response.write('data: one\n\n');
    expect(await piece(readerOf(answer))).toBe('data: one\n\n');
    const before = (await runs()).length;
    leave.abort();
    // No one else would close the agent's connection.
    await server.gone;
    while ((await runs()).length === before) await new Promise(setImmediate);
    expect((await runs()).at(-1)).toMatchObject({ outcome: 'failed', reason: 'the caller disconnected' });
  });

  it('ends the run that had not answered', async () => {
    const asked = new Promise<void>((begun) => (server.run = () => begun()));
    const leave = new AbortController();
    const called = call(endpoint, leave.signal);
    await asked;
    leave.abort();
    await expect(called).rejects.toMatchObject({ name: 'AbortError' });
    await server.gone;
  });
});

describe('the limits', () => {
  const error = (text: string) => JSON.parse(text) as { __type: string; message: string };

  it("of a run, before the answer: an error in the service's form", async () => {
    const brief = await start({ runSeconds: 1 });
    server.run = () => undefined;
    const answer = await call(brief);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([424, 'RuntimeClientError']);
    expect(error(await answer.text())).toMatchObject({
      __type: 'RuntimeClientError',
      message: expect.stringContaining('within 1 seconds') as string,
    });
    await server.gone;
  });

  it('of a run, in server-sent events: the error is the last, and takes the place of an unfinished event', async () => {
    const brief = await start({ runSeconds: 2 });
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\ndata: half an ev');
    const text = await (await call(brief)).text();
    expect(text).toMatch(/^data: one\n\nevent: error\ndata: \{.*\}\n\n$/);
    expect(error(/data: (\{.*\})/.exec(text)?.[1] ?? '')).toMatchObject({
      __type: 'RuntimeClientError',
      message: expect.stringContaining('did not finish') as string,
    });
    await server.gone;
    expect((await runs()).at(-1)).toMatchObject({ reason: 'agent: timed out' });
  });

  it('of idle time: the error says what to do', async () => {
    const impatient = await start({ idle: 1000 });
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\n');
    const text = await (await call(impatient)).text();
    expect(text).toMatch(/^data: one\n\nevent: error\n/);
    expect(text).toContain('must send data while it works');
    await server.gone;
  });

  it.each([
    ['server-sent events', 'text/event-stream', 'data: one more event of many\n\n'],
    ['anything else', 'text/plain', 'more of the same'],
  ])('of a caller who stops reading %s: the agent is not called silent', async (_what, type, piece) => {
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
    const before = (await runs()).length;
    const answer = await call(impatient);
    while ((await runs()).length === before) await new Promise((later) => setTimeout(later, 20));
    expect((await runs()).at(-1)).toMatchObject({ outcome: 'failed', reason: 'the caller stopped reading' });
    await server.gone;
    await answer.body?.cancel().catch(() => undefined);
  });

  it('of a run, in anything else: the answer is cut off', async () => {
    const brief = await start({ runSeconds: 1 });
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
    ['fails', (response) => response.writeHead(500).end('a private detail'), 500],
    [
      'answers a page of its proxy',
      (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>a private detail</h1>'),
      502,
    ],
    [
      'redirects',
      (response) => response.writeHead(302, { location: `${server.url}/a-private-detail` }).end(),
      302,
    ],
    ['does not know the address', (response) => response.writeHead(404).end('a private detail'), 404],
  ])('%s: returns only its status', async (_what, run, status) => {
    server.run = run;
    const answer = await call();
    expect(answer.status).toBe(424);
    const text = await answer.text();
    expect(text).toContain(`status ${status}`);
    expect(text).not.toContain('private');
    expect(server.asked).toHaveLength(1);
    expect(await last()).toMatchObject({ outcome: 'failed', reason: `agent: status ${status}` });
  });

  it('is not there', async () => {
    const nobody = await start({ target: { kind: 'url', url: 'http://127.0.0.1:9/invocations' } });
    const answer = await call(nobody);
    expect([answer.status, await answer.json()]).toMatchObject([424, { __type: 'RuntimeClientError' }]);
    expect(await last()).toMatchObject({ outcome: 'failed', reason: 'agent: no answer (ECONNREFUSED)' });
  });

  it('leads to another machine than it says', async () => {
    const inside = await start({ target: { kind: 'url', url: 'https://10.0.0.1/invocations' } });
    expect((await call(inside)).status).toBe(424);
    expect(await last()).toMatchObject({ reason: expect.stringContaining('must not be reached') as string });
  });

  it('hangs up before it answers', async () => {
    server.run = (response) => response.destroy();
    expect((await call()).status).toBe(424);
  });

  it('breaks off in server-sent events: an error is the last', async () => {
    server.run = (response) => response.writeHead(200, SSE).write('data: one\n\n', () => response.destroy());
    const text = await (await call()).text();
    expect(text).toMatch(/^data: one\n\nevent: error\ndata: \{"__type":"RuntimeClientError"/);
    expect((await runs()).at(-1)).toMatchObject({ reason: 'agent: the answer broke off' });
  });

  it.each([
    ['a half event', 'data: {"amount": 1'],
    ['an event without its blank line', 'data: {"amount": 1}\n'],
    ['an event whose blank line is half there', 'data: {"amount": 1}\r'],
  ])('breaks off behind %s: no client takes it for whole', async (_what, half) => {
    server.run = (response) =>
      response.writeHead(200, SSE).write(`data: one\r\n\r\n${half}`, () => response.destroy());
    const text = await (await call()).text();
    expect(text).toMatch(/^data: one\r\n\r\nevent: error\ndata: \{"__type":"RuntimeClientError"/);
  });

  it('breaks off in an event too long to be held back: so does the answer, without a last event', async () => {
    server.run = (response) =>
      response.writeHead(200, SSE).write(`data: ${'x'.repeat(MAX_HELD_BYTES)}`, () => response.destroy());
    await expect((await call()).text()).rejects.toMatchObject({ message: 'terminated' });
  });

  it('ends in a half event by itself: the answer is as the agent made it', async () => {
    server.run = (response) => response.writeHead(200, SSE).end('data: one\n\ndata: two');
    expect(await (await call()).text()).toBe('data: one\n\ndata: two');
  });

  it('breaks off in anything else: so does the answer', async () => {
    server.run = (response) => response.writeHead(200).write('half', () => response.destroy());
    const answer = await call();
    await expect(answer.text()).rejects.toMatchObject({ message: 'terminated' });
  });

  it('answers a page: it passes as what it says that it is, and nothing guesses', async () => {
    server.run = (response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'a=1' }).end('<p>hello</p>');
    const answer = await call();
    expect(await answer.text()).toBe('<p>hello</p>');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

it('waits for a caller who reads slowly, instead of keeping it all', async () => {
  let finished = false;
  server.run = (response) => {
    response.writeHead(200);
    response.once('finish', () => (finished = true));
    response.end(Buffer.alloc(64 * 1024 * 1024));
  };
  const answer = await call();
  const reader = readerOf(answer);
  await reader.read();
  // The caller has had one piece; all of it would not fit between here and there.
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
