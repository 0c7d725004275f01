/** `agent-identity audit`: from the log of a local service, and from a server that answers as CloudWatch Logs does. */
import { appendFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { userHashOf } from '../../lambda/model/user';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { Programs } from '../local/program';
import { runCommand, type Invocation, type Outcome } from './command-under-test';
import { temporaryFolder } from '../environment/temporary-folder';

const AGENT =
  'arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/';

const line = (minutesAgo: number, audit: object): string =>
  JSON.stringify({
    level: 'INFO',
    message: 'audit',
    timestamp: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
    audit,
  });

const alice = userHashOf({ kind: 'user-id', id: 'alice' });
const bob = userHashOf({ kind: 'jwt', issuer: 'https://idp.example', subject: 'bob' });

const LINES = [
  line(300, { operation: 'Old', outcome: 'allowed' }),
  line(9, {
    operation: 'GetResourceOauth2Token',
    outcome: 'allowed',
    workloadIdentity: `${AGENT}travel`,
    user: alice,
    provider: 'calendar',
  }),
  line(8, {
    operation: 'GetResourceApiKey',
    outcome: 'denied',
    workloadIdentity: `${AGENT}travel-2`,
    user: bob,
    provider: 'weather',
    reason: 'no grant \u001b[31m',
  }),
  '{"message":"audit","timestamp"',
  JSON.stringify({
    level: 'ERROR',
    message: 'Function failed: "audit"',
    timestamp: new Date().toISOString(),
  }),
  line(7, {
    operation: 'ListGrants',
    outcome: 'failed',
    principal: 'arn:aws:iam::000000000000:user/operator',
  }),
];

let folder: string;
let file: string;
const programs = new Programs();

beforeEach(async () => {
  folder = temporaryFolder('audit');
  file = join(folder, 'service.log');
  await writeFile(file, `${LINES.join('\n')}\n`);
});

afterEach(() => {
  programs.kill();
});

const operations = ({ stdout }: Outcome): string[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((entry) => (JSON.parse(entry) as { operation: string }).operation);

const ofFile = (...options: string[]): Promise<Outcome> =>
  runCommand(['audit', '--log-file', file, '--json', ...options]);

it.each([
  ['since an hour by default', [], ['GetResourceOauth2Token', 'GetResourceApiKey', 'ListGrants']],
  [
    'since a longer time',
    ['--since', '7d'],
    ['Old', 'GetResourceOauth2Token', 'GetResourceApiKey', 'ListGrants'],
  ],
  ['since a time', ['--since', new Date(Date.now() - 450_000).toISOString()], ['ListGrants']],
  ['of an agent', ['--agent', 'travel'], ['GetResourceOauth2Token']],
  ['of a provider', ['--provider', 'weather'], ['GetResourceApiKey']],
  ['of an operation', ['--operation', 'ListGrants'], ['ListGrants']],
  ['with an outcome', ['--outcome', 'denied'], ['GetResourceApiKey']],
  ['of a user ID', ['--user-id', 'alice'], ['GetResourceOauth2Token']],
  ['of the user of a token', ['--issuer', 'https://idp.example', '--subject', 'bob'], ['GetResourceApiKey']],
  ['of a hash', ['--user-hash', alice], ['GetResourceOauth2Token']],
  ['that match every filter', ['--user-id', 'alice', '--outcome', 'denied'], []],
])('prints the entries %s', async (_name, options, expected) => {
  expect(operations(await ofFile(...options))).toEqual(expected);
});

it('prints a line for each entry, without characters that a terminal interprets', async () => {
  const { stdout } = await runCommand(['audit', '--log-file', file, '--outcome', 'denied']);
  expect(stdout).toMatch(
    new RegExp(
      `^\\S+Z {2}denied {3}GetResourceApiKey {2}agent=travel-2 {2}user=${bob} {2}provider=weather {2}reason=no grant \\?\\[31m\\n$`,
    ),
  );
});

it('names the trusted issuer with its events, and the portal', async () => {
  const event = {
    operation: 'ReceiveSecurityEvents',
    outcome: 'allowed',
    trustedIssuer: 'people',
    securityEvents: ['session-revoked'],
    result: 'applied',
  };
  const portal = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:consent-portal/mine-0123456789';
  await appendFile(
    file,
    `${line(2, event)}\n${line(1, { operation: 'Portal', outcome: 'allowed', consentPortal: portal })}\n`,
  );
  const { stdout } = await runCommand(['audit', '--log-file', file, '--since', '3m']);
  expect(stdout).toMatch(
    /ReceiveSecurityEvents {2}issuer=people {2}events=session-revoked {2}result=applied\n.* {2}Portal {2}portal=mine-0123456789\n$/,
  );
});

it('shows the calls of an agent through a gateway, with the policy and the limit', async () => {
  const call = {
    operation: 'InvokeGateway',
    outcome: 'rate-limited',
    workloadIdentity: `${AGENT}tools-0123456789`,
    chain: [`${AGENT}travel`],
    target: 'calendar',
    rateLimit: 'agents',
    policyDecision: 'deny',
    policyMode: 'LOG_ONLY',
    policies: ['no_forecast'],
  };
  await appendFile(file, `${line(1, call)}\n`);
  const { stdout } = await runCommand(['audit', '--log-file', file, '--since', '3m', '--agent', 'travel']);
  expect(stdout).toMatch(
    /rate-limited {2}InvokeGateway {2}agent=tools-0123456789 {2}called by=travel {2}target=calendar {2}limit=agents {2}policy=deny \(no_forecast\) log-only\n$/,
  );
});

it('says what to do if nothing matches, or there is no log', async () => {
  expect((await ofFile('--agent', 'other')).stderr).toBe('No entry matches. --since goes further back.\n');
  const { status, stderr } = await runCommand(['audit', '--log-file', join(folder, 'none')]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /cannot be read \(ENOENT\)\. Set --log-file to the audit log that the local service printed at its start, or --stack for a service in AWS\.\n$/,
  );
});

it.each([
  [['--since', 'yesterday'], /--since must be a duration/],
  [['--outcome', 'good'], /allowed.*denied.*failed/],
  [['--log-file', 'x', '--stack', 'y'], /Set --log-file, or --stack or --log-group, not both\./],
])('rejects %j with status 2', async (options, message) => {
  const { status, stderr } = await runCommand(['audit', ...options]);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

it('follows the log, also after an incomplete line', async () => {
  const program = programs.startCommand(
    ['audit', '--log-file', file, '--json', '--follow', '--operation', 'New'],
    {},
  );
  const entry = line(0, { operation: 'New', outcome: 'allowed' });
  await new Promise((wait) => setTimeout(wait, 1500));
  await appendFile(file, entry.slice(0, 20));
  await new Promise((wait) => setTimeout(wait, 700));
  await appendFile(file, `${entry.slice(20)}\n${entry}\n`);
  while (program.stdout.split('\n').length < 3) await new Promise((wait) => setTimeout(wait, 100));
  await program.stop();
  expect(operations({ status: 0, stdout: program.stdout, stderr: '' })).toEqual(['New', 'New']);
});

describe('in CloudWatch Logs', () => {
  interface Call {
    readonly operation: string;
    readonly headers: IncomingHttpHeaders;
    readonly input: Record<string, unknown>;
  }

  const LOGS = 'Identitytokenexchangelogs1A2B3C4D';

  /** A resource of the stack, as AWS CloudFormation lists it. */
  const resource = (type: string, name: string, status = 'CREATE_COMPLETE', logicalId = LOGS): string =>
    `<member><PhysicalResourceId>${name}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus>` +
    `<DriftInformation><StackResourceDriftStatus>NOT_CHECKED</StackResourceDriftStatus></DriftInformation>` +
    `<LogicalResourceId>${logicalId}</LogicalResourceId><ResourceType>${type}</ResourceType></member>`;

  /** Two pages. */
  const STACK = [
    [resource('AWS::Lambda::Function', 'Identity-f'), resource('AWS::Logs::LogGroup', 'Identity-a')],
    [
      resource('AWS::Logs::LogGroup', 'Identity-old', 'DELETE_COMPLETE'),
      resource('AWS::Logs::LogGroup', 'Identity-b'),
      // An agent could write entries into its own log group.
      resource('AWS::Logs::LogGroup', 'Identity-agent', 'CREATE_COMPLETE', 'AgentNavigateLogs1A2B3C4D'),
    ],
  ];

  const stackPage = (index: number): string =>
    '<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStackResourcesResult>' +
    `<StackResourceSummaries>\n${(STACK[index] ?? []).join('\n')}\n</StackResourceSummaries>` +
    `${index + 1 < STACK.length ? `<NextToken>&lt;${index + 1}&gt;</NextToken>` : ''}` +
    '</ListStackResourcesResult></ListStackResourcesResponse>';

  const errorXml = (code: string, message: string): string =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

  let server: Listening;
  let calls: Call[];
  /** Answers before the usual ones. */
  let first: { status: number; body: object | string }[];

  /** Two log groups; the events of the first one are on two pages. */
  function answer({ operation, input }: Call): object | string {
    if (operation === 'ListStackResources') {
      return stackPage(Number(/^<(\d)>$/.exec(String(input.NextToken))?.[1] ?? 0));
    }
    const event = (index: number) => ({ eventId: `e${index}`, timestamp: Date.now(), message: LINES[index] });
    if (input.logGroupName === 'Identity-b') return { events: [event(1)] };
    return input.nextToken === undefined ? { events: [event(5)], nextToken: 'more' } : { events: [event(2)] };
  }

  beforeEach(async () => {
    calls = [];
    first = [];
    server = await listenOnLoopback(
      createServer((request, response) => {
        void text(request).then((body) => {
          const { headers } = request;
          const target = headers['x-amz-target'];
          const input = (
            target === undefined ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body)
          ) as Record<string, unknown>;
          const operation = String(target ?? input.Action).replace('Logs_20140328.', '');
          const call = { operation, headers, input };
          calls.push(call);
          const { status, body: output } = first.shift() ?? { status: 200, body: answer(call) };
          response.writeHead(status);
          response.end(typeof output === 'string' ? output : JSON.stringify(output));
        });
      }),
      0,
    );
  });

  afterEach(() => server.close());

  const run = (...options: string[]): Promise<Outcome> => {
    const invocation: Invocation = {
      env: {
        AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${server.port}/`,
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${server.port}/`,
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret-of-the-operator',
        AWS_REGION: 'eu-west-1',
      },
    };
    return runCommand(['audit', '--json', ...options], invocation);
  };

  it('reads all pages of the log groups that the stack has, in the order of time', async () => {
    const outcome = await run('--stack', 'Identity');
    expect(outcome.stderr).toBe('');
    expect(operations(outcome)).toEqual(['GetResourceOauth2Token', 'GetResourceApiKey', 'ListGrants']);
    expect(
      calls.map(({ operation, input }) => [
        operation,
        input.logGroupName ?? input.StackName,
        input.nextToken ?? input.NextToken,
      ]),
    ).toEqual([
      ['ListStackResources', 'Identity', undefined],
      ['ListStackResources', 'Identity', '<1>'],
      ['FilterLogEvents', 'Identity-a', undefined],
      ['FilterLogEvents', 'Identity-a', 'more'],
      ['FilterLogEvents', 'Identity-b', undefined],
    ]);
    const scope = (service: string) => `Credential=AKIAEXAMPLE/\\d{8}/eu-west-1/${service}/aws4_request`;
    for (const { headers } of calls.slice(0, 2)) {
      expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
      expect(headers.authorization).toMatch(new RegExp(scope('cloudformation')));
    }
    for (const { headers } of calls.slice(2)) {
      expect(headers['content-type']).toBe('application/x-amz-json-1.1');
      expect(headers.authorization).toMatch(new RegExp(scope('logs')));
    }
    expect(calls[2]?.input).toMatchObject({ filterPattern: '{ $.message = "audit" }' });
    expect(Date.now() - Number(calls[2]?.input.startTime)).toBeLessThan(3_700_000);
  });

  it('reads single log groups', async () => {
    expect(operations(await run('--log-group', 'Identity-b'))).toEqual(['GetResourceOauth2Token']);
  });

  it('repeats a throttled request', async () => {
    first = [{ status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } }];
    expect(operations(await run('--log-group', 'Identity-b'))).toEqual(['GetResourceOauth2Token']);
    first = [{ status: 400, body: errorXml('Throttling', 'Rate exceeded') }];
    expect(operations(await run('--stack', 'Identity'))).toHaveLength(3);
  });

  it('names the permission when access is denied, and never the secret key', async () => {
    first = [
      {
        status: 400,
        body: { __type: 'com.amazon#AccessDeniedException', message: 'User is not authorized.' },
      },
    ];
    const { status, stderr } = await run('--log-group', 'Identity-b');
    expect(status).toBe(1);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        name: 'CommandFailed',
        message: 'CloudWatch Logs rejected FilterLogEvents (AccessDeniedException): User is not authorized.',
        next: 'Check --stack or --log-group, the Region, and the permission logs:FilterLogEvents.',
      },
    });
  });

  it.each([
    [
      { status: 200, body: '<ListStackResourcesResponse/>' },
      'The stack "Other" has no log groups of the service in eu-west-1.',
      'Check --stack and --region.',
    ],
    [
      { status: 400, body: errorXml('ValidationError', 'Stack with id &quot;Other&quot; does not exist') },
      'AWS CloudFormation rejected ListStackResources (ValidationError): Stack with id "Other" does not exist',
      'Check --stack, the Region, and the permission cloudformation:ListStackResources.',
    ],
  ])('says that the stack has no log groups, or does not exist: %j', async (response, message, next) => {
    first = [response];
    expect(JSON.parse((await run('--stack', 'Other')).stderr)).toMatchObject({ error: { message, next } });
  });
});
