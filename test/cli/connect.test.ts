/** `agent-identity connect` with real authorization servers: the registration of a client, and the first token. */
import { readFile } from 'node:fs/promises';
import { Browser } from '../flows/support/browser';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from '../flows/support/mcp-server';
import { signInAndConsent, startProvider, type TestProvider } from '../flows/support/provider';
import { freePorts } from '../local/free-ports';
import { ServiceForCommands, type Invocation } from './command-under-test';

const TOKEN = 'initial-access-token-of-the-owner';

const local = ServiceForCommands.ofFile();
/** Registers clients with the token. */
let server: TestProvider;
/** Registers clients without a token. */
let open: TestProvider;
/** Registers no clients. */
let closed: TestProvider;
let mcp: ProtectedMcpServer;
let returnUrl: string;
/** The clients that the server has registered. */
const clients: { client_secret?: string; client_name?: string }[] = [];

beforeAll(async () => {
  server = await startProvider(
    {
      features: {
        registration: { enabled: true, initialAccessToken: TOKEN },
        registrationManagement: { enabled: true },
      },
    },
    {
      ownRedirects: true,
      prepare: (provider) => {
        provider.use(async (ctx, next) => {
          await next();
          if (ctx.path === '/reg' && ctx.status === 201) clients.push({ ...(ctx.body as object) });
        });
      },
    },
  );
  open = await startProvider(
    { scopes: ['openid', 'notes'], features: { ...forAnyResource(), registration: { enabled: true } } },
    { ownRedirects: true },
  );
  closed = await startProvider();
  mcp = await startMcpServer(open.issuer);
  const port = await freePorts();
  returnUrl = `http://127.0.0.1:${port}/done`;
});

afterAll(() => Promise.all([server.close(), open.close(), closed.close(), mcp.close()]));

/** A person who allows access in the browser that the command opens, and returns to the command. */
const consenting: Invocation = {
  openBrowser: async (url) => {
    const page = await signInAndConsent(new Browser(), url, 'alice', returnUrl);
    void fetch(page.url);
    return true;
  },
};

const providerNames = async (): Promise<string[]> => {
  const { oauth2CredentialProviders } = await local.json<{ oauth2CredentialProviders: { name: string }[] }>([
    'provider',
    'list',
  ]);
  return oauth2CredentialProviders.map(({ name }) => name);
};

const atIssuer = (name: string, { issuer }: TestProvider): string[] => ['connect', name, '--issuer', issuer];

/** What `connect` takes for a first token. */
const firstToken = (agent: string): string[] =>
  ['--agent', agent, '--user-id', 'alice'].concat('--return-url', returnUrl);

it('registers the client at an issuer, checks the provider, and gets a first token of a new agent', async () => {
  const options = [
    '--initial-access-token',
    '--client-name',
    'Travel',
    ...firstToken('travel'),
    '--scope',
    'a',
  ];
  const { status, stdout, stderr } = await local.run([...atIssuer('calendar', server), ...options], {
    ...consenting,
    input: `${TOKEN}\n`,
  });
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(
      /^The agent "travel" is created, with the return URL http:.*\nThe user must allow access\./,
    ) as string,
  });
  expect(stdout).toMatch(/^ok {4}client +\S+ \(registered by this command\)$/m);
  expect(stdout).toMatch(/^ok {4}callback URL +http.* is that of the client$/m);
  expect(stdout).not.toMatch(/^(todo|fail)/m);
  expect(stdout).toMatch(/^The agent "travel" has a token for "calendar"\./m);
  const [{ client_name: clientName, client_secret: secret = '' } = {}] = clients;
  expect(clientName).toBe('Travel');
  expect(secret).not.toBe('');
  const log = await readFile(local.logPath, 'utf8');
  for (const text of [TOKEN, secret]) expect(stdout + stderr + log).not.toContain(text);
});

it('connects an MCP server, whose client the service registers', async () => {
  const result = await local.json<{ checks: { status: string }[] }>([
    'connect',
    'notes',
    '--mcp',
    mcp.resource,
  ]);
  expect(result).toMatchObject({
    provider: { name: 'notes', protectedResource: { authorizationServer: open.issuer } },
  });
  expect(result.checks.filter(({ status }) => status === 'todo' || status === 'fail')).toEqual([]);
});

