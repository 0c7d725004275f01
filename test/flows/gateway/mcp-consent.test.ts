/** An MCP server behind a gateway, whose user has to consent: each protocol version gets the URL in its way. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { connectMcp, gatewayFetch, type ResourceFetch } from '../../../lib/client/index';
import { World, type TestAgent } from '../support/world';
import { callSigned, oauth, openGateway, type TestGateway } from './gateways';
import { decideWith, TestEngine } from './policies';

const world = World.ofFile();
let agent: TestAgent;
let gateway: TestGateway;
let url: string;
const authorizations: (string | undefined)[] = [];

const server = createServer();
beforeAll(async () => {
  const handle = toNodeHandler(
    createMcpHandler(() => {
      const mcp = new McpServer({ name: 'notes', version: '1' });
      mcp.registerTool('list', {}, () => ({ content: [{ type: 'text', text: 'Buy milk' }] }));
      return mcp;
    }),
  ) as (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    authorizations.push(request.headers.authorization);
    void handle(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  agent = await world.agent();
  gateway = await openGateway(world, 'AWS_IAM');
});
afterAll(() => new Promise((closed) => server.close(closed)));

let targets = 0;
beforeEach(async () => {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  authorizations.length = 0;
  url = await gateway.target(`notes-${(targets += 1)}`, endpoint, {
    protocolType: 'MCP',
    credential: oauth(agent.providerName),
  });
});

let users = 0;
/** A user who has not consented yet, and requests of the agent for this user. */
async function newUser(
  gatewayUrl = gateway.url,
): Promise<{ readonly userId: string; readonly send: ResourceFetch }> {
  const userId = `user-${(users += 1)}`;
  const workloadIdentityToken = await agent.token({ userId });
  return { userId, send: gatewayFetch(gatewayUrl, { identity: agent.client, workloadIdentityToken }) };
}

async function consent(authorizationUrl: string | undefined, userId: string): Promise<void> {
  await agent.complete(await agent.consent(authorizationUrl, userId), { userId });
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
};

interface Message {
  readonly result?: {
    readonly resultType?: string;
    readonly inputRequests?: Record<string, { readonly params: { readonly url: string } }>;
    readonly isError?: boolean;
    readonly content?: readonly { readonly text: string }[];
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: object };
}

/** Calls the tool, or another method, as a client of this version, and returns the message of the response. */
async function callTool(
  send: ResourceFetch,
  version: string,
  params: object = {},
  method = 'tools/call',
): Promise<{ readonly status: number; readonly message: Message }> {
  const isModern = version === '2026-07-28';
  const response = await send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': version,
      ...(isModern && { 'mcp-method': method, 'mcp-name': 'list' }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      method,
      params: { name: 'list', arguments: {}, ...(isModern && { _meta: META }), ...params },
    }),
  });
  const text = await response.text();
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return { status: response.status, message: JSON.parse(data) as Message };
}

it('a client of version 2025-11-25 gets the URL as an error when it connects, and connects after the consent', async () => {
  const { userId, send } = await newUser();
  const connect = async () => {
    const client = new Client({ name: 'test', version: '1' });
    return connectMcp(url, { client, Transport: StreamableHTTPClientTransport, gateway: send });
  };
  const error = (await connect().catch((caught: unknown) => caught)) as {
    code: number;
    data: { elicitations: readonly { mode: string; url: string; elicitationId: string }[] };
  };
  const [elicitation] = error.data.elicitations;
  expect(error.code).toBe(-32042);
  expect(elicitation).toMatchObject({ mode: 'url', elicitationId: expect.stringMatching(/^urn:/) as string });
  expect(authorizations).toEqual([]);
  await consent(elicitation?.url, userId);
  const client = await connect();
  expect((await client.listTools()).tools).toMatchObject([{ name: 'list' }]);
  expect(await client.callTool({ name: 'list' })).toMatchObject({ content: [{ text: 'Buy milk' }] });
  expect(authorizations.every((value) => value?.startsWith('Bearer '))).toBe(true);
  await client.close();
});

it('a client of an earlier version gets the URL in words', async () => {
  const { send } = await newUser();
  const { status, message } = await callTool(send, '2025-06-18');
  expect(status).toBe(200);
  expect(message.result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/open this URL in a browser: http/) as string }],
  });
});

