/** Commands that show, change, delete, and transfer agents and providers. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { encodeGrantId } from '../../lambda/model/grant-id';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();
let server: TestProvider;

beforeAll(async () => {
  server = await startProvider();
});

afterAll(() => server.close());

const STRANGER = 'arn:aws:iam::000000000000:user/stranger';

const config = async (name: string): Promise<Record<string, unknown> | undefined> => {
  const { oauth2ProviderConfigOutput } = await local.json<{
    oauth2ProviderConfigOutput: Record<string, Record<string, unknown>>;
  }>(['provider', 'get', name]);
  return Object.values(oauth2ProviderConfigOutput)[0];
};

const custom = (name: string) => [
  ...['provider', 'add', name, '--vendor', 'custom', '--client-id', server.clientId],
  ...['--discovery-url', server.discoveryUrl],
];

const tokenOf = (agent: string, provider: string) =>
  local.run([
    ...['token', 'get', '--agent', agent, '--provider', provider],
    ...['--flow', 'agent', '--scope', 'b', '--force'],
  ]);

/** The API key that an agent gets. */
async function apiKey(agent: string, provider: string): Promise<string | undefined> {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
  const credentials = { accessKeyId, secretAccessKey };
  const client = new BedrockAgentCore({ endpoint: local.endpoint, region: 'us-east-1', credentials });
  const { workloadAccessToken: workloadIdentityToken } = await client.getWorkloadAccessTokenForUserId({
    workloadName: agent,
    userId: 'ana',
  });
  const request = { workloadIdentityToken, resourceCredentialProviderName: provider };
  return (await client.getResourceApiKey(request)).apiKey;
}

