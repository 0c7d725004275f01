/** `agent-identity portal` with a real identity provider. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { ServiceForCommands } from './command-under-test';
import { temporaryFolder } from '../environment/temporary-folder';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';

let local: ServiceForCommands;
let idp: TestProvider;
const folder = temporaryFolder('portal-logo');

beforeAll(async () => {
  await writeFile(join(folder, 'logo.svg'), LOGO);
  idp = await startProvider();
  const { discoveryUrl, clientId } = idp;
  local = await ServiceForCommands.start({
    TRUSTED_ISSUERS: JSON.stringify([{ discoveryUrl, allowedAudience: [clientId] }]),
  });
  await local.json(['agent', 'add', 'travel']);
  await local.json(['agent', 'add', 'mail']);
  await local.json(
    [
      ...['provider', 'add', 'sign-in', '--vendor', 'custom', '--client-id', clientId],
      ...['--discovery-url', discoveryUrl],
    ],
    { input: idp.clientSecret },
  );
  await local.json(['provider', 'add', 'calendar', '--vendor', 'slack', '--client-id', 'c'], { input: 's' });
});

afterAll(() => Promise.all([local.close(), idp.close()]));

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>';
const LOGO_URL = `data:image/svg+xml;base64,${Buffer.from(LOGO).toString('base64')}`;

const SIGN_IN = ['--sign-in', 'sign-in', '--scope', 'profile'];
const add = (name: string, ...options: string[]) =>
  local.run(['portal', 'add', name, '--agent', 'travel', ...options]);

/** Returns the values of the printed fields by their labels. */
const fields = (stdout: string) =>
  Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/) as [string, string]),
  );

