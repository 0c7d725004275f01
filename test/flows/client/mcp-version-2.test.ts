/** The wrappers for MCP servers, under version 2 of the official SDK, with clients of both protocol versions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client,
  StreamableHTTPClientTransport,
  UrlElicitationRequiredError,
  type ClientCapabilities,
  type ElicitRequestURLParams,
} from '@modelcontextprotocol/client';
import { Client as ClientVersion1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UrlElicitationRequiredError as ErrorVersion1 } from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../../../lib/client/index';
import { Browser } from '../support/browser';
import { declineConsent } from '../support/provider';
import { World, type TestAgent } from '../support/world';
import { federated, identityClient, ScriptedClock } from './agent-code';
import { startMcpServer, type TestMcpServer } from './mcp-server';
import { startMcpServerVersion2, type McpServerVersion2 } from './mcp-server-version-2';

const MODERN = '2026-07-28';

/** Its table has what each client gets from each server. */
const GUIDE = readFileSync(join(__dirname, '../../../docs/client.md'), 'utf8');

let agent: TestAgent;
let second: TestAgent;
let server: McpServerVersion2;
let serverVersion1: TestMcpServer;
let consentTimeout: number | undefined;
let clock: Clock & { readonly pauses: number[] } = new ScriptedClock();
const clients: { close(): Promise<void> }[] = [];

const world = World.ofFile();
beforeAll(async () => {
  agent = await world.agent();
  second = await world.agent();
  await world.control().createApiKeyCredentialProvider({ name: 'weather', apiKey: 'the-key-of-the-weather' });
  server = await startMcpServerVersion2(() => ({
    token: { ...federated(world, agent), clock, consentTimeout },
    inner: { ...federated(world, agent), providerName: second.providerName, clock },
    key: { identity: identityClient(world), providerName: 'weather' },
  }));
  serverVersion1 = await startMcpServer(() => federated(world, agent));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
  await serverVersion1.close();
});

const URLS: ClientCapabilities = { elicitation: { url: {} } };

type Action = 'accept' | 'decline' | 'cancel';

interface ClientSettings {
  readonly url?: string;
  readonly capabilities?: ClientCapabilities;
  readonly mode?: 'auto' | 'legacy' | { readonly pin: typeof MODERN };
  /** Answers each URL that the client is to show. */
  readonly answer?: (url: string) => Action | Promise<Action>;
}

/** A client of version 2, whose requests look like those that the gate forwards. */
async function clientOf(userId: string, settings: ClientSettings = {}) {
  const { url = server.url, capabilities = URLS, mode, answer } = settings;
  const shown: ElicitRequestURLParams[] = [];
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    {
      capabilities,
      ...(mode !== 'legacy' && { versionNegotiation: { mode: mode ?? { pin: MODERN } } }),
    },
  );
  if (answer) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      shown.push(params as ElicitRequestURLParams);
      return { action: await answer((params as ElicitRequestURLParams).url) };
    });
  }
  const headers = { WorkloadAccessToken: await agent.token({ userId }) };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  clients.push(client);
  return { client, shown };
}

/** A client of version 1. */
async function clientVersion1Of(userId: string, url = server.url): Promise<ClientVersion1> {
  const client = new ClientVersion1({ name: 'test', version: '1.0.0' }, { capabilities: URLS });
  const headers = { WorkloadAccessToken: await agent.token({ userId }) };
  await client.connect(new TransportVersion1(new URL(url), { requestInit: { headers } }));
  clients.push(client);
  return client;
}

const text = (value: unknown) => ({ content: [{ type: 'text', text: value }] });
const issued = (): unknown => world.provider.exchanges.at(-1)?.answer.access_token;

/** Opens the URL and consents, in the browser of this user, and completes the authorization. */
const consentAs = (userId: string) => async (url: string) => {
  await agent.complete(await agent.consent(url, userId), { userId });
};

/** Answers a request for consent after the user has consented. */
const consenting = (userId: string) => async (url: string) => {
  await consentAs(userId)(url);
  return 'accept' as const;
};

beforeEach(() => {
  clock = new ScriptedClock();
  consentTimeout = undefined;
});

