/**
 * What the console shows when the service rejects a call, does not respond, or has more than the console reads; and its
 * audit log, which is read again and again while it grows.
 */
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { CONSOLE_ROUTES } from '../../lambda/api/console';
import { createLocalConsole } from '../../lib/local/console';
import { createGateway } from '../../lib/local/gateway';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';
import { temporaryFolder } from '../environment/temporary-folder';
import { agent } from './gateway-under-test';

const USER = 'u'.repeat(43);

const logPath = join(temporaryFolder('console'), 'service.log');

/** Responses of the service, by the operation. */
let answers: Record<string, { readonly status?: number; readonly body: object }>;
let close: () => Promise<void>;
let endpoint: string;
/** Address of the folder of the session's pages. */
let session: string;

const get = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
  const response = await fetch(`${session}/${path}`);
  return { status: response.status, text: (await response.text()).replaceAll(/\s+/g, ' ') };
};

beforeAll(async () => {
  let serveConsole: RequestListener = (_request, response) => {
    response.writeHead(503).end();
  };
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/console')) return serveConsole(request, response);
    const { status = 200, body } = answers[request.url?.split('/').at(-1) ?? ''] ?? { body: {} };
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const listening = await listenOnLoopback(server, 0);
  ({ close } = listening);
  endpoint = `http://127.0.0.1:${listening.port}`;
  const { handler, link } = createLocalConsole({ endpoint, operator: agent, logPath });
  serveConsole = createGateway({
    accountId: LOCAL_ACCOUNT,
    region: LOCAL_REGION,
    clientPort: listening.port,
    routes: CONSOLE_ROUTES,
    handlers: { console: handler },
    principals: [],
    reportFailure: ({ error }) => {
      throw error;
    },
  });
  const { href, searchParams } = new URL(link());
  const opened = await fetch(href.split('?')[0] ?? '', {
    method: 'POST',
    body: searchParams,
    redirect: 'manual',
  });
  session = `${endpoint}${opened.headers.get('location')?.replace(/\/overview$/, '') ?? ''}`;
});
afterAll(() => close());

beforeEach(() => {
  answers = {
    ListWorkloadIdentities: { body: { workloadIdentities: [] } },
    ListCredentialProviders: { body: { credentialProviders: [] } },
    ListSuspensions: { body: { suspensions: [] } },
    ListGrants: { body: { grants: [] } },
  };
});

it.each([
  [400, 'ValidationException', 400, 'The request was rejected'],
  [404, 'ResourceNotFoundException', 404, 'The request was rejected'],
  [429, 'ThrottlingException', 429, 'The request was rejected'],
  [500, 'InternalServerException', 503, 'The service does not respond'],
])('a response with status %i, %s, is a page with status %i', async (status, type, shown, title) => {
  const logged = jest.spyOn(globalThis.console, 'info').mockReturnValue();
  answers.ListGrants = { status, body: { __type: type, message: 'Because.' } };
  const page = await get('grants?agent=a');
  expect(page.status).toBe(shown);
  expect(page.text).toContain(title);
  expect(page.text.includes('Because.')).toBe(shown < 500);
  logged.mockRestore();
});

it('offers both actions if it cannot read all suspensions', async () => {
  const both = ['action=suspend-user', 'action=resume-user'];
  const offered = async () => {
    const { text } = await get(`people?name=${USER}`);
    return [both.filter((action) => text.includes(action)), text.includes('is unknown')];
  };
  expect(await offered()).toEqual([['action=suspend-user'], false]);
  answers.ListSuspensions = { body: { suspensions: [], nextToken: 'next' } };
  expect(await offered()).toEqual([both, true]);
  const suspensions = [{ userHash: USER, suspendedByIssuer: { since: 1, state: 'DISABLED' } }];
  answers.ListSuspensions = { body: { suspensions, nextToken: 'next' } };
  expect(await offered()).toEqual([['action=resume-user'], false]);
});

it('lists the grants that need consent again, and no other ones', async () => {
  const arn = (kind: string, name: string) =>
    `arn:aws:bedrock-agentcore:us-east-1:${LOCAL_ACCOUNT}:${kind}/${name}`;
  const grant = (provider: string, status: string) => ({
    ...{ grantId: provider, flow: 'USER_FEDERATION', scopes: [], resources: [], audiences: [], status },
    workloadIdentityArn: arn('workload-identity', 'travel'),
    credentialProviderArn: arn('provider', provider),
    userHash: USER,
    renewsAutomatically: false,
  });
  const identity = { name: 'travel', workloadIdentityArn: arn('workload-identity', 'travel') };
  answers.ListWorkloadIdentities = {
    body: {
      workloadIdentities: [
        { ...identity, owner: agent.arn, createdTime: 1, lastUpdatedTime: 1, suspended: false },
      ],
    },
  };
  answers.ListGrants = { body: { grants: [grant('ended', 'NEEDS_CONSENT'), grant('fresh', 'ACTIVE')] } };
  const [, listed] = (await get('overview')).text.split('What needs a person');
  expect(listed).toContain('providers?name=ended');
  expect(listed).not.toContain('providers?name=fresh');
});

