/** `agent-identity agent` and `provider`, against the running service. */
import {
  BedrockAgentCoreControlClient,
  GetWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { VENDOR_SETUP } from '../../lib/cli/commands/provider/vendor-setup';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { runCommand, ServiceForCommands } from './command-under-test';

let local: ServiceForCommands;

beforeAll(async () => {
  local = await ServiceForCommands.start();
});

afterAll(async () => {
  await local.close();
});

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:';
const SECRET = 'client-secret-to-keep';

describe('agent', () => {
  it('creates an agent, replaces its return URLs, and lists it', async () => {
    const created = await local.run(['agent', 'add', 'travel', '--return-url', 'https://app.example/a']);
    expect(created).toEqual({
      status: 0,
      stdout: [
        'Agent       travel',
        `ARN         ${ARN}workload-identity-directory/default/workload-identity/travel`,
        'Return URL  https://app.example/a',
        '',
      ].join('\n'),
      stderr: '',
    });
    const urls = ['https://app.example/b', 'https://app.example/c'];
    expect(
      await local.json(['agent', 'update', 'travel', ...urls.flatMap((url) => ['--return-url', url])]),
    ).toMatchObject({ name: 'travel', allowedResourceOauth2ReturnUrls: urls });
    expect((await local.run(['agent', 'list'])).stdout).toMatch(/^NAME +ARN\ntravel +arn:aws:/);
  });

  it('keeps the return URLs unless the command line has others or says to remove them', async () => {
    const url = 'https://app.example/kept';
    await local.run(['agent', 'add', 'kept', '--return-url', url]);
    for (const options of [[], ['--no-return-urls', '--return-url', url]]) {
      expect(await local.run(['agent', 'update', 'kept', ...options])).toEqual({
        status: 2,
        stdout: '',
        stderr: 'Set --return-url, or --no-return-urls to remove all return URLs.\n',
      });
    }
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
    const reader = new BedrockAgentCoreControlClient({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    const urls = async () =>
      (await reader.send(new GetWorkloadIdentityCommand({ name: 'kept' }))).allowedResourceOauth2ReturnUrls;
    expect(await urls()).toEqual([url]);
    expect(await local.run(['agent', 'update', 'kept', '--no-return-urls'])).toMatchObject({
      status: 0,
      stdout: 'Return URLs of the agent "kept": none\n',
    });
    expect(await urls()).toEqual([]);
  });

  it('says how to add a return URL to an agent without one, on stderr', async () => {
    const { status, stdout, stderr } = await local.run(['agent', 'add', 'batch']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining('agent-identity agent update batch --return-url URL') as string,
    });
    expect(stdout).toMatch(/^Agent {2}batch\nARN {4}arn:/);
  });

  it('passes on why the service rejects a request, and ends with status 1', async () => {
    await local.run(['agent', 'add', 'twice']);
    expect(await local.run(['agent', 'add', 'twice'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'A workload identity named "twice" already exists.\n',
    });
  });

  it('lists no agents of another principal', async () => {
    await local.run(['agent', 'add', 'of-the-operator']);
    expect(await local.json(['agent', 'list'], { env: local.env('stranger') })).toEqual({
      workloadIdentities: [],
    });
    const { stdout, stderr } = await local.run(['agent', 'list'], { env: local.env('stranger') });
    expect({ stdout, stderr }).toEqual({
      stdout: '',
      stderr: 'You have no agents. Create one with agent-identity agent add NAME.\n',
    });
  });

  it('returns all pages', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `paged-${index}`);
    for (const name of names) await local.json(['agent', 'add', name]);
    const { workloadIdentities } = await local.json<{ workloadIdentities: { name: string }[] }>([
      'agent',
      'list',
    ]);
    expect(workloadIdentities.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe('provider', () => {
  it('creates a provider with the secret from stdin, and prints the callback URL to register', async () => {
    const { status, stdout, stderr } = await local.run(
      ['provider', 'add', 'my-google', '--vendor', 'google', '--client-id', 'client'],
      { input: `${SECRET}\n` },
    );
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(
        /Register the callback URL .*Google Cloud Console.*\n.*provider test my-google\n$/,
      ) as string,
    });
    expect(stdout).toContain(`Callback URL  ${local.endpoint}/identities/oauth2/callback/`);
    expect(stdout + stderr).not.toContain(SECRET);
    expect(await readFile(local.logPath, 'utf8')).not.toContain(SECRET);
  });

  it('asks a person for what is missing, explains the registration, and does not show the secret', async () => {
    const { status, stdout, stderr } = await local.run(['provider', 'add', 'asked'], {
      answers: [
        ['Vendor: ', 'slack'],
        ['Client ID: ', 'my-client'],
        ['client secret (not shown): ', SECRET],
      ],
    });
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('asked') as string,
    });
    expect(stderr).toContain('Where: api.slack.com/apps');
    expect(stderr).toContain('my-client');
    expect(stdout + stderr).not.toContain(SECRET);
    expect(await local.json(['provider', 'list'])).toMatchObject({
      oauth2CredentialProviders: expect.arrayContaining([
        expect.objectContaining({ name: 'asked', credentialProviderVendor: 'SlackOauth2' }),
      ]) as unknown,
    });
  });

  it('creates and changes a provider of a public client without reading a secret', async () => {
    const client = [
      '--vendor',
      'custom',
      '--client-id',
      'client',
      '--issuer',
      'https://idp.example',
      '--public',
    ];
    expect((await local.run(['provider', 'add', 'public', ...client])).status).toBe(0);
    expect((await local.run(['provider', 'update', 'public', '--client-id', 'another'])).status).toBe(0);
    expect(await local.json(['provider', 'get', 'public'])).toMatchObject({
      oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { clientId: 'another' } },
    });
  });

  it('creates a provider of an API key', async () => {
    const { stdout } = await local.run(['provider', 'add', 'weather', '--api-key'], { input: 'key' });
    expect(stdout).toContain('apikeycredentialprovider/weather');
    expect((await local.run(['provider', 'list'])).stdout).toMatch(/^weather +API key +arn:/m);
  });

  it.each([
    ['no vendor', [], 'Set --vendor, or --api-key for an API key.'],
    ['no client', ['--vendor', 'github'], 'Set --client-id.'],
    [
      'an endpoint of a vendor that has its own',
      ['--vendor', 'github', '--issuer', 'https://idp.example'],
      'GithubOauth2 does not take --issuer. Its endpoints are known.',
    ],
    [
      'a discovery URL of a vendor that is known by its issuer',
      ['--vendor', 'okta', '--discovery-url', 'https://idp.example'],
      'OktaOauth2 does not take --discovery-url. It takes --issuer, --authorization-endpoint, --token-endpoint.',
    ],
    [
      'no address of a custom server',
      ['--vendor', 'custom', '--client-id', 'client'],
      'Set --issuer, or --discovery-url.',
    ],
    ['no issuer', ['--vendor', 'okta', '--client-id', 'client'], 'Set --issuer.'],
    [
      'an empty secret',
      ['--vendor', 'github', '--client-id', 'client'],
      'The client secret is empty. Type it, or write it to stdin.',
    ],
    [
      'half a reference to a secret',
      ['--vendor', 'github', '--client-id', 'client', '--secret-key', 'secret'],
      'Set --secret-arn and --secret-key together.',
    ],
    [
      'a client of an API key',
      ['--api-key', '--client-id', 'client'],
      'An API key has no vendor and no client: omit --vendor and --client-id.',
    ],
    [
      'a public client of a vendor whose clients have a secret',
      ['--vendor', 'github', '--client-id', 'client', '--public'],
      'GithubOauth2 does not take --public. Its clients have a client secret.',
    ],
    [
      'a public client that authenticates',
      [
        '--vendor',
        'custom',
        '--client-id',
        'client',
        '--public',
        '--client-authentication',
        'PRIVATE_KEY_JWT',
      ],
      'A public client does not authenticate, and for a client that the service provides, the service chooses the method. Set --client-id without --public, or omit --client-authentication, --kms-key, --secret-arn, and --secret-key.',
    ],
    [
      'an MCP server with the issuer of its authorization server',
      ['--mcp', 'https://notes.example/mcp', '--issuer', 'https://as.example'],
      'An MCP server names its authorization server itself. Omit --vendor, --discovery-url, --issuer, --authorization-endpoint, and --token-endpoint.',
    ],
    [
      'an authorization server without an MCP server',
      ['--client-id', 'client', '--authorization-server', 'https://as.example'],
      '--authorization-server needs --mcp.',
    ],
    [
      'an MCP server with a query',
      ['--mcp', 'https://notes.example/mcp?x=1'],
      '--mcp must be a URL without a query, a fragment, a user name, and a password.',
    ],
    [
      'an MCP server with a password',
      ['--mcp', 'https://user:password@notes.example/mcp'],
      '--mcp must be a URL without a query, a fragment, a user name, and a password.',
    ],
    [
      'an initial access token for a client of the owner',
      ['--mcp', 'https://notes.example/mcp', '--client-id', 'client', '--initial-access-token'],
      '--initial-access-token needs --mcp, without --client-id.',
    ],
    ['a public API key', ['--api-key', '--public'], 'An API key has no client: omit --public.'],
  ])('rejects %s with status 2', async (_name, options, message) => {
    expect(await local.run(['provider', 'add', 'wrong', ...options])).toEqual({
      status: 2,
      stdout: '',
      stderr: `${message}\n`,
    });
  });

  it('names the vendors when one is mistyped', async () => {
    const { status, stderr } = await local.run(['provider', 'guide', 'gogle']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^There is no vendor "gogle"\. The vendors are custom, .*google/);
  });

  it('has no option for a secret', async () => {
    const { stdout } = await runCommand(['provider', 'add', '--help']);
    expect(stdout).not.toMatch(/--client-secret|--password/);
    expect(stdout).toContain('never an argument');
  });

  it('explains the registration at each vendor, with sources', async () => {
    const { stdout } = await runCommand(['provider', 'guide']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(26);
    for (const [vendor, setup] of Object.entries(VENDOR_SETUP)) {
      const { status, stdout: guide } = await runCommand(['provider', 'guide', vendor]);
      expect({ vendor, status }).toEqual({ vendor, status: 0 });
      expect(guide).toContain(setup.console);
      expect(guide).toContain(`Source: ${setup.sources[0]}`);
    }
  });

  it('checks discovery, endpoints, callback URL, PKCE, refresh, and revocation', async () => {
    let metadata: Record<string, unknown> = {};
    const server = createServer((request, response) => {
      const found = request.url?.includes('/.well-known/');
      response.writeHead(found ? 200 : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ? metadata : { error: 'invalid_request' }));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const issuer = `http://127.0.0.1:${port}`;
    metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
    };
    const options = ['--vendor', 'custom', '--client-id', 'client', '--issuer', issuer];
    await local.json(['provider', 'add', 'checked', ...options], { input: SECRET });
    const good = await local.run(['provider', 'test', 'checked']);
    expect(good.status).toBe(0);
    for (const check of [
      'discovery',
      'authorization endpoint',
      'token endpoint',
      'callback URL',
      'PKCE',
      'refresh tokens',
      'revocation',
    ]) {
      expect(good.stdout).toMatch(new RegExp(`^ok +${check} `, 'm'));
    }
    metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      code_challenge_methods_supported: ['plain'],
      grant_types_supported: ['authorization_code'],
    };
    const bad = await local.run(['provider', 'test', 'checked']);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^fail {2}token endpoint +missing\n +Set a discovery URL/m);
    expect(bad.stdout).toMatch(/^warn {2}PKCE /m);
    expect(bad.stdout).toMatch(/^warn {2}refresh tokens /m);
    expect(bad.stdout).toMatch(/^warn {2}revocation /m);
    await close();
    const down = await local.run(['provider', 'test', 'checked', '--json']);
    expect(down.status).toBe(1);
    expect(JSON.parse(down.stdout)).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ status: 'fail', check: 'discovery', action: expect.any(String) as string }),
      ]) as unknown,
    });
  });

  it('creates and tests a provider of an MCP server, and says if it names another authorization server', async () => {
    let documents: Record<string, unknown> = {};
    const registrations: unknown[] = [];
    const server = createServer((request, response) => {
      const document = documents[request.url ?? ''];
      if (request.url === '/as/register') registrations.push(request.headers.authorization);
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const origin = `http://127.0.0.1:${port}`;
    const issuer = `${origin}/as`;
    documents = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: `${origin}/mcp`,
        authorization_servers: [issuer],
      },
      '/.well-known/oauth-authorization-server/as': {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        code_challenge_methods_supported: ['S256'],
      },
    };
    const added = await local.run([
      'provider',
      'add',
      'mcp',
      '--mcp',
      `${origin}/mcp`,
      '--client-id',
      'client',
      '--public',
    ]);
    expect(added).toMatchObject({ status: 0 });
    expect(await local.run(['provider', 'add', 'registered', '--mcp', `${origin}/mcp`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the authorization server registers no clients') as string,
    });
    // It asks for no discovery URL, which is not the cause, and for no other answer.
    const onTerminal = await local.run(['provider', 'add', 'registered', '--mcp', `${origin}/mcp`], {
      answers: [],
    });
    expect(onTerminal).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/clientId: is required.*registers no clients/) as string,
    });
    documents = {
      ...documents,
      '/.well-known/oauth-authorization-server/as': {
        ...(documents['/.well-known/oauth-authorization-server/as'] as object),
        registration_endpoint: `${issuer}/register`,
        token_endpoint_auth_methods_supported: ['none'],
      },
      '/as/register': { client_id: 'registered' },
    };
    const withToken = [`${origin}/mcp`, '--initial-access-token'];
    const registered = await local.run(['provider', 'add', 'registered', '--mcp', ...withToken], {
      input: 'the-token\n',
    });
    expect(registered).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('The client is registered') as string,
    });
    expect(registered.stdout).toMatch(
      new RegExp(`^Resource +${origin}/mcp\nAuthorization server +${issuer}$`, 'm'),
    );
    const stated = ['--mcp', `${origin}/mcp`, '--authorization-server', 'https://as.example'];
    expect(await local.run(['provider', 'add', 'pinned', ...stated])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`which names ${issuer}`) as string,
    });
    const got = await local.run(['provider', 'get', 'registered']);
    expect(got.stdout).toMatch(new RegExp(`^Authorization server +${issuer}$`, 'm'));
    const updated = await local.run(['provider', 'update', 'registered', '--mcp', ...withToken], {
      input: 'another-token',
    });
    expect(updated).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^Authorization server +${issuer}$`, 'm')) as string,
    });
    expect(registrations).toEqual(['Bearer the-token']);
    const tested = await local.run(['provider', 'test', 'mcp']);
    expect(tested.stdout).toMatch(new RegExp(`^ok +discovery +.*issuer ${issuer}`, 'm'));
    expect(tested.stdout).toMatch(/^ok +PKCE +S256$/m);
    expect(await local.run(['provider', 'update', 'mcp', '--mcp', `${origin}/mcp`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('clientId: is required') as string,
    });
    documents['/.well-known/oauth-authorization-server/as'] = {
      ...(documents['/.well-known/oauth-authorization-server/as'] as object),
      registration_endpoint: undefined,
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256'],
    };
    // The service has no https address here.
    expect(await local.run(['provider', 'add', 'described', '--mcp', `${origin}/mcp`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('this service has no https address') as string,
    });
    const byDocument = ['--client-registration', 'METADATA_DOCUMENT'];
    expect(await local.run(['provider', 'update', 'mcp', ...byDocument])).toMatchObject({ status: 0 });
    const shown = await local.run(['provider', 'get', 'mcp']);
    expect(shown.stdout).toMatch(/^Client ID +http.*\/identities\/oauth2\/client-metadata\/[0-9a-f-]{36}$/m);
    expect(shown.stdout).toMatch(/^Client +client ID metadata document of the service$/m);
    const described = await local.run(['provider', 'test', 'mcp']);
    expect(described.stdout).toMatch(/^warn +client document +.* is not https/m);
    const byHand = await local.run(['provider', 'update', 'mcp', '--client-id', 'client']);
    expect(byHand).toMatchObject({ status: 0 });
    expect((await local.run(['provider', 'get', 'mcp'])).stdout).not.toContain('metadata');
    documents = {
      ...documents,
      '/.well-known/oauth-protected-resource/mcp': { resource: `${origin}/mcp`, authorization_servers: [] },
    };
    const confirmed = await local.run([
      'provider',
      'update',
      'mcp',
      '--mcp',
      `${origin}/mcp`,
      '--client-id',
      'client',
    ]);
    expect(confirmed).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('cannot be used (invalid_metadata)') as string,
    });
    const failed = await local.run(['provider', 'test', 'mcp']);
    expect(failed.stdout).toMatch(/^fail +discovery +.*authorization_servers: /m);
    await close();
  });

  it('reports the authorization server that the service uses for an MCP server, and requests no other address', async () => {
    const requested: string[] = [];
    let documents: Record<string, unknown> = {};
    const server = createServer((request, response) => {
      requested.push(request.url ?? '');
      const document = documents[request.url ?? ''];
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const origin = `http://127.0.0.1:${port}`;
    const issuer = `${origin}/as`;
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
    };
    const resource = { resource: `${origin}/mcp`, authorization_servers: [issuer] };
    const resourceAt = '/.well-known/oauth-protected-resource/mcp';
    const serverAt = '/.well-known/oauth-authorization-server/as';
    const test = async (changed: Record<string, unknown>) => {
      documents = { [resourceAt]: resource, [serverAt]: metadata, ...changed };
      requested.length = 0;
      return (await local.run(['provider', 'test', 'bound'])).stdout;
    };
    documents = { [resourceAt]: resource, [serverAt]: metadata };
    const options = ['--mcp', `${origin}/mcp`, '--client-id', 'client', '--public'];
    expect(await local.run(['provider', 'add', 'bound', ...options])).toMatchObject({ status: 0 });

    // The bound server, also if it is not the first.
    const two = { ...resource, authorization_servers: [`${origin}/other`, issuer] };
    expect(await test({ [resourceAt]: two })).toMatch(
      new RegExp(`^ok +discovery .*issuer ${issuer}\\)$`, 'm'),
    );
    expect(requested).not.toContain('/.well-known/oauth-authorization-server/other');

    const others = { ...resource, authorization_servers: [`${origin}/other`] };
    const other = { ...metadata, issuer: `${origin}/other`, token_endpoint: `${origin}/internal` };
    const moved = { [resourceAt]: others, '/.well-known/oauth-authorization-server/other': other };
    expect(await test(moved)).toMatch(
      new RegExp(`^fail +discovery .* no longer names .*, ${issuer}\n.*--authorization-server`, 'm'),
    );
    expect(requested).toEqual([resourceAt]);

    expect(await test({ [serverAt]: { ...metadata, issuer: 'https://honest.example' } })).toMatch(
      /^fail +discovery .*issuer is not the one that the protected resource names$/m,
    );
    expect(await test({ [resourceAt]: { ...resource, resource: `${origin}/` } })).toMatch(
      /^fail +discovery .*resource does not match the discovery URL$/m,
    );
    expect(await test({ [serverAt]: { ...metadata, code_challenge_methods_supported: undefined } })).toMatch(
      /^fail +discovery .*code_challenge_methods_supported does not list S256$/m,
    );
    const foreign = { ...metadata, revocation_endpoint: 'https://honest.example/revoke' };
    expect(await test({ [serverAt]: foreign })).toMatch(
      /^warn +revocation +the provider has no way to revoke/m,
    );
    for (const address of ['http://169.254.169.254/latest', 'https://10.0.0.1/admin']) {
      const inward = {
        ...metadata,
        authorization_endpoint: address,
        authorization_response_iss_parameter_supported: true,
      };
      expect(await test({ [serverAt]: inward })).toMatch(
        /^fail +(discovery .*not an acceptable endpoint|authorization endpoint .*no request was sent)/m,
      );
    }
    await close();
  });

  it.each(['http://[', '%E0%A4%A', '/revoke'])(
    'fails the revocation check, and completes the others, if the metadata names the endpoint %s',
    async (revocationEndpoint) => {
      let metadata: Record<string, unknown> = {};
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(metadata));
      });
      const { port, close } = await listenOnLoopback(server, 0);
      const issuer = `http://127.0.0.1:${port}`;
      metadata = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        revocation_endpoint: `${issuer}/%E0%A4%A`,
      };
      const name = `hostile-${port}`;
      const options = ['--vendor', 'custom', '--client-id', 'client', '--issuer', issuer];
      await local.json(['provider', 'add', name, ...options], { input: SECRET });
      const odd = await local.run(['provider', 'test', name]);
      expect(odd.status).toBe(0);
      expect(odd.stdout).toContain(`${issuer}/%E0%A4%A. `);
      metadata = { ...metadata, revocation_endpoint: revocationEndpoint };
      const tested = await local.run(['provider', 'test', name]);
      const doctor = await local.run(['doctor']);
      await close();
      expect(tested.status).toBe(1);
      expect(tested.stdout).toMatch(/^ok +token endpoint /m);
      expect(tested.stdout).toMatch(/^fail +revocation +the revocation endpoint is not a valid URL: /m);
      expect(tested.stderr).toMatch(/A check failed\.\n$/);
      expect(doctor.stdout).toMatch(/^ok +endpoint /m);
      expect(doctor.stdout).toMatch(new RegExp(`^ok +${name}: token endpoint `, 'm'));
      expect(doctor.stdout).toMatch(new RegExp(`^fail +${name}: revocation `, 'm'));
      expect(doctor.stderr).toMatch(/A check failed\.\n$/);
    },
  );
});