describe('a client of protocol version 2026-07-28', () => {
  it('shows the URL once: the repeated call waits for the consent, and returns the result of the tool', async () => {
    let opened = '';
    const { client, shown } = await clientOf('ana', {
      answer: (url) => {
        opened = url;
        return 'accept';
      },
    });
    clock = new ScriptedClock([() => undefined, () => undefined, () => consentAs('ana')(opened)]);
    expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
    expect(shown).toEqual([
      { mode: 'url', url: opened, message: expect.stringContaining(agent.providerName) as string },
    ]);
    expect(clock.pauses).toEqual([1000, 1500, 2250]);
    expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
    expect(shown).toHaveLength(1);
  });

  it('gets the result immediately if the user consents before the client repeats the call', async () => {
    const { client, shown } = await clientOf('bea', {
      answer: consenting('bea'),
    });
    expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
    expect([shown.length, clock.pauses]).toEqual([1, []]);
  });

  it.each([
    ['carl', 'without a timeout in the options', undefined],
    ['cora', 'with a longer timeout, which clients would not wait for', 600],
  ])(
    'shows the same URL again when %s has not consented within 50 seconds, %s',
    async (userId, _options, timeout) => {
      consentTimeout = timeout;
      const { client, shown } = await clientOf(userId, {
        answer: async (url) => {
          if (shown.length === 2) await consentAs(userId)(url);
          return 'accept' as const;
        },
      });
      expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
      expect(clock.pauses.reduce((sum, pause) => sum + pause)).toBe(50_000);
      expect(shown).toHaveLength(2);
      expect(shown[1]).toEqual(shown[0]);
    },
  );

  it.each([
    ['decline' as const, 'declined to let this agent use'],
    ['cancel' as const, 'did not answer'],
  ])('ends the call on "%s", without another URL, and asks again at the next call', async (action, words) => {
    const { client, shown } = await clientOf(`dora-${action}`, { answer: () => action });
    const result = await client.callTool({ name: 'token' });
    expect(result).toMatchObject({ isError: true, ...text(expect.stringContaining(words)) });
    expect(JSON.stringify(result)).not.toContain('http');
    expect([shown.length, clock.pauses]).toEqual([1, []]);
    await client.callTool({ name: 'token' });
    expect(shown).toHaveLength(2);
    expect(shown[1]).toEqual(shown[0]);
  });

  it('ends the call when the user declines at the provider', async () => {
    let opened = '';
    const { client, shown } = await clientOf('eve', {
      answer: (url) => {
        opened = url;
        return 'accept';
      },
    });
    clock = new ScriptedClock([() => declineConsent(new Browser(), opened, 'http://127.0.0.1:9/')]);
    const result = await client.callTool({ name: 'token' });
    expect(result).toMatchObject({ isError: true, ...text(expect.stringContaining('denied access')) });
    expect([shown.length, clock.pauses]).toEqual([1, [1000]]);
  });

  it('asks for consent again when the resource rejects the token and it cannot be renewed', async () => {
    const old = await agent.connect('fay');
    server.refused.add(old);
    const { client, shown } = await clientOf('fay', {
      answer: consenting('fay'),
    });
    expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
    expect([issued() === old, shown.length]).toEqual([false, 1]);
  });

  it('stops the wait when the client cancels the request', async () => {
    const { client } = await clientOf('gus', { answer: () => 'accept' });
    const cancel = new AbortController();
    let stopped: (reason: unknown) => void = () => undefined;
    const waiting = new Promise((resolve) => {
      stopped = resolve;
    });
    clock.wait = (_milliseconds: number, signal?: AbortSignal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          stopped('the server stopped');
          reject(new Error('aborted'));
        });
        cancel.abort();
      });
    await expect(client.callTool({ name: 'token' }, { signal: cancel.signal })).rejects.toThrow();
    expect(await waiting).toBe('the server stopped');
  });

  it('is asked for each consent of a tool within a tool', async () => {
    const { client, shown } = await clientOf('hal', {
      answer: consenting('hal'),
    });
    expect(await client.callTool({ name: 'two-tokens' })).toMatchObject(text(issued()));
    expect(shown.map(({ message }) => message)).toEqual([
      expect.stringContaining(agent.providerName),
      expect.stringContaining(second.providerName),
    ]);
  });

  it('gets the URL in words if it shows no URLs, and the result after the consent', async () => {
    for (const [userId, capabilities] of Object.entries({
      ina: {},
      ivy: { elicitation: {} },
      isa: { elicitation: { form: {} } },
    })) {
      const { client } = await clientOf(userId, { capabilities });
      const result = await client.callTool({ name: 'token' });
      expect(result).toMatchObject({ isError: true });
      const url = /http\S+/.exec(JSON.stringify(result))?.[0] ?? '';
      await consentAs(userId)(url);
      expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
    }
  });

  it.each<[string, (client: Client) => Promise<unknown>]>([
    ['prompt', (client) => client.getPrompt({ name: 'token' })],
    ['resource', (client) => client.readResource({ uri: 'calendar://token' })],
  ])(
    'gets error -32021 for a %s if it shows no URLs, and otherwise the %s after the consent',
    async (kind, read) => {
      const userId = `jo-${kind}`;
      const { client: without } = await clientOf(userId, { capabilities: {} });
      await expect(read(without)).rejects.toMatchObject({ code: -32021 });
      const { client, shown } = await clientOf(userId, { answer: consenting(userId) });
      expect(JSON.stringify(await read(client))).toContain(String(issued()));
      expect(shown).toHaveLength(1);
      const declining = await clientOf(`${userId}-declines`, { answer: () => Promise.resolve('decline') });
      await expect(read(declining.client)).rejects.toThrow('declined to let this agent use');
    },
  );

  it.each<[string, (client: Client) => Promise<unknown>]>([
    ['prompt', (client) => client.getPrompt({ name: 'token' })],
    ['resource', (client) => client.readResource({ uri: 'calendar://token' })],
  ])('of an earlier version gets the URL as error -32042 for a %s', async (kind, read) => {
    const { client } = await clientOf(`joe-${kind}`, { mode: 'legacy' });
    const failure: unknown = await read(client).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UrlElicitationRequiredError);
    await consentAs(`joe-${kind}`)((failure as UrlElicitationRequiredError).elicitations[0]?.url ?? '');
    expect(JSON.stringify(await read(client))).toContain(String(issued()));
  });

  it('negotiates the version and gets the result', async () => {
    const { client } = await clientOf('kim', {
      mode: 'auto',
      answer: consenting('kim'),
    });
    expect(await client.callTool({ name: 'token' })).toMatchObject(text(issued()));
  });
});

