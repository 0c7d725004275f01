/** `agent-identity gateway limit` with a gateway of a service on this computer. */
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile({});

beforeAll(async () => {
  await local.json(['gateway', 'add', 'tools']);
});

const limit = (command: string, ...options: string[]) =>
  local.run(['gateway', 'limit', command, ...options, '--gateway', 'tools']);

it('is added, gets further entries, is listed, and is deleted after a question', async () => {
  expect(
    await limit('add', 'agents', '--by', 'target=calendar', '--by', 'agent', '--per-minute', '60'),
  ).toMatchObject({
    status: 0,
    stdout:
      'The rate limit "agents" of the gateway "tools" allows 60 per minute for target=calendar agent=*.\n',
  });
  await limit(
    'add',
    'agents',
    '--by',
    'target=calendar',
    '--by',
    'agent=mine',
    '--per-second',
    '5',
    '--connections',
    '2',
  );
  await limit('add', 'agents', '--by', 'target=calendar', '--by', 'agent=*', '--per-minute', '0');
  expect((await limit('list')).stdout).toMatch(
    /^LIMIT +FOR +ALLOWS\nagents +target=calendar agent=mine +5 per second, 2 at the same time\nagents +target=calendar agent=\* +0 per minute\n$/,
  );
  const replaced = await limit(
    'add',
    'agents',
    '--by',
    'target=calendar',
    '--by',
    'agent=*',
    '--per-minute',
    '7',
  );
  expect(replaced.stdout).toMatch(/ allows 7 per minute for .*, in place of 0 per minute\.\n$/);
  expect((await limit('delete', 'agents')).status).not.toBe(0);
  const entry = ['--by', 'target=calendar', '--by', 'agent=mine'];
  expect((await limit('delete', 'agents', '--yes', ...entry)).stdout).toBe(
    'The entry target=calendar agent=mine of the rate limit "agents" is deleted.\n',
  );
  expect((await limit('delete', 'agents', '--yes', ...entry)).stderr).toBe(
    'The rate limit "agents" has no such entry. Its entries are target=calendar agent=*.\n',
  );
  const remove = ['gateway', 'limit', 'delete', 'agents', '--gateway', 'tools'];
  expect(await local.run(remove, { answers: [['[y/N] ', 'yes']] })).toMatchObject({
    status: 0,
    stdout: 'The rate limit "agents" is deleted.\n',
  });
  expect((await limit('list')).stderr).toContain('has no rate limits. Add one with');
});

it.each([
  [['--by', 'user'], 2, 'Set --per-second, --per-minute, or --connections.'],
  [['--by', 'user', '--per-second', '1', '--per-minute', '1'], 2, 'Set either --per-second or --per-minute.'],
  [
    ['--by', 'model', '--per-second', '1'],
    2,
    '--by must be target, tool, agent, user, principal, or claim.NAME',
  ],
  [['--by', 'claim.sub', '--per-second', '1'], 1, 'needs a gateway with the authorizerType CUSTOM_JWT'],
  [['--by', 'user', '--per-second', '0.5'], 2, '--per-second must be a whole number'],
])('with %j is rejected', async (options, expected, message) => {
  const { status, stderr } = await limit('add', 'refused', ...options);
  expect([status, stderr]).toEqual([expected, expect.stringContaining(message)]);
});

it('says that a target, a tool, or an agent does not exist yet', async () => {
  const { status, stderr } = await limit('add', 'early', '--by', 'target=calender', '--per-minute', '1');
  expect([status, stderr]).toEqual([0, 'The gateway has no target "calender" yet.\n']);
  expect((await limit('add', 'tool', '--by', 'tool=pay', '--per-minute', '1')).stderr).toContain(
    'the name of a tool is TARGET___TOOL',
  );
  expect((await limit('add', 'agent', '--by', 'agent=missing', '--per-minute', '1')).stderr).toContain(
    'There is no agent "missing" yet.',
  );
});

it('with the dimensions of another one is not added', async () => {
  await limit('add', 'per-user', '--by', 'principal', '--per-minute', '60');
  const { status, stderr } = await limit('add', 'again', '--by', 'principal', '--per-minute', '6');
  expect([status, stderr]).toEqual([2, expect.stringContaining('gateway limit add per-user')]);
});

it('with other dimensions is not changed', async () => {
  await limit('add', 'users', '--by', 'user', '--per-minute', '60');
  const { status, stderr } = await limit('add', 'users', '--by', 'agent', '--per-minute', '60');
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('has other dimensions: --by must be user, in this order.'),
  ]);
});
