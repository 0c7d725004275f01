/** What `provider delete`, `doctor`, and `portal` say about the sign-in of a consent portal. */
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
});

afterAll(async () => {
  await Promise.all([local.close(), idp.close()]);
});

const addSignIn = (name: string, discoveryUrl = idp.discoveryUrl) =>
  local.json(
    [
      ...['provider', 'add', name, '--vendor', 'custom', '--client-id', idp.clientId],
      ...['--discovery-url', discoveryUrl],
    ],
    { input: idp.clientSecret },
  );

const addPortal = (name: string, signIn: string, agent = 'travel') =>
  local.run(['portal', 'add', name, '--agent', agent, '--sign-in', signIn, '--scope', 'profile']);

/** Returns the line of doctor about a portal, with the line after it. */
const checkOf = async (portal: string): Promise<string | undefined> =>
  new RegExp(`^\\w+ +portal ${portal} .*\\n.*`, 'm').exec((await local.run(['doctor'])).stdout)?.[0];

it('says before and after the deletion of a provider which portals sign users in with it, and so does doctor', async () => {
  await addSignIn('sign-in');
  await addSignIn('other');
  expect((await addPortal('travel-portal', 'sign-in')).status).toBe(0);
  expect(await checkOf('travel-portal')).toMatch(
    /^ok +portal travel-portal +ACTIVE, users sign in with the provider "sign-in"/,
  );
  const unrelated = await local.run(['provider', 'delete', 'other', '--yes']);
  expect(unrelated.stderr).toBe('');

  const ended = 'Users can no longer sign in at the consent portal "travel-portal".';
  const remove = ['provider', 'delete', 'sign-in'];
  const kept = await local.run(remove, { answers: [['[y/N] ', 'no']] });
  expect(kept.stderr).toContain(`${ended} Delete the OAuth 2.0 credential provider "sign-in"? [y/N]`);
  expect((await local.run(['provider', 'get', 'sign-in'])).status).toBe(0);

  const next = 'agent-identity portal update travel-portal --sign-in NAME';
  const deleted = await local.run([...remove, '--yes']);
  expect(deleted).toEqual({
    status: 0,
    stdout: 'The OAuth 2.0 credential provider "sign-in" is deleted.\n',
    stderr: `${ended} Set another provider: ${next}\n`,
  });
  expect(await checkOf('travel-portal')).toMatch(
    new RegExp(
      `^fail +portal \\S+ +its sign-in provider "sign-in" does not exist\\n +Set another one: ${next}$`,
    ),
  );
  await local.json(['portal', 'delete', 'travel-portal', '--yes']);
});

it('says in doctor why a portal does not work', async () => {
  await addSignIn('down', 'http://127.0.0.1:9/.well-known/openid-configuration');
  expect((await addPortal('broken', 'down')).status).toBe(1);
  expect(await checkOf('broken')).toMatch(
    /^fail +portal broken +FAILED: The metadata .*\n +Correct the cause, .*: agent-identity portal verify broken$/,
  );
});

it('prints the command that lists the client of the sign-in, which keeps the other audiences', async () => {
  await addSignIn('sign-in-2');
  // The invocation URL of a gate has an ARN in its path.
  const gate = 'http://127.0.0.1:4620/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1/invocations';
  const heard = ['--issuer', idp.issuer, '--allowed-audience', 'my-app', '--allowed-audience', gate];
  await local.json(['agent', 'add', 'heard', ...heard]);
  const { status, stderr } = await addPortal('heard-portal', 'sign-in-2', 'heard');
  expect(status).toBe(0);
  const audiences = ['my-app', gate, idp.clientId].map((audience) => `--allowed-audience ${audience}`);
  const command = `agent update heard ${audiences.join(' ')}`;
  expect(stderr).toMatch(
    new RegExp(
      `^Warning: .* does not list the client ID .*\\nTo add the client, run: agent-identity ${command}\\n`,
      'm',
    ),
  );
  expect(await checkOf('heard-portal')).toMatch(
    /^warn +portal heard-portal +ACTIVE: Users might not be able/,
  );
  expect((await local.run(command.split(' '))).status).toBe(0);
  const verified = await local.run(['portal', 'verify', 'heard-portal']);
  expect([verified.status, verified.stderr.includes('Warning')]).toEqual([0, false]);
});
