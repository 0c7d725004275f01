/**
 * An identity provider cuts its users off in the running service: security events that a scripted transmitter pushes,
 * logout tokens, and Global Token Revocation. The cases of the OpenID conformance suite's receiver tests are included.
 */
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../lambda/domain/digest';
import { sessionHash, userHashOf } from '../../lambda/domain/identity/user';
import { FORGERIES, startIssuer, type TestIssuer } from './support/issuer';
import { AUDIENCE, AUTHORIZATION, CAEP, issSub, now, RISC, SSF, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

const CLIENT = 'assistant';

let world: World;
/** Signs the events: another server than the issuer of user tokens, as at Okta. */
let keys: TestIssuer;
/** Another trusted issuer, with its own transmitter. */
let partner: TestIssuer;
let transmitter: Transmitter;
let agent: TestAgent;
let users = 0;

beforeAll(async () => {
  [keys, partner] = await Promise.all([startIssuer(), startIssuer()]);
  world = await World.start({ ttl: { AccessToken: 3600 } }, ({ discoveryUrl, audience }) => [
    {
      discoveryUrl,
      allowedAudience: [audience],
      securityEvents: {
        id: 'people',
        transmitter: {
          issuer: keys.issuer,
          jwksUri: `${keys.issuer}/jwks`,
          audience: [AUDIENCE],
          authorizationHash: hashOf(AUTHORIZATION),
          verificationState: 'requested',
        },
        backChannelLogout: { clientIds: [CLIENT] },
        globalTokenRevocation: { issuer: keys.issuer, jwksUri: `${keys.issuer}/jwks` },
      },
    },
    {
      discoveryUrl: partner.discoveryUrl,
      allowedAudience: [partner.audience],
      securityEvents: {
        id: 'partner',
        transmitter: { issuer: partner.issuer, jwksUri: `${partner.issuer}/jwks`, audience: [AUDIENCE] },
      },
    },
  ]);
  transmitter = new Transmitter(keys, world.local.endpoint, '/events/people');
  agent = await world.agent();
});
afterAll(async () => {
  await Promise.all([keys.close(), partner.close()]);
  await world.stop();
});

const newUser = (): string => `user-${(users += 1)}`;
const of = (subject: string) => issSub(world.issuer.issuer, subject);
const complex = (subject: string, sid: string) => ({
  format: 'complex',
  user: of(subject),
  session: { format: 'opaque', id: sid },
});

/** A user token that was issued before the events of the test, unless `claims` say otherwise. */
const userToken = (subject: string, claims: object = {}) =>
  world.issuer.token(subject, { iat: now() - 5, ...claims });
const mint = async (subject: string, claims: object = {}) =>
  agent.token({ userToken: await userToken(subject, claims) });
/** A read with a workload access token. The user has granted nothing, so an allowed one returns a link. */
const read = (token: string) => agent.ask(token);
const allowed = { authorizationUrl: expect.any(String) as string };

const ENDED = {
  name: 'UnauthorizedException',
  message:
    'The session of the user ended at the identity provider. Sign the user in again, and get a new workload access token.',
};
const DISABLED = {
  name: 'AccessDeniedException',
  message:
    'The identity provider disabled the account of this user. Ask the administrator of the identity provider.',
};

const lastEntry = async () => (await world.audit()).at(-1);

/** A pushed SET that is taken: 202, without a body. */
async function taken(answer: ReturnType<Transmitter['post']>, result: string): Promise<void> {
  const { status, body } = await answer;
  expect([status, body]).toEqual([202, '']);
  expect(await lastEntry()).toMatchObject({
    operation: 'ReceiveSecurityEvents',
    outcome: 'allowed',
    trustedIssuer: 'people',
    result,
  });
}

/** A pushed SET that is refused: 400 with a code, in the form of RFC 8935 section 2.3. */
async function refused(answer: ReturnType<Transmitter['post']>, err: string): Promise<void> {
  const { status, headers, body } = await answer;
  expect([status, headers['content-type'], headers['content-language']]).toEqual([
    400,
    'application/json',
    'en',
  ]);
  expect(JSON.parse(body)).toEqual({ err, description: expect.any(String) as string });
  expect(await lastEntry()).toMatchObject({
    operation: 'ReceiveSecurityEvents',
    outcome: 'denied',
    reason: expect.stringContaining(err) as string,
  });
}

describe('session-revoked', () => {
  it('ends all user tokens and workload access tokens of the user that were issued until then', async () => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    expect(await read(token)).toMatchObject(allowed);
    await taken(transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    await expect(read(token)).rejects.toMatchObject(ENDED);
    const listing = await world.post('ListResourceGrants', { workloadIdentityToken: token });
    expect(listing.status).toBe(401);
    await expect(mint(subject)).rejects.toMatchObject(ENDED);
    expect(await lastEntry()).toMatchObject({
      outcome: 'denied',
      user: userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject }),
      reason: 'user token: its session ended at the identity provider',
    });
    // After the user has signed in again.
    const again = await mint(subject, { iat: now() + 1 });
    expect(await read(again)).toMatchObject(allowed);
  });

  it('ends only the session that it names, and tokens that name no session', async () => {
    const subject = newUser();
    const [ended, other, unnamed] = [
      await mint(subject, { sid: 's1' }),
      await mint(subject, { sid: 's2' }),
      await mint(subject),
    ];
    await taken(transmitter.push(`${CAEP}session-revoked`, complex(subject, 's1')), 'applied');
    await expect(read(ended)).rejects.toMatchObject(ENDED);
    await expect(read(unnamed)).rejects.toMatchObject(ENDED);
    expect(await read(other)).toMatchObject(allowed);
    await expect(mint(subject, { sid: 's1' })).rejects.toMatchObject(ENDED);
    expect(await mint(subject, { sid: 's2' })).toEqual(expect.any(String));
  });

  it('ends all sessions for the session ID ALL of Keycloak', async () => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    await taken(transmitter.push(`${CAEP}session-revoked`, complex(subject, 'ALL')), 'applied');
    await expect(read(token)).rejects.toMatchObject(ENDED);
  });

  it('is applied once: a repeated one is accepted again', async () => {
    const subject = newUser();
    const set = await transmitter.set(`${CAEP}session-revoked`, of(subject));
    await taken(transmitter.post(set), 'applied');
    await taken(transmitter.post(set), 'repeated');
  });

  it('that arrives late ends only what was issued before the event', async () => {
    const subject = newUser();
    const late = { event_timestamp: now() - 3600 };
    await taken(transmitter.push(`${CAEP}session-revoked`, of(subject), late), 'applied');
    expect(await mint(subject)).toEqual(expect.any(String));
    await expect(mint(subject, { iat: now() - 3600 })).rejects.toMatchObject(ENDED);
  });

  it('does not touch the user ID of the same name', async () => {
    const subject = newUser();
    const token = await agent.token({ userId: subject });
    await taken(transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    expect(await read(token)).toMatchObject(allowed);
  });

  it('makes the completion of a consent with an old user token fail, and leaves the session open', async () => {
    const subject = newUser();
    const old = await userToken(subject);
    const { authorizationUrl } = await read(await agent.token({ userToken: old }));
    const back = await agent.consent(authorizationUrl, subject);
    await taken(transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    await expect(agent.complete(back, { userToken: old })).rejects.toMatchObject(ENDED);
    await agent.complete(back, { userToken: await userToken(subject, { iat: now() + 1 }) });
  });
});

