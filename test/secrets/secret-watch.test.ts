/** The watch finds a planted secret in each kind of place, in each encoding. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { World } from '../flows/support/world';
import type { ServerName } from './carriers';
import { ENCODINGS } from './planted-encodings';
import { SecretWatch, type Leak } from './secret-watch';

const VARIABLES: Partial<Record<ServerName, string>> = {
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  kms: 'AWS_ENDPOINT_URL_KMS',
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  s3: 'AWS_ENDPOINT_URL_S3',
  secretsmanager: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  sts: 'AWS_ENDPOINT_URL_STS',
};
const AWS = Object.keys(VARIABLES) as ServerName[];
const NAMES: readonly ServerName[] = ['service', 'gate', ...AWS, 'third party'];

interface Text {
  readonly header: string;
  readonly body: string;
}

/** A server that responds with what the test chooses. */
interface PlantedServer {
  readonly server: Server;
  readonly origin: string;
  reply: Text;
}

const NOTHING: Text = { header: '', body: '' };

async function startServer(): Promise<PlantedServer> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => {
      outgoing.writeHead(200, { 'x-planted': planted.reply.header });
      // In two parts, of which only the second is the last.
      outgoing.write(planted.reply.body.slice(0, 5));
      outgoing.end(planted.reply.body.slice(5));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const planted: PlantedServer = { server, origin, reply: NOTHING };
  return planted;
}

const send = (
  url: string,
  { header, body }: Text,
  others: Readonly<Record<string, string>> = {},
): Promise<void> =>
  new Promise((done, failed) => {
    const headers = {
      ...others,
      'x-planted': header,
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
    };
    request(url, { method: 'POST', headers }, (response) => {
      response.resume().on('end', done);
    })
      .on('error', failed)
      .end(body);
  });

const sorted = (leaks: readonly Leak[]): string[] =>
  leaks.map(({ kind, number, place }) => `${place} has ${kind} ${number}`).sort();

describe('a planted secret', () => {
  const servers = new Map<ServerName, PlantedServer>();
  const watch = new SecretWatch();
  /** By place, the secrets that were planted there. */
  const planted: string[] = [];
  const secrets: string[] = [];
  let dataDir = '';

  /** Returns new secrets, in all encodings, in one text. They are planted in the place. */
  const plantedIn = (place: string): string =>
    Object.values(ENCODINGS)
      .map((encode) => {
        const secret = randomBytes(24).toString('base64url');
        secrets.push(secret);
        planted.push(`${place} has API key ${secrets.length}`);
        return encode(secret);
      })
      .join(' ');

  const at = (name: ServerName): PlantedServer => servers.get(name)!;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'agent-identity-'));
    for (const name of NAMES) servers.set(name, await startServer());
    for (const [name, variable] of Object.entries(VARIABLES))
      process.env[variable] = at(name as ServerName).origin;
    // Nothing is shown in the terminal. The watch is between these and the writer.
    for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, 'write').mockReturnValue(true);
    watch.start();
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    for (const { server } of servers.values()) {
      server.closeAllConnections();
      server.close();
    }
    await rm(dataDir, { recursive: true });
  });

  it('is found in each kind of place, in each encoding, and nowhere else', async () => {
    for (const name of [...AWS, 'third party'] as const) {
      const { origin } = at(name);
      const place = `request to ${name} ${name === 'third party' ? 'POST ' : ''}/planted`;
      await send(`${origin}/planted?in=${encodeURI(plantedIn(place))}`, NOTHING);
      await send(`${origin}/planted`, { header: plantedIn(place), body: '' });
      await send(`${origin}/planted`, { header: '', body: plantedIn(place) });
      await send(`${origin}/planted`, { header: '', body: JSON.stringify({ Item: [plantedIn(place)] }) });
    }
    for (const name of ['service', 'gate', 'lambda'] as const) {
      const server = at(name);
      const place = `response of ${name} /planted`;
      for (const reply of [
        { header: plantedIn(place), body: '' },
        { header: '', body: plantedIn(place) },
        { header: '', body: JSON.stringify({ error: { message: plantedIn(place) } }) },
      ]) {
        server.reply = reply;
        await send(`${server.origin}/planted`, NOTHING);
      }
      server.reply = NOTHING;
    }
    const log = 'file service.log';
    const files: Record<string, string> = {
      'service.log': [
        JSON.stringify({ audit: { reason: plantedIn(log) } }),
        JSON.stringify({ _aws: { CloudWatchMetrics: [] }, metric: plantedIn(log) }),
        new Error(plantedIn(log)).stack,
      ].join('\n'),
      'dynamodb/000001.log': plantedIn('file dynamodb/000001.log'),
      'principals.json': JSON.stringify({ agent: { arn: plantedIn('file principals.json') } }),
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dataDir, name)), { recursive: true });
      await writeFile(join(dataDir, name), text);
    }
    process.stdout.write(`${plantedIn('output of the process')}\n`);
    process.stderr.write(Buffer.from(`${plantedIn('output of the process')}\n`));

    // The watch learns the secrets only now, from a request like those that create providers.
    await send(`${at('service').origin}/identities/Create`, {
      header: '',
      body: JSON.stringify({ providers: secrets.map((apiKey) => ({ apiKey })) }),
    });
    const [endpoint, gate] = [at('service').origin, at('gate').origin];
    const { marks, leaks } = await watch.end({ endpoint, gates: [gate], dataDir });
    expect(marks).toHaveLength(secrets.length);
    expect(sorted(leaks)).toEqual(planted.sort());
  });
});

