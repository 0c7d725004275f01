/** `agent-identity agent add` and `update`: the issuer that an agent trusts, and the agents that can call it. */
import {
  BedrockAgentCoreClient,
  GetWorkloadAccessTokenForJWTCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
});

afterAll(() => issuer.close());

const trusting = () => ['--issuer', issuer.issuer, '--allowed-audience', issuer.audience];

/** Creates an agent, with these options beyond its name. */
const create = (name: string, ...options: string[]) => local.json(['agent', 'add', name, ...options]);

async function authorizer(name: string): Promise<unknown> {
  const { authorizerConfiguration } = await local.json<{
    authorizerConfiguration?: { customJWTAuthorizer: unknown };
  }>(['agent', 'get', name]);
  return authorizerConfiguration?.customJWTAuthorizer;
}

const trusted = (change: object = {}) => ({
  discoveryUrl: issuer.discoveryUrl,
  allowedAudience: [issuer.audience],
  ...change,
});

const callers = (...workloadIdentities: string[]) => ({
  allowedWorkloadConfiguration: { workloadIdentities },
});

function client(): BedrockAgentCoreClient {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
  const credentials = { accessKeyId, secretAccessKey };
  return new BedrockAgentCoreClient({ endpoint: local.endpoint, region: 'us-east-1', credentials });
}

/** Calls an agent as another agent, for a user: the result, or the message of the error. */
async function call(called: string, calling: string): Promise<string> {
  const userToken = await issuer.token('ana');
  const token = (workloadName: string) =>
    new GetWorkloadAccessTokenForJWTCommand({ workloadName, userToken });
  const { workloadAccessToken } = await client().send(token(calling));
  const asAgent = token(called);
  // The gate sends this member, which the AWS client does not know.
  asAgent.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: unknown };
      const body = JSON.parse(new TextDecoder().decode(request.body as Uint8Array)) as object;
      request.body = JSON.stringify({ ...body, callingAgent: { workloadAccessToken } });
      return next(args);
    },
    { step: 'build', priority: 'high' },
  );
  return client()
    .send(asAgent)
    .then(
      () => 'accepted',
      ({ message }: Error) => message,
    );
}

it('lets the stated agents call an agent, until an update names other agents or none', async () => {
  await create('calendar', ...trusting(), '--allowed-caller', 'travel', '--allowed-caller', 'mail');
  for (const name of ['travel', 'news']) await create(name, ...trusting());
  expect(await call('calendar', 'travel')).toBe('accepted');
  expect(await call('calendar', 'news')).toContain('does not accept calls of the agent "news"');

  expect(await local.run(['agent', 'update', 'calendar', '--allowed-caller', 'news'])).toEqual({
    status: 0,
    stdout: [
      `Trusted issuer of the agent "calendar": ${issuer.discoveryUrl}`,
      'Agents that can call the agent "calendar": news (no longer: travel mail)',
      '',
    ].join('\n'),
    stderr: '',
  });
  expect(await call('calendar', 'news')).toBe('accepted');
  expect(await call('calendar', 'travel')).toContain('does not accept calls of the agent "travel"');

  expect((await local.run(['agent', 'update', 'calendar', '--no-allowed-callers'])).stdout).toContain(
    'Agents that can call the agent "calendar": none (no longer: news)\n',
  );
  expect(await call('calendar', 'news')).toContain('does not accept calls of the agent "news"');
  expect(await authorizer('calendar')).toEqual(trusted());
});

it('warns about callers that do not exist, and about an issuer without metadata', async () => {
  await create('known', ...trusting());
  const callers = ['--allowed-caller', 'known', '--allowed-caller', 'knwon'];
  const warning =
    'You have no agent "knwon". Unless it belongs to another owner, correct the name: agent-identity agent update warned --allowed-caller known --allowed-caller NAME\n';
  const added = await local.run([
    'agent',
    'add',
    'warned',
    '--return-url',
    'http://127.0.0.1:9/done',
    ...trusting(),
    ...callers,
  ]);
  expect(added).toMatchObject({ status: 0, stderr: warning });
  expect(await local.run(['agent', 'update', 'warned', ...callers])).toMatchObject({
    status: 0,
    stderr: warning,
  });

  const misspelled = ['--issuer', `${issuer.issuer}/realm`, '--allowed-client', 'app'];
  expect(await local.run(['agent', 'update', 'warned', ...misspelled])).toMatchObject({
    status: 0,
    stderr: `There is no metadata of an identity provider at ${issuer.issuer}/realm/.well-known/openid-configuration: HTTP status 404. Correct the URL: the server has no document there. The option for the URL is --issuer.\n`,
  });
  expect(await authorizer('warned')).toMatchObject({ allowedClients: ['app'] });
});

