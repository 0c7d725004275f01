/**
 * `agent-identity console --stack`: the console of a deployment, in front of a real service and of a server that answers
 * as CloudWatch Logs and AWS CloudFormation do.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ENDPOINT_OUTPUT } from '../../lambda/operations/groups';
import { temporaryFolder } from '../environment/temporary-folder';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { Programs, type Program } from '../local/program';
import { ServiceForCommands } from './command-under-test';

interface LogEvent {
  readonly eventId: string;
  readonly timestamp: number;
  readonly message: string;
}

const service = ServiceForCommands.ofFile();
const programs = new Programs();
let aws: Listening;
let events: LogEvent[];
/** How far back each first page of a read went, in minutes. */
let spans: number[];
let rejects: boolean;
/** Of the output with the endpoint. */
let description: string;
let temporary: string;

const entry = (operation: string, minutesAgo: number): LogEvent => {
  const timestamp = Date.now() - minutesAgo * 60_000;
  const audit = { operation, outcome: 'failed' };
  const message = JSON.stringify({ message: 'audit', timestamp: new Date(timestamp).toISOString(), audit });
  return { eventId: `${operation}-${minutesAgo}`, timestamp, message };
};

const RESOURCES =
  '<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member>' +
  '<PhysicalResourceId>Identity-a</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>' +
  '<LogicalResourceId>Identityoperatorlogs1A2B3C4D</LogicalResourceId>' +
  '<ResourceType>AWS::Logs::LogGroup</ResourceType></member></StackResourceSummaries>' +
  '</ListStackResourcesResult></ListStackResourcesResponse>';

const stackWith = (description: string): string =>
  '<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Description>A stack</Description><Outputs>' +
  '<member><Description>Another</Description><OutputValue>https://other.example</OutputValue></member>' +
  `<member><Description>${description}</Description><OutputValue>${service.endpoint}</OutputValue></member>` +
  '</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>';

/** Returns a page of at most 5,000 events. */
function logPage({ startTime, nextToken }: { startTime: number; nextToken?: string }): object {
  if (rejects) return { __type: 'AccessDeniedException', message: 'Not authorized.' };
  if (nextToken === undefined) spans.push(Math.round((Date.now() - startTime) / 6_000) / 10);
  const found = events.filter(({ timestamp }) => timestamp >= startTime);
  const from = Number(nextToken ?? 0);
  const end = from + 5_000;
  return { events: found.slice(from, end), ...(end < found.length && { nextToken: String(end) }) };
}

beforeAll(async () => {
  aws = await listenOnLoopback(
    createServer((request, response) => {
      void text(request).then((body) => {
        if (body.includes('DescribeStacks')) return response.end(stackWith(description));
        if (request.headers['x-amz-target'] === undefined) return response.end(RESOURCES);
        const output = logPage(JSON.parse(body) as { startTime: number });
        return response.writeHead('__type' in output ? 400 : 200).end(JSON.stringify(output));
      });
    }),
    0,
  );
});
afterAll(() => aws.close());

beforeEach(() => {
  events = [];
  spans = [];
  rejects = false;
  description = `${ENDPOINT_OUTPUT} (and more)`;
  temporary = temporaryFolder('deployed-console');
});
afterEach(() => {
  programs.kill();
});

