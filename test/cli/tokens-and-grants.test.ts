/** `agent-identity token get` with a real provider, and what operators then list and suspend. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { Browser } from '../flows/support/browser';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import {
  declineConsent,
  signInAndConsent,
  startProvider,
  type TestProvider,
} from '../flows/support/provider';
import { freePorts } from '../local/free-ports';
import { ServiceForCommands, type Invocation, type Outcome } from './command-under-test';

let local: ServiceForCommands;
let provider: TestProvider;
let issuer: TestIssuer;
let returnUrl: string;

beforeAll(async () => {
  [provider, issuer] = await Promise.all([startProvider(), startIssuer()]);
  local = await ServiceForCommands.start({
    TRUSTED_ISSUERS: JSON.stringify([
      { discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] },
    ]),
  });
  returnUrl = `http://127.0.0.1:${await freePorts()}/done`;
  await local.json(['agent', 'add', 'travel', '--return-url', returnUrl]);
  const { callbackUrl } = await local.json<{ callbackUrl: string }>(
    [
      'provider',
      'add',
      'calendar',
      '--vendor',
      'custom',
      '--client-id',
      provider.clientId,
      '--discovery-url',
      provider.discoveryUrl,
    ],
    { input: provider.clientSecret },
  );
  provider.allowRedirect(callbackUrl);
});

afterAll(async () => {
  await Promise.all([local.close(), provider.close(), issuer.close()]);
});

const GET = [
  'token',
  'get',
  '--agent',
  'travel',
  '--provider',
  'calendar',
  '--scope',
  'a',
  '--scope',
  'offline_access',
];

const get = (options: readonly string[], invocation: Invocation = {}): Promise<Outcome> =>
  local.run([...GET, ...options], invocation);

/** A person who allows access in the browser that the command opens, and returns to the command. */
const consenting = (login: string): Invocation => ({
  openBrowser: async (url) => {
    const page = await signInAndConsent(new Browser(), url, login, returnUrl);
    void fetch(page.url);
    return true;
  },
});

it('does not take an error about a scope for one about the Region', async () => {
  const { status, stderr } = await get(['--scope', 'a b', '--user-id', 'ana']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/scope/);
  expect(stderr).not.toContain('--region');
});

it('obtains a token with consent, and without it the next time; it prints the token only on request', async () => {
  const first = await get(['--user-id', 'alice'], consenting('alice'));
  expect(first).toMatchObject({
    status: 0,
    stdout: 'The agent "travel" has a token for "calendar". Use --show-token to print it.\n',
  });
  expect(first.stderr).toMatch(
    /Open this URL in the browser of the user:\nhttp:\/\/127\.0\.0\.1:\d+\/identities\/oauth2\/authorize\?request_uri=/,
  );
  const issued = provider.exchanges.at(-1)?.answer as { access_token: string };
  expect(first.stdout + first.stderr).not.toContain(issued.access_token);
  expect(await get(['--user-id', 'alice'])).toMatchObject({ status: 0, stderr: '' });
  expect(await get(['--user-id', 'alice', '--show-token'])).toEqual({
    status: 0,
    stdout: `${issued.access_token}\n`,
    stderr: '',
  });
  expect(await local.json([...GET, '--user-id', 'alice'])).toEqual({
    agent: 'travel',
    provider: 'calendar',
    consented: false,
  });
});

it('takes a user token from stdin, and shows it nowhere', async () => {
  const userToken = await issuer.token('bob');
  const outcome = await get(['--user-token'], { ...consenting('bob'), input: `${userToken}\n` });
  expect(outcome.status).toBe(0);
  expect(outcome.stdout + outcome.stderr + (await readFile(local.logPath, 'utf8'))).not.toContain(userToken);
});

it.each([
  ['--scope', '"', /^--scope /],
  ['--provider', 'a b', /^--provider /],
])('names the option of what the service rejects: %s %s', async (option, value, message) => {
  const { status, stderr } = await local.run([
    ...['token', 'get', '--agent', 'travel', '--user-id', 'erin', '--no-browser'],
    ...(option === '--provider' ? [] : ['--provider', 'calendar']),
    ...[option, value],
  ]);
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) as string });
});

