/** `agent-identity provider`, against the running service. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { RESOURCE_URL_RULE } from '../../lambda/model/discovery-url';
import { VENDOR_SETUP } from '../../lib/cli/commands/provider/vendor-setup';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { runCommand, ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

const SECRET = 'client-secret-to-keep';

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

  it('says what to do if the name is in use, and which option a vendor does not take', async () => {
    const options = ['--vendor', 'github', '--client-id', 'client'];
    const add = () => local.run(['provider', 'add', 'taken', ...options], { input: SECRET });
    expect(await add()).toMatchObject({ status: 0 });
    expect(await add()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /named "taken" already exists\. If agent-identity provider list does not show it, .*choose another name\. Otherwise, use agent-identity provider update\.$/m,
      ) as string,
    });
    const update = ['provider', 'update', 'taken', '--mcp', 'https://notes.example/mcp'];
    expect(await local.run(update)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('GithubOauth2 does not take --mcp. Its endpoints are known.') as string,
    });
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
    const update = ['provider', 'update', 'public', '--client-id', 'another'];
    expect(await local.run([...update, '--public'])).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'The client is public, and stays so unless the update names a method, or another client with a secret. Omit --public.\n',
    });
    expect(await local.run(['provider', 'update', 'public', '--secret'], { input: SECRET })).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'The client is public, so it has no secret. If it has one now, set --client-authentication CLIENT_SECRET_BASIC, too. No update makes it public again.\n',
    });
    expect((await local.run(update)).status).toBe(0);
    expect(await local.json(['provider', 'get', 'public'])).toMatchObject({
      oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { clientId: 'another' } },
    });
  });

  it('says how a provider gets a public client, which no update can make of another one', async () => {
    const confidential = ['--vendor', 'custom', '--client-id', 'client', '--issuer', 'https://idp.example'];
    const add = ['provider', 'add', 'confidential', ...confidential];
    expect(await local.run(add, { input: SECRET })).toMatchObject({ status: 0 });
    expect(await local.run(['provider', 'update', 'confidential', '--public'])).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'An update cannot make a client public. It can replace the secret (--secret), the method (--client-authentication), or the client (--client-id). For a public client, delete the provider "confidential", and create it again with --public: its callback URL changes, and users consent again.\n',
    });
    expect((await runCommand(['provider', 'update', '--help'])).stdout).not.toContain('--public');
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
      'Set --issuer, or --discovery-url. A custom server needs --client-id, --issuer or --discovery-url, and the client secret on stdin or --public. For an MCP server, set --mcp instead.',
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
      'the origin of endpoints without an MCP server',
      ['--client-id', 'client', '--endpoint-origin', 'https://as.example'],
      '--endpoint-origin needs --mcp.',
    ],
    [
      'private authorities of an MCP server',
      ['--mcp', 'https://notes.example/mcp', '--ca-object', 's3://bucket/ca.pem'],
      'An MCP server can name any authorization server, so --mcp takes neither --ca-secret nor --ca-object. Set the authorization server with --discovery-url instead of --mcp, and name the MCP server in the requests of agents (resources).',
    ],
    [
      'a public client that the service provides',
      ['--mcp', 'https://notes.example/mcp', '--public'],
      'Without --client-id, the service provides the client of an MCP server, and chooses the method. Omit --public, or set --client-id.',
    ],
    ['an MCP server with a query', ['--mcp', 'https://notes.example/mcp?x=1'], `--mcp ${RESOURCE_URL_RULE}.`],
    [
      'an MCP server with a password',
      ['--mcp', 'https://user:password@notes.example/mcp'],
      `--mcp ${RESOURCE_URL_RULE}.`,
    ],
    [
      'a resource for proofs next to an MCP server',
      ['--mcp', 'https://notes.example/mcp', '--dpop-resource', 'https://notes.example/api'],
      'With --mcp, the MCP server is the only resource that agents get DPoP proofs for. Replace --dpop-resource by --dpop.',
    ],
    [
      'an issuer with a query',
      ['--vendor', 'custom', '--client-id', 'client', '--public', '--issuer', 'https://as.example/?x'],
      '--issuer must be a URL without a query and a fragment.',
    ],
    [
      'the URL of metadata as the issuer',
      [
        ...['--vendor', 'custom', '--client-id', 'client', '--public'],
        ...['--issuer', 'https://as.example/.well-known/oauth-authorization-server/tenant'],
      ],
      '--issuer must be the identifier of the issuer (https://as.example/tenant), not the URL of its metadata. The option for the URL is --discovery-url.',
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

  it.each([
    ['--mcp', 'notes.example/mcp', ' Did you mean --mcp https://notes.example/mcp?'],
    ['--issuer', 'as.example', ' Did you mean --issuer https://as.example?'],
    ['--authorization-server', 'as.example', ' Did you mean --authorization-server https://as.example?'],
    ['--token-endpoint', 'javascript:alert(1)', ''],
  ])('says how %s %s must begin', async (option, url, proposal) => {
    const { status, stderr } = await local.run(['provider', 'add', 'wrong', option, url]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `${option} must be a URL that begins with https://.${proposal} Run the command with --help for its options.\n`,
    });
  });

  it.each(['localhost:8080/mcp', '127.0.0.1:8080/mcp'])(
    'proposes http for %s, which is on this computer',
    async (server) => {
      const { status, stderr } = await local.run(['provider', 'add', 'wrong', '--mcp', server]);
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: `--mcp must be a URL that begins with https://, or with http:// on this computer. Did you mean --mcp http://${server}? Run the command with --help for its options.\n`,
      });
    },
  );

  it.each([
    ['name', 'a b', ['--public'], /^The name must contain only letters/],
    ['client-id', 'wrong', ['--public', '--client-id', 'x'.repeat(300)], /^--client-id must /],
    [
      'dpop-resource',
      'wrong',
      ['--public', '--dpop-resource', 'https://a.example/?x'],
      /^--dpop-resource must not/,
    ],
    ['dpop', 'wrong', ['--public', '--dpop'], /^--dpop-resource is required/],
    ['issuer', 'wrong', ['--public', '--issuer', 'http://as.example'], /^--issuer must be https/],
  ])('names the option of what the service rejects: %s', async (_what, name, options, message) => {
    const stated = ['--vendor', 'custom', '--client-id', 'client', '--issuer', 'https://as.example'];
    const kept = stated.filter(
      (text, index) => !options.includes(text) && !options.includes(stated[index - 1] ?? ''),
    );
    const { status, stderr } = await local.run(['provider', 'add', name, ...kept, ...options]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) as string });
  });

  it('names the issuer for the URL of metadata that is stated as the authorization server', async () => {
    const stated = 'https://as.example/tenant/.well-known/openid-configuration';
    const options = ['--mcp', 'https://notes.example/mcp', '--authorization-server', stated];
    expect(await local.run(['provider', 'add', 'wrong', ...options])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        '--authorization-server must be the identifier of the issuer (https://as.example/tenant), not the URL of its metadata.\n',
    });
  });

  it('names the server that is unavailable, and which URL of an MCP server was requested', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(503).end();
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const origin = `http://127.0.0.1:${port}`;
    const { status, stderr } = await local.run(['provider', 'add', 'down', '--mcp', `${origin}/mcp`]);
    await close();
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `The server 127.0.0.1:${port} is unavailable (discovery_failed). Check the URL of the MCP server, or try again shortly. The service requested ${origin}/.well-known/oauth-protected-resource/mcp.\n`,
    });
    const closed = await local.run(['provider', 'add', 'down', '--mcp', `${origin}/mcp`]);
    expect(closed.stderr).toContain(`The server 127.0.0.1:${port} is unavailable (unreachable).`);
  });

  it('names the vendors when one is mistyped', async () => {
    const { status, stderr } = await local.run(['provider', 'guide', 'gogle']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^There is no vendor "gogle"\. The vendors are custom, .*google.*\. Did you mean google\?/,
    );
    const add = await local.run(['provider', 'add', 'mistyped', '--vendor', 'gtihub']);
    expect(add.stderr).toContain(' Did you mean github?');
    const other = await local.run(['provider', 'guide', 'no-such-vendor']);
    expect(other.stderr).not.toContain('Did you mean');
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
});