const start = (options: readonly string[], env = service.env()): Program => {
  const endpoint = `http://127.0.0.1:${aws.port}`;
  return programs.startCommand(['console', '--json', ...options], {
    ...env,
    // The service is that of the stack, and not this one.
    ...(options.includes('--stack') && {
      AGENT_IDENTITY_ENDPOINT: 'http://127.0.0.1:1',
      AWS_REGION: 'us-east-1',
    }),
    TMPDIR: temporary,
    AWS_ENDPOINT_URL_CLOUDFORMATION: endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
};

async function linkOf(program: Program): Promise<URL> {
  let status: number | null | undefined;
  void program.ended.then((code) => (status = code));
  while (!program.stdout.includes('\n')) {
    if (status !== undefined) throw new Error(`ended with ${status}: ${program.stderr}`);
    await new Promise((wait) => setTimeout(wait, 50));
  }
  return new URL((JSON.parse(program.stdout) as { url: string }).url);
}

const post = (url: string, form: Record<string, string>, origin?: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    headers: { ...(origin !== undefined && { origin }) },
  });

/** Opens the console, and returns what gets its pages and sends its forms. */
async function opened(program: Program) {
  const { origin, pathname, searchParams } = await linkOf(program);
  const secret = searchParams.get('secret') ?? '';
  const first = await post(origin + pathname, { secret });
  const session = `${origin}${first.headers.get('location')?.replace(/overview$/, '') ?? ''}`;
  return {
    again: () => post(origin + pathname, { secret }),
    page: async (path: string): Promise<string> =>
      (await (await fetch(session + path)).text()).split('</style>').at(-1) ?? '',
    act: (form: Record<string, string>) => post(`${session}act`, form, origin),
    links: () => post(`${origin}/console/links`, {}),
  };
}

it('shows and acts with the permissions of the operator, until Ctrl-C', async () => {
  events = [entry('Recent', 5), entry('Earlier', 50), entry('TooOld', 70)];
  await service.json(['agent', 'add', 'travel']);
  const program = start(['--stack', 'Identity']);
  await linkOf(program);
  const [folder = ''] = readdirSync(temporary);
  const file = join(temporary, folder, 'console.html');
  expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
  const console = await opened(program);
  expect(existsSync(file)).toBe(false);
  expect((await console.again()).status).toBe(403);
  expect((await console.links()).status).toBe(403);
  const audit = await console.page('audit');
  expect(['Recent', 'Earlier', 'TooOld'].filter((name) => audit.includes(`<td>${name}</td>`))).toEqual([
    'Recent',
    'Earlier',
  ]);
  expect(audit).toContain('agent-identity audit --stack Identity --region us-east-1 --since 30d');
  const done = await console.act({ action: 'suspend-agent', target: 'travel', reason: 'test' });
  expect(done.headers.get('location')).toBe('agents?name=travel&done=suspended');
  const suspended = await console.page('agents?name=travel');
  expect(suspended).toContain('action=resume-agent');
  expect(suspended).toContain(service.endpoint);
  expect(await console.page('audit?since=15+minutes')).not.toContain('Older entries were not read.');
  expect(spans).toEqual([60]);
  await program.stop();
  expect(existsSync(dirname(file))).toBe(false);
});

it('shows what IAM denies, and what the service does not have', async () => {
  const console = await opened(start(['--stack', 'Identity'], service.env('agent')));
  expect(await console.page('agents')).toContain('is not authorized to perform: execute-api:Invoke');
  const operators = await opened(start(['--stack', 'Identity']));
  expect(await operators.page('providers?name=none')).toContain('The request was rejected');
});

it('shows the latest minutes if the last hour has too many entries', async () => {
  events = [
    ...Array.from({ length: 10_001 }, (_, index) => ({ ...entry('Many', 30), eventId: `many-${index}` })),
    entry('Recent', 0.5),
  ];
  const console = await opened(start(['--stack', 'Identity']));
  const audit = await console.page('audit');
  expect(audit).toContain('<td>Recent</td>');
  expect(audit).not.toContain('<td>Many</td>');
  expect(spans).toEqual([60, 10]);
});

it('shows entries that come late, and those after one with a time in the future', async () => {
  events = [{ ...entry('Future', -60), eventId: 'future' }];
  const console = await opened(start(['--stack', 'Identity']));
  expect(await console.page('audit')).toContain('<td>Future</td>');
  events.push(entry('Late', 0.8));
  await new Promise((wait) => setTimeout(wait, 5_100));
  expect(await console.page('audit')).toContain('<td>Late</td>');
});

it('reads single log groups', async () => {
  events = [entry('Recent', 5)];
  const options = ['--endpoint', service.endpoint, '--log-group', 'mine', '--region', 'us-east-1'];
  const console = await opened(start(options));
  const audit = await console.page('audit');
  expect(audit).toContain('<td>Recent</td>');
  expect(audit).toContain('agent-identity audit --region us-east-1 --log-group mine --since 30d');
});

it('says what to do if the stack has no service', async () => {
  description = 'Other';
  const program = start(['--stack', 'Identity']);
  expect(await program.ended).toBe(1);
  expect(program.stderr).toContain('Check --stack and --region, or set --endpoint.');
});

it('says what to do if the audit log cannot be read, at the start and later', async () => {
  rejects = true;
  const program = start(['--stack', 'Identity']);
  expect(await program.ended).toBe(1);
  expect(program.stderr).toContain('the permission logs:FilterLogEvents.');
  rejects = false;
  const running = start(['--stack', 'Identity']);
  const console = await opened(running);
  rejects = true;
  await new Promise((wait) => setTimeout(wait, 5_100));
  expect(await console.page('audit')).toContain('the permission logs:FilterLogEvents.');
  // An operator must be able to act without it.
  await service.json(['agent', 'add', 'watched']);
  const agent = await console.page('agents?name=watched');
  expect(agent).toContain('the permission logs:FilterLogEvents.');
  expect(agent).toContain('action=suspend-agent');
  rejects = false;
  events = [entry('Recent', 1)];
  expect(await console.page('audit')).toContain('<td>Recent</td>');
});

it('works without the audit log, and names the command that reads it', async () => {
  const console = await opened(start(['--endpoint', service.endpoint]));
  const overview = await console.page('overview');
  expect(overview).toContain('The console was opened without the audit log.');
  expect(overview).toContain('agent-identity audit --stack NAME');
  expect(spans).toEqual([]);
});

it.each([
  [['--profile', 'operator'], '--profile is for the console of a service in AWS.'],
  [['--log-group', 'group'], 'Set --endpoint, or --stack.'],
  [['--stack', 'Identity', '--data-dir', 'x'], '--data-dir is for the service on this computer.'],
])('rejects %j with status 2', async (options, message) => {
  const program = start(options);
  expect(await program.ended).toBe(2);
  expect(program.stderr).toContain(message);
});
