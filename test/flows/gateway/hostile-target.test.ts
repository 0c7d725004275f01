/** Targets that misbehave: what their responses cannot do, and what the caller gets instead. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { World } from '../support/world';
import { apiKeyOf, callAs, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
const KEY = 'sk-live-0123456789/abcdefghijklmnop+qrstuv==';
let gateway: TestGateway;
let url: string;

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT', { exceptionLevel: 'DEBUG' });
  url = await gateway.target('hostile', `${server.origin}/v1`, {
    credential: await apiKeyOf(world, KEY),
    metadataConfiguration: { allowedResponseHeaders: ['X-Debug'] },
  });
});

const unavailable = (detail: RegExp) => ({
  type: 'urn:agent-identity:problem:target-unavailable',
  status: 502,
  detail: expect.stringMatching(detail) as string,
});

const ended = async () =>
  (await world.audit()).filter(({ operation }) => operation === 'GatewayResponse').at(-1);

describe('a redirect', () => {
  it('to another server passes without its address, and nothing is sent there', async () => {
    const other = `http://localhost:${new URL(server.origin).port}`;
    server.run = (response) => response.writeHead(307, { location: `${other}/v1/steal` }).end();
    const answer = await callAs(world, url, { method: 'POST', body: '{}' });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, null]);
    expect(server.asked).toHaveLength(1);
  });

  it('within the target leads through the gateway', async () => {
    server.run = (response) => response.writeHead(302, { location: '/v1/next?page=2' }).end();
    const answer = await callAs(world, `${url}/first`);
    expect(answer.headers.get('location')).toBe(`${url}/next?page=2`);
  });
});

it('cannot set cookies, name the credential, or challenge the caller', async () => {
  server.run = (response) =>
    response
      .writeHead(200, {
        'set-cookie': ['session=1', 'other=2'],
        'www-authenticate': 'Basic realm="evil"',
        authorization: `Bearer ${KEY}`,
        'x-debug': `key ${KEY} and ${encodeURIComponent(KEY)}`,
        'x-amzn-errortype': 'AccessDeniedException',
      })
      .end('ok');
  const answer = await callAs(world, url);
  const usual = ['cache-control', 'connection', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];
  expect([...answer.headers.keys()].filter((name) => !usual.includes(name))).toEqual([
    'x-amzn-requestid',
    'x-content-type-options',
    'x-debug',
  ]);
  const stars = (text: string) => '*'.repeat(text.length);
  expect(answer.headers.get('x-debug')).toBe(`key ${stars(KEY)} and ${stars(encodeURIComponent(KEY))}`);
  await answer.text();
});

it('cannot show the credential in a body, wherever its parts end, and a stated length stays true', async () => {
  const basic = Buffer.from(`user:${KEY}`).toString('base64');
  const body = `{"a":"${KEY}","b":"${encodeURIComponent(KEY)}","c":"${basic}"}`;
  server.run = (response) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
    // Chunks of one byte.
    for (const character of body) response.write(character);
    response.end();
  };
  const answer = await callAs(world, url);
  const text = await answer.text();
  expect(answer.headers.get('content-length')).toBe(String(body.length));
  expect(text).toHaveLength(body.length);
  for (const form of [KEY, encodeURIComponent(KEY), basic.slice(10, -4)]) expect(text).not.toContain(form);
  expect(text).toMatch(/^\{"a":"\*+","b":"\*+","c":"[A-Za-z0-9]{6,7}\*+[A-Za-z0-9=]{0,4}"\}$/);
  expect(await ended()).toMatchObject({ outcome: 'allowed', credentialEchoed: true, bytes: body.length });
});

describe('gets a problem document to the caller with', () => {
  it.each<[what: string, run: (response: ServerResponse) => unknown, detail: RegExp]>([
    [
      'an encoding in which the credential could hide',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(KEY)),
      /Accept-Encoding: identity/,
    ],
    [
      'headers that are too long',
      (response) => response.writeHead(200, { 'x-debug': 'a'.repeat(8_000) }).end(),
      /more than 7168 characters/,
    ],
    [
      'more headers than are read',
      (response) => response.writeHead(200, { 'x-other': 'a'.repeat(20_000) }).end(),
      /HPE_HEADER_OVERFLOW/,
    ],
    ['no response', (response) => response.destroy(), /responded: no response \(ECONNRESET\)\.$/],
    [
      'what is not HTTP',
      (response) => response.socket?.end('HELLO\r\n\r\n'),
      /responded: no response \(HPE_INVALID/,
    ],
    [
      'a switch of protocols',
      (response) =>
        response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      /switched protocols/,
    ],
  ])('%s', async (_what, run, detail) => {
    server.run = run;
    const answer = await callAs(world, url);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject(unavailable(detail));
    expect(await ended()).toMatchObject({ outcome: 'failed', status: 502 });
  });

  it('an address in the network of the service', async () => {
    const inside = await gateway.target('inside', 'https://169.254.169.254/latest');
    const answer = await callAs(world, inside);
    expect(await answer.json()).toMatchObject(unavailable(/leads to an internal address/));
  });

  it('no reason, unless the owner of the gateway asked for it', async () => {
    const plain = await openGateway(world, 'CUSTOM_JWT');
    server.run = (response) => response.destroy();
    const answer = await callAs(world, await plain.target('hostile', server.origin));
    expect(((await answer.json()) as { detail: string }).detail).toMatch(/before it responded\.$/);
  });
});

describe('a response that ends early', () => {
  it('is not taken for complete', async () => {
    server.run = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      setImmediate(() => response.destroy());
    };
    const answer = await callAs(world, url);
    await expect(answer.text()).rejects.toThrow();
    expect(await ended()).toMatchObject({ outcome: 'failed', reason: 'target: the response ended early' });
  });

  it('of events ends with an error event in place of the unfinished one', async () => {
    let end = (): unknown => undefined;
    server.run = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\ndata: half');
      end = () => response.destroy();
    };
    const answer = await callAs(world, url);
    end();
    expect(await answer.text()).toMatch(
      /^data: one\n\nevent: error\ndata: \{"type":"urn:agent-identity:problem:target-unavailable".*\}\n\n$/,
    );
  });
});

it('that never responds ends with the caller, who disconnects', async () => {
  const asked = new Promise<void>((received) => {
    server.run = () => received();
  });
  const leave = new AbortController();
  const answer = callAs(world, url, { signal: leave.signal });
  await asked;
  leave.abort();
  await expect(answer).rejects.toThrow();
  await server.gone;
});

it('does not fill the memory with a response that the caller does not read', async () => {
  const size = 200 * 1024 * 1024;
  const chunk = Buffer.alloc(64 * 1024, 'a');
  let sent = 0;
  server.run = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const send = (): void => {
      while (sent < size) {
        sent += chunk.length;
        if (!response.write(chunk)) {
          response.once('drain', send);
          return;
        }
      }
      response.end();
    };
    send();
  };
  const answer = await callAs(world, url);
  // The buffers of the connections are full when the target can send no more. All ends are in this process, so turns of its
  // event loop show it, however slow it is.
  for (let turns = 0, before = -1; turns < 2_000; turns += 1) {
    if (sent !== before) [turns, before] = [0, sent];
    await new Promise(setImmediate);
  }
  expect(sent).toBeLessThan(size / 4);
  let received = 0;
  for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) received += part.length;
  expect(received).toBe(size);
  expect(await ended()).toMatchObject({ outcome: 'allowed', bytes: size });
}, 60_000);