it('says that the user declined', async () => {
  const { status, stdout, stderr } = await get(['--user-id', 'carol'], {
    openBrowser: async (url) => {
      await declineConsent(new Browser(), url, returnUrl);
      return true;
    },
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /The user declined, or the provider grants none of the scopes \(access_denied\)\. Run the command again/,
  );
});

it('says which error the provider returned, and that the same request does not help', async () => {
  const { status, stdout, stderr } = await get(['--user-id', 'frank'], {
    openBrowser: async (url) => {
      const browser = new Browser();
      const { headers } = await browser.step(url);
      const request = provider.requestAt(headers.get('location'));
      const callback = new URL(request.get('redirect_uri') ?? '');
      callback.search = new URLSearchParams({
        state: request.get('state') ?? '',
        iss: provider.issuer,
        error: 'invalid_scope',
      }).toString();
      await browser.step(callback.href);
      return true;
    },
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(
    'The consent failed, or was declined (invalid_scope). Correct the provider or the request. Run the command again',
  );
});

it('ignores a return of another request, and a request that is no URL', async () => {
  const forged = ['?session_id=urn:x&state=guessed', '?state=only', '/other?session_id=urn:x'];
  const urls = [...forged.map((end) => `${returnUrl}${end}`), `${new URL(returnUrl).origin}//`];
  const statuses: number[] = [];
  const { status } = await get(['--user-id', 'dave'], {
    openBrowser: async (url) => {
      for (const other of urls) statuses.push((await fetch(other)).status);
      return (await consenting('dave').openBrowser?.(url)) ?? false;
    },
  });
  expect({ status, statuses }).toEqual({ status: 0, statuses: [400, 404, 404, 404] });
});

it('obtains a token of the agent itself', async () => {
  const { status } = await local.run([
    'token',
    'get',
    '--agent',
    'travel',
    '--provider',
    'calendar',
    '--flow',
    'agent',
    '--scope',
    'b',
  ]);
  expect(status).toBe(0);
});

it.each([
  ['no user', [], 2, 'Name the user by --user-id, or by --user-token with the token on stdin.'],
  ['two users', ['--user-id', 'x', '--user-token'], 2, 'Set --user-id or --user-token, not both.'],
])('rejects %s', async (_name, options, status, message) => {
  expect(await get(options)).toEqual({ status, stdout: '', stderr: `${message}\n` });
});

it('says how to add a return URL that the command can listen on', async () => {
  await local.json(['agent', 'add', 'remote', '--return-url', 'https://app.example/done']);
  const { status, stderr } = await local.run([
    'token',
    'get',
    '--agent',
    'remote',
    '--provider',
    'calendar',
    '--user-id',
    'alice',
  ]);
  expect(status).toBe(1);
  expect(stderr).toContain(
    'agent-identity agent update remote --return-url http://127.0.0.1:8400/done --return-url https://app.example/done\n',
  );
});

it('proposes no return URL of the agent that a shell could interpret', async () => {
  await local.json(['agent', 'add', 'quoted', '--return-url', 'https://app.example/$(id)']);
  const { stderr } = await local.run([
    'token',
    'get',
    '--provider',
    'calendar',
    '--agent',
    'quoted',
    '--user-id',
    'ana',
  ]);
  expect(stderr).toContain(
    'agent-identity agent update quoted --return-url http://127.0.0.1:8400/done --return-url URL. Replace each URL with a return URL that agent-identity agent get quoted shows',
  );
  expect(stderr).not.toContain('$(id)');
});

it('says that the port of the return URL is taken', async () => {
  const { port, close } = await listenOnLoopback(createServer(), 0);
  const url = `http://127.0.0.1:${port}/done`;
  const { status, stderr } = await get(['--user-id', 'erin', '--return-url', url]);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^The return URL .* cannot be used \(EADDRINUSE\)\. If your application or a consent portal listens there, choose another /,
  );
  await close();
});

describe('operators', () => {
  it('list grants by agent, provider, and user, and never a token', async () => {
    await get(['--user-id', 'alice'], consenting('alice'));
    const { stdout } = await local.run(['grants', 'list', '--agent', 'travel', '--user-id', 'alice']);
    expect(stdout).toMatch(
      /^AGENT +PROVIDER +USER +STATUS .*\ntravel +calendar +[\w-]{8}… +ACTIVE +\d{4}-.* a/,
    );
    const { grants } = await local.json<{ grants: { userHash: string }[] }>([
      'grants',
      'list',
      '--provider',
      'calendar',
      '--user-id',
      'alice',
    ]);
    expect(grants).toHaveLength(1);
    const [grant] = grants;
    expect(Object.keys(grant ?? {})).toEqual(
      expect.arrayContaining(['grantId', 'credentialProviderArn', 'userHash', 'flow', 'scopes', 'status']),
    );
    expect(await local.json(['grants', 'list', '--user-hash', grant?.userHash ?? ''])).toEqual({
      grants: [expect.objectContaining({ userHash: grant?.userHash })],
    });
    const issued = provider.exchanges.map(({ answer }) => answer.access_token).filter(Boolean);
    for (const token of issued) expect(JSON.stringify(grants)).not.toContain(token);
  });

  it('see which agents and providers have grants before they name one', async () => {
    const { status, stdout, stderr } = await local.run(['grants', 'list']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'Set at least one of --agent, --provider, a user, and --grant-id.\n',
    });
    expect(stdout).toMatch(
      /^AGENT +GRANTS\n(?:.*\n)*travel +[1-9]\d*\n(?:.*\n)*PROVIDER +GRANTS\ncalendar +[1-9]\d*\n/,
    );
  });

  it('revoke grants after a question, here and at the provider', async () => {
    await get(['--user-id', 'grace'], consenting('grace'));
    const revoke = ['grants', 'revoke', '--agent', 'travel', '--user-id', 'grace'];
    expect(await local.run(revoke)).toMatchObject({
      status: 2,
      stderr: 'There is no terminal for a question. Set --yes.\n',
    });
    const refused = await local.run(revoke, { answers: [['[y/N] ', 'no']] });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('calendar (1): Revoking ends all tokens of this consent.\n');
    expect(refused.stderr).toContain('Revoke 1 grant? [y/N] ');
    expect(refused.stderr).toContain('Nothing was revoked.');
    const revoked = await local.run([...revoke, '--yes', '--reason', 'Test']);
    expect(revoked.stdout).toBe(
      "There is no way to end grace's access at calendar (the provider has no revocation endpoint): tokens can stay valid there until they expire.\n",
    );
    expect(revoked.status).toBe(0);
    expect(await local.json(['grants', 'list', '--agent', 'travel', '--user-id', 'grace'])).toEqual({
      grants: [],
    });
    const again = await local.run(revoke, { answers: [['[y/N] ', 'yes']] });
    expect(again.stderr).toContain('No grant matches. Revoke what requests in progress obtain? [y/N] ');
    expect(again.stdout).toMatch(/^There were no tokens to revoke \([\da-f-]{36}\)\.\n$/);
  });

  it.each([
    [['grants', 'revoke', '--yes'], 'Set at least one of --agent, --provider, a user, and --grant-id.'],
    [['grants', 'list', '--issuer', 'https://idp.example'], 'Set --issuer and --subject together.'],
    [['user', 'suspend'], 'Name the user: by --user-id, by --issuer and --subject, or by --user-hash.'],
    [
      ['user', 'suspend', '--user-id', 'a', '--user-hash', 'b'],
      'Name the user once: by --user-id, by --issuer and --subject, or by --user-hash.',
    ],
  ])('receive a message about what %j lacks', async (args, message) => {
    expect(await local.run(args)).toEqual({ status: 2, stdout: '', stderr: `${message}\n` });
  });

  it('suspend and resume an agent of another owner', async () => {
    await local.json(['agent', 'add', 'rogue'], { env: local.env('stranger') });
    expect((await local.run(['agent', 'suspend', 'rogue', '--reason', 'Leaked key'])).stdout).toBe(
      'The agent "rogue" is suspended.\n',
    );
    expect((await local.run(['agent', 'list', '--all'])).stdout).toMatch(
      /^rogue +arn:aws:iam::000000000000:user\/stranger +\d{4}-\S+Z +Leaked key$/m,
    );
    const token = ['token', 'get', '--agent', 'rogue', '--provider', 'calendar', '--flow', 'agent'];
    expect((await local.run(token, { env: local.env('stranger') })).stderr).toBe(
      'The agent "rogue" is suspended. Ask an operator of this service to resume it.\n',
    );
    expect((await local.run(['agent', 'resume', 'rogue'])).stdout).toBe(
      'The agent "rogue" is no longer suspended.\n',
    );
    expect((await local.run(['agent', 'resume', 'rogue'])).stdout).toBe(
      'The agent "rogue" was not suspended.\n',
    );
    expect(await local.run(['agent', 'suspend', 'not-there-yet'])).toEqual({
      status: 0,
      stdout:
        'No agent is named "not-there-yet". An agent that is created with this name starts suspended.\n',
      stderr:
        'If the name is misspelled, suspend the right one, and then run: agent-identity agent resume not-there-yet\n',
    });
    expect(await local.json(['agent', 'suspend', 'not-there-yet'])).toMatchObject({ identityExists: false });
    const { workloadIdentities } = await local.json<{ workloadIdentities: { owner: string }[] }>([
      'agent',
      'list',
      '--owner',
      'arn:aws:iam::000000000000:user/stranger',
    ]);
    expect(workloadIdentities.map(({ owner }) => owner)).toEqual(['arn:aws:iam::000000000000:user/stranger']);
  });

  it('suspend and resume a user, however the user is named', async () => {
    const user = ['--issuer', issuer.issuer, '--subject', 'frank'];
    expect((await local.run(['user', 'suspend', ...user])).stdout).toMatch(
      /^The user [\w-]{43} is suspended\.\n$/,
    );
    const { stderr } = await get(['--user-token'], { input: await issuer.token('frank') });
    expect(stderr).toMatch(/^This user is suspended\./);
    const { userHash } = await local.json<{ userHash: string }>(['user', 'resume', ...user]);
    expect((await local.run(['user', 'resume', '--user-hash', userHash])).stdout).toBe(
      `The user ${userHash} was not suspended.\n`,
    );
  });

  it('suspend a user without permission to list grants', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url?.endsWith('ListGrants') === true ? 403 : 200);
      response.end(JSON.stringify({ userHash: 'hash' }));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const env = { AGENT_IDENTITY_ENDPOINT: `http://127.0.0.1:${port}` };
    expect(await local.run(['user', 'suspend', '--user-id', 'iris'], { env })).toEqual({
      status: 0,
      stdout: 'The user hash is suspended.\n',
      stderr: '',
    });
    await close();
  });

  it('say that a suspended user has no grants, so that a misspelled name is noticed', async () => {
    expect((await get(['--user-id', 'henry'], consenting('henry'))).status).toBe(0);
    expect((await local.run(['user', 'suspend', '--user-id', 'henry'])).stderr).toBe('');
    expect(await local.run(['user', 'suspend', '--user-id', 'hnery'])).toMatchObject({
      status: 0,
      stderr:
        'This user has no grants. If the name is misspelled, suspend the right user, and then run user resume with the same options.\n',
    });
  });
});

