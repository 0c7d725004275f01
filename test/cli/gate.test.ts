/**
 * `agent-identity gate` and `agent-identity local` as two programs, with the official SDK's MCP client
 * in front of it and a real authorization server at which the user signs in.
 */
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { createServer } from 'node:http';
import { decodeJwt } from 'jose';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { startMcpServer, type TestMcpServer } from '../flows/client/mcp-server';
import { AgentServer } from '../flows/gate/agent-server';
import { startSignIn } from '../flows/gate/mcp-endpoint';
import { CLIENT_REDIRECT, McpUser } from '../flows/gate/mcp-user';
import { rolesThat } from '../flows/support/authorizer';
import { startIssuer } from '../flows/support/issuer';
import { alsoSending } from '../flows/support/members-beyond-aws';
import type { TestProvider } from '../flows/support/provider';
import { Programs, type Program } from '../local/program';
import { ServiceForCommands } from './command-under-test';

let service: ServiceForCommands;
let signIn: TestProvider;
let server: TestMcpServer;
const programs = new Programs();

beforeAll(async () => {
  [service, signIn, server] = await Promise.all([
    ServiceForCommands.start(),
    startSignIn(),
    startMcpServer(() => {
      throw new Error('No tool is called.');
    }),
  ]);
  signIn.allowRedirect(CLIENT_REDIRECT);
});

afterAll(async () => {
  programs.kill();
  await Promise.all([service.close(), signIn.close(), server.close()]);
});

/** What the gate prints with --json when it is ready. */
interface Ready {
  readonly name: string;
  readonly invocationUrl: string;
  readonly agentRuntimeArn: string;
  readonly target: string;
  readonly protocol: string;
}

const start = (args: readonly string[], env: Record<string, string> = {}): Program =>
  programs.startCommand(['gate', ...args], {
    ...service.env(),
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...env,
  });

/** Starts a gate at a free port, unless the arguments have another one. */
async function started(...args: string[]): Promise<{ program: Program; ready: Ready }> {
  const program = start(['--port', '0', '--issuer', signIn.issuer, '--json', ...args]);
  await program.ready();
  return { program, ready: JSON.parse(program.stdout.split('\n')[0] ?? '') as Ready };
}

/** The test's authorization server issues no token without a scope, and clients request those of the gate. */
const SCOPE = ['--allowed-scope', 'a'];

/** Returns the lines that a gate has printed, when there are as many. */
async function linesOf(program: Program, output: 'stdout' | 'stderr', count: number): Promise<string[]> {
  for (;;) {
    const lines = program[output].split('\n').slice(0, -1);
    if (lines.length >= count) return lines;
    await new Promise((wait) => setTimeout(wait, 20));
  }
}

