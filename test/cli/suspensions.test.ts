/** Operators list who is suspended and by whom, and resume users whom their identity provider has suspended. */
import { userHashOf } from '../../lambda/model/user';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { AUDIENCE, issSub, RISC, Transmitter } from '../flows/support/transmitter';
import { ServiceForCommands } from './command-under-test';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';

let local: ServiceForCommands;
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
  const transmitter = { issuer: issuer.issuer, jwksUri: `${issuer.issuer}/jwks`, audience: [AUDIENCE] };
  local = await ServiceForCommands.start({
    TRUSTED_ISSUERS: JSON.stringify([
      {
        discoveryUrl: issuer.discoveryUrl,
        allowedAudience: [issuer.audience],
        securityEvents: { id: 'people', transmitter },
      },
    ]),
  });
});

afterAll(async () => {
  await Promise.all([local.close(), issuer.close()]);
});

const hashOf = (subject: string) => userHashOf({ kind: 'jwt', issuer: issuer.issuer, subject });

const named = (subject: string) => ['--issuer', issuer.issuer, '--subject', subject];

async function report(type: 'account-disabled' | 'account-purged', subject: string): Promise<void> {
  const transmitter = new Transmitter(issuer, local.endpoint, '/events/people');
  const { status } = await transmitter.push(`${RISC}${type}`, issSub(issuer.issuer, subject));
  expect(status).toBe(202);
}

/** Returns the hash of the user, whom the operator suspends. */
async function suspended(subject: string, ...options: string[]): Promise<string> {
  const { userHash } = await local.json<{ userHash: string }>([
    ...['user', 'suspend', ...named(subject)],
    ...options,
  ]);
  return userHash;
}

/** Returns the lines of the table without its headings, and each time as `TIME`. */
async function table(...args: string[]): Promise<string[][]> {
  const { stdout } = await local.run(args);
  const [, ...rows] = stdout.trimEnd().split('\n');
  return rows.map((row) => row.split(/ {2,}/).map((cell) => cell.replace(/^\d{4}-\S+Z$/, 'TIME'))).sort();
}

it('says so if no user and no agent is suspended', async () => {
  expect(await local.run(['user', 'list'])).toEqual({
    status: 0,
    stdout: '',
    stderr: 'No user is suspended.\n',
  });
  expect(await local.run(['agent', 'list', '--suspended'])).toEqual({
    status: 0,
    stdout: '',
    stderr: 'No agent is suspended.\n',
  });
});

it('lists suspended users with the operator or the identity provider that suspended them, and no agents', async () => {
  const byOperator = await suspended('olga', '--reason', 'Left');
  const byBoth = await suspended('bela');
  await report('account-disabled', 'bela');
  await report('account-purged', 'ida');
  await suspended('rita');
  await local.json(['user', 'resume', ...named('rita')]);
  await local.json(['agent', 'suspend', 'rogue']);
  expect(await table('user', 'list')).toEqual(
    [
      [byOperator, OPERATOR, 'TIME', 'Left'],
      [byBoth, OPERATOR, 'TIME'],
      [byBoth, 'identity provider "people"', 'TIME', 'account disabled'],
      [hashOf('ida'), 'identity provider "people"', 'TIME', 'account purged'],
    ].sort(),
  );
});

it('lists suspended names, also those that no agent has', async () => {
  await local.json(['agent', 'add', 'stopped']);
  await local.json(['agent', 'suspend', 'stopped', '--reason', 'Leaked key']);
  await local.json(['agent', 'suspend', 'not-there-yet']);
  await local.json(['agent', 'suspend', 'lifted']);
  await local.json(['agent', 'resume', 'lifted']);
  const rows = await table('agent', 'list', '--suspended');
  expect(rows).toEqual(
    expect.arrayContaining([
      ['not-there-yet', OPERATOR, 'TIME'],
      ['stopped', OPERATOR, 'TIME', 'Leaked key'],
    ]),
  );
  expect(rows.map(([name]) => name)).not.toContain('lifted');
  expect(await local.run(['agent', 'list', '--suspended', '--owner', OPERATOR])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'A suspension belongs to a name, and not to an owner: omit --owner.\n',
  });
});

describe('user resume', () => {
  const resume = (subject: string, ...options: string[]) =>
    local.run(['user', 'resume', ...named(subject), ...options]);

  it('fails while the identity provider suspends the user, and says what to do', async () => {
    const userHash = await suspended('eva');
    await report('account-disabled', 'eva');
    const { status, stdout, stderr } = await resume('eva');
    expect([status, stdout]).toEqual([1, `The suspension by ${OPERATOR} is lifted.\n`]);
    expect(stderr).toMatch(
      /^The user [\w-]{43} is still suspended: the identity provider "people" reported the account as disabled \(since \d{4}-\S+Z\)\. Correct the account there, so that the identity provider reports it as enabled\. In an emergency, repeat the command with --lift-issuer-suspension\.\n$/,
    );
    expect(stderr).toContain(userHash);
    const again = await resume('eva', '--json');
    expect([again.status, JSON.parse(again.stdout)]).toEqual([
      1,
      {
        userHash,
        suspendedByIssuer: {
          state: 'DISABLED',
          since: expect.any(Number) as number,
          trustedIssuer: 'people',
        },
        message: expect.stringContaining('stays suspended') as string,
      },
    ]);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { name: 'StillSuspended' } });
  });

  it('lifts the suspension by the identity provider in an emergency', async () => {
    await report('account-disabled', 'max');
    expect((await resume('max')).status).toBe(1);
    const lifted = await resume('max', '--lift-issuer-suspension', '--reason', 'Wrong report');
    expect(lifted).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^The user [\w-]{43} is no longer suspended\.\n$/) as string,
      stderr:
        'The identity provider "people" had reported the account as disabled. A later report suspends the user again.\n',
    });
    const suspendedNow = await table('user', 'list');
    expect(suspendedNow.map(([userHash]) => userHash)).not.toContain(hashOf('max'));
    expect((await resume('max', '--lift-issuer-suspension')).stdout).toMatch(/ was not suspended\.\n$/);
  });
});