it('creates a portal whose pages are at the printed URL, and says which redirect URI to register', async () => {
  const { status, stdout, stderr } = await add('travel-portal', '--agent', 'mail', ...SIGN_IN);
  expect(status).toBe(0);
  expect(stderr).toContain('Register the redirect URI at the identity provider');
  const printed = fields(stdout);
  expect(printed).toMatchObject({
    Portal: 'travel-portal',
    Status: 'ACTIVE',
    Agents: 'travel mail',
    Scopes: 'profile',
  });
  const { URL: url = '', 'Redirect URI': redirectUri } = printed;
  expect(redirectUri).toBe(`${url}/callback`);
  expect(printed['Return URL']).toBe(`${url}/connect/callback`);
  expect((await fetch(url)).status).toBe(200);
  const signIn = await fetch(`${url}/login`, { redirect: 'manual' });
  expect(new URL(signIn.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(redirectUri);
});

it('creates a portal with a branding and connections, which its pages and get show', async () => {
  const created = await local.json<object>([
    ...['portal', 'add', 'branded', '--agent', 'travel', '--agent', 'mail', ...SIGN_IN, '--audience', 'api'],
    ...['--display-name', 'Travel connections', '--color', '#0b5fff', '--logo', join(folder, 'logo.svg')],
    ...['--connection', 'travel calendar calendar.read calendar.write -- Plans your trips.'],
    '--connection',
    '{"workloadName":"mail","credentialProviderName":"calendar","scopes":[],"customParameters":{"team":"T1"}}',
  ]);
  const connections = [
    {
      ...{ workloadName: 'travel', credentialProviderName: 'calendar' },
      ...{ scopes: ['calendar.read', 'calendar.write'], purpose: 'Plans your trips.' },
    },
    {
      ...{ workloadName: 'mail', credentialProviderName: 'calendar', scopes: [] },
      customParameters: { team: 'T1' },
    },
  ];
  expect(created).toMatchObject({
    idpConfig: { scopes: ['profile'], audience: 'api' },
    branding: { name: 'Travel connections', color: '#0b5fff', logo: LOGO_URL },
    connections,
  });
  const { stdout } = await local.run(['portal', 'get', 'branded']);
  expect(fields(stdout)).toMatchObject({
    'Display name': 'Travel connections',
    Color: '#0b5fff',
    Logo: 'image/svg+xml',
    Audience: 'api',
  });
  expect(stdout).toMatch(
    /^Connection +travel calendar; scopes: calendar\.read, calendar\.write; purpose: Plans your trips\.$/m,
  );
  expect(await (await fetch(fields(stdout).URL ?? '')).text()).toContain('Travel connections');
});

it.each([
  ['--logo', 'none.gif', 'The logo must be a file .png, .jpg, .jpeg, .webp, .svg.'],
  ['--logo', 'none.png', 'The logo must be a file that can be read; none.png cannot be read.'],
  ['--connection', 'travel', '--connection must have an agent and a provider, such as "my-agent'],
  ['--connection', '{travel', '--connection with a text that begins with { must be a JSON object.'],
  [
    '--connection',
    'travel calendar calendar.read Plans your trips.',
    '--connection has the scopes calendar.read, Plans, your, trips., and no purpose, because nothing precedes the purpose. Write -- before the purpose: --connection "AGENT PROVIDER SCOPE... -- PURPOSE".',
  ],
])('rejects %s %s before it sends a request', async (option, value, message) => {
  const { status, stdout, stderr } = await local.run(['portal', 'add', 'never', option, value]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

it('shows which words of a connection are scopes, and how to state a purpose if there is none', async () => {
  const words = 'travel calendar calendar.read Plans trips';
  const { status, stdout, stderr } = await add('in-words', ...SIGN_IN, '--connection', words);
  expect([status, fields(stdout).Connection]).toEqual([
    0,
    'travel calendar; scopes: calendar.read, Plans, trips; no purpose',
  ]);
  const hint = 'A connection has several scopes and no purpose. To state a purpose, write it after --: ';
  expect(stderr).toContain(`${hint}--connection "AGENT PROVIDER SCOPE... -- PURPOSE"\n`);
  const update = (connection: string) =>
    local.run(['portal', 'update', 'in-words', '--connection', connection]);
  for (const clear of ['travel calendar calendar.read', 'travel calendar a b -- Plans trips'])
    expect((await update(clear)).stderr).not.toContain('purpose');
});

it('says what to do if the name is in use', async () => {
  await add('taken-portal', ...SIGN_IN);
  expect(await add('taken-portal', ...SIGN_IN)).toMatchObject({
    status: 1,
    stderr:
      'A consent portal named "taken-portal" already exists. If agent-identity portal list does not show it, it belongs to another principal: choose another name. Otherwise, use agent-identity portal update.\n',
  });
});

it.each([
  [['--color', 'blue'], /^--color .*--color must be a color/],
  [['--display-name', 'x'.repeat(5000)], /^--display-name must/],
  [['--scope', '"'], /^--scope must/],
  [['--connection', 'travel calendar "'], /^A scope of --connection must/],
  [['--connection', 'other calendar'], /^The agent of --connection must be/],
])('names the option of what the service rejects in add and update: %j', async (options, message) => {
  const refused = { status: 1, stdout: '', stderr: expect.stringMatching(message) as string };
  expect(await add('rejected', ...SIGN_IN, ...options)).toEqual(refused);
  await add('kept', ...SIGN_IN);
  expect(await local.run(['portal', 'update', 'kept', ...options])).toEqual(refused);
});

/** What a person types who wants nothing that can be left out. */
const NOTHING_MORE: [string, string][] = [
  ['Name on the pages (Enter for the name of the portal): ', ''],
  ['(Enter for the usual one): ', ''],
  ['Path of a logo (Enter for none): ', ''],
  ['Connection 1: agent (Enter for none): ', ''],
];

it('asks for what the options do not state', async () => {
  const { status, stdout } = await local.run(['portal', 'add'], {
    answers: [
      ['Name of the portal: ', 'asked'],
      ['Agents (names, separated by spaces): ', 'travel, mail'],
      ['Credential provider of the sign-in: ', 'sign-in'],
      ['Scopes of the sign-in (such as profile): ', 'profile email'],
      ...NOTHING_MORE,
    ],
  });
  expect(status).toBe(0);
  expect(fields(stdout)).toMatchObject({ Portal: 'asked', Agents: 'travel mail', Scopes: 'profile email' });
});

it('asks again for each mistake, says why, and keeps the other answers', async () => {
  const { status, stdout, stderr } = await local.run(['portal', 'add', 'two words'], {
    answers: [
      ['Agents (names, separated by spaces): ', 'travl'],
      ['Credential provider of the sign-in: ', 'sign-in or'],
      ['Credential provider of the sign-in: ', 'sing-in'],
      ['Scopes of the sign-in (such as profile): ', 'profile'],
      ['Name on the pages (Enter for the name of the portal): ', 'Travel'],
      ['(Enter for the usual one): ', 'blue'],
      ['Path of a logo (Enter for none): ', join(folder, 'logo.gif')],
      ['Path of a logo (Enter for none): ', join(folder, 'logo.svg')],
      ['Connection 1: agent (Enter for none): ', 'mail'],
      ['Connection 1: credential provider: ', 'calendr'],
      ['Connection 1: scopes, separated by spaces: ', 'calendar.read'],
      ['Connection 1: what the agent uses it for (Enter to leave it out): ', 'Plans.'],
      ['Connection 2: agent (Enter for none): ', ''],
      // Which provider signs users in is known before the request.
      ['Credential provider of the sign-in: ', 'sign-in'],
      // The members of the request.
      ['Name of the portal: ', 'mistaken'],
      ['(Enter for the usual one): ', '#0b5fff'],
      // An agent that is not one of the portal's.
      ['Connection 1: agent (Enter for none): ', 'travl'],
      ['Connection 1: credential provider: ', 'calendr'],
      ['Connection 1: scopes, separated by spaces: ', 'calendar.read'],
      ['Connection 1: what the agent uses it for (Enter to leave it out): ', ''],
      // Agents and providers that do not exist.
      ['Agents (names, separated by spaces): ', 'travel'],
      ['Connection 1: agent (Enter for none): ', 'travel'],
      ['Connection 1: credential provider: ', 'calendr'],
      ['Connection 1: scopes, separated by spaces: ', 'calendar.read'],
      ['Connection 1: what the agent uses it for (Enter to leave it out): ', ''],
      ['Connection 1: agent (Enter for none): ', 'travel'],
      ['Connection 1: credential provider: ', 'calendar'],
      ['Connection 1: scopes, separated by spaces: ', 'calendar.read'],
      ['Connection 1: what the agent uses it for (Enter to leave it out): ', ''],
    ],
  });
  for (const reason of [
    'There can be only one name here.',
    'The logo must be a file .png',
    'named "sing-in"',
    'must be a color',
    'The agent of --connection must be an agent or a gateway of the portal (--agent, --gateway)',
    'named "travl"',
    'named "calendr"',
  ]) {
    expect(stderr).toContain(reason);
  }
  expect(status).toBe(0);
  expect(fields(stdout)).toMatchObject({
    Portal: 'mistaken',
    'Display name': 'Travel',
    Logo: 'image/svg+xml',
    Connection: 'travel calendar; scopes: calendar.read; no purpose',
  });
});

it('has gateways, named by their names, which an update of the agents keeps', async () => {
  const { gatewayId: identifier } = await local.json<{ gatewayId: string }>(['gateway', 'add', 'tools']);
  const gateway = { type: 'agentcore-gateway', identifier };
  const agent = { type: 'workload-identity', identifier: 'mail' };
  await local.json(['portal', 'add', 'with-gateway', '--gateway', 'tools', ...SIGN_IN]);
  expect(await local.json(['portal', 'update', 'with-gateway', '--agent', 'mail'])).toMatchObject({
    sources: [agent, gateway],
  });
  expect(fields((await local.run(['portal', 'get', 'with-gateway'])).stdout)).toMatchObject({
    Agents: 'mail',
    Gateways: identifier,
  });
  expect((await local.run(['portal', 'update', 'with-gateway', '--gateway', 'tool'])).stderr).toContain(
    'Did you mean "tools"?',
  );
});

it('replaces what the options of update name, and keeps the rest', async () => {
  await local.json([
    ...['portal', 'add', 'changing', '--agent', 'travel', ...SIGN_IN, '--color', '#0b5fff'],
    ...['--connection', 'travel calendar read', '--description', 'First'],
  ]);
  const update = (...options: string[]) =>
    local.json<Record<string, unknown>>(['portal', 'update', 'changing', ...options]);
  const { portalUrl, ...first } = await local.json<Record<string, unknown>>(['portal', 'get', 'changing']);
  expect(await update('--display-name', 'Travel')).toMatchObject({
    ...{ portalUrl, idpConfig: first.idpConfig, connections: first.connections, description: 'First' },
    branding: { name: 'Travel', color: '#0b5fff' },
  });
  expect(await update('--scope', 'email', '--agent', 'mail', '--agent', 'travel')).toMatchObject({
    idpConfig: { ...(first.idpConfig as object), scopes: ['email'] },
    sources: [{ identifier: 'mail' }, { identifier: 'travel' }],
    branding: { name: 'Travel', color: '#0b5fff' },
  });
  const plain = await update('--no-branding', '--logo', join(folder, 'logo.svg'), '--no-connections');
  expect(plain).toMatchObject({ branding: { logo: LOGO_URL }, status: 'ACTIVE' });
  expect(plain).not.toHaveProperty('connections');
});

it.each([
  [[], 'Set what changes. '],
  [
    ['--no-connections', '--connection', 'travel calendar'],
    'Set --connection or --no-connections, not both.',
  ],
])('rejects an update with %j', async (options, message) => {
  await add('unchanged', ...SIGN_IN);
  const { status, stdout, stderr } = await local.run(['portal', 'update', 'unchanged', ...options]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

it.each([
  [['portal', 'add'], 'Set the name of the portal, --agent, --sign-in, and --scope.'],
  [['portal', 'add', 'p', '--agent', 'travel'], 'Set --sign-in and --scope.'],
  [['portal', 'add', 'p', '--agent', 'travel', '--sign-in', 'sign-in'], 'Set --scope.'],
])('says without a terminal what %j lacks', async (args, message) => {
  expect(await local.run(args)).toEqual({ status: 2, stdout: '', stderr: `${message}\n` });
});

it('says why a portal failed and what to do, and verifies it again after the correction', async () => {
  await local.json(
    [
      ...['provider', 'add', 'down', '--vendor', 'custom', '--client-id', idp.clientId],
      ...['--discovery-url', 'http://127.0.0.1:9/.well-known/openid-configuration'],
    ],
    { input: idp.clientSecret },
  );
  const failed = await add('broken', '--sign-in', 'down', '--scope', 'profile');
  expect(failed.status).toBe(1);
  const { Status, Reason } = fields(failed.stdout);
  expect([Status, Reason]).toEqual([
    'FAILED',
    expect.stringContaining('cannot be used for a sign-in') as string,
  ]);
  expect(failed.stderr).toMatch(
    /The consent portal "broken" exists, but its pages do not work \(FAILED\)\. The metadata .* If the portal names .* correct the cause, and then run: agent-identity portal verify broken\n$/,
  );
  const again = await local.run(['portal', 'verify', 'broken', '--json']);
  expect([again.status, JSON.parse(again.stdout)]).toEqual([
    1,
    expect.objectContaining({ name: 'broken', statusReason: expect.any(String) as string }),
  ]);
  expect(JSON.parse(again.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    error: { name: 'PortalFailed' },
  });
  await local.json(['provider', 'update', 'down', '--discovery-url', idp.discoveryUrl, '--secret'], {
    input: idp.clientSecret,
  });
  const corrected = await local.run(['portal', 'verify', 'broken']);
  expect([corrected.status, fields(corrected.stdout).Status]).toEqual([0, 'ACTIVE']);
});

it('shows a resource that another owner created again, and accepts it by its ID', async () => {
  const env = local.env('stranger');
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env;
  const stranger = new BedrockAgentCoreControl({
    endpoint: local.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    ...{ signingName: 'execute-api' },
  });
  const share = async () => {
    await local.json(['agent', 'add', 'shared'], { env });
    const Resource =
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/shared';
    const Statement = [
      { Effect: 'Allow', Principal: { AWS: OPERATOR }, Action: 'bedrock-agentcore:*', Resource },
    ];
    const policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await stranger.putResourcePolicy({ resourceArn: Resource, policy });
  };
  await share();
  expect((await add('with-shared', '--agent', 'shared', ...SIGN_IN)).status).toBe(0);
  await local.json(['agent', 'delete', 'shared', '--yes'], { env });
  await share();
  const verified = await local.run(['portal', 'verify', 'with-shared']);
  expect(verified.status).toBe(0);
  const [, id = ''] = /Warning: Left out, .* \(ID ([^)]+)\)\. .* --accept/.exec(verified.stderr) ?? [];
  expect(id).not.toBe('');
  const mistyped = await local.run(['portal', 'update', 'with-shared', '--accept', `${id}0`]);
  expect(mistyped.stderr).toMatch(
    new RegExp(
      `^Warning: The portal's status reason did not contain the ID ${id}0, so --accept might have had no effect\\.`,
    ),
  );
  const accepted = await local.run(['portal', 'update', 'with-shared', '--accept', id]);
  expect([accepted.status, fields(accepted.stdout).Reason]).toEqual([0, undefined]);
  expect(accepted.stderr).not.toContain('Warning');
});

it('finds a portal by name, ID, and ARN, and lists only those of the caller', async () => {
  await add('found', ...SIGN_IN);
  const portal = await local.json<{ consentPortalId: string; consentPortalArn: string }>([
    ...['portal', 'get', 'found'],
  ]);
  for (const named of [portal.consentPortalId, portal.consentPortalArn])
    expect(await local.json(['portal', 'get', named])).toEqual(portal);
  expect((await local.run(['portal', 'list'])).stdout).toMatch(
    /^found +ACTIVE +http:\/\/\S+\/portals\/found-/m,
  );
  const env = local.env('stranger');
  expect((await local.run(['portal', 'list'], { env })).stderr).toBe(
    'You have no consent portals. Create one with agent-identity portal add NAME.\n',
  );
  expect(await local.run(['portal', 'delete', 'found', '--yes'], { env })).toEqual({
    status: 1,
    stdout: '',
    stderr: 'You have no consent portal "found". Run agent-identity portal list for the names.\n',
  });
});

it('rejects a text that is the name of one portal and the ID of another', async () => {
  await add('twice', ...SIGN_IN);
  const { consentPortalId, consentPortalArn } = await local.json<Record<string, string>>([
    ...['portal', 'get', 'twice'],
  ]);
  await add(consentPortalId ?? '', ...SIGN_IN);
  const { status, stderr } = await local.run(['portal', 'delete', consentPortalId ?? '', '--yes']);
  expect(status).toBe(2);
  expect(stderr).toContain(consentPortalArn);
  expect(await local.json(['portal', 'get', consentPortalArn ?? ''])).toMatchObject({ name: 'twice' });
});

it('deletes a portal after a question', async () => {
  await add('doomed', ...SIGN_IN);
  const remove = ['portal', 'delete', 'doomed'];
  expect(await local.run(remove)).toMatchObject({
    status: 2,
    stderr: 'There is no terminal for a question. Set --yes.\n',
  });
  const kept = await local.run(remove, { answers: [['[y/N] ', 'no']] });
  expect(kept.stderr).toContain('Nothing was deleted.');
  expect((await local.run(['portal', 'get', 'doomed'])).status).toBe(0);
  expect(await local.run(remove, { answers: [['[y/N] ', 'yes']] })).toMatchObject({
    status: 0,
    stdout: 'The consent portal "doomed" is deleted.\n',
  });
  expect((await local.run(['portal', 'get', 'doomed'])).status).toBe(1);
});