const entriesOf = async (program: Program, count: number): Promise<Record<string, unknown>[]> =>
  (await linesOf(program, 'stdout', count + 1))
    .slice(1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function signedIn(login: string, url: string): Promise<McpUser> {
  const user = new McpUser(login, url);
  await user.signIn();
  return user;
}

it('puts an MCP server behind a gate, which clients find and use by its URL alone', async () => {
  const { program, ready } = await started(
    'my-server',
    server.url,
    '--protocol',
    'MCP',
    '--allowed-scope',
    'a',
  );
  expect(ready).toMatchObject({ ready: true, name: 'my-server', target: server.url, protocol: 'MCP' });

  const user = await signedIn('ana', ready.invocationUrl);
  const client = await user.connect();
  expect((await client.listTools()).tools).toMatchObject([{ name: 'token' }]);
  const headers = server.reached.at(-1)?.headers ?? {};
  expect(headers).not.toHaveProperty('authorization');
  expect(decodeJwt(String(headers.workloadaccesstoken))).toMatchObject({
    iss: service.endpoint,
    sub: `${signIn.issuer}#ana`,
    act: { name: 'my-server' },
  });
  await user.leave();

  const [first] = await entriesOf(program, 1);
  expect(first).toMatchObject({ operation: 'InvokeAgentRuntime', outcome: 'allowed' });
  program.child.kill('SIGTERM');
  expect(await program.ended).toBe(0);
  expect(program.stdout + program.stderr).not.toContain(user.accessToken);
});

it('keeps its URL and its workload identity, and changes what another start states', async () => {
  const first = await started('kept', server.url, '--protocol', 'MCP');
  const port = new URL(first.ready.invocationUrl).port;
  await first.program.stop();
  await service.run(['agent', 'update', 'kept', '--return-url', 'https://app.example/connected']);
  await service.run(['agent', 'update', 'kept', '--allowed-caller', 'my-caller']);

  const again = start([
    ...['kept', server.url, '--protocol', 'MCP'],
    ...['--port', port, '--issuer', signIn.issuer],
  ]);
  const [workload, url] = await linesOf(again, 'stdout', 5);
  expect(workload).toBe('Gate of           kept (workload identity unchanged)');
  expect(url).toBe(`Invocation URL    ${first.ready.invocationUrl}`);
  await again.stop();

  const { program } = await started(
    'kept',
    server.url,
    '--allowed-client',
    'x',
    '--return-url',
    'http://127.0.0.1:9/a',
  );
  await program.stop();
  expect(await service.json(['agent', 'get', 'kept'])).toMatchObject({
    allowedResourceOauth2ReturnUrls: ['https://app.example/connected', 'http://127.0.0.1:9/a'],
    authorizerConfiguration: {
      customJWTAuthorizer: {
        discoveryUrl: signIn.discoveryUrl,
        allowedClients: ['x'],
        allowedWorkloadConfiguration: { workloadIdentities: ['my-caller'] },
      },
    },
  });
});

it('adds its audience to those of the same issuer, and says what another issuer replaces', async () => {
  const trustedBy = async (name: string) =>
    (await service.json<{ authorizerConfiguration: object }>(['agent', 'get', name])).authorizerConfiguration;
  const elsewhere = 'http://127.0.0.1:9/.well-known/openid-configuration';
  await service.run(['agent', 'add', 'heard', '--issuer', signIn.issuer, '--allowed-audience', 'my-app']);
  await service.run(['agent', 'add', 'moved', '--issuer', elsewhere, '--allowed-audience', 'my-app']);

  const heard = await started('heard', server.url);
  await heard.program.stop();
  const { discoveryUrl } = signIn;
  expect(await trustedBy('heard')).toEqual({
    customJWTAuthorizer: { discoveryUrl, allowedAudience: ['my-app', heard.ready.invocationUrl] },
  });
  expect(heard.program.stderr).not.toContain('no longer');

  // At another port, its audience takes the place of the earlier one.
  const again = await started('heard', server.url);
  const [change] = await linesOf(again.program, 'stderr', 1);
  await again.program.stop();
  expect(again.ready.invocationUrl).not.toBe(heard.ready.invocationUrl);
  expect(change).toBe(
    `Allowed audiences of the agent "heard": my-app ${again.ready.invocationUrl} (no longer: ${heard.ready.invocationUrl})`,
  );
  expect(await trustedBy('heard')).toEqual({
    customJWTAuthorizer: { discoveryUrl, allowedAudience: ['my-app', again.ready.invocationUrl] },
  });

  const most = Array.from({ length: 50 }, (_, at) => ['--allowed-audience', `app-${at}`]).flat();
  await service.run(['agent', 'update', 'heard', ...most]);
  const full = start(['heard', server.url, '--port', '0', '--issuer', signIn.issuer]);
  expect(await full.ended).toBe(1);
  expect(full.stderr).toContain('run: agent-identity agent update heard --allowed-audience AUDIENCE\n');

  const moved = await started('moved', server.url);
  const [first, second] = await linesOf(moved.program, 'stderr', 2);
  await moved.program.stop();
  expect(first).toBe(`Trusted issuer of the agent "moved": ${discoveryUrl} (no longer: ${elsewhere})`);
  expect(second).toBe(
    `Allowed audiences of the agent "moved": ${moved.ready.invocationUrl} (no longer: my-app)`,
  );
});

it('keeps a workload identity that accepts more tokens than the gate, and requires scopes itself', async () => {
  const target = [server.url, '--protocol', 'MCP', ...SCOPE] as const;
  const first = await started('wide', ...target);
  const { invocationUrl } = first.ready;
  await first.program.stop();
  const widened = { allowedAudience: [invocationUrl, 'portal-client'] };
  await service.run([
    ...['agent', 'update', 'wide'],
    ...widened.allowedAudience.flatMap((audience) => ['--allowed-audience', audience]),
  ]);
  const trusted = async () => {
    const { authorizerConfiguration } = await service.json<{ authorizerConfiguration: object }>([
      ...['agent', 'get', 'wide'],
    ]);
    return authorizerConfiguration;
  };
  const expected = { customJWTAuthorizer: { discoveryUrl: signIn.discoveryUrl, ...widened } };
  expect(await trusted()).toEqual(expected);

  const { port } = new URL(invocationUrl);
  const returnUrl = 'http://127.0.0.1:9/return';
  const again = start([
    ...['wide', ...target, '--issuer', signIn.issuer],
    ...['--port', port, '--return-url', returnUrl],
  ]);
  await linesOf(again, 'stdout', 5);
  expect(await trusted()).toEqual(expected);
  const challenged = await fetch(invocationUrl, { method: 'POST' });
  expect(challenged.headers.get('www-authenticate')).toContain('scope="a"');
  await again.stop();
});

it('keeps the conditions of a workload identity for claims', async () => {
  const customClaims = [rolesThat('CONTAINS', { matchValueString: 'dev' })];
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = service.env();
  const control = new BedrockAgentCoreControl({
    endpoint: service.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  });
  const authorizerConfiguration = {
    customJWTAuthorizer: { discoveryUrl: signIn.discoveryUrl, allowedClients: ['earlier'], customClaims },
  };
  await alsoSending(control, { authorizerConfiguration }).createWorkloadIdentity({ name: 'conditional' });
  const { program } = await started('conditional', server.url, '--allowed-client', 'later');
  await program.stop();
  expect(await service.json(['agent', 'get', 'conditional'])).toMatchObject({
    authorizerConfiguration: { customJWTAuthorizer: { allowedClients: ['later'], customClaims } },
  });
});

it('says what to start while the agent does not run, and works when it does', async () => {
  const agent = await AgentServer.start();
  const target = agent.url;
  await agent.stop();
  const { program, ready } = await started('late', target.replace('/invocations', ''), ...SCOPE);
  // A URL without a path gets the path of the protocol.
  expect(ready.target).toBe(target);
  const hint = `Nothing listens at ${target}. Start the agent there. The gate continues to run.`;
  expect(await linesOf(program, 'stderr', 1)).toEqual([hint]);

  const user = await signedIn('ben', ready.invocationUrl);
  const call = () =>
    fetch(ready.invocationUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
      body: '{"prompt":"hello"}',
    });
  const refused = await call();
  expect(refused.status).toBe(424);
  expect(await refused.json()).toMatchObject({ __type: 'RuntimeClientError' });
  expect(await linesOf(program, 'stderr', 2)).toEqual([hint, hint]);

  const running = createServer((_request, response) => response.end('{"answer":42}'));
  const { close } = await listenOnLoopback(running, Number(new URL(target).port));
  expect(await (await call()).json()).toEqual({ answer: 42 });
  await close();
  await program.stop();
});

