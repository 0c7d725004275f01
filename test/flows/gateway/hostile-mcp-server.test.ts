/** MCP servers at the one URL of a gateway that do what a real one does not. */
import type { ServerResponse } from 'node:http';
import { World, type TestAgent } from '../support/world';
import { apiKeyOf, callAs, callSigned, oauth, openGateway, type TestGateway } from './gateways';
import { tool } from './mcp-server';
import { TargetServer, type Asked } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let recordedBefore = 0;

interface Message {
  readonly id?: number;
  readonly method?: string;
}
type Respond = (response: ServerResponse, message: Message, asked: Asked) => unknown;

const json = (response: ServerResponse, body: unknown): unknown =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(typeof body === 'string' ? body : JSON.stringify(body));

const result = (response: ServerResponse, { id }: Message, value: object): unknown =>
  json(response, { jsonrpc: '2.0', id, result: value });

const event = (message: object): string => `data: ${JSON.stringify(message)}\n\n`;
const ask = (id: number, method = 'ping'): string => event({ jsonrpc: '2.0', id, method, params: {} });

/** Responds with these events, and then with a result. */
const afterEvents =
  (events: string, milliseconds: number): Respond =>
  (response, { id }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(events);
    const last = event({ jsonrpc: '2.0', id, result: { content: [] } });
    setTimeout(() => response.end(last), milliseconds);
  };

/**
 * Has the server speak version 2025-11-25.
 *
 * @returns the messages that are neither a request nor a notification
 */
function speak({
  call = (response, message) => result(response, message, { content: [] }),
  list = (response, message) => result(response, message, { tools: [tool('list')] }),
  answer = (response) => response.writeHead(202).end(),
}: { call?: Respond; list?: Respond; answer?: Respond } = {}): { answers: string[] } {
  const answers: string[] = [];
  server.run = (response, asked) => {
    const message = JSON.parse(asked.body || '{}') as Message;
    switch (message.method) {
      case 'server/discover':
        return response.writeHead(400).end();
      case 'initialize':
        return result(response, message, {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'x', version: '1' },
        });
      case 'tools/call':
        return call(response, message, asked);
      case 'tools/list':
        return list(response, message, asked);
      case undefined:
        answers.push(asked.body);
        return answer(response, message, asked);
      default:
        return response.writeHead(202).end();
    }
  };
  return { answers };
}

const JSON_FIELDS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
};

const requestOf = (method: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

const post = async (body: string, headers: Record<string, string> = {}) => {
  const response = await callAs(world, gateway.url, {
    method: 'POST',
    body,
    headers: { ...JSON_FIELDS, ...headers },
  });
  // To clients of version 2025-11-25, it is an event.
  const text = (await response.text()).replace(/^event: message\ndata: /, '');
  return {
    status: response.status,
    body: JSON.parse(text) as { result?: Record<string, unknown>; error?: { code: number } },
  };
};

const callTool = async (name = 'notes___list') => (await post(requestOf('tools/call', { name }))).body.result;

const entries = async (...operations: string[]) =>
  (await world.audit())
    .slice(recordedBefore)
    .filter(({ operation }) => operations.includes(String(operation)));

const FAILED = { isError: true, content: [{ type: 'text', text: expect.any(String) as string }] };

beforeEach(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
  speak();
  await gateway.mcpServer('notes', `${server.origin}/mcp`);
  server.asked.length = 0;
  recordedBefore = (await world.audit()).length;
});

describe('a server that asks', () => {
  it.each([
    ['for sampling', 'sampling/createMessage'],
    ['for an elicitation', 'elicitation/create'],
  ])('%s is refused', async (_what, method) => {
    const { answers } = speak({ call: afterEvents(ask(7, method), 200) });
    expect(await callTool()).toEqual({ content: [] });
    expect(answers).toEqual([expect.stringContaining('"error"')]);
  });

  it('a thousand times gets a few answers, and its call fails', async () => {
    const pings = Array.from({ length: 1000 }, (_, at) => ask(at)).join('');
    const { answers } = speak({ call: afterEvents(pings, 10_000) });
    expect(await callTool()).toMatchObject(FAILED);
    expect(answers.length).toBeLessThan(11);
  });
});