it('prints the callback URL of a vendor before it asks a person for the client', async () => {
  const opened: string[] = [];
  const { status, stdout, stderr } = await local.run(['connect', 'my-slack', '--vendor', 'slack'], {
    answers: [
      ['Client ID: ', 'my-client'],
      ['client secret (not shown): ', 'typed-secret'],
    ],
    openBrowser: (url) => {
      opened.push(url);
      return Promise.resolve(true);
    },
  });
  // The endpoints of the vendor might not respond to this computer: only what precedes the checks is known.
  expect([0, 1]).toContain(status);
  expect(opened).toEqual(['https://api.slack.com/apps']);
  expect(stderr).toMatch(
    /^Register an app at the vendor, with this callback URL:\n {2}http:\S+\/identities\/oauth2\/callback\/\S+\n[^]*Client ID: /,
  );
  expect(stdout + stderr).not.toContain('typed-secret');
  expect(await local.json(['provider', 'get', 'my-slack'])).toMatchObject({
    oauth2ProviderConfigOutput: { slackOauth2ProviderConfig: { clientId: 'my-client' } },
  });
});

it('deletes the provider again if the person gives up', async () => {
  const outcome = await local.run(['connect', 'given-up', '--vendor', 'slack', '--no-browser'], {
    answers: [['Client ID: ', '\u0004']],
  });
  expect(outcome).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(
      'The provider "given-up" was not finished, and is deleted again.',
    ) as string,
  });
  expect(await providerNames()).not.toContain('given-up');
});

it.each([
  [
    'without the token that the server requires',
    [],
    '',
    /registers? clients without an initial access token \(401\)\. Set --initial-access-token, or register a client there, and set --client-id\.$/m,
  ],
  [
    'with a token that the server does not accept',
    ['--initial-access-token'],
    'wrong',
    /does not accept the initial access token, .*\. Set another --initial-access-token, or register/m,
  ],
])('leaves no provider if the registration is rejected: %s', async (_case, options, input, message) => {
  const outcome = await local.run([...atIssuer('rejected', server), ...options], { input });
  expect(outcome).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(message) as string });
  expect(await providerNames()).not.toContain('rejected');
});

it('says what to do at an issuer that registers no clients, and uses a client that a person registered', async () => {
  expect(await local.run(atIssuer('by-hand', closed))).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'The authorization server registers no clients, and there is no terminal for questions. Register one at the vendor, set --client-id, and write its secret to stdin.\n',
  });
  const { clientId, clientSecret: input } = closed;
  expect(await local.run([...atIssuer('by-hand', closed), '--client-id', clientId], { input })).toMatchObject(
    {
      status: 0,
      stdout: expect.stringMatching(/^todo {2}callback URL/m) as string,
    },
  );
});

it('says which command changes a provider that exists', async () => {
  const issuer = atIssuer('existing', open);
  expect(await local.run(issuer)).toMatchObject({ status: 0 });
  expect(await local.run(issuer)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /"existing" already exists\..* Otherwise, use agent-identity provider update\. For a token of it, use agent-identity token get\.$/m,
    ) as string,
  });
  expect(await providerNames()).toContain('existing');
});

it.each([
  ['nothing to connect', [], /^Set --vendor, --issuer, or --mcp\./],
  ['an agent without a user', ['--vendor', 'slack', '--agent', 'a'], /^Name the user by --user-id\./],
  ['a user without an agent', ['--vendor', 'slack', '--user-id', 'a'], /Set --agent\.$/m],
  ['a vendor without its issuer', ['--vendor', 'okta'], /^OktaOauth2 needs --issuer\./],
  [
    'a registration at a vendor',
    ['--vendor', 'slack', '--initial-access-token'],
    /^SlackOauth2 registers no/,
  ],
  ['a name at a vendor', ['--vendor', 'slack', '--client-name', 'Travel'], /^--client-name is for/],
  [
    'a vendor without a terminal',
    ['--vendor', 'slack'],
    /^A person registers the client of SlackOauth2, and/,
  ],
])('rejects %s, and creates nothing', async (_case, options, message) => {
  const outcome = await local.run(['connect', 'wrong', ...options]);
  expect(outcome).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) as string });
  expect(await providerNames()).not.toContain('wrong');
});
