/**
 * Reports of the identity provider that name users by email address reach people who only sign in to a portal: its
 * sign-in remembers their verified addresses, as the token exchange does.
 */
import { startIssuer, type TestIssuer } from './support/issuer';
import { newSecret, TestPortal } from './support/portal';
import { AUDIENCE, CAEP, now, RISC, Transmitter } from './support/transmitter';
import { World } from './support/world';

const CLIENT_ID = 'portal-client';

let world: World;
let issuer: TestIssuer;
let portal: TestPortal;
beforeAll(async () => {
  issuer = await startIssuer();
  const { discoveryUrl } = issuer;
  world = await World.start({}, () => [
    {
      discoveryUrl,
      allowedAudience: [CLIENT_ID],
      securityEvents: {
        id: 'people',
        transmitter: { issuer: issuer.issuer, jwksUri: `${issuer.issuer}/jwks`, audience: [AUDIENCE] },
        emailSubjects: true,
      },
    },
  ]);
  portal = await TestPortal.create(world, {
    agents: [await world.agent()],
    identityProvider: { discoveryUrl, clientId: CLIENT_ID, clientSecret: 'secret-of-the-portal' },
  });
});
afterAll(async () => {
  await issuer.close();
  await world.stop();
});

async function signIn(subject: string, claims: object = {}, newSession = newSecret()) {
  const secret = newSecret();
  const { searchParams } = new URL(await portal.signInUrl(secret));
  const idToken = await issuer.token(subject, {
    aud: CLIENT_ID,
    nonce: searchParams.get('nonce'),
    iat: now() - 5,
    email: `${subject}@people.example`,
    email_verified: true,
    ...claims,
  });
  issuer.tokenResponse = () =>
    Promise.resolve({
      body: { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token: idToken },
    });
  return portal.signInCallback(
    secret,
    new URLSearchParams({ code: 'the-code', state: searchParams.get('state') ?? '' }),
    { newSession },
  );
}

async function sessionOf(subject: string, claims: object = {}): Promise<string> {
  const newSession = newSecret();
  const result = await signIn(subject, claims, newSession);
  if (!('session' in result)) throw new Error(JSON.stringify(result));
  return newSession;
}

async function report(type: string, subject: string): Promise<void> {
  const transmitter = new Transmitter(issuer, world.local.endpoint, '/events/people');
  const named = { format: 'email', email: `${subject}@people.example` };
  expect((await transmitter.push(type, named, {})).status).toBe(202);
}

it.each([`${CAEP}session-revoked`, `${RISC}account-disabled`, `${RISC}account-purged`])(
  'ends the session of a person whose only sign-in was here: %s',
  async (type) => {
    const subject = `ana-${type.slice(-8)}`;
    const session = await sessionOf(subject);
    expect(await portal.view(session)).toHaveProperty('agents');
    await report(type, subject);
    expect(await portal.view(session)).toMatchObject({ refused: 'signed-out' });
  },
);

it('rejects the sign-in of a person whose address was reported before the first sign-in', async () => {
  await report(`${RISC}account-disabled`, 'ben');
  expect(await signIn('ben')).toMatchObject({ refused: 'login_rejected' });
});

it('ignores an address that the issuer has not verified', async () => {
  const session = await sessionOf('cleo', { email: 'dora@people.example', email_verified: false });
  await report(`${RISC}account-disabled`, 'dora');
  expect(await portal.view(session)).toHaveProperty('agents');
});
