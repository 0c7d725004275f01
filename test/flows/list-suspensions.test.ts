/** Operators see who is suspended and by whom, and lift what an identity provider reported in an emergency. */
import { userHashOf } from '../../lambda/model/user';
import { AUDIENCE, CAEP, issSub, now, RISC, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

const OPERATOR_ARN = 'arn:aws:iam::000000000000:user/operator';

let agent: TestAgent;
let users = 0;

const world = World.ofFile({}, ({ discoveryUrl, audience, issuer }) => [
  {
    discoveryUrl,
    allowedAudience: [audience],
    securityEvents: {
      id: 'people',
      transmitter: { issuer, jwksUri: `${issuer}/jwks`, audience: [AUDIENCE] },
    },
  },
]);
beforeAll(async () => {
  agent = await world.agent();
});

const newUser = () => ({ issuer: world.issuer.issuer, subject: `user-${(users += 1)}` });
type User = ReturnType<typeof newUser>;
const hashOf = (user: User) => userHashOf({ kind: 'jwt', ...user });
const mint = async ({ subject }: User, iat = now() - 5) =>
  agent.token({ userToken: await world.issuer.token(subject, { iat }) });

async function operate<Output>(operation: string, input: object): Promise<Output> {
  const { status, body } = await world.operate(operation, input);
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Output;
}

async function report(type: string, { issuer, subject }: User, time = now()): Promise<void> {
  const transmitter = new Transmitter(world.issuer, world.local.endpoint, '/events/people');
  const { status } = await transmitter.push(type, issSub(issuer, subject), { event_timestamp: time });
  expect(status).toBe(202);
}

interface Listed {
  readonly workloadName?: string;
  readonly userHash?: string;
}

/** Every page of the listing. */
async function suspensions(maxResults?: number): Promise<Listed[][]> {
  const pages: Listed[][] = [];
  let nextToken: string | undefined;
  do {
    const page: { suspensions: Listed[]; nextToken?: string } = await operate('ListSuspensions', {
      ...(maxResults !== undefined && { maxResults }),
      ...(nextToken !== undefined && { nextToken }),
    });
    pages.push(page.suspensions);
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return pages;
}

const listed = async (user: User) =>
  (await suspensions()).flat().find(({ userHash }) => userHash === hashOf(user));

describe('ListSuspensions', () => {
  const since = expect.any(Number) as number;

  it('has suspended agents and users, each with the operator or issuer that suspended it, and no others', async () => {
    const [byOperator, byIssuer, byBoth, resumed, enabled] = Array.from({ length: 5 }, newUser) as [
      User,
      User,
      User,
      User,
      User,
    ];
    await operate('SuspendWorkloadIdentity', { name: 'not-made-yet', reason: 'reported' });
    await operate('SuspendUser', { user: byOperator, reason: 'left' });
    await report(`${RISC}account-purged`, byIssuer);
    await operate('SuspendUser', { user: byBoth });
    await report(`${RISC}account-disabled`, byBoth);
    await operate('SuspendUser', { user: resumed });
    await operate('ResumeUser', { user: resumed });
    await report(`${RISC}account-disabled`, enabled);
    await report(`${RISC}account-enabled`, enabled, now() + 1);
    await report(`${CAEP}session-revoked`, newUser());

    const all = (await suspensions()).flat();
    const byAnOperator = { since, by: OPERATOR_ARN };
    const byTheIssuer = { since, trustedIssuer: 'people' };
    expect(all).toHaveLength(4);
    for (const expected of [
      { workloadName: 'not-made-yet', suspendedByOperator: { ...byAnOperator, reason: 'reported' } },
      { userHash: hashOf(byOperator), suspendedByOperator: { ...byAnOperator, reason: 'left' } },
      { userHash: hashOf(byIssuer), suspendedByIssuer: { ...byTheIssuer, state: 'PURGED' } },
      {
        userHash: hashOf(byBoth),
        suspendedByOperator: byAnOperator,
        suspendedByIssuer: { ...byTheIssuer, state: 'DISABLED' },
      },
    ]) {
      expect(all).toContainEqual(expected);
    }
  });

  it('has each of them once, in pages of up to maxResults', async () => {
    const pages = await suspensions(1);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(1);
    const nameOf = ({ workloadName, userHash }: Listed) => workloadName ?? userHash;
    expect(pages.flat().map(nameOf).sort()).toEqual((await suspensions()).flat().map(nameOf).sort());
  });

  it('is for operators only, and rejects a page token of another listing', async () => {
    expect((await world.operate('ListSuspensions', {}, 'agent')).status).toBe(403);
    await world.agent();
    const other = await operate<{ nextToken?: string }>('ListWorkloadIdentities', { maxResults: 1 });
    const { status, body } = await world.operate('ListSuspensions', { nextToken: other.nextToken });
    expect([status, body]).toEqual([400, expect.stringContaining('nextToken')]);
  });
});

describe('ResumeUser', () => {
  it('says that the suspension by the identity provider stands, and how to lift it', async () => {
    const user = newUser();
    await report(`${RISC}account-disabled`, user);
    await operate('SuspendUser', { user });
    const resumed = await operate<Record<string, unknown>>('ResumeUser', { user });
    expect(resumed).toEqual({
      userHash: hashOf(user),
      liftedSuspension: expect.anything() as unknown,
      suspendedByIssuer: {
        state: 'DISABLED',
        since: expect.any(Number) as number,
        trustedIssuer: 'people',
      },
      message: expect.stringContaining('liftIssuerSuspension') as string,
    });
    await expect(mint(user)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(await listed(user)).not.toHaveProperty('suspendedByOperator');
  });

  it('lifts it in an emergency, with an entry in the audit log, until a later report', async () => {
    const user = newUser();
    const disabled = now();
    await report(`${RISC}account-disabled`, user, disabled);
    const input = { user, reason: 'the provider is wrong', liftIssuerSuspension: true };
    const lifted = await operate<Record<string, unknown>>('ResumeUser', input);
    expect(lifted).toMatchObject({ liftedIssuerSuspension: { state: 'DISABLED', trustedIssuer: 'people' } });
    expect(lifted).not.toHaveProperty('message');
    expect((await world.audit()).at(-1)).toMatchObject({
      operation: 'ResumeUser',
      outcome: 'allowed',
      user: hashOf(user),
      reason: 'the provider is wrong',
      result: 'issuer-suspension-lifted',
    });
    expect(await mint(user)).toEqual(expect.any(String));
    // The same report in another SET, and an older one, do not suspend the user again.
    await report(`${RISC}account-disabled`, user, disabled);
    await report(`${RISC}account-purged`, user, disabled - 60);
    expect(await mint(user)).toEqual(expect.any(String));
    expect(await listed(user)).toBeUndefined();
    await report(`${RISC}account-disabled`, user, now() + 30);
    await expect(mint(user)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('keeps the end of sessions', async () => {
    const user = newUser();
    await report(`${CAEP}session-revoked`, user);
    await report(`${RISC}account-disabled`, user);
    await operate('ResumeUser', { user, liftIssuerSuspension: true });
    await expect(mint(user)).rejects.toMatchObject({ name: 'UnauthorizedException' });
    expect(await mint(user, now() + 1)).toEqual(expect.any(String));
  });
});
