/** Reports that name users by email address, in the running service. */
import { randomUUID } from 'node:crypto';
import { userHashOf } from '../../lambda/model/user';
import { startIssuer, type TestIssuer } from './support/issuer';
import { AUDIENCE, CAEP, now, RISC, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

let world: World;
/** Also names users by email address. */
let partner: TestIssuer;
/** Does not. */
let silent: TestIssuer;
let agent: TestAgent;
let users = 0;

beforeAll(async () => {
  [partner, silent] = await Promise.all([startIssuer(), startIssuer()]);
  const reporting = ({ discoveryUrl, audience, issuer }: TestIssuer, id: string) => ({
    discoveryUrl,
    allowedAudience: [audience],
    securityEvents: {
      id,
      transmitter: { issuer, jwksUri: `${issuer}/jwks`, audience: [AUDIENCE] },
      globalTokenRevocation: { issuer, jwksUri: `${issuer}/jwks` },
      ...(id !== 'silent' && { emailSubjects: true }),
    },
  });
  world = await World.start({ ttl: { AccessToken: 3600 } }, (issuer) => [
    reporting(issuer, 'people'),
    reporting(partner, 'partner'),
    reporting(silent, 'silent'),
  ]);
  agent = await world.agent();
});
afterAll(async () => {
  await Promise.all([partner.close(), silent.close()]);
  await world.stop();
});

const newUser = (): string => `user-${(users += 1)}`;
const address = (subject: string): string => `${subject}@People.Example`;
const byEmail = (subject: string) => ({ format: 'email', email: `${subject}@people.example` });

const mint = async (subject: string, claims: object = {}, issuer = world.issuer) =>
  agent.token({
    userToken: await issuer.token(subject, {
      iat: now() - 5,
      email: address(subject),
      email_verified: true,
      ...claims,
    }),
  });

async function report(type: string, subject: object, event = {}, issuer = world.issuer, id = 'people') {
  const transmitter = new Transmitter(issuer, world.local.endpoint, `/events/${id}`);
  expect((await transmitter.push(type, subject, event)).status).toBe(202);
  return (await world.audit()).at(-1);
}

const ENDED = { name: 'UnauthorizedException' };
const DISABLED = { name: 'AccessDeniedException' };
const allowed = { authorizationUrl: expect.any(String) as string };
const hashOfUser = (subject: string) => userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject });

it('session-revoked ends the tokens of the user with the verified address', async () => {
  const subject = newUser();
  const token = await mint(subject);
  expect(await agent.ask(token)).toMatchObject(allowed);
  const entry = await report(`${CAEP}session-revoked`, byEmail(subject));
  expect(entry).toMatchObject({ result: 'applied', user: hashOfUser(subject) });
  await expect(agent.ask(token)).rejects.toMatchObject(ENDED);
  await expect(mint(subject)).rejects.toMatchObject(ENDED);
  expect(await agent.ask(await mint(subject, { iat: now() + 1 }))).toMatchObject(allowed);
});

it('a complex subject names the user by address, and a session', async () => {
  const subject = newUser();
  const [ended, other] = [await mint(subject, { sid: 's1' }), await mint(subject, { sid: 's2' })];
  const session = { format: 'opaque', id: 's1' };
  await report(`${CAEP}session-revoked`, { format: 'complex', user: byEmail(subject), session });
  await expect(agent.ask(ended)).rejects.toMatchObject(ENDED);
  expect(await agent.ask(other)).toMatchObject(allowed);
});

it('account-disabled before the first token of the user applies to it, until account-enabled', async () => {
  const subject = newUser();
  expect(await report(`${RISC}account-disabled`, byEmail(subject))).toMatchObject({ result: 'applied' });
  await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  await report(`${RISC}account-enabled`, byEmail(subject), { event_timestamp: now() + 1 });
  expect(await agent.ask(await mint(subject))).toMatchObject(allowed);
});

it('a report about an address ends the tokens of each user who has or had it', async () => {
  const [first, second] = [newUser(), newUser()];
  const tokens = [await mint(first), await mint(second, { email: address(first) })];
  const entry = await report(`${RISC}account-purged`, byEmail(first));
  expect(entry?.reason).toContain(hashOfUser(first));
  expect(entry?.reason).toContain(hashOfUser(second));
  for (const token of tokens) await expect(agent.ask(token)).rejects.toMatchObject(DISABLED);
  await expect(mint(second, { email: address(first) })).rejects.toMatchObject(DISABLED);
});

