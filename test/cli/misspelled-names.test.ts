/** What the commands say about a name that no resource has. */
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

beforeAll(async () => {
  await local.run(['agent', 'add', 'travel']);
  await local.run(['agent', 'add', 'billing'], { env: local.env('stranger') });
  await local.run(['provider', 'add', 'weather', '--api-key'], { input: 'key' });
});

it.each([
  [
    'an agent',
    ['agent', 'get', 'travle'],
    /"travle"\. Did you mean "travel"\? Run agent-identity agent list/,
  ],
  [
    'the agent of a token',
    ['token', 'get', '--agent', 'trvel', '--provider', 'weather', '--flow', 'agent'],
    /"trvel"\. Correct the name, or create it\. Did you mean "travel"\?/,
  ],
  [
    'a provider',
    ['provider', 'get', 'wether'],
    /"wether"\. Did you mean "weather"\? Run agent-identity provider/,
  ],
  [
    'an agent of another owner, whose grants an operator lists',
    ['grants', 'list', '--agent', 'biling'],
    /"biling"\. Did you mean "billing"\?/,
  ],
])('proposes the name that was probably meant: %s', async (_case, args, message) => {
  expect(await local.run(args)).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringMatching(message) as string,
  });
});

it('proposes no name that differs much', async () => {
  expect((await local.run(['agent', 'get', 'billing'])).stderr).not.toContain('Did you mean');
});