describe('a client of version 2026-07-28', () => {
  const VERSION = '2026-07-28';

  it('gets a request for input, and its repeated call waits for the consent', async () => {
    const { userId, send } = await newUser();
    const { message } = await callTool(send, VERSION);
    expect(message.result?.resultType).toBe('input_required');
    const [[key, { params }] = ['', { params: { url: '' } }]] = Object.entries(
      message.result?.inputRequests ?? {},
    );
    const repeated = callTool(send, VERSION, { inputResponses: { [key]: { action: 'accept' } } });
    await consent(params.url, userId);
    expect((await repeated).message.result?.content).toMatchObject([{ text: 'Buy milk' }]);
  });

  it('waits as an open response of its caller', async () => {
    const { userId, send } = await newUser();
    const { message } = await callTool(send, VERSION);
    const [[key, { params }] = ['', { params: { url: '' } }]] = Object.entries(
      message.result?.inputRequests ?? {},
    );
    const waiting = Array.from({ length: 12 }, () =>
      callTool(send, VERSION, { inputResponses: { [key]: { action: 'accept' } } }),
    );
    const refused = await Promise.race(waiting);
    expect(refused.message.error).toMatchObject({
      code: -32003,
      data: { limitKey: 'openResponsesPerCaller' },
    });
    await consent(params.url, userId);
    const ended = (await Promise.all(waiting)).filter((answer) => answer.message.result !== undefined);
    expect(ended).toHaveLength(10);
  });

  it('that hangs up while it waits is no open response any more', async () => {
    const { userId, send } = await newUser();
    const { message } = await callTool(send, VERSION);
    const [[key, { params }] = ['', { params: { url: '' } }]] = Object.entries(
      message.result?.inputRequests ?? {},
    );
    const agreed = { inputResponses: { [key]: { action: 'accept' } } };
    const hangUp = new AbortController();
    const hurried: ResourceFetch = (input, init) => send(input, { ...init, signal: hangUp.signal });
    const waiting = Array.from({ length: 11 }, () => callTool(hurried, VERSION, agreed));
    expect((await Promise.race(waiting)).message.error?.code).toBe(-32003);
    hangUp.abort();
    await Promise.allSettled(waiting);
    let last = callTool(send, VERSION, agreed);
    const isRefused = (): Promise<boolean> =>
      Promise.race([last.then(({ message: { error } }) => error?.code === -32003), wait(1_000, false)]);
    // A slot that nothing releases ends after 30 seconds.
    const until = Date.now() + 15_000;
    while (Date.now() < until && (await isRefused())) last = callTool(send, VERSION, agreed);
    await consent(params.url, userId);
    expect((await last).message.result?.content).toMatchObject([{ text: 'Buy milk' }]);
  });

  it('is decided on again after the consent', async () => {
    const decided = await openGateway(world, 'AWS_IAM');
    url = await decided.target('decided', `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, {
      protocolType: 'MCP',
      credential: oauth(agent.providerName),
    });
    const engine = await TestEngine.create(decided);
    await decideWith(decided, engine);
    await engine.add('permit(principal, action, resource is AgentCore::Gateway);');
    const { userId, send } = await newUser(decided.url);
    const { message } = await callTool(send, VERSION);
    const [[key, { params }] = ['', { params: { url: '' } }]] = Object.entries(
      message.result?.inputRequests ?? {},
    );
    const repeated = callTool(send, VERSION, { inputResponses: { [key]: { action: 'accept' } } });
    // The request waits before the policy is there.
    await wait(1_000);
    await engine.add('forbid(principal, action, resource is AgentCore::Gateway);');
    await consent(params.url, userId);
    await repeated;
    expect(authorizations).toEqual([]);
  });

  it.each(['decline', 'cancel'])('is not asked again after its user chose %s', async (action) => {
    const { send } = await newUser();
    const { message } = await callTool(send, VERSION);
    const [key = ''] = Object.keys(message.result?.inputRequests ?? {});
    const declined = await callTool(send, VERSION, { inputResponses: { [key]: { action } } });
    expect(declined.message.error?.message).toMatch(/did not allow this agent/);
    expect(authorizations).toEqual([]);
  });

  it('gets the URL in words if it shows no URLs', async () => {
    const { send } = await newUser();
    const { message } = await callTool(send, VERSION, {
      _meta: { ...META, 'io.modelcontextprotocol/clientCapabilities': {} },
    });
    expect(message.result).toMatchObject({ isError: true, resultType: 'complete' });
  });

  it('gets an error for a prompt if it shows no URLs', async () => {
    const { send } = await newUser();
    const params = { _meta: { ...META, 'io.modelcontextprotocol/clientCapabilities': {} } };
    expect(await callTool(send, VERSION, params, 'prompts/get')).toMatchObject({
      status: 400,
      message: { error: { code: -32021, data: { requiredCapabilities: { elicitation: { url: {} } } } } },
    });
    expect(authorizations).toEqual([]);
  });

  it('gets the problem document for server/discover', async () => {
    const { userId } = await newUser();
    const discover = { jsonrpc: '2.0', id: 7, method: 'server/discover', params: { _meta: META } };
    const refused = await callSigned(world, url, await agent.token({ userId }), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'mcp-protocol-version': VERSION },
      body: JSON.stringify(discover),
    });
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([
      403,
      { type: 'urn:agent-identity:problem:consent-required', authorizationUrl: expect.any(String) as string },
    ]);
  });
});
