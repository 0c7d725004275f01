/** `connectMcp`: an MCP client of either SDK, whose requests have an access token from the vault. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientVersion1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ConfigurationError,
  connectMcp,
  ConsentRequiredError,
  McpRedirectError,
  ReplacementTokenRejectedError,
  workloadAccessTokens,
} from '../../../lib/client/index';
import { challengesIn, missingScopesIn } from '../../../lib/client/scope-challenge';
import { World, type TestAgent } from '../support/world';
import { federated, ScriptedClock } from './agent-code';
import { startProtectedMcpServer, type ProtectedMcpServer } from './protected-mcp-server';

let agent: TestAgent;
let server: ProtectedMcpServer;
const clients: { close(): Promise<void> }[] = [];
const world = World.ofFile();
beforeAll(async () => {
  agent = await world.agent();
  server = await startProtectedMcpServer(world);
});
afterEach(async () => {
  server.intercept = undefined;
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server.close();
});

const INFO = { name: 'agent', version: '1.0.0' };
const text = (value: string) => ({ content: [{ type: 'text', text: value }] });

/** What the agent knows about one of its users. */
function tokenOptions(userId: string) {
  const usual = federated(world, agent);
  return {
    ...usual,
    workloadIdentityToken: workloadAccessTokens(usual.identity, { workloadName: agent.name, userId }),
  };
}

async function clientOf(
  userId: string,
  more: Partial<Parameters<typeof connectMcp<Client>>[1]> = {},
  url = server.url,
) {
  const client = new Client(INFO, { versionNegotiation: { mode: 'auto' } });
  clients.push(client);
  return connectMcp(url, {
    client,
    Transport: StreamableHTTPClientTransport,
    ...tokenOptions(userId),
    ...more,
  });
}

/** Consents and completes for this user, as often as a URL is sent. */
function consenting(userId: string, times = 3) {
  const links: string[] = [];
  const consent = async () => {
    await agent.complete(await agent.consent(links.at(-1), userId), { userId });
  };
  const clock = new ScriptedClock(Array<typeof consent>(times).fill(consent));
  return { links, options: { clock, onAuthUrl: (link: string) => void links.push(link) } };
}

it('calls a protected server after the consent, with both versions of the SDK', async () => {
  const { links, options } = consenting('ana');
  const client = await clientOf('ana', options);
  expect(await client.callTool({ name: 'read' })).toMatchObject(text('read'));
  const versionOne = await connectMcp(server.url, {
    client: new ClientVersion1(INFO),
    Transport: TransportVersion1,
    ...tokenOptions('ana'),
  });
  clients.push(versionOne);
  expect(await versionOne.callTool({ name: 'read' })).toMatchObject(text('read'));
  expect(links).toHaveLength(1);
});

it('throws the consent error without a request to the server', async () => {
  const before = server.seen.length;
  await expect(clientOf('ben')).rejects.toBeInstanceOf(ConsentRequiredError);
  expect(server.seen).toHaveLength(before);
});

it('replaces a rejected token once, and stops after the second rejection', async () => {
  const old = await agent.connect('cleo');
  const client = await clientOf('cleo', consenting('cleo').options);
  server.refused.add(old);
  expect(await client.callTool({ name: 'read' })).toMatchObject(text('read'));
  expect(server.seen.at(-1)).not.toBe(`Bearer ${old}`);
  const before = server.seen.length;
  server.intercept = (response) => {
    response.writeHead(401).end();
  };
  await expect(client.callTool({ name: 'read' })).rejects.toBeInstanceOf(ReplacementTokenRejectedError);
  expect(server.seen).toHaveLength(before + 2);
});

it('asks for the union of the scopes once, and uses it from then on', async () => {
  await agent.connect('dora');
  const { links, options } = consenting('dora');
  const client = await clientOf('dora', options);
  expect(await client.callTool({ name: 'write' })).toMatchObject(text('write'));
  expect(links).toHaveLength(1);
  expect(world.provider.exchanges.at(-1)?.answer.scope?.toString().split(' ').sort()).toEqual([
    'a',
    'b',
    'openid',
  ]);
  const before = server.seen.length;
  expect(await client.callTool({ name: 'write' })).toMatchObject(text('write'));
  expect(await client.callTool({ name: 'read' })).toMatchObject(text('read'));
  expect(server.seen).toHaveLength(before + 2);
});

/** A server that needs other scopes for each request. */
function challengeWith(scopesOf: (round: number) => string): { round: number } {
  const counted = { round: 0 };
  server.intercept = (response) => {
    counted.round += 1;
    const value = `Bearer error="insufficient_scope", scope="${scopesOf(counted.round)}"`;
    response.writeHead(403, { 'www-authenticate': value }).end();
  };
  return counted;
}

it('does not ask for scopes that it has asked for', async () => {
  await agent.connect('eve', { scopes: ['openid', 'a', 'b'] });
  const { links, options } = consenting('eve');
  const client = await clientOf('eve', { ...options, scopes: ['openid', 'a', 'b'] });
  const counted = challengeWith(() => 'a b');
  await expect(client.callTool({ name: 'read' })).rejects.toThrow();
  expect([counted.round, links.length]).toEqual([1, 0]);
});