/** Returns the kinds of the leaks, after the service issued an access token and a workload access token. */
async function leaksAfter(
  act: (gate: PlantedServer, tokens: { readonly access: string; readonly workload: string }) => Promise<void>,
): Promise<string[]> {
  const [service, gate] = [await startServer(), await startServer()];
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-identity-'));
  const watch = new SecretWatch();
  watch.start();
  const tokens = {
    access: randomBytes(24).toString('base64url'),
    workload: randomBytes(24).toString('base64url'),
  };
  service.reply = { header: '', body: JSON.stringify({ accessToken: tokens.access }) };
  await send(`${service.origin}/identities/oauth2/token`, NOTHING);
  service.reply = { header: '', body: JSON.stringify({ workloadAccessToken: tokens.workload }) };
  await send(`${service.origin}/identities/GetWorkloadAccessToken`, NOTHING);
  await act(gate, tokens);
  const { leaks } = await watch.end({ endpoint: service.origin, gates: [gate.origin], dataDir });
  for (const { server } of [service, gate]) {
    server.closeAllConnections();
    server.close();
  }
  await rm(dataDir, { recursive: true });
  return leaks.map(({ kind, place }) => `${kind} in ${place}`);
}

describe("an agent's token", () => {
  /** Sends a request to an agent's server, which is a third party. */
  async function invoke(path: string, headers: Readonly<Record<string, string>>, body: string) {
    const agent = await startServer();
    await send(`${agent.origin}${path}`, { header: '', body }, headers);
    agent.server.closeAllConnections();
    agent.server.close();
  }

  it.each(['/mcp', '/invocations'])(
    'is meant to be in one header of a request to %s, which has no other token, and in no member',
    async (path) => {
      const leaks = await leaksAfter(async (_gate, { workload }) => {
        await invoke(path, { WorkloadAccessToken: workload }, '{}');
      });
      expect(leaks).toEqual([]);
      const found = await leaksAfter(async (_gate, { access, workload }) => {
        await invoke(path, {}, JSON.stringify({ WorkloadAccessToken: workload }));
        await invoke(path, { authorization: `Bearer ${workload}` }, '{}');
        await invoke(path, { WorkloadAccessToken: access }, '{}');
        await invoke('/other', { WorkloadAccessToken: workload }, '{}');
      });
      expect(found).toEqual([
        `workload access token in request to third party POST ${path}`,
        `workload access token in request to third party POST ${path}`,
        `access token in request to third party POST ${path}`,
        'workload access token in request to third party POST /other',
      ]);
    },
  );
});