it('an operator who lifts the suspension of a user lifts that of the address for this user', async () => {
  const subject = newUser();
  await mint(subject);
  await report(`${RISC}account-disabled`, byEmail(subject), { event_timestamp: now() - 2 });
  await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  const user = { userHash: hashOfUser(subject) };
  await world.operate('ResumeUser', { user, liftIssuerSuspension: true });
  expect(await agent.ask(await mint(subject))).toMatchObject(allowed);
});

it('an operator also lifts the suspension of an address for a user whose first token came after the report', async () => {
  const subject = newUser();
  await report(`${RISC}account-disabled`, byEmail(subject), { event_timestamp: now() - 2 });
  await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  await world.operate('ResumeUser', { user: { userHash: hashOfUser(subject) }, liftIssuerSuspension: true });
  expect(await agent.ask(await mint(subject))).toMatchObject(allowed);
});

it('account-purged revokes the grants of the user', async () => {
  const subject = newUser();
  const token = await mint(subject);
  const entry = await report(`${RISC}account-purged`, byEmail(subject));
  expect(entry).toMatchObject({ user: hashOfUser(subject), revocation: expect.any(String) as string });
  await expect(agent.ask(token)).rejects.toMatchObject(DISABLED);
});

it.each([
  ['false', { email_verified: false }],
  ['a text', { email_verified: 'true' }],
  ['missing', { email_verified: undefined }],
])('an address is not trusted if email_verified is %s', async (_what, claims) => {
  const [victim, attacker] = [newUser(), newUser()];
  const token = await mint(victim);
  await mint(attacker, { email: address(victim), ...claims });
  expect(await report(`${CAEP}session-revoked`, byEmail(victim))).toMatchObject({ user: hashOfUser(victim) });
  await expect(agent.ask(token)).rejects.toMatchObject(ENDED);
});

it('an issuer ends nothing of the user with the same address at another issuer', async () => {
  const subject = newUser();
  const token = await mint(subject);
  await report(`${RISC}account-disabled`, byEmail(subject), {}, partner, 'partner');
  expect(await agent.ask(token)).toMatchObject(allowed);
  await expect(mint(subject, {}, partner)).rejects.toMatchObject(DISABLED);
});

it('an issuer that is not configured for it names no user by address', async () => {
  const subject = newUser();
  const token = await mint(subject, {}, silent);
  expect(await report(`${CAEP}session-revoked`, byEmail(subject), {}, silent, 'silent')).toMatchObject({
    result: 'no-effect',
    reason: 'the issuer does not name users by email address here',
  });
  expect(await agent.ask(token)).toMatchObject(allowed);
});

describe('Global Token Revocation', () => {
  async function revoke(issuer: TestIssuer, id: string, body: object) {
    const path = `/global-token-revocation/${id}`;
    const bearer = await issuer.token(
      'unused',
      { sub: undefined, aud: world.local.endpoint + path, exp: now() + 300, jti: randomUUID() },
      { typ: 'global-token-revocation+jwt' },
    );
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const transmitter = new Transmitter(issuer, world.local.endpoint, path);
    return (await transmitter.post(JSON.stringify(body), headers)).status;
  }

  it('ends the sessions of the user with the address, and answers as for an unknown one', async () => {
    const subject = newUser();
    const token = await mint(subject);
    expect(await revoke(world.issuer, 'people', { sub_id: byEmail(subject) })).toBe(204);
    await expect(agent.ask(token)).rejects.toMatchObject(ENDED);
    expect(await revoke(world.issuer, 'people', { sub_id: byEmail(randomUUID()) })).toBe(204);
  });

  it('rejects an address if the issuer is not configured for it', async () => {
    expect(await revoke(silent, 'silent', { sub_id: byEmail('ana') })).toBe(400);
  });
});

it('no address is in the log', async () => {
  expect((await world.logLines()).join('\n').toLowerCase()).not.toContain('@people.example');
});