describe('what a client gets depends on the version that it negotiates: ', () => {
  const PINNED = { pin: MODERN } as const;
  const outcomeOf = async (userId: string, url: string, mode: 'auto' | 'legacy' | typeof PINNED) => {
    const shown: string[] = [];
    const answer = (asked: string) => {
      shown.push(asked);
      return 'decline' as const;
    };
    try {
      const { client } = await clientOf(userId, { url, mode, answer });
      await client.callTool({ name: 'token' });
      return shown.length === 1 ? 'a result `input_required`' : 'no question';
    } catch (error) {
      return error instanceof UrlElicitationRequiredError ? 'error -32042' : 'the connection fails';
    }
  };

  it.each<[string, () => string]>([
    ['version 2 of the SDK (`createMcpHandler`)', () => server.url],
    ['version 2 of the SDK, with sessions', () => server.sessionsUrl],
    ['version 1 of the SDK', () => serverVersion1.url],
  ])('%s', async (name, url) => {
    const outcomes = await Promise.all([
      outcomeOf(`${name}-1`, url(), 'legacy'),
      outcomeOf(`${name}-2`, url(), 'auto'),
      outcomeOf(`${name}-3`, url(), PINNED),
    ]);
    const cells = (row: string) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const row = GUIDE.split('\n').find((line) => cells(line)[0] === name) ?? '';
    expect([name, ...outcomes]).toEqual(cells(row));
  });
});