it('prints why a token is rejected, and no token', async () => {
  const audience = ['--allowed-audience', 'https://other.example'];
  const { program, ready } = await started('strict', server.url, ...SCOPE, ...audience);
  const user = await signedIn('cleo', ready.invocationUrl);
  const { status } = await fetch(ready.invocationUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.accessToken}` },
  });
  expect(status).toBe(401);
  const [entry] = await entriesOf(program, 1);
  expect(entry).toMatchObject({ outcome: 'denied', reason: expect.stringContaining('aud') as string });
  expect(program.stdout + program.stderr).not.toContain(user.accessToken);
  await program.stop();
});

it('lets pages of the stated origins call, and no others', async () => {
  const { program, ready } = await started(
    ...['web', server.url, '--protocol', 'MCP', '--allowed-origin', 'http://localhost:5173', ...SCOPE],
  );
  const user = await signedIn('dora', ready.invocationUrl);
  const call = (origin: string) =>
    fetch(ready.invocationUrl, {
      method: 'POST',
      headers: {
        origin,
        authorization: `Bearer ${user.accessToken}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
  const preflight = (origin: string) =>
    fetch(ready.invocationUrl, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
  const allowed = async (origin: string) =>
    (await preflight(origin)).headers.get('access-control-allow-origin');
  expect(await allowed('http://localhost:5173')).toBe('http://localhost:5173');
  expect(await allowed('http://localhost:5174')).toBeNull();
  const called = await call('http://localhost:5173');
  expect(called.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
  const other = await call('http://localhost:5174');
  expect(other.headers.get('access-control-allow-origin')).toBeNull();
  expect([called.status, other.status]).toEqual([200, 403]);
  await program.stop();
});

describe('one line on stderr', () => {
  const agent = ['my-agent', 'http://127.0.0.1:8000'];
  const issuer = () => ['--issuer', signIn.issuer];
  const closed = 'http://127.0.0.1:1024';

  it.each<[name: string, args: () => string[], status: number, message: RegExp]>([
    ['a misspelled option', () => [...agent, '--protcol', 'MCP'], 2, /Did you mean --protocol\?/],
    ['another protocol', () => [...agent, '--protocol', 'A2A'], 2, /must be HTTP or MCP/],
    ['a URL that is missing', () => ['my-agent'], 2, /^The argument URL is missing/],
    [
      'a URL without a scheme',
      () => ['my-agent', 'localhost:8000/mcp', ...issuer(), '--protocol', 'MCP'],
      2,
      /^The URL of the agent must begin with http:\/\/ or https:\/\/, such as http:\/\/127\.0\.0\.1:8000\/mcp\. It is "localhost:8000\/mcp"\./,
    ],
    ['no issuer', () => agent, 2, /^The option --issuer is missing: the identity provider/],
    ['an issuer that is not a URL', () => [...agent, '--issuer', 'okta'], 2, /^--issuer must be a URL/],
    [
      'an issuer that does not run',
      () => [...agent, '--issuer', closed],
      1,
      /^The identity provider at http:\/\/127\.0\.0\.1:1024\/.* did not respond \(ECONNREFUSED\)\. Start the identity provider, or correct --issuer\./,
    ],
    [
      'a URL without metadata as the issuer',
      () => [...agent, '--issuer', `${signIn.issuer}/other`],
      1,
      /^There is no metadata of an identity provider at .*\/other\/\.well-known\/openid-configuration: HTTP status 404/,
    ],
    [
      'the address of an identity provider that states another one',
      () => [...agent, '--issuer', signIn.issuer.replace('127.0.0.1', 'localhost')],
      1,
      /^The metadata of the identity provider at http:\/\/localhost:.* cannot be used: the document states the issuer (http:\/\/127\.0\.0\.1:\d+), but .*\. If it is the right issuer, set --issuer \1\./,
    ],
    [
      'a port that is not a number',
      () => [...agent, ...issuer(), '--port', 'http'],
      2,
      /^--port must be a num/,
    ],
    [
      'a time that is not a number',
      () => [...agent, ...issuer(), '--invocation-timeout', '1m'],
      2,
      /^--invocation-timeout must be a number of seconds/,
    ],
    ['a name of digits', () => ['1', 'http://127.0.0.1:8000'], 2, /^The name of the agent must begin/],
    [
      'a service in AWS',
      () => [...agent, ...issuer(), '--endpoint', 'https://id.example', '--region', 'us-east-1'],
      2,
      /works only with a local service\. For a service in AWS, deploy an AgentEndpoint\./,
    ],
  ])('for %s', async (_name, args, status, message) => {
    const outcome = await service.run(['gate', ...args()]);
    expect([outcome.status, outcome.stdout]).toEqual([status, '']);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trimEnd()).not.toContain('\n');
  });

  it.each<[name: string, args: () => string[], message: RegExp]>([
    [
      'http to another computer',
      () => ['my-agent', 'http://192.0.2.1/mcp', ...issuer()],
      /^The URL of the agent must be https/,
    ],
    [
      'an origin with a path',
      () => [...agent, ...issuer(), '--allowed-origin', 'http://localhost:5173/'],
      /^--allowed-origin must be an origin as browsers send it/,
    ],
  ])('for %s, which the gate rejects', async (_name, args, message) => {
    const program = start([...args(), '--port', '0']);
    expect(await program.ended).toBe(2);
    expect(program.stdout).toBe('');
    expect(program.stderr).toMatch(message);
    expect(program.stderr.trimEnd()).not.toContain('\n');
  });

  it('for no issuer, with that of npm start, which has the port after that of the service', async () => {
    const next = Number(new URL(service.endpoint).port) + 1;
    const { stderr } = await service.run(['gate', ...agent]);
    expect(stderr).toMatch(new RegExp(`--issuer http://127\\.0\\.0\\.1:${next}\n$`));
    const ofAws = ['--endpoint', 'https://id.example'];
    expect((await service.run(['gate', ...agent, ...ofAws])).stderr).not.toContain('127.0.0.1');
  });

  it('for a return URL that is not a URL, with its option', async () => {
    const program = start([...agent, ...issuer(), '--port', '0', '--return-url', 'foo']);
    expect(await program.ended).not.toBe(0);
    expect(program.stderr).toMatch(/^--return-url must /);
    expect(program.stderr).not.toContain('llowedResource');
  });

  it('for a busy port, but never with the port of the agent', async () => {
    const { port, close } = await listenOnLoopback(createServer(), 0);
    const later = `http://127.0.0.1:${port + 100}`;
    const program = start(['my-agent', later, ...issuer(), '--port', String(port)]);
    expect(await program.ended).toBe(1);
    expect(program.stderr).toMatch(/set another port: --port \d+\n$/);
    expect(program.stderr).not.toContain(`--port ${port + 100}\n`);
    await close();
  });

  it('for a busy port, with the option that sets another', async () => {
    const { port, close } = await listenOnLoopback(createServer(), 0);
    const program = start([...agent, ...issuer(), '--port', String(port)]);
    expect(await program.ended).toBe(1);
    // Which port it proposes depends on the tests that run at the same time.
    expect(program.stderr).toMatch(
      new RegExp(
        `^Port ${port} is taken\\. Stop the program that uses it, or set another port: --port \\d+\n$`,
      ),
    );
    await close();
  });
});

it('accepts only tokens whose claims meet the options', async () => {
  const issuer = await startIssuer();
  const program = start([
    ...['claims', server.url, '--protocol', 'MCP', '--issuer', issuer.issuer, '--port', '0', '--json'],
    ...['--claim-equals', 'team=blue', '--claim-contains', 'roles=dev', '--claim-contains', 'groups=a,b'],
  ]);
  await program.ready();
  const ready = JSON.parse(program.stdout.split('\n')[0] ?? '') as Ready;
  const call = async (claims: object) => {
    const token = await issuer.token('ana', { aud: ready.invocationUrl, ...claims });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await fetch(ready.invocationUrl, { method: 'POST', headers, body: '{}' })).status;
  };
  const good = { team: 'blue', roles: ['dev', 'ops'], groups: ['b'] };
  expect(await call(good)).not.toBe(401);
  for (const change of [{ team: 'red' }, { roles: ['ops'] }, { groups: ['c'] }]) {
    expect(await call({ ...good, ...change })).toBe(401);
  }
  expect((await entriesOf(program, 4)).map(({ reason }) => reason)).toEqual([
    undefined,
    ...['team', 'roles', 'groups'].map((name) => `user token: claim ${name} does not match`),
  ]);
  program.child.kill('SIGTERM');
  await Promise.all([program.ended, issuer.close()]);
});