it('shows what was appended to the log once, also in a new log', async () => {
  const line = (operation: string): string =>
    `${JSON.stringify({ message: 'audit', timestamp: new Date().toISOString(), audit: { operation, outcome: 'failed' } })}\n`;
  const shown = async () => {
    const { text } = await get('audit?outcome=not+allowed');
    return [...text.matchAll(/<td>(\w+é)<\/td>/g)].map(([, operation]) => operation);
  };
  expect(await shown()).toEqual([]);
  const first = Buffer.from(line('Firsté'));
  const second = Buffer.from(line('Secondé'));
  const middle = second.indexOf('é') + 1;
  await writeFile(logPath, Buffer.concat([first, second.subarray(0, middle)]));
  expect(await shown()).toEqual(['Firsté']);
  await appendFile(logPath, second.subarray(middle));
  expect(await Promise.all([shown(), shown()])).toEqual(Array(2).fill(['Secondé', 'Firsté']));
  await writeFile(logPath, line('Newé'));
  expect(await shown()).toContain('Newé');
});

it('does not show a log that cannot be read as an empty one', async () => {
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  await rm(logPath, { force: true });
  await mkdir(logPath);
  expect((await get('audit')).status).toBe(503);
  expect(written).toHaveBeenCalledWith(expect.stringContaining('The console failed: Error'));
  await rm(logPath, { recursive: true });
});

it('says that the log has older entries only if it reads less than the log', async () => {
  const lineAt = (time: number): string =>
    `${JSON.stringify({ message: 'audit', timestamp: new Date(time).toISOString(), audit: { operation: 'Op', outcome: 'failed' } })}\n`;
  const line = lineAt(Date.now());
  const command = `agent-identity audit --since 30d --log-file ${logPath}`;
  // From before the period that is searched below.
  await writeFile(logPath, lineAt(Date.now() - 86_400_000));
  expect((await get('audit')).text).not.toContain(command);
  await appendFile(logPath, line.repeat(Math.ceil((9 * 1024 * 1024) / line.length)));
  const { text } = await get('audit?operation=Other&since=1+hour');
  expect(text).toContain('Older entries were not read.');
  expect(text).toContain(command);
});

it('has a page for a provider with an API key, which has no grants, and none for an unknown one', async () => {
  answers.ListGrants = { status: 404, body: { __type: 'ResourceNotFoundException', message: 'No such.' } };
  const provider = {
    name: 'weather',
    credentialProviderArn:
      'arn:aws:bedrock-agentcore:us-east-1:1:token-vault/default/apikeycredentialprovider/weather',
    owner: agent.arn,
    createdTime: 1,
    lastUpdatedTime: 1,
  };
  answers.ListCredentialProviders = { body: { credentialProviders: [provider] } };
  const page = await get('providers?name=weather');
  expect([page.status, page.text.includes('has an API key')]).toEqual([200, true]);
  expect((await get('providers?name=unknown')).status).toBe(404);
});

it('says where the search for suspended people stopped', async () => {
  const stopped = 'more people can be suspended';
  expect((await get('people')).text).not.toContain(stopped);
  answers.ListSuspensions = { body: { suspensions: [], nextToken: 'next' } };
  const { text } = await get('people');
  expect(text).toContain(stopped);
  expect(text).toContain('href="people?after=next"');
});

/** Writes entries to the log: each is the operation, the request, and the token. */
const logEntries = (entries: readonly (readonly [operation: string, requestId: string, jti: string])[]) =>
  writeFile(
    logPath,
    entries
      .map(([operation, requestId, jti]) => {
        const audit = { operation, requestId, jti, outcome: 'allowed', user: 'x\ud800', chain: [{ a: 1 }] };
        return `${JSON.stringify({ message: 'audit', timestamp: new Date().toISOString(), audit })}\n`;
      })
      .join(''),
  );

it('shows the steps of a request that is one of many with the same token', async () => {
  const many = Array.from({ length: 120 }, (_, index) => ['Many', `many-${index}`, 'token'] as const);
  await logEntries([['First', 'first', 'other'], ...many, ['Own', 'own', 'token'], ...many]);
  const { text } = await get('steps?request=own');
  expect(text).toContain('Service: Own');
  expect(text.match(/<li> <h2>/g)).toHaveLength(100);
  expect(text).toContain('There are more entries than the page shows.');
  expect((await get('steps?request=first')).text).not.toContain('There are more entries');
});

it('shows entries that are not as the service writes them', async () => {
  await logEntries([['Strange', 'strange', 'token']]);
  for (const path of ['audit', 'people', 'overview', 'steps?request=strange']) {
    expect([path, (await get(path)).status]).toEqual([path, 200]);
  }
});

it('says what the last action did only as long as it is so', async () => {
  const suspensions = [{ workloadName: 'travel', suspendedByOperator: { since: 1, by: agent.arn } }];
  answers.ListSuspensions = { body: { suspensions } };
  const done = 'no token from the next request on';
  expect((await get('agents?name=travel&done=suspended')).text).toContain(done);
  answers.ListSuspensions = { body: { suspensions: [] } };
  expect((await get('agents?name=travel&done=suspended')).text).not.toContain(done);
});

it.each([
  [400, 'The request was rejected'],
  [500, 'The outcome is unknown'],
])('says after an action that got a response with status %i: %s', async (status, title) => {
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const logged = jest.spyOn(globalThis.console, 'info').mockReturnValue();
  answers.SuspendWorkloadIdentity = { status, body: { __type: 'SomeException', message: 'Because.' } };
  const response = await fetch(`${session}/act`, {
    method: 'POST',
    body: new URLSearchParams({ action: 'suspend-agent', target: 'travel' }),
    headers: { origin: endpoint },
  });
  expect(await response.text()).toContain(title);
  written.mockRestore();
  logged.mockRestore();
});