describe('a member of a request to a third party', () => {
  /** Sends requests to a third party, each with an access token and then with a workload access token. */
  const leaksOf = (
    requests: readonly ((token: string) => { path: string; headers?: Readonly<Record<string, string>> })[],
  ) =>
    leaksAfter(async (_gate, { access, workload }) => {
      const server = await startServer();
      for (const token of [access, workload]) {
        for (const each of requests) {
          const { path, headers = {} } = each(token);
          await send(`${server.origin}${path}`, NOTHING, headers);
        }
      }
      server.server.closeAllConnections();
      server.server.close();
    });

  it('can repeat no secret of another kind', async () => {
    const found = await leaksOf([
      (token) => ({ path: `/revoke?token=${token}` }),
      (token) => ({ path: `/token?refresh_token=${token}` }),
    ]);
    expect(found).toEqual([
      'access token in request to third party POST /token',
      'workload access token in request to third party POST /revoke',
      'workload access token in request to third party POST /token',
    ]);
  });

  it('can carry no secret that is known as one of another kind', async () => {
    const basic = (token: string) => `Basic ${Buffer.from(`client:${token}`).toString('base64')}`;
    const found = await leaksOf([
      (token) => ({ path: `/token?code_verifier=${token}` }),
      (token) => ({ path: '/resource', headers: { authorization: `Bearer ${token}` } }),
      (token) => ({ path: '/basic', headers: { authorization: basic(token) } }),
    ]);
    expect(found).toEqual([
      'access token in request to third party POST /token',
      'workload access token in request to third party POST /token',
      'workload access token in request to third party POST /resource',
      'workload access token in request to third party POST /basic',
    ]);
  });
});

describe('the response of an agent, which the gate passes on', () => {
  const INVOCATIONS = '/runtimes/agent/invocations';
  const result = (text: string) =>
    `event: message\ndata: ${JSON.stringify({ result: { content: [{ type: 'text', text }] } })}\n\n`;

  it('can have an access token as the text of a tool, but no workload access token, and neither in another member', async () => {
    const pass = async (gate: PlantedServer, body: string, path = INVOCATIONS): Promise<void> => {
      gate.reply = { header: '', body };
      await send(`${gate.origin}${path}`, NOTHING);
    };
    expect(await leaksAfter((gate, { access }) => pass(gate, result(access)))).toEqual([]);
    const found = await leaksAfter(async (gate, { access, workload }) => {
      await pass(gate, result(workload));
      await pass(gate, result('').replace('"type"', `"${access}"`));
      await pass(gate, JSON.stringify({ message: access }));
      await pass(gate, result(access), '/other');
    });
    expect(found).toEqual([
      `workload access token in response of gate ${INVOCATIONS}`,
      `access token in response of gate ${INVOCATIONS}`,
      `access token in response of gate ${INVOCATIONS}`,
      'access token in response of gate /other',
    ]);
  });
});

describe('the running service', () => {
  it('has each secret of a consent only where it is meant to be, until a log line has one in another encoding', async () => {
    const watch = new SecretWatch();
    watch.start();
    const world = await World.start({ issueRefreshToken: () => Promise.resolve(true) });
    const agent = await world.agent();
    const accessToken = await agent.connect('ana');
    const refreshToken = String(world.provider.exchanges[0]?.answer.refresh_token);
    globalThis.console.info(`x${Buffer.from(`:${refreshToken}`).toString('base64')}`);
    globalThis.console.info(Buffer.from(accessToken).toString('hex'));
    const { leaks, marks } = await watch.end({ endpoint: world.local.endpoint, dataDir: world.dataDir });
    await world.stop();
    expect(leaks.map(({ kind, place }) => `${kind} in ${place}`).sort()).toEqual([
      'access token in file service.log',
      'refresh token in file service.log',
    ]);
    expect([...new Set(marks.map(({ kind }) => kind))].sort()).toEqual([
      'IAM secret key',
      'ID token',
      'access token',
      'authorization code',
      'client secret',
      'code verifier',
      'completion URI',
      'cookie',
      'key',
      'refresh token',
      'session URI',
      'state',
      'workload access token',
    ]);
  });
});