it('asks once for each request if the server needs other scopes each time', async () => {
  await agent.connect('ida');
  const { links, options } = consenting('ida');
  const client = await clientOf('ida', options);
  const counted = challengeWith((round) => (round === 1 ? 'c' : `more-${round}`));
  await expect(client.callTool({ name: 'read' })).rejects.toThrow();
  expect([counted.round, links.length]).toEqual([2, 1]);
});

it('asks for more scopes and replaces tokens up to a limit on one connection', async () => {
  await agent.connect('jon');
  const { links, options } = consenting('jon');
  const client = await clientOf('jon', options);
  challengeWith((round) => `more-${round}`);
  for (let request = 0; request < 5; request += 1) {
    await expect(client.callTool({ name: 'read' })).rejects.toThrow();
  }
  expect(links).toHaveLength(3);

  server.intercept = undefined;
  const replaced = consenting('jon', 5);
  const other = await clientOf('jon', { ...replaced.options, stepUp: false });
  let requests = 0;
  server.intercept = (response) => {
    requests += 1;
    response.writeHead(requests % 2 === 1 ? 401 : 400).end();
  };
  for (let request = 0; request < 5; request += 1) {
    await expect(other.callTool({ name: 'read' })).rejects.toThrow();
  }
  expect(requests).toBe(10);
  await expect(other.callTool({ name: 'read' })).rejects.not.toBeInstanceOf(ReplacementTokenRejectedError);
  expect([requests, replaced.links.length]).toEqual([11, 5]);
});

it('asks for no scopes of the server without a user, or with stepUp false', async () => {
  await agent.connect('fay');
  const own = { workloadIdentityToken: await agent.token(), authFlow: 'M2M' as const, scopes: ['a'] };
  for (const options of [own, { stepUp: false, ...consenting('fay').options }]) {
    const client = await clientOf('fay', options);
    await expect(client.callTool({ name: 'write' })).rejects.toThrow();
  }
});

describe('the address of the server', () => {
  it.each([
    'http://mcp.example/mcp',
    'ftp://127.0.0.1/mcp',
    'https://user:password@mcp.example/mcp',
    'http://127.0.0.1.evil.example/mcp',
    'mcp.example',
  ])('must be https or loopback: %s', async (url) => {
    await expect(clientOf('gus', {}, url)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it.each([301, 302, 303, 307, 308])('is the only one that gets the token: status %i', async (status) => {
    await agent.connect(`hal-${status}`);
    const stolen: unknown[] = [];
    const other = createServer((request, response) => {
      stolen.push(request.headers.authorization);
      response.end();
    });
    await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/mcp`;
    try {
      const client = await clientOf(`hal-${status}`);
      server.intercept = (response) => {
        response.writeHead(status, { location }).end();
      };
      await expect(client.callTool({ name: 'read' })).rejects.toBeInstanceOf(McpRedirectError);
      expect(stolen).toEqual([]);
    } finally {
      await new Promise((closed) => other.close(closed));
    }
  });
});

describe('a challenge for scopes', () => {
  const missing = (value: string, status = 403) =>
    missingScopesIn(new Response(null, { status, headers: { 'www-authenticate': value } }), ['a']);

  it.each<[string, string[]]>([
    ['Bearer error="insufficient_scope", scope="a b c"', ['b', 'c']],
    ['bearer scope="b", error=insufficient_scope', ['b']],
    ['DPoP algs="ES256", Bearer error="insufficient_scope", scope="b b"', ['b']],
    ['Bearer error="insufficient_scope", scope="a"', []],
    ['Bearer error="insufficient_scope"', []],
    ['Bearer error="invalid_token", scope="b"', []],
    ['Basic error="insufficient_scope", scope="b"', []],
    ['Negotiate YQ==, Bearer error="insufficient_scope", scope=b', ['b']],
    ['Bearer error="invalid_token", scope="b", DPoP error="insufficient_scope", scope="c"', ['c']],
    ['Bearer realm="DPoP error=insufficient_scope, scope=b"', []],
    ['Bearer error="insufficient_scope", scope="b', ['b']],
    ['Bearer error = "insufficient\\_scope" , scope = "b"', ['b']],
    ['Bearer error="insufficient_scope", scope="b\\"c"', []],
    [`Bearer error="insufficient_scope", scope="${'b'.repeat(9000)}"`, []],
    [
      `Bearer error="insufficient_scope", scope="${Array.from({ length: 101 }, (_, i) => `s${i}`).join(' ')}"`,
      [],
    ],
  ])('%.60s', (value, scopes) => {
    expect(missing(value)).toEqual(scopes);
  });

  it.each([
    ['a long name', 'a'],
    ['long white space', 'a '],
    ['names that no value follows', 'a=" '],
    ['quotes', '"'],
    ['backslashes', 'a="\\'],
    ['schemes', 'DPoP error '],
    ['commas', ', '],
  ])('is read in a number of steps that grows only with its length: %s', (_what, part) => {
    const reads = (length: number) => {
      let count = 0;
      const text = `DPoP ${part.repeat(length)}`.slice(0, length);
      const counted = new Proxy([...text], {
        get(characters, name) {
          count += 1;
          return Reflect.get(characters, name) as unknown;
        },
      });
      challengesIn(counted);
      return count;
    };
    expect(reads(8192)).toBeLessThan(8 * 8192);
    expect(reads(8193)).toBe(1);
  });

  it('is ignored with another status', () => {
    expect(missing('Bearer error="insufficient_scope", scope="b"', 401)).toEqual([]);
  });
});