it.each([
  [['--claim-equals', 'team'], /^--claim-equals must be NAME=VALUE\. It is "team"\.\n$/],
  [['--claim-equals', 'team=blue,red'], /^--claim-equals must be NAME=VALUE\. /],
  [['--claim-contains', 'roles'], /^--claim-contains must be NAME=VALUE or NAME=VALUE,VALUE\. /],
  [['--claim-contains', 'roles=dev,'], /^--claim-equals and --claim-contains must have 1 or more characters/],
  [['--claim-equals', 'team=b l'], /^--claim-equals and --claim-contains must contain only letters, digits/],
])('rejects %j', async (options, message) => {
  const program = start(['refused', server.url, '--issuer', signIn.issuer, ...options]);
  expect(await program.ended).toBe(2);
  expect(program.stderr).toMatch(message);
});

it('does not listen if the workload identity belongs to another principal', async () => {
  await service.run(['agent', 'add', 'foreign']);
  const program = start(
    [...['foreign', server.url], ...['--issuer', signIn.issuer, '--port', '0']],
    service.env('stranger'),
  );
  expect(await program.ended).toBe(1);
  expect(program.stdout).toBe('');
  expect(program.stderr).toMatch(
    /^arn:\S+:user\/stranger is not authorized to call GetWorkloadIdentity on \S+\/foreign: it belongs to another principal/,
  );
});