describe('provider update', () => {
  it('replaces the client secret, and keeps client and server', async () => {
    await local.json(['agent', 'add', 'updates']);
    await local.json(custom('rotated'), { input: 'wrong' });
    const before = await config('rotated');
    expect((await tokenOf('updates', 'rotated')).status).toBe(1);
    expect(
      await local.run(['provider', 'update', 'rotated', '--secret'], { input: `${server.clientSecret}\n` }),
    ).toEqual({ status: 0, stdout: 'The credential provider "rotated" is updated.\n', stderr: '' });
    expect((await tokenOf('updates', 'rotated')).status).toBe(0);
    expect(await config('rotated')).toEqual(before);
  });

  it('prints the callback URL if it changes with the authorization server', async () => {
    const { callbackUrl } = await local.json<{ callbackUrl: string }>(custom('another'), { input: 'secret' });
    const change = ['--discovery-url', 'https://as.example/.well-known/openid-configuration'];
    const { stdout, stderr } = await local.run(['provider', 'update', 'another', ...change], {
      input: 'new',
    });
    expect(stdout).toMatch(/^Callback URL +http\S+\/identities\/oauth2\/callback\/\S+$/m);
    expect(stdout).not.toContain(callbackUrl);
    expect(stderr).toContain('Register it as the redirect URI of your client before users consent');
  });

  it('replaces an API key', async () => {
    await local.json(['agent', 'add', 'keyed']);
    await local.run(['provider', 'add', 'replaced', '--api-key'], { input: 'old' });
    expect(await apiKey('keyed', 'replaced')).toBe('old');
    expect((await local.run(['provider', 'update', 'replaced', '--secret'], { input: 'new\n' })).status).toBe(
      0,
    );
    expect(await apiKey('keyed', 'replaced')).toBe('new');
  });

  it('needs a new secret for another client, and keeps the server', async () => {
    await local.json(custom('moved'), { input: 'secret' });
    const change = ['provider', 'update', 'moved', '--client-id', 'other'];
    expect(await local.run(change)).toEqual({
      status: 2,
      stdout: '',
      stderr: 'The client secret is empty. Type it, or write it to stdin.\n',
    });
    expect((await local.run(change, { input: 'new' })).status).toBe(0);
    expect(await config('moved')).toMatchObject({
      clientId: 'other',
      oauthDiscovery: { discoveryUrl: server.discoveryUrl },
    });
  });

  it.each([
    ['a tenant', 'microsoft', ['--tenant-id', 'contoso.example'], ['--tenant-id', 'fabrikam.example']],
    ['an issuer', 'okta', ['--issuer', 'https://a.example'], ['--issuer', 'https://b.example']],
    [
      'endpoints',
      'custom',
      [
        ...['--issuer', 'https://a.example', '--authorization-endpoint', 'https://a.example/authorize'],
        ...['--token-endpoint', 'https://a.example/token'],
      ],
      ['--token-endpoint', 'https://a.example/other'],
    ],
  ])('keeps %s unless an option replaces it', async (_what, vendor, present, other) => {
    const name = `server-of-${vendor}`;
    const add = ['provider', 'add', name, '--vendor', vendor, '--client-id', 'client', ...present];
    await local.json(add, { input: 'secret' });
    const before = await config(name);
    await local.json(['provider', 'update', name, '--secret'], { input: 'new' });
    expect(await config(name)).toEqual(before);
    await local.json(['provider', 'update', name, ...other], { input: 'new' });
    const after = await config(name);
    expect(after).not.toEqual(before);
    expect(JSON.stringify(after)).toContain(other.at(-1));
  });

  it('replaces the resources of bound tokens, keeps them, and ends the binding', async () => {
    const [one, two, three] = ['https://a.example/', 'https://b.example/', 'https://c.example/'] as const;
    const resourcesOf = async () => (await config('bound'))?.dpopConfig;
    await local.json([...custom('bound'), '--dpop-resource', one, '--dpop-resource', two], {
      input: 'secret',
    });
    expect(await resourcesOf()).toEqual({ resourceUrls: [one, two] });
    const shown = /^DPoP +tokens are bound to keys, with proofs for (.*)$/m;
    const got = await local.run(['provider', 'get', 'bound']);
    expect(shown.exec(got.stdout)?.[1]).toBe(`${one}, ${two}`);
    const added = await local.run([...custom('bound-too'), '--dpop-resource', one], { input: 'secret' });
    expect(shown.exec(added.stdout)?.[1]).toBe(one);
    const change = ['provider', 'update', 'bound'];
    await local.json([...change, '--secret'], { input: 'new' });
    await local.json([...change, '--dpop']);
    expect(await resourcesOf()).toEqual({ resourceUrls: [one, two] });
    await local.json([...change, '--dpop-resource', three]);
    expect(await resourcesOf()).toEqual({ resourceUrls: [three] });
    expect(await local.run([...change, '--no-dpop', '--dpop-resource', one])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'Set either --no-dpop or --dpop-resource.\n',
    });
    await local.json([...change, '--no-dpop']);
    expect(await resourcesOf()).toBeUndefined();
    expect((await local.run(['provider', 'get', 'bound'])).stdout).not.toContain('DPoP');
    expect(await local.run([...change, '--dpop'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--dpop-resource is required') as string,
    });
  });

  it.each([
    [
      'without a change',
      'unchanged',
      [],
      'Set what changes. For example, --secret reads a new client secret or API key.',
    ],
    [
      'of a server that the vendor does not have',
      'unchanged',
      ['--tenant-id', 'x'],
      'GithubOauth2 does not take --tenant-id. Its endpoints are known.',
    ],
    [
      'of a client of an API key',
      'only-a-key',
      ['--client-id', 'x'],
      'The provider "only-a-key" has an API key: it has no client and no server. Set --secret, or --secret-arn and --secret-key.',
    ],
  ])('%s is rejected', async (_what, name, options, message) => {
    await local.run(['provider', 'add', 'unchanged', '--vendor', 'github', '--client-id', 'c'], {
      input: 's',
    });
    await local.run(['provider', 'add', 'only-a-key', '--api-key'], { input: 'key' });
    expect(await local.run(['provider', 'update', name, ...options])).toEqual({
      status: 2,
      stdout: '',
      stderr: `${message}\n`,
    });
  });
});

