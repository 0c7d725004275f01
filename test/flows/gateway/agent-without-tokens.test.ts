/** The process of an agent, searched for the access token of its user while it reads the calendar, and afterwards. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUpGateway } from '../../../examples/local/agent-setup';
import { RETURN_URL, World, type TestAgent } from '../support/world';
import { providerArn } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile({ scopes: ['openid', 'offline_access', 'calendar.read'] });
const calendar = TargetServer.ofFile();
let agent: TestAgent;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  agent = await world.agent();
  await agent.connect('ana', { scopes: ['calendar.read'] });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-without-tokens-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  }
  await rm(folder, { recursive: true });
});

/** Starts the agent, whose working and temporary folder is that of the test. */
async function startAgent(options: object) {
  const { accessKeyId, secretAccessKey } = world.local.principals.agent;
  const child = fork(
    join(__dirname, '../support/agent-process.ts'),
    [JSON.stringify({ endpoint: world.local.endpoint, calendarProvider: agent.providerName, ...options })],
    {
      cwd: folder,
      execArgv: ['--require', require.resolve('tsx/cjs')],
      env: {
        ...{ PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
        ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      },
      silent: true,
    },
  );
  children.push(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (log += String(chunk)));
  const [origin] = (await once(child, 'message')) as [string];
  const heap = async (): Promise<string> => {
    child.send('heap');
    return ((await once(child, 'message')) as [string])[0];
  };
  return { origin, heap, log: () => log };
}

/** Asks the agent as its gate does. Returns its answer, and the places where the token of the user was found. */
async function searched(options: object): Promise<{ answer: string; places: string[] }> {
  const { origin, heap, log } = await startAgent(options);
  let during = '';
  calendar.run = async (response) => {
    during = await heap();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"events":[]}');
  };
  const response = await fetch(`${origin}/invocations`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      WorkloadAccessToken: await agent.token({ userId: 'ana' }),
      OAuth2CallbackUrl: RETURN_URL,
    },
    body: JSON.stringify({ question: 'What is on?', state: 'of this browser' }),
  });
  const answer = await response.text();
  const token = calendar.asked[0]?.headers.authorization?.replace('Bearer ', '') ?? '';
  expect(token.length).toBeGreaterThan(20);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const searchedIn = { during, afterwards: await heap(), files: contents.join(), log: log(), answer };
  expect(during.length).toBeGreaterThan(1_000_000);
  const places = Object.entries(searchedIn).filter(([, content]) => content.includes(token));
  return { answer, places: places.map(([place]) => place) };
}

it('has the token in its memory if it calls the calendar itself', async () => {
  const { answer, places } = await searched({ eventsUrl: `${calendar.origin}/events` });
  expect(answer).toContain('"kind":"events"');
  expect(places).toContain('during');
});

it('never has the token if it calls the calendar through the gateway of the examples', async () => {
  const options = {
    name: 'examples',
    providerArn: providerArn('oauth2', agent.providerName),
    url: calendar.origin,
  };
  const gatewayUrl = await setUpGateway(world.control('agent'), options);
  world.gates.push(new URL(gatewayUrl).origin);
  // The next start finds it.
  expect(await setUpGateway(world.control('agent'), options)).toBe(gatewayUrl);
  const { answer, places } = await searched({ gatewayUrl, eventsUrl: `${gatewayUrl}/calendar/events` });
  expect(answer).toContain('"kind":"events"');
  expect(places).toEqual([]);
});