describe('doctor', () => {
  const check = (status: string, name: string, detail: RegExp | string) =>
    expect.objectContaining({
      status,
      check: name,
      detail: typeof detail === 'string' ? detail : (expect.stringMatching(detail) as string),
    }) as unknown;

  it('checks the way to the service, its issuers, and the providers', async () => {
    const { status, stdout, stderr } = await local.run(['doctor', '--json', '--issuer', issuer.issuer]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { checks } = JSON.parse(stdout) as { checks: unknown[] };
    expect(checks).toEqual(
      expect.arrayContaining([
        check('ok', 'endpoint', local.endpoint),
        check('ok', 'clock', /^differs by/),
        check('ok', 'signing keys', /published$/),
        check('ok', 'credentials', /^access key AKIA/),
        check('ok', 'signed request', 'signed for execute-api in us-east-1'),
        check('ok', 'operator', /operations of operators/),
        check('ok', 'trusted issuer', new RegExp(`^${issuer.issuer}: \\d+ keys$`)),
        check('ok', 'calendar: discovery', /issuer/),
        check('todo', 'calendar: callback URL', /must be registered/),
      ]),
    );
    expect(stdout).not.toContain(local.env().AWS_SECRET_ACCESS_KEY);
  });

  it('ends with status 1, and says what to do about wrong credentials and an issuer that is down', async () => {
    const { status, stdout, stderr } = await local.run(['doctor', '--issuer', 'http://127.0.0.1:9'], {
      env: { AWS_SECRET_ACCESS_KEY: 'wrong' },
    });
    expect({ status, stderr: stderr.split('\n').at(-2) }).toEqual({ status: 1, stderr: 'A check failed.' });
    expect(stdout).toMatch(
      /^fail {2}signed request +The signature does not match.*\n +Requests are signed for execute-api in us-east-1\.$/m,
    );
    expect(stdout).toMatch(
      /^fail {2}trusted issuer +http:\/\/127\.0\.0\.1:9\/\.well-known\/openid-configuration: ECONNREFUSED\n +No server listens at this address/m,
    );
  });

  it('checks nothing else if the endpoint is wrong', async () => {
    const { status, stdout } = await local.run(['doctor', '--endpoint', provider.issuer]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}endpoint {2}.* but not as the identity service does\n.*Check the port: the endpoint is the address that npm start or .* printed\.\n$/,
    );
  });

  it('warns of a principal without credentials', async () => {
    const { status, stdout } = await local.run(['doctor'], { env: { AWS_ACCESS_KEY_ID: '' } });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fail {2}credentials +There are no usable AWS credentials/m);
  });
});