describe('a name that both kinds of providers have', () => {
  beforeAll(async () => {
    await local.run(['provider', 'add', 'both', '--api-key'], { input: 'key' });
    await local.run(['provider', 'add', 'both', '--vendor', 'github', '--client-id', 'c'], { input: 's' });
  });

  it.each([['get'], ['update'], ['update', '--secret'], ['delete']])(
    'has provider %s require the kind',
    async (command, ...options) => {
      expect(await local.run(['provider', command, 'both', ...options])).toMatchObject({
        status: 2,
        stderr:
          'There are two credential providers named "both": one of OAuth 2.0, and one of an API key. Set --kind oauth2 or --kind api-key.\n',
      });
    },
  );

  it.each([
    [['test'], { stdout: expect.stringMatching(/^ok +vendor +GithubOauth2$/m) as string }],
    [['update', '--client-id', 'd'], { status: 0 }],
  ])('is the OAuth 2.0 provider for provider %j', async ([command = '', ...options], expected) => {
    const args = ['provider', command, 'both', ...options];
    expect(await local.run(args, { input: 's' })).toMatchObject(expected);
  });

  it('deletes the one of the kind that is set', async () => {
    expect(await local.run(['provider', 'delete', 'both', '--kind', 'api-key', '--yes'])).toMatchObject({
      status: 0,
      stdout: 'The API key credential provider "both" is deleted.\n',
    });
    expect((await local.run(['provider', 'get', 'both'])).stdout).toMatch(
      /^Kind +OAuth 2\.0 credential provider$/m,
    );
  });
});

describe('a name of the other kind of provider', () => {
  beforeAll(async () => {
    await local.json(['agent', 'add', 'kinds']);
    await local.run(['provider', 'add', 'a-key', '--api-key'], { input: 'key' });
  });

  it('is explained by provider test', async () => {
    expect(await local.run(['provider', 'test', 'a-key'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^"a-key" is an API key credential provider: /) as string,
    });
  });

  it('is explained by token get, which says only of a name without a provider that there is none', async () => {
    expect(await tokenOf('kinds', 'a-key')).toMatchObject({
      status: 2,
      stderr:
        '"a-key" is an API key credential provider: it has no OAuth 2.0 server. Agents read the key with GetResourceApiKey.\n',
    });
    expect((await tokenOf('kinds', 'no-provider')).stderr).toBe(
      'There is no OAuth 2.0 credential provider named "no-provider". Correct the name, or create it. Run agent-identity provider list for the names.\n',
    );
  });
});

describe('a provider whose kind no option states', () => {
  beforeAll(async () => {
    const client = ['--vendor', 'github', '--client-id', 'c'];
    await local.run(['provider', 'add', 'found-client', ...client], { input: 's' });
    await local.run(['provider', 'add', 'found-key', '--api-key'], { input: 'key' });
  });

  const failedLookups = async () =>
    (await readFile(local.logPath, 'utf8'))
      .split('\n')
      .filter((line) => /Get\w+CredentialProvider.*"denied".*found-/.test(line));

  it.each([
    ['found-client', ['get']],
    ['found-client', ['test']],
    ['found-client', ['update', '--secret']],
    ['found-client', ['update', '--client-id', 'd']],
    ['found-client', ['delete', '--yes']],
    ['found-key', ['get']],
    ['found-key', ['update', '--secret']],
    ['found-key', ['delete', '--yes']],
  ])(
    'has no denied entry in the audit log: %s with provider %j',
    async (name, [command = '', ...options]) => {
      await local.run(['provider', command, name, ...options], { input: 's' });
      expect(await failedLookups()).toEqual([]);
    },
  );
});

