/** `agent-identity portal` with a real identity provider. */
import { startProvider, type TestProvider } from '../flows/support/provider';
import { ServiceForCommands } from './command-under-test';

let local: ServiceForCommands;
let idp: TestProvider;

beforeAll(async () => {
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
});

afterAll(async () => {
  await Promise.all([local.close(), idp.close()]);
});

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
  expect((await fetch(url)).status).toBe(200);
  const signIn = await fetch(`${url}/login`, { redirect: 'manual' });
  expect(new URL(signIn.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(redirectUri);
});

it('asks for what the options do not state', async () => {
  const { status, stdout } = await local.run(['portal', 'add'], {
    answers: [
      ['Name of the portal: ', 'asked'],
      ['Agents (names, separated by spaces): ', 'travel, mail'],
      ['Credential provider of the sign-in: ', 'sign-in'],
      ['Scopes of the sign-in (such as profile): ', 'profile email'],
    ],
  });
  expect(status).toBe(0);
  expect(fields(stdout)).toMatchObject({ Portal: 'asked', Agents: 'travel mail', Scopes: 'profile email' });
});

it.each([
  [['portal', 'add'], 'Set the name of the portal.'],
  [['portal', 'add', 'p'], 'Set --agent.'],
  [['portal', 'add', 'p', '--agent', 'travel'], 'Set --sign-in.'],
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
    /The consent portal "broken" exists, but its pages do not work \(FAILED\)\. The metadata .* Correct this, and then run: agent-identity portal verify broken\n$/,
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