it.each([
  ['credential-change', { change_type: 'update', credential_type: 'password' }],
  ['token-claims-change', { claims: { role: 'reader' } }],
])('%s ends what was issued until then', async (type, event) => {
  const subject = newUser();
  const token = await mint(subject);
  await taken(transmitter.push(CAEP + type, of(subject), event), 'applied');
  await expect(read(token)).rejects.toMatchObject(ENDED);
});

it('a new credential ends nothing', async () => {
  const subject = newUser();
  const token = await mint(subject);
  const event = { change_type: 'create', credential_type: 'fido2-platform' };
  await taken(transmitter.push(`${CAEP}credential-change`, of(subject), event), 'no-effect');
  expect(await read(token)).toMatchObject(allowed);
});

describe('an account', () => {
  it('that is disabled obtains nothing, with any token, until it is enabled', async () => {
    const subject = newUser();
    const token = await mint(subject);
    await taken(transmitter.push(`${RISC}account-disabled`, of(subject), { reason: 'hijacking' }), 'applied');
    await expect(read(token)).rejects.toMatchObject(DISABLED);
    await expect(mint(subject, { iat: now() + 1 })).rejects.toMatchObject(DISABLED);
    const later = { event_timestamp: now() + 1 };
    await taken(transmitter.push(`${RISC}account-enabled`, of(subject), later), 'applied');
    expect(await read(token)).toMatchObject(allowed);
  });

  it('stays suspended by an operator when the issuer enables it', async () => {
    const subject = newUser();
    const token = await mint(subject);
    const user = { issuer: world.issuer.issuer, subject };
    await world.operate('SuspendUser', { user });
    await taken(transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await taken(
      transmitter.push(`${RISC}account-enabled`, of(subject), { event_timestamp: now() + 1 }),
      'applied',
    );
    await expect(read(token)).rejects.toMatchObject({
      message: expect.stringContaining('suspended') as string,
    });
    await world.operate('ResumeUser', { user });
    expect(await read(token)).toMatchObject(allowed);
  });

  it('stays disabled when an operator resumes the user', async () => {
    const subject = newUser();
    await taken(transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await world.operate('ResumeUser', { user: { issuer: world.issuer.issuer, subject } });
    await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  });

  it('stays disabled when an older account-enabled arrives or is sent again', async () => {
    const subject = newUser();
    const enabled = await transmitter.set(`${RISC}account-enabled`, of(subject), {
      event_timestamp: now() - 60,
    });
    await taken(transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await taken(transmitter.post(enabled), 'no-effect');
    await taken(transmitter.post(enabled), 'repeated');
    await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  });

  it('that was purged obtains nothing', async () => {
    const subject = newUser();
    const token = await mint(subject);
    await taken(transmitter.push(`${RISC}account-purged`, of(subject)), 'applied');
    await expect(read(token)).rejects.toMatchObject(DISABLED);
  });

  it('is not suspended for a subject that is narrower than an account', async () => {
    const subject = newUser();
    const narrow = { ...complex(subject, 's1'), device: { format: 'opaque', id: 'laptop' } };
    await taken(transmitter.push(`${RISC}account-disabled`, narrow), 'no-effect');
    expect(await mint(subject)).toEqual(expect.any(String));
  });
});

describe('a SET is refused', () => {
  const sessionRevoked = `${CAEP}session-revoked`;

  it.each(FORGERIES)('that is %s', async (forgery) => {
    const forged = await keys.forged(forgery, 'ana');
    const [header = '', payload = '', signature = ''] = forged.split('.');
    const edit = (part: string, change: object) =>
      Buffer.from(
        JSON.stringify({ ...(JSON.parse(Buffer.from(part, 'base64url').toString()) as object), ...change }),
      ).toString('base64url');
    const set = [edit(header, { typ: 'secevent+jwt' }), edit(payload, { aud: AUDIENCE }), signature].join(
      '.',
    );
    const answer = await transmitter.post(set);
    // Right after a fetch of the keys, an unknown key can be a new one: the transmitter sends the SET again.
    if (forgery === 'under an unknown key' && answer.status === 429) return;
    await refused(Promise.resolve(answer), 'invalid_key');
  });

  it('from another issuer', async () => {
    const set = await transmitter.set(sessionRevoked, of('ana'), {}, { iss: 'https://other.example' });
    await refused(transmitter.post(set), 'invalid_issuer');
  });

  it('for another audience', async () => {
    const set = await transmitter.set(sessionRevoked, of('ana'), {}, { aud: 'https://other.example' });
    await refused(transmitter.post(set), 'invalid_audience');
  });

  it.each([
    ['without typ', {}, { typ: undefined }],
    ['as a user token', {}, { typ: 'at+jwt' }],
    ['as a logout token', {}, { typ: 'logout+jwt' }],
    ['with sub', { sub: 'ana' }, {}],
    ['with exp', { exp: now() + 60 }, {}],
    ['without jti', { jti: undefined }, {}],
    ['with a jti that is not text', { jti: 1 }, {}],
    ['without iat', { iat: undefined }, {}],
    ['with an iat in the future', { iat: now() + 600 }, {}],
    ['without events', { events: undefined }, {}],
    ['with an empty list of events', { events: {} }, {}],
    ['with an event that is no object', { events: { [`${CAEP}session-revoked`]: 'yes' } }, {}],
    ['without a subject', { sub_id: undefined }, {}],
    ['with a jwt_id without jti', { sub_id: { format: 'jwt_id', iss: 'https://issuer.example' } }, {}],
    ['with an email that is no text', { sub_id: { format: 'email', email: 1 } }, {}],
    ['with a malformed subject', { sub_id: { format: 'iss_sub', iss: 1, sub: 'ana' } }, {}],
    [
      'with an event in the future',
      { events: { [`${CAEP}session-revoked`]: { event_timestamp: now() + 600 } } },
      {},
    ],
    [
      'with an event in milliseconds',
      { events: { [`${CAEP}session-revoked`]: { event_timestamp: Date.now() } } },
      {},
    ],
    [
      'with an event time that is no number',
      { events: { [`${CAEP}session-revoked`]: { event_timestamp: 'now' } } },
      {},
    ],
  ])('%s', async (_what, claims, header) => {
    const set = await transmitter.set(sessionRevoked, of('ana'), {}, claims, header);
    await refused(transmitter.post(set), 'invalid_request');
  });

  it('that is a user token of the issuer', async () => {
    await refused(transmitter.post(await userToken('ana')), 'invalid_request');
  });

  it('about a user of another issuer, and leaves that user alone', async () => {
    const subject = newUser();
    const token = await agent.token({ userToken: await partner.token(subject) });
    await refused(transmitter.push(sessionRevoked, issSub(partner.issuer, subject)), 'access_denied');
    await refused(
      transmitter.push(`${RISC}account-disabled`, {
        format: 'complex',
        user: issSub(partner.issuer, subject),
      }),
      'access_denied',
    );
    expect(await read(token)).toMatchObject(allowed);
  });

  it('at the path of another issuer', async () => {
    const set = await transmitter.set(sessionRevoked, issSub(partner.issuer, 'ana'));
    await refused(transmitter.post(set, {}, '/events/partner'), 'invalid_issuer');
  });

  it('without the Authorization header of the stream', async () => {
    const set = await transmitter.set(sessionRevoked, of('ana'));
    await refused(transmitter.post(set, { authorization: 'Bearer guess' }), 'authentication_failed');
  });

  it.each([
    ['another media type', { 'content-type': 'application/json' }, 'a.b.c'],
    ['a body that is no JWT', {}, 'not a JWT'],
    ['an empty body', {}, ''],
    ['a body that is too long', {}, 'a'.repeat(65_537)],
  ])('as %s', async (_what, headers, body) => {
    await refused(transmitter.post(body, headers), 'invalid_request');
  });

  it('as a whole if one of its events is refused', async () => {
    const subject = newUser();
    const events = { [sessionRevoked]: {}, [`${SSF}verification`]: { state: 'wrong' } };
    await refused(transmitter.push(sessionRevoked, of(subject), {}, { events }), 'invalid_state');
    expect(await mint(subject)).toEqual(expect.any(String));
  });
});

describe('a SET is accepted without an effect', () => {
  const STREAM = { format: 'opaque', id: 'stream-1' };

  it.each([
    ['of an unknown event type', 'https://example.com/made-up', {}],
    ['of an event without an effect', `${CAEP}assurance-level-change`, {}],
  ])('%s', async (_what, type, event) => {
    await taken(transmitter.push(type, of(newUser()), event), 'no-effect');
  });

  it.each([
    ['email', { format: 'email', email: 'ana@example.com' }],
    ['phone_number', { format: 'phone_number', phone_number: '+12065550100' }],
    ['jwt_id', { format: 'jwt_id', iss: 'https://issuer.example', jti: 'x' }],
    ['complex, without a user', { format: 'complex', tenant: { format: 'opaque', id: 't' } }],
  ])('about a subject in the format %s', async (_format, subject) => {
    await taken(transmitter.push(`${CAEP}session-revoked`, subject), 'no-effect');
  });

  it('about an unknown user', async () => {
    await taken(transmitter.push(`${CAEP}session-revoked`, of(randomUUID())), 'applied');
  });

  it('of an unsolicited verification', async () => {
    await taken(transmitter.push(`${SSF}verification`, STREAM), 'verified');
  });

  it('of a verification with the requested state, and not with another', async () => {
    await taken(transmitter.push(`${SSF}verification`, STREAM, { state: 'requested' }), 'verified');
    await refused(transmitter.push(`${SSF}verification`, STREAM, { state: 'other' }), 'invalid_state');
  });

  it.each([
    ['as SSF 1.0 says', 'paused', 'stream-stopped'],
    ['nested, as by Keycloak', { status: 'disabled' }, 'stream-stopped'],
    ['back', 'enabled', 'stream-enabled'],
    ['in a way that is not known', 'sleeping', 'stream-updated'],
  ])('of an update of the stream, %s', async (_what, status, result) => {
    await taken(transmitter.push(`${SSF}stream-updated`, STREAM, { status }), result);
  });

  it('that repeats the subject inside of the event, as earlier transmitters do', async () => {
    const subject = newUser();
    const events = {
      [`${RISC}sessions-revoked`]: {
        subject: { subject_type: 'iss-sub', iss: world.issuer.issuer, sub: subject },
      },
    };
    await taken(transmitter.push('unused', {}, {}, { sub_id: undefined, events }), 'applied');
    await expect(mint(subject)).rejects.toMatchObject(ENDED);
  });
});

it.each(['/events/unknown', '/global-token-revocation/partner', '/backchannel-logout/partner'])(
  'a receiver that is not configured answers 404: %s',
  async (path) => {
    const { status } = await transmitter.post('a.b.c', {}, path);
    expect(status).toBe(404);
  },
);

describe('a logout token', () => {
  const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const logoutToken = (subject: string, claims: object = {}, header: object = {}) =>
    world.issuer.token(
      subject,
      { aud: CLIENT, exp: now() + 120, jti: randomUUID(), events: LOGOUT, ...claims },
      { typ: 'logout+jwt', ...header },
    );
  const logOut = (token: string) =>
    transmitter.post(
      new URLSearchParams({ logout_token: token }).toString(),
      { 'content-type': 'application/x-www-form-urlencoded' },
      '/backchannel-logout/people',
    );

  it('ends the session that it names', async () => {
    const subject = newUser();
    const [ended, other] = [await mint(subject, { sid: 's1' }), await mint(subject, { sid: 's2' })];
    const answer = await logOut(await logoutToken(subject, { sid: 's1' }));
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    await expect(read(ended)).rejects.toMatchObject(ENDED);
    expect(await read(other)).toMatchObject(allowed);
  });

  it('ends all sessions if it names none, and is accepted again', async () => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    const logout = await logoutToken(subject, {}, { typ: undefined });
    expect((await logOut(logout)).status).toBe(200);
    expect((await logOut(logout)).status).toBe(200);
    await expect(read(token)).rejects.toMatchObject(ENDED);
  });

  it.each([
    ['for another client', { aud: 'another' }, {}],
    ['with a nonce, as in an ID token', { nonce: 'n' }, {}],
    ['without the event', { events: undefined }, {}],
    ['with another event', { events: { [`${CAEP}session-revoked`]: {} } }, {}],
    ['without a subject', { sub: undefined, sid: 's1' }, {}],
    ['that is no longer valid', { exp: now() - 120 }, {}],
    ['with an iat in the future', { iat: now() + 600 }, {}],
    ['of another issuer', { iss: 'https://other.example' }, {}],
    ['as a SET', {}, { typ: 'secevent+jwt' }],
  ])('%s is refused', async (_what, claims, header) => {
    const { status, body } = await logOut(await logoutToken(newUser(), claims, header));
    expect([status, JSON.parse(body)]).toEqual([
      400,
      { error: 'invalid_request', error_description: expect.any(String) as string },
    ]);
  });

  it('that the transmitter signed is refused, because it is not the issuer', async () => {
    const subject = newUser();
    const forged = await keys.token(
      subject,
      { iss: world.issuer.issuer, aud: CLIENT, jti: 'x', events: LOGOUT },
      { typ: 'logout+jwt' },
    );
    expect((await logOut(forged)).status).toBe(400);
    expect(await mint(subject)).toEqual(expect.any(String));
  });

  it('is not a user token', async () => {
    await expect(
      agent.token({ userToken: await logoutToken('ana', { aud: world.issuer.audience }) }),
    ).rejects.toMatchObject({ name: 'UnauthorizedException' });
  });
});

describe('Global Token Revocation', () => {
  const url = () => `${world.local.endpoint}/global-token-revocation/people`;
  const bearer = (claims: object = {}, header: object = {}) =>
    keys.token(
      'unused',
      { sub: undefined, aud: url(), exp: now() + 300, jti: randomUUID(), ...claims },
      { typ: 'global-token-revocation+jwt', ...header },
    );
  const revoke = async (body: unknown, token: Promise<string> = bearer()) =>
    transmitter.post(
      JSON.stringify(body),
      { 'content-type': 'application/json', authorization: `Bearer ${await token}` },
      '/global-token-revocation/people',
    );

  it.each(['sub_id', 'subject'])('ends all sessions of the user in %s', async (member) => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    const { status, body } = await revoke({ [member]: of(subject) });
    expect([status, body]).toEqual([204, '']);
    await expect(read(token)).rejects.toMatchObject(ENDED);
    await expect(mint(subject)).rejects.toMatchObject(ENDED);
  });

  it.each([
    ['for another receiver', { aud: 'https://other.example' }, {}],
    ['of another issuer', { iss: 'https://other.example' }, {}],
    ['that is no longer valid', { exp: now() - 120 }, {}],
    ['without exp', { exp: undefined }, {}],
    ['that is a SET', {}, { typ: 'secevent+jwt' }],
    ['that is a user token', {}, { typ: 'at+jwt' }],
  ])('refuses a bearer token %s', async (_what, claims, header) => {
    const subject = newUser();
    const { status } = await revoke({ sub_id: of(subject) }, bearer(claims, header));
    expect(status).toBe(401);
    expect(await mint(subject)).toEqual(expect.any(String));
  });

  it('refuses a user of another issuer', async () => {
    expect((await revoke({ sub_id: issSub(partner.issuer, 'ana') })).status).toBe(403);
  });

  it.each([
    ['no subject', {}],
    ['an email address', { sub_id: { format: 'email', email: 'ana@example.com' } }],
    ['no object', ['ana']],
  ])('refuses a body with %s', async (_what, body) => {
    expect((await revoke(body)).status).toBe(400);
  });
});

it('workload access tokens carry the time of the user token, and a hash of its session', async () => {
  const subject = newUser();
  const iat = now() - 10;
  const [, payload = ''] = (await mint(subject, { iat, sid: 'the-session' })).split('.');
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    user_token: { iat, sid: sessionHash(world.issuer.issuer, 'the-session') },
  });
  expect(Buffer.from(payload, 'base64url').toString()).not.toContain('the-session');
});

it('answers within a second', async () => {
  const set = await transmitter.set(`${CAEP}session-revoked`, of(newUser()));
  const start = performance.now();
  await taken(transmitter.post(set), 'applied');
  expect(performance.now() - start).toBeLessThan(1000);
});