it('says that no grant matched a revocation without a question', async () => {
  const user = ['--user-id', 'misspelled'];
  for (const options of [['--yes'], ['--yes', '--no-wait']]) {
    const { status, stderr } = await local.run(['grants', 'revoke', ...user, ...options]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^No grant matched\. If that is unexpected, check the options: grants list /m);
  }
});

it.each([
  [['token', 'get', '--agent', 'a'], /^--agent must have 3/],
  [
    ['token', 'get', '--flow', 'agent'],
    /^--flow agent is not supported for GithubOauth2: .*; use --flow user\.$/m,
  ],
  [['token', 'get', '--user-token'], /^--user-token must be a JWT/],
  [
    ['token', 'get', '--user-id', 'u', '--flow', 'on-behalf-of'],
    /^--flow on-behalf-of exchanges .* Set --user-token/,
  ],
  [['agent', 'get', 'a'], /^The name must have 3/],
  [['agent', 'list', '--owner', 'x'], /^--owner must have .*; --owner must be the ARN/],
  [['agent', 'suspend', 'named', '--reason', 'x'.repeat(600)], /^--reason must have/],
  [['grants', 'list', '--agent', 'a'], /^--agent must have 3/],
  [['grants', 'list', '--provider', 'a b'], /^--provider must contain/],
  [
    ['grants', 'revocation', 'x'],
    /^"x" is not a revocation ID\. Use the ID that agent-identity grants revoke printed\.$/m,
  ],
  [['user', 'suspend', '--user-hash', 'x'], /^--user-hash must have/],
])('names the options of the command, and no member of the API: %j', async (args, message) => {
  await local.run(['agent', 'add', 'named']);
  const client = ['--vendor', 'github', '--client-id', 'c'];
  await local.run(['provider', 'add', 'named', ...client], { input: 's' });
  const stated = (option: string) => args.includes(option);
  const others = [
    ...(stated('--agent') ? [] : ['--agent', 'named']),
    ...(stated('--user-id') || stated('--user-token') ? [] : ['--user-id', 'u']),
    ...['--provider', 'named', '--return-url', 'https://app.example/done'],
  ];
  const all = args[0] === 'token' ? [...args, ...others] : args;
  const { status, stderr } = await local.run(all, { input: 'no JWT' });
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});