describe('a deletion', () => {
  it.each([
    ['agent', 'An agent', ['agent', 'add', 'left'], undefined],
    ['provider', 'A provider', ['provider', 'add', 'left', '--api-key'], 'key'],
  ])('of %s happens only after yes', async (group, _what, add, input) => {
    await local.run(add, { ...(input !== undefined && { input }) });
    const remove = [group, 'delete', 'left'];
    expect(await local.run(remove)).toEqual({
      status: 2,
      stdout: '',
      stderr: 'There is no terminal for a question. Set --yes.\n',
    });
    const refused = await local.run(remove, { answers: [['[y/N] ', 'no']] });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/Delete the .*"left"\? \[y\/N\] no\s/);
    expect(refused.stderr).toMatch(/Nothing was deleted\.\n$/);
    expect((await local.run([group, 'get', 'left'])).status).toBe(0);
    const deleted = await local.run(remove, { answers: [['[y/N] ', 'yes']] });
    expect(deleted).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/ "left" is deleted\.\n$/) as string,
    });
    expect((await local.run([group, 'get', 'left'])).status).toBe(1);
  });

  it('of an unknown provider says how to continue one that was interrupted', async () => {
    expect((await local.run(['provider', 'delete', 'unknown', '--yes'])).stderr).toBe(
      'There is no credential provider named "unknown". Run agent-identity provider list for the names. To continue a deletion that was interrupted, set --kind.\n',
    );
  });
});

