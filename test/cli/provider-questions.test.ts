/** `agent-identity provider add` on a terminal: questions, and again after a mistake. */
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

const SECRET = 'client-secret-to-keep';
const CLIENT_SECRET = 'client secret (not shown): ';

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

const providers = async (): Promise<string[]> => {
  const { oauth2CredentialProviders, apiKeyCredentialProviders } = await local.json<
    Record<string, { name: string }[]>
  >(['provider', 'list']);
  return [...(oauth2CredentialProviders ?? []), ...(apiKeyCredentialProviders ?? [])].map(({ name }) => name);
};

it('asks again for a vendor that does not exist', async () => {
  const { status, stderr } = await local.run(['provider', 'add', 'first'], {
    answers: [
      ['Vendor: ', 'gogle'],
      ['Vendor: ', 'google'],
      ['Client ID: ', 'my-client'],
      [CLIENT_SECRET, SECRET],
    ],
  });
  expect(stderr).toMatch(/There is no vendor "gogle"\. The vendors are custom, /);
  expect(status).toBe(0);
});

it('asks for another name if one is taken, and keeps the other answers', async () => {
  await local.run(['provider', 'add', 'taken', '--vendor', 'slack', '--client-id', 'c'], { input: 's' });
  const { status, stdout, stderr } = await local.run(['provider', 'add', 'taken'], {
    answers: [
      ['Vendor: ', 'slack'],
      ['Client ID: ', 'my-client'],
      [CLIENT_SECRET, SECRET],
      ['Name of the provider: ', 'free'],
    ],
  });
  expect(stderr).toContain(
    'An OAuth 2.0 credential provider named "taken" already exists. If agent-identity provider list does not show it, it belongs to another principal: choose another name. Otherwise, use agent-identity provider update.\n',
  );
  expect(occurrences(stderr, 'Client ID: ')).toBe(1);
  expect(occurrences(stderr, CLIENT_SECRET)).toBe(1);
  expect(stdout).toMatch(/^Provider +free$/m);
  expect(status).toBe(0);
  expect(await providers()).toEqual(expect.arrayContaining(['taken', 'free']));
});

it('asks again for what the service rejects, says why, and keeps the other answers', async () => {
  const { status, stdout, stderr } = await local.run(['provider', 'add', 'idp', '--vendor', 'custom'], {
    answers: [
      ['Client ID: ', 'my-client'],
      ['Discovery URL: ', 'https://idp.example'],
      [CLIENT_SECRET, SECRET],
      ['Discovery URL: ', 'https://idp.example/.well-known/openid-configuration'],
    ],
  });
  expect(stderr).toMatch(/--discovery-url must end in \/\.well-known\//);
  // The rule is in words, and not a regular expression too.
  expect(stderr).not.toContain('must match');
  expect(occurrences(stderr, CLIENT_SECRET)).toBe(1);
  expect(status).toBe(0);
  expect(stdout + stderr).not.toContain(SECRET);
});

it('asks again for a secret that is empty, or has more than one line', async () => {
  const { status, stdout, stderr } = await local.run(['provider', 'add', 'weather'], {
    answers: [
      ['Vendor: ', 'api-key'],
      ['API key (not shown): ', ''],
      ['API key (not shown): ', 'first line\nsecond line'],
      ['API key (not shown): ', SECRET],
    ],
  });
  expect(stderr).toContain('The API key is empty. Type it, or write it to stdin.\n');
  expect(stderr).toContain('The API key has more than one line. Type it');
  expect(stdout + stderr).not.toContain('line\n');
  expect(stdout).toContain('apikeycredentialprovider/weather');
  expect(status).toBe(0);
});

it.each([
  ['repeats a request that failed, if the person wants that', 'yes', 3],
  ['ends with the reason of a request that failed, if the person does not want to repeat it', 'no', 2],
])('%s', async (_title, answer, requests) => {
  const { status, stdout, stderr } = await local.run(
    ['provider', 'add', 'elsewhere', '--vendor', 'github', '--client-id', 'client'],
    {
      env: { AGENT_IDENTITY_ENDPOINT: 'http://127.0.0.1:9' },
      answers: [
        [CLIENT_SECRET, SECRET],
        ['Send the request again? [y/N] ', answer],
        ['Send the request again? [y/N] ', 'no'],
      ],
    },
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(occurrences(stderr, 'did not respond')).toBe(requests);
  expect(occurrences(stderr, CLIENT_SECRET)).toBe(1);
});

describe('without a terminal, a secret', () => {
  const add = (name: string, input: string) => local.run(['provider', 'add', name, '--api-key'], { input });

  it.each([
    ['\n', 'the line break of echo'],
    ['\r\n', 'the line break of Windows'],
    ['\n\n', 'an empty line'],
  ])('loses %j at its end: %s', async (end) => {
    const name = `ended-${end.length}-${end.charCodeAt(0)}`;
    expect((await add(name, `key${end}`)).status).toBe(0);
  });

  it.each(['one\ntwo', 'one\r\ntwo\r\n', 'one\rtwo'])(
    'is rejected with a line break inside: %j',
    async (key) => {
      expect(await add('several', key)).toEqual({
        status: 2,
        stdout: '',
        stderr:
          'The API key has more than one line. Type it, or write it to stdin, as a single line without anything else.\n',
      });
      expect(await providers()).not.toContain('several');
    },
  );
});

it('rejects a mistake without a terminal, instead of asking', async () => {
  await local.run(['provider', 'add', 'once', '--api-key'], { input: 'key' });
  expect(await local.run(['provider', 'add', 'once', '--api-key'], { input: 'key' })).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'An API key credential provider named "once" already exists. If agent-identity provider list does not show it, it belongs to another principal: choose another name. Otherwise, use agent-identity provider update.\n',
  });
});
