/** Outgoing requests: no internal address is reached, no redirect is followed, and every response is limited. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTransport } from '../../lambda/adapters/http/transport';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { withDeadline, type Transport } from '../../lambda/domain/oauth/transport';
import { holdDeadlines } from '../flows/support/deadlines';

const ACCOUNT = { loopback: false };
const LAPTOP = { loopback: true };
const GET = { method: 'GET', headers: {} };

describe('URLs', () => {
  const transport = createTransport(ACCOUNT);
  const refusal = { name: 'ProviderFailure', code: 'address_not_allowed', unavailable: false };

  it.each([
    ['loopback', 'https://127.0.0.1/'],
    ['loopback in decimal', 'https://2130706433/'],
    ['loopback in hex', 'https://0x7f000001/'],
    ['loopback in dotted hex', 'https://0x7f.0.0.0x1/'],
    ['loopback in octal', 'https://0177.0.0.01/'],
    ['loopback, short', 'https://127.1/'],
    ['loopback with a dot at the end', 'https://127.0.0.1./'],
    ['loopback in full-width digits', 'https://１２７.０.０.１/'],
    ['loopback, percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['zero', 'https://0/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv6 loopback in full', 'https://[0:0:0:0:0:0:0:1]/'],
    ['mapped loopback', 'https://[::ffff:127.0.0.1]/'],
    ['mapped loopback in hex', 'https://[::ffff:7f00:1]/'],
    ['NAT64 of the metadata address', 'https://[64:ff9b::169.254.169.254]/'],
    ['the metadata address', 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata address in decimal', 'https://2852039166/'],
    ['the metadata address in hex', 'https://0xa9fea9fe/'],
    ['the metadata address in octal', 'https://0251.0376.0251.0376/'],
    ['the IPv6 metadata address', 'https://[fd00:ec2::254]/'],
    ['a private address', 'https://10.0.0.1/'],
    ['a name that resolves to loopback', 'https://localhost/'],
    ['plain http', 'http://provider.example/'],
    ['http on loopback', 'http://127.0.0.1/'],
    ['http on the metadata address', 'http://169.254.169.254/'],
    ['credentials', 'https://user:secret@provider.example/'],
    ['another scheme', 'file:///etc/passwd'],
    ['text that is not a URL', 'provider.example'],
  ])('that lead to an internal address are rejected: %s', async (_what, url) => {
    await expect(transport(url, GET)).rejects.toMatchObject(refusal);
  });

  it.each(['http://127.0.0.2/', 'http://10.0.0.1/', 'https://10.0.0.1/', 'https://169.254.169.254/'])(
    'that lead to another internal address are rejected even if the policy allows loopback: %s',
    async (url) => {
      await expect(createTransport(LAPTOP)(url, GET)).rejects.toMatchObject(refusal);
    },
  );

  it('with credentials do not show the credentials in the error', async () => {
    const failure: unknown = await transport('https://u:hunter2@provider.example/', GET).catch(
      (e: unknown) => e,
    );
    expect(JSON.stringify(failure) + String(failure)).not.toContain('hunter2');
  });
});

describe('responses', () => {
  const transport = createTransport(LAPTOP);
  const servers: Server[] = [];

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });

  const unreachable = { name: 'ProviderFailure', code: 'unreachable', unavailable: true };

  it.each([200, 204, 304, 400, 401, 500, 503])('are returned with their status: %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status, { 'x-a': 'b' }).end());
    const response = await transport(url, GET);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-a')).toBe('b');
  });

  it('come from the requested address, also by name if loopback is allowed', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () =>
        response.end(`${request.method ?? ''} ${request.headers.accept ?? ''} ${body}`),
      );
    });
    const body = new URLSearchParams({ grant_type: 'a b', code: 'ü' });
    const named = url.replace('127.0.0.1', 'localhost');
    const response = await transport(named, { method: 'POST', headers: { accept: 'x/y' }, body });
    expect(await response.text()).toBe('POST x/y grant_type=a+b&code=%C3%BC');
  });

  describe('that are errors and quote a secret of the request', () => {
    const SECRET = 'Secret-of_the.client/1';
    const basic = Buffer.from(`agents:${encodeURIComponent(SECRET)}`).toString('base64');
    const form = (members: Record<string, string>) => new URLSearchParams(members);

    it.each([
      ['the client secret', { body: form({ client_secret: SECRET }) }],
      ['the client secret of Basic', { headers: { Authorization: `Basic ${basic}` } }],
      ['a bearer token', { headers: { authorization: `Bearer ${SECRET}` } }],
      ['a code', { body: form({ code: SECRET }) }],
      ['a refresh token in JSON', { body: JSON.stringify({ refresh_token: SECRET }) }],
    ])('have invalid_response in its place: %s', async (_title, request) => {
      for (const [status, error] of [
        [400, SECRET],
        [200, SECRET],
        [401, `x.${SECRET}`],
      ] as const) {
        const url = await serve((_request, response) =>
          response.writeHead(status).end(JSON.stringify({ error })),
        );
        const answer = await transport(url, { method: 'POST', headers: {}, ...request });
        expect(JSON.parse(await answer.text())).toEqual({ error: error.replace(SECRET, 'invalid_response') });
      }
    });

    it.each<[string, (secret: string) => string]>([
      ['JSON with escaped slashes', (secret) => JSON.stringify({ error: secret }).replaceAll('/', '\\/')],
      [
        'JSON in which every character is escaped',
        (secret) =>
          `{"error":"${secret.replace(/./g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}`,
      ],
      ['a form', (secret) => new URLSearchParams({ error: secret }).toString()],
      [
        'a form with lowercase digits',
        (secret) =>
          new URLSearchParams({ error: secret }).toString().replaceAll(/%../g, (code) => code.toLowerCase()),
      ],
    ])('have invalid_response in its place in %s', async (_title, bodyOf) => {
      const secret = `${SECRET}"\\=`;
      const url = await serve((_request, response) => response.writeHead(400).end(bodyOf(secret)));
      const request = { method: 'POST', headers: {}, body: form({ client_secret: secret }) };
      const text = await (await transport(url, request)).text();
      expect(['{"error":"invalid_response"}', 'error=invalid_response']).toContain(text);
    });

    it('keep other codes, and tokens', async () => {
      const body = { error: 'invalid_grant' };
      const tokens = { access_token: 'a', refresh_token: SECRET };
      for (const [status, document] of [
        [400, body],
        [200, tokens],
      ] as const) {
        const url = await serve((_request, response) =>
          response.writeHead(status).end(JSON.stringify(document)),
        );
        const request = { method: 'POST', headers: {}, body: form({ refresh_token: SECRET }) };
        expect(JSON.parse(await (await transport(url, request)).text())).toEqual(document);
      }
    });
  });

  it.each([600, 999])('with a status that is not valid are a failure: %i', async (status) => {
    const url = await serve((_request, response) => response.writeHead(status).end('{}'));
    await expect(transport(url, { method: 'GET', headers: {} })).rejects.toMatchObject({
      code: 'unreachable',
      unavailable: true,
    });
  });

  it.each([301, 302, 303, 307, 308])('that redirect are not followed: %i', async (status) => {
    let reached = 0;
    const inside = await serve((_request, response) => {
      reached += 1;
      response.end();
    });
    const url = await serve((_request, response) => response.writeHead(status, { location: inside }).end());
    expect((await transport(url, GET)).status).toBe(status);
    expect(reached).toBe(0);
  });

  const MAX_BYTES = 256 * 1024;

  it('of 256 KiB are returned completely', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(MAX_BYTES, 'x')));
    expect((await (await transport(url, GET)).text()).length).toBe(MAX_BYTES);
  });

  it.each([
    ['by one byte', MAX_BYTES + 1],
    ['by a large amount', 20 * MAX_BYTES],
  ])('over 256 KiB cause an error, %s', async (_how, size) => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(size, 'x')));
    await expect(transport(url, GET)).rejects.toMatchObject({ code: 'invalid_response' });
  });

  it('without end cause an error, and the connection is closed', async () => {
    let disconnected = false;
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const pour = setInterval(() => response.write(chunk), 1);
      response.on('close', () => {
        clearInterval(pour);
        disconnected = true;
      });
    });
    await expect(transport(url, GET)).rejects.toMatchObject({ code: 'invalid_response' });
    await new Promise((later) => setTimeout(later, 50));
    expect(disconnected).toBe(true);
  });

  it.each([
    ['of a stated length', { 'content-length': '1000' }],
    ['in chunks', {}],
  ])('that end in the middle of a body %s cause an error', async (_how, headers) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, headers).write('{"access_token":"half', () => response.socket?.destroy());
    });
    await expect(transport(url, GET)).rejects.toMatchObject(unreachable);
  });

  it('that are not HTTP cause an error', async () => {
    const url = await serve((_request, response) => response.socket?.end('SSH-2.0-OpenSSH\r\n'));
    await expect(transport(url, GET)).rejects.toMatchObject(unreachable);
  });

  it('cause an error if no server listens', async () => {
    const url = await serve(() => undefined);
    for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
    await expect(transport(url, GET)).rejects.toMatchObject(unreachable);
  });

  it('are received even if the server closed the previous connection', async () => {
    const url = await serve((_request, response) => response.end('here'));
    for (let time = 0; time < 3; time += 1) {
      expect(await (await transport(url, GET)).text()).toBe('here');
      for (const server of servers) server.closeAllConnections();
    }
  });

  it('cause an error for a name that does not exist', async () => {
    const nowhere = transport('https://provider.invalid/', GET);
    await expect(nowhere).rejects.toBeInstanceOf(ProviderFailure);
    await expect(nowhere).rejects.toMatchObject(unreachable);
  });

  it("are not awaited after the caller's signal", async () => {
    const url = await serve(() => undefined);
    const signal = AbortSignal.timeout(50);
    await expect(transport(url, { ...GET, signal })).rejects.toMatchObject(unreachable);
  });

  it('that begin slowly or never end cause an error after five seconds', async () => {
    const deadlines = holdDeadlines();
    let asked = 0;
    const silent = await serve(() => (asked += 1));
    const dripping = await serve((_request, response) => {
      asked += 1;
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    let over = 0;
    const givenUp = [silent, dripping].map((url) =>
      expect(transport(url, GET).finally(() => (over += 1))).rejects.toMatchObject(unreachable),
    );
    while (asked < 2) await new Promise(setImmediate);
    deadlines.advance(4_999);
    await new Promise((later) => setTimeout(later, 50));
    expect(over).toBe(0);
    deadlines.advance(1);
    await Promise.all(givenUp);
  });
});

describe('requests with a common deadline', () => {
  const URL_OF_SERVER = 'https://as.example/token';
  const sent = jest.fn<void, [string]>();
  beforeEach(() => sent.mockClear());

  /** A server that never responds. */
  const silent: Transport = (url, { signal }) => {
    sent(url);
    return new Promise((_response, failed) => {
      signal?.addEventListener('abort', () => {
        failed(new Error('aborted', { cause: signal.reason }));
      });
    });
  };

  it('fail at the deadline, and name the server that did not respond', async () => {
    const deadline = new AbortController();
    const response = withDeadline(silent, deadline.signal)(URL_OF_SERVER, GET);
    deadline.abort();
    await expect(response).rejects.toMatchObject({ code: 'timeout', unavailable: true, host: 'as.example' });
  });

  it('are not sent after the deadline, and name no server', async () => {
    await expect(withDeadline(silent, AbortSignal.abort())(URL_OF_SERVER, GET)).rejects.toMatchObject({
      code: 'timeout',
      host: undefined,
    });
    expect(sent).not.toHaveBeenCalled();
  });

  it('end before the deadline when their caller aborts them', async () => {
    const caller = new AbortController();
    const { signal } = caller;
    const response = withDeadline(silent, new AbortController().signal)(URL_OF_SERVER, { ...GET, signal });
    caller.abort();
    await expect(response).rejects.toThrow('aborted');
  });
});