describe('operators', () => {
  it('list the providers of all owners, or of one', async () => {
    await local.run(['provider', 'add', 'of-the-stranger', '--api-key'], {
      input: 'key',
      env: local.env('stranger'),
    });
    const { stdout } = await local.run(['provider', 'list', '--all']);
    expect(stdout).toMatch(/^NAME +VENDOR +OWNER$/m);
    expect(stdout).toMatch(new RegExp(`^of-the-stranger +API key +${STRANGER}$`, 'm'));
    const { credentialProviders } = await local.json<{ credentialProviders: { name: string }[] }>([
      'provider',
      'list',
      '--owner',
      STRANGER,
    ]);
    expect(credentialProviders.map(({ name }) => name)).toEqual(['of-the-stranger']);
  });

  it.each([
    ['agent', 'No agent belongs to arn:aws:iam::000000000000:user/retired.\n'],
    ['provider', 'No credential provider belongs to arn:aws:iam::000000000000:user/retired.\n'],
  ])('learn that the owner has no %s', async (kind, stderr) => {
    expect(await local.run([kind, 'list', '--owner', 'arn:aws:iam::000000000000:user/retired'])).toEqual({
      status: 0,
      stdout: '',
      stderr,
    });
  });

  it('transfer an agent and a provider by name or ARN', async () => {
    await local.json(['agent', 'add', 'given']);
    await local.run(['provider', 'add', 'given', '--api-key'], { input: 'key' });
    const transfer = (...options: string[]) =>
      local.run(['transfer-ownership', ...options, '--new-owner', STRANGER]);
    const { workloadIdentityArn: arn } = await local.json<{ workloadIdentityArn: string }>([
      'agent',
      'get',
      'given',
    ]);
    expect(await transfer('--arn', arn)).toMatchObject({
      status: 0,
      stdout: `${arn} belongs to ${STRANGER}. It belonged to arn:aws:iam::000000000000:user/operator.\n`,
    });
    expect((await transfer('--provider', 'given')).status).toBe(0);
    const env = local.env('stranger');
    expect((await local.run(['agent', 'get', 'given'], { env })).status).toBe(0);
    expect((await local.run(['provider', 'get', 'given'], { env })).status).toBe(0);
  });

  it.each([
    [[], 2, 'Set one of --agent, --provider, and --arn.'],
    [['--agent', 'a', '--provider', 'b'], 2, 'Set one of --agent, --provider, and --arn.'],
    [
      ['--agent', 'unknown'],
      1,
      'There is no workload identity named "unknown". Run agent-identity agent list --all for the names.',
    ],
  ])('receive a message about a transfer with %j', async (options, status, message) => {
    const args = ['transfer-ownership', ...options, '--new-owner', STRANGER];
    expect(await local.run(args)).toEqual({ status, stdout: '', stderr: `${message}\n` });
  });

  it('list and revoke one grant by its ID, and follow the revocation', async () => {
    await local.json(['agent', 'add', 'granted']);
    await local.json(custom('granting'), { input: server.clientSecret });
    for (const scope of ['a', 'b']) {
      const get = ['token', 'get', '--agent', 'granted', '--provider', 'granting', '--flow', 'agent'];
      await local.json([...get, '--scope', scope]);
    }
    const listed = async (...filter: string[]) =>
      (await local.json<{ grants: { grantId: string }[] }>(['grants', 'list', ...filter])).grants;
    const [one, other] = await listed('--agent', 'granted');
    const id = ['--grant-id', one?.grantId ?? ''];
    expect(await listed(...id)).toEqual([one]);
    const table = await local.run(['grants', 'list', ...id]);
    expect(table.stdout).toMatch(/ ACTIVE +renews by itself /);
    const [, shortId = ''] = / ([\da-f]{8})\n$/.exec(table.stdout) ?? [];
    expect(await listed('--grant-id', shortId)).toEqual([one]);
    const misnamed = await local.run([
      'grants',
      'revoke',
      '--user-id',
      'misspelled',
      '--grant-id',
      shortId,
      '--yes',
    ]);
    expect(misnamed).toEqual({
      status: 1,
      stdout: '',
      stderr: `No grant has the ID "${shortId}". Take it from agent-identity grants list with --agent, --provider, or a user.\n`,
    });
    const begun = await local.run([
      ...['grants', 'revoke', '--agent', 'granted', '--grant-id', shortId],
      ...['--yes', '--no-wait'],
    ]);
    expect(begun.stdout).toMatch(
      /^Revoked 1 grant here: no agent gets the tokens any more \([\da-f-]{36}\)\.\n$/,
    );
    const [, revocationId = ''] = /grants revocation (\S+)\n$/.exec(begun.stderr) ?? [];
    expect(await listed('--agent', 'granted')).toEqual([other]);
    const followed = await local.run(['grants', 'revocation', revocationId]);
    expect(followed.stdout).toMatch(/^(IN_PROGRESS|DONE)\. Revoked 1: /);
    expect(followed.stdout).toContain(shortId);
  });

  it('revoke nothing by a short ID that several grants have, or others that were not read', async () => {
    // The hashes of these two begin with the same digits.
    const grants = [10159, 66176].map((user) => {
      const userHash = String(user).padStart(43, 'u');
      const target = `USER_FEDERATION#p#${'d'.repeat(43)}`;
      const arn = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:x';
      return {
        grantId: encodeGrantId({ workloadId: '00000000-0000-4000-8000-000000000000', userHash, target }),
        ...{ workloadIdentityArn: `${arn}/a`, credentialProviderArn: `${arn}/p`, userHash },
      };
    });
    const calls: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      calls.push(request.url);
      const more = request.url?.endsWith('ListWorkloadIdentities') === true;
      const page = { grants, workloadIdentities: [{ name: 'a' }] };
      response.end(JSON.stringify({ ...page, ...(more && { nextToken: 'next' }) }));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const env = { AGENT_IDENTITY_ENDPOINT: `http://127.0.0.1:${port}` };
    const revoke = ['grants', 'revoke', '--grant-id', '9293d40c', '--yes'];
    const several = await local.run([...revoke, '--agent', 'a'], { env });
    const unread = await local.run(revoke, { env });
    await close();
    expect(several.stderr).toBe(
      `Several grants have the ID "9293d40c": a at p for ${grants[0]?.userHash}; a at p for ${grants[1]?.userHash}. Add --agent, --provider, or a user, or take the grantId from grants list --json.\n`,
    );
    expect(unread.stderr).toBe(
      'There are too many grants to find one by its short ID. Add --agent, --provider, or a user.\n',
    );
    expect(calls.filter((url) => url?.endsWith('RevokeGrants'))).toEqual([]);
  });

  it.each([
    [['--grant-id', 'x', '--agent', 'y'], 'A grant ID names one grant: omit the other filters.'],
    [
      ['--grant-id', 'x'],
      '"x" is not a grant ID. Take it from agent-identity grants list with --agent, --provider, or a user.',
    ],
  ])('receive a message about a listing with %j', async (filter, message) => {
    expect(await local.run(['grants', 'list', ...filter])).toEqual({
      status: 2,
      stdout: '',
      stderr: `${message}\n`,
    });
  });
});