it('shows the issuer, its conditions, and the callers', async () => {
  const options = ['--allowed-client', 'app', '--allowed-caller', 'travel', '--allowed-caller', 'mail'];
  const added = await local.run(['agent', 'add', 'shown', ...trusting(), ...options]);
  expect((await local.run(['agent', 'get', 'shown'])).stdout).toContain(added.stdout);
  expect(added.stdout.split('\n').slice(2, -1)).toEqual([
    `Trusted issuer    ${issuer.discoveryUrl}`,
    `Allowed audience  ${issuer.audience}`,
    'Allowed client    app',
    'Allowed caller    travel',
    'Allowed caller    mail',
  ]);
});

it('keeps what the options do not name', async () => {
  const url = 'https://app.example/connected';
  await create('kept', '--return-url', url, ...trusting(), '--allowed-caller', 'travel');
  await local.json(['agent', 'update', 'kept', '--allowed-client', 'app']);
  expect(await authorizer('kept')).toEqual(trusted({ allowedClients: ['app'], ...callers('travel') }));
  await local.json(['agent', 'update', 'kept', '--return-url', 'https://app.example/other']);
  expect(await authorizer('kept')).toEqual(trusted({ allowedClients: ['app'], ...callers('travel') }));
  await local.json(['agent', 'update', 'kept', ...trusting()]);
  expect(await authorizer('kept')).toEqual(trusted({ allowedClients: ['app'], ...callers('travel') }));
});

it('does not keep the audiences and clients of another issuer', async () => {
  await create('moved', ...trusting(), '--allowed-caller', 'travel');
  const other = 'https://idp.example/tenant/.well-known/openid-configuration';
  const withoutClient = await local.run(['agent', 'update', 'moved', '--issuer', other]);
  expect(withoutClient).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('An issuer needs --allowed-audience or --allowed-client.') as string,
  });
  expect(await authorizer('moved')).toEqual(trusted(callers('travel')));
  await local.json(['agent', 'update', 'moved', '--issuer', other, '--allowed-client', 'app']);
  expect(await authorizer('moved')).toEqual({
    discoveryUrl: other,
    allowedClients: ['app'],
    ...callers('travel'),
  });
});

it('removes the audiences or the clients of the same issuer, but not both', async () => {
  await create('narrow', ...trusting(), '--allowed-client', 'app', '--allowed-caller', 'travel');
  const update = (...options: string[]) => local.run(['agent', 'update', 'narrow', ...options]);
  expect((await update('--no-allowed-audiences')).stdout).toContain(
    `Allowed audiences of the agent "narrow": any (was limited to: ${issuer.audience})`,
  );
  const { discoveryUrl } = issuer;
  expect(await authorizer('narrow')).toEqual({ discoveryUrl, allowedClients: ['app'], ...callers('travel') });
  expect(await update('--no-allowed-clients')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('An issuer needs --allowed-audience or --allowed-client.') as string,
  });
  await update('--no-allowed-clients', '--allowed-audience', issuer.audience);
  expect(await authorizer('narrow')).toEqual(trusted(callers('travel')));
});

it("returns to the deployment's issuers, and to no callers", async () => {
  await create('returned', ...trusting(), '--allowed-caller', 'travel');
  expect((await local.run(['agent', 'update', 'returned', '--no-issuer'])).stdout).toBe(
    'Trusted issuer of the agent "returned": the deployment\'s\nAgents that can call the agent "returned": none (no longer: travel)\n',
  );
  expect(await authorizer('returned')).toBeUndefined();
  expect((await local.run(['agent', 'update', 'returned', '--no-allowed-callers'])).status).toBe(0);
});

it.each([
  [
    'callers without an issuer',
    ['--allowed-caller', 'travel'],
    /need --issuer, unless the agent has an issuer/,
  ],
  [
    'an issuer without recipients',
    ['--issuer', 'https://idp.example'],
    /An issuer needs --allowed-audience or --allo/,
  ],
])('rejects %s when it creates an agent', async (_what, options, message) => {
  const { status, stderr } = await local.run(['agent', 'add', 'refused', ...options]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) as string });
});

it.each([
  [
    ['--allowed-caller', 'travel', '--no-allowed-callers'],
    /^Set either --allowed-caller or --no-allowed-callers/,
  ],
  [
    ['--allowed-audience', 'app', '--no-allowed-audiences'],
    /^Set either --allowed-audience or --no-allowed-audiences/,
  ],
  [
    ['--allowed-client', 'app', '--no-allowed-clients'],
    /^Set either --allowed-client or --no-allowed-clients/,
  ],
  [['--no-issuer', '--allowed-client', 'app'], /^Set --no-issuer without --issuer/],
])('rejects %j when it changes an agent', async (options, message) => {
  const { status, stderr } = await local.run(['agent', 'update', 'refused', ...options]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) as string });
});