describe('a server with tokens', () => {
  let agent: TestAgent;
  let signed: TestGateway;
  beforeEach(async () => {
    agent = await world.agent();
    signed = await openGateway(world, 'AWS_IAM', { protocolType: 'MCP' });
    await signed.mcpServer('notes', `${server.origin}/mcp`, {
      credential: oauth(agent.providerName, {
        grantType: 'CLIENT_CREDENTIALS',
        defaultReturnUrl: undefined,
        scopes: ['a'],
      }),
    });
    server.asked.length = 0;
  });

  const call = async () =>
    callSigned(world, signed.url, await agent.token(), {
      method: 'POST',
      body: requestOf('tools/call', { name: 'notes___list' }),
      headers: JSON_FIELDS,
    });

  it('that rejects an answer to itself gets no other token', async () => {
    speak({
      call: afterEvents(ask(1) + ask(2) + ask(3), 1_000),
      answer: (response) => response.writeHead(401).end(),
    });
    expect((await call()).body).toContain('isError');
    expect(new Set(server.asked.map(({ headers }) => headers.authorization)).size).toBe(1);
  });

  it('that rejects each token gets two', async () => {
    speak({ call: (response) => response.writeHead(401).end() });
    const { run } = server;
    let isFirst = true;
    server.run = (response, asked) => {
      if (!isFirst) return run(response, asked);
      isFirst = false;
      return response.writeHead(401).end();
    };
    expect((await call()).body).toContain('isError');
    expect(new Set(server.asked.map(({ headers }) => headers.authorization)).size).toBe(2);
  });

  it('cannot show the one before the renewal', async () => {
    const seen: string[] = [];
    speak({
      call: (response, message) =>
        result(response, message, { content: [{ type: 'text', text: seen.join(' ') }] }),
    });
    const { run } = server;
    server.run = (response, asked) => {
      const isFirst = seen.length === 0;
      seen.push(asked.headers.authorization ?? '');
      return isFirst ? response.writeHead(401).end() : run(response, asked);
    };
    const { body } = await call();
    expect(body).toContain('***');
    for (const shown of seen) expect(body).not.toContain(shown.slice('Bearer '.length));
  });

  it('cannot show the one after the renewal in a response that it opened before', async () => {
    const seen: string[] = [];
    let opened: ServerResponse | undefined;
    speak({
      call: (response, { id }, { headers: { authorization = '' } }) => {
        seen.push(authorization);
        if (seen.length === 1) return response.writeHead(401).end();
        const content = [{ type: 'text', text: authorization }];
        return opened?.write(event({ jsonrpc: '2.0', id, result: { content } }));
      },
    });
    const { run } = server;
    server.run = (response, asked) => {
      const { id, method } = JSON.parse(asked.body || '{}') as Message;
      if (method !== 'server/discover') return run(response, asked);
      opened = response.writeHead(200, { 'content-type': 'text/event-stream' });
      return response.write(event({ jsonrpc: '2.0', id, error: { code: -32601, message: 'x' } }));
    };
    const { body } = await call();
    expect(new Set(seen).size).toBe(2);
    expect(body).toContain('Bearer ***');
    for (const shown of seen) expect(body).not.toContain(shown.slice('Bearer '.length));
    expect(await entries('GatewayResponse')).toMatchObject([{ credentialEchoed: true }]);
  });

  it('cannot show one in two encodings, of which the gateway undoes one', async () => {
    speak({
      call: (response, { id }, { headers: { authorization = '' } }) => {
        const text = Array.from(authorization, (one) => `\\u0025${one.charCodeAt(0).toString(16)}`).join('');
        const value = `{"content":[{"type":"text","text":"${text}"}]}`;
        return json(response, `{"jsonrpc":"2.0","id":${id},"result":${value}}`);
      },
    });
    expect(/"text":"(.*?)"/.exec((await call()).body)?.[1]).toMatch(/^%42%65%61%72%65%72%20[*]+$/);
  });
});

describe('a message that would fill the memory with descriptions of its faults', () => {
  const items = `[${'{},'.repeat(50_000)}{}]`;

  it.each(['"content":', '"content":[],"_meta":{"a":'])('is not read from a server: %s', async (before) => {
    const value = `{${before}${items}${'}'.repeat(before.split('{').length)}`;
    speak({
      call: (response, { id }) => json(response, `{"jsonrpc":"2.0","id":${id},"result":${value}}`),
    });
    expect(await callTool()).toMatchObject(FAILED);
    expect(await entries('GatewayResponse')).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('too many values') as string },
    ]);
  });

  it('is not read from a client', async () => {
    const clientInfo = `{"name":"c","version":"1","icons":${items}}`;
    const params = `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":${clientInfo}}`;
    const { status, body } = await post(
      `\uFEFF{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`,
    );
    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code: -32600 } } });
  });

  it('is none because of its arguments or its structured content', async () => {
    speak({
      call: (response, { id }) =>
        json(
          response,
          `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"a":${items}}}}`,
        ),
    });
    const params = `{"name":"notes___list","arguments":{"a":${items}}}`;
    const { body } = await post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
    expect(JSON.stringify(body.result)).toContain(`"structuredContent":{"a":${items}}`);
  });
});

describe('a call fails immediately', () => {
  it.each<[string, Respond]>([
    [
      'ends its stream without a response',
      (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': x\n\n'),
    ],
    [
      'responds with another ID',
      (response) => json(response, { jsonrpc: '2.0', id: 4711, result: { content: [] } }),
    ],
    ['accepts it without a response', (response) => response.writeHead(202).end()],
    [
      'nests its result in 5,000 levels',
      (response, { id }) =>
        json(
          response,
          `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}}`,
        ),
    ],
  ])('if the server %s', async (_what, call) => {
    speak({ call });
    expect(await callTool()).toMatchObject(FAILED);
    expect(await entries('GatewayResponse')).toMatchObject([{ outcome: 'failed', tool: 'list' }]);
  });
});