describe('a forged answer to a request for consent', () => {
  interface InputRequired {
    readonly inputRequests: Readonly<Record<string, { readonly params: { readonly url: string } }>>;
  }

  /** Calls the tool once, with these answers. */
  async function callOnce(client: Client, inputResponses?: Readonly<Record<string, unknown>>) {
    const result: unknown = await client.callTool(
      { name: 'token', ...(inputResponses && { inputResponses }) },
      { allowInputRequired: true },
    );
    const { inputRequests = {} } = result as Partial<InputRequired>;
    const [[key, request] = []] = Object.entries(inputRequests);
    return { result, key, url: request?.params.url };
  }

  it('never returns the token of another user, and gets the URL for the user who calls', async () => {
    const { client: victim } = await clientOf('lea');
    const { client: attacker } = await clientOf('mallory');
    const { key = '', url = '' } = await callOnce(victim);
    await consentAs('lea')(url);
    const own = await callOnce(attacker);
    const forged = await callOnce(attacker, { [key]: { action: 'accept' } });
    expect(forged.result).toEqual(own.result);
    expect(forged.key).not.toBe(key);
    expect(JSON.stringify(forged.result)).not.toContain(issued());
  });

  it.each<[string, unknown]>([
    ['has no action', {}],
    ['has an unknown action', { action: 'granted' }],
    ['is not an object', 'accept'],
  ])('is ignored if it %s', async (_, response) => {
    const { client } = await clientOf('nils');
    const { key = '', result } = await callOnce(client);
    const again = await callOnce(client, { [key]: response });
    expect(again.result).toEqual(result);
    expect(clock.pauses).toEqual([]);
  });

  it('is ignored if its key is of no known form, or of another provider', async () => {
    const { client } = await clientOf('olga');
    const { key = '', result } = await callOnce(client);
    for (const other of ['key', `${key}?x`, key.replace(agent.providerName, second.providerName)]) {
      expect((await callOnce(client, { [other]: { action: 'accept' } })).result).toEqual(result);
    }
    expect(clock.pauses).toEqual([]);
  });
});

describe('a client of protocol version 2025-11-25', () => {
  /** The URL in the error of this call, which is the same at the next call. */
  async function urlIn(call: () => Promise<unknown>, type: new (...args: never[]) => Error): Promise<string> {
    const failures = [await call().catch(String), await call().catch((error: unknown) => error)];
    expect(failures[1]).toBeInstanceOf(type);
    const { code, elicitations } = failures[1] as ErrorVersion1;
    expect([code, elicitations.length]).toEqual([-32042, 1]);
    expect(elicitations[0]).toMatchObject({ mode: 'url', elicitationId: expect.any(String) as string });
    return elicitations[0]!.url;
  }

  it.each<[string, () => string]>([
    ['of both versions', () => server.url],
    ['with sessions', () => server.sessionsUrl],
  ])('gets the URL as error -32042 from a server %s', async (_, url) => {
    const userId = `pia-${url().length}-${url() === server.url}`;
    const versionOne = await clientVersion1Of(userId, url());
    const { client } = await clientOf(userId, { url: url(), mode: 'legacy' });
    const call = () => client.callTool({ name: 'token' });
    const link = await urlIn(call, UrlElicitationRequiredError);
    expect(await urlIn(() => versionOne.callTool({ name: 'token' }), ErrorVersion1)).toBe(link);
    await consentAs(userId)(link);
    expect(await call()).toMatchObject(text(issued()));
    expect(await versionOne.callTool({ name: 'token' })).toMatchObject(text(issued()));
  });

  it.each(['legacy' as const, 'auto' as const])(
    'gets the URL as error -32042 from a server with version 1 of the SDK, in mode %s',
    async (mode) => {
      const { client } = await clientOf(`quin-${mode}`, { url: serverVersion1.url, mode });
      const call = () => client.callTool({ name: 'token' });
      await consentAs(`quin-${mode}`)(await urlIn(call, UrlElicitationRequiredError));
      expect(await call()).toMatchObject(text(issued()));
    },
  );
});

it('returns an API key to clients of both protocol versions', async () => {
  const { client } = await clientOf('rob');
  const versionOne = await clientVersion1Of('rob');
  expect(await client.callTool({ name: 'key' })).toMatchObject(text('the-key-of-the-weather'));
  expect(await versionOne.callTool({ name: 'key' })).toMatchObject(text('the-key-of-the-weather'));
});