it('a result has no members that a client would take for those of the gateway', async () => {
  const _meta = { 'io.modelcontextprotocol/related-task': { taskId: 'x' }, 'example.com/cost': 1 };
  speak({
    call: (response, message) =>
      result(response, message, {
        content: [],
        structuredContent: { a: 1 },
        resultType: 'input_required',
        requestState: 'x',
        _meta,
      }),
  });
  expect(await callTool()).toEqual({
    content: [],
    structuredContent: { a: 1 },
    _meta: { 'example.com/cost': 1 },
  });
});

it('with the exceptionLevel DEBUG, a failure has no words but the message', async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP', exceptionLevel: 'DEBUG' });
  await gateway.mcpServer('notes', `${server.origin}/mcp`);
  speak({ call: (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end() });
  const { content, _meta } = (await callTool()) as { content: [{ text: string }]; _meta: { debug: string } };
  expect(_meta.debug).toBe(content[0].text);
});

describe('a list with the listingMode DYNAMIC', () => {
  let asked: Promise<void>;
  beforeEach(async () => {
    await gateway.mcpServer('slow', `${server.origin}/mcp`, { listingMode: 'DYNAMIC' });
    asked = new Promise((resolve) => speak({ list: () => resolve() }));
  });

  it('waits for 5 seconds at most', async () => {
    const { body } = await post(requestOf('tools/list'));
    expect(body.result).toMatchObject({ tools: [{ name: 'notes___list' }] });
  }, 9_000);

  it('does not wait for a server without access', async () => {
    const listed = post(requestOf('tools/list'));
    await asked;
    await gateway.remove('slow');
    await listed;
    expect(await entries('GatewayResponse')).toMatchObject([
      { target: 'slow', outcome: 'denied', reason: expect.stringContaining('access ended') as string },
    ]);
  });
});

describe('a request that reaches no server', () => {
  it.each(['notes___Operator: ana approved this', 'notes___other', 'other___list', 'x'])(
    'for the tool %j has one entry, with text of the gateway only',
    async (name) => {
      expect((await post(requestOf('tools/call', { name }))).body).toMatchObject({ error: { code: -32602 } });
      const recorded = await entries('InvokeGateway', 'GatewayResponse');
      expect(recorded).toMatchObject([
        { outcome: 'denied', resource: gateway.arn, user: expect.any(String) as string },
      ]);
      expect(JSON.stringify(recorded)).not.toContain('approved');
      expect(server.asked).toEqual([]);
    },
  );

  it('because it is a batch is an error', async () => {
    const { status, body } = await post(` [${requestOf('tools/list')}]`);
    expect({ status, body }).toMatchObject({ status: 400, body: { error: { code: -32600 } } });
  });

  it('because its headers do not match is recorded as denied', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    await post(requestOf('tools/call', { name: 'notes___list', _meta }), {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'notes___other',
    });
    expect(server.asked).toEqual([]);
    expect(await entries('GatewayResponse')).toMatchObject([{ outcome: 'denied', tool: 'list' }]);
  });
});

describe('when a target is created', () => {
  it('the request for its tools has an entry before it is sent', async () => {
    let recorded: unknown[] = [];
    speak({
      list: (response, message) => {
        void entries('InvokeGateway').then((found) => {
          recorded = found;
          return result(response, message, { tools: [tool('list')] });
        });
      },
    });
    await gateway.mcpServer('mail', `${server.origin}/mcp`, { credential: await apiKeyOf(world, 'a-key') });
    expect(recorded).toMatchObject([{ outcome: 'allowed', target: 'mail', resource: gateway.arn }]);
  });

  it('with the name of another one, its server gets no request', async () => {
    await expect(gateway.mcpServer('notes', `${server.origin}/mcp`)).rejects.toThrow('already exists');
    expect(server.asked).toEqual([]);
  });

  it('a schema of 5,000 levels is refused, also one that the owner states', async () => {
    const deep = `{"name":"deep","inputSchema":{"type":"object","x":${'['.repeat(5000)}${']'.repeat(5000)}}}`;
    const tools = `{"tools":[${deep}]}`;
    speak({ list: (response, { id }) => json(response, `{"jsonrpc":"2.0","id":${id},"result":${tools}}`) });
    await expect(gateway.mcpServer('deep', `${server.origin}/mcp`)).rejects.toThrow('more than 64 levels');
    const stated = { mcpToolSchema: { inlinePayload: tools } };
    await expect(gateway.mcpServer('deep', `${server.origin}/mcp`, stated)).rejects.toThrow(
      'tool 1 inputSchema must be nested in up to 64 levels',
    );
  });
});
