/**
 * An identity provider cuts its users off in the running service: security events that a scripted transmitter pushes,
 * logout tokens, and Global Token Revocation.
 */
import { randomUUID } from 'node:crypto';
import { sessionHash, userHashOf } from '../../lambda/model/user';
import { allowed, CLIENT, DISABLED, ENDED, startReportedService } from './support/reported-service';
import { CAEP, issSub, now, RISC } from './support/transmitter';

const service = startReportedService();
const { newUser, of, complex, userToken, mint, read, lastEntry, taken } = service;

describe('session-revoked', () => {
  it('ends all user tokens and workload access tokens of the user that were issued until then', async () => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    expect(await read(token)).toMatchObject(allowed);
    await taken(service.transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    await expect(read(token)).rejects.toMatchObject(ENDED);
    const listing = await service.world.post('ListResourceGrants', { workloadIdentityToken: token });
    expect(listing.status).toBe(401);
    await expect(mint(subject)).rejects.toMatchObject(ENDED);
    expect(await lastEntry()).toMatchObject({
      outcome: 'denied',
      user: userHashOf({ kind: 'jwt', issuer: service.world.issuer.issuer, subject }),
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
    await taken(service.transmitter.push(`${CAEP}session-revoked`, complex(subject, 's1')), 'applied');
    await expect(read(ended)).rejects.toMatchObject(ENDED);
    await expect(read(unnamed)).rejects.toMatchObject(ENDED);
    expect(await read(other)).toMatchObject(allowed);
    await expect(mint(subject, { sid: 's1' })).rejects.toMatchObject(ENDED);
    expect(await mint(subject, { sid: 's2' })).toEqual(expect.any(String));
  });

  it('ends all sessions for the session ID ALL of Keycloak', async () => {
    const subject = newUser();
    const token = await mint(subject, { sid: 's1' });
    await taken(service.transmitter.push(`${CAEP}session-revoked`, complex(subject, 'ALL')), 'applied');
    await expect(read(token)).rejects.toMatchObject(ENDED);
  });

  it('that arrives late ends only what was issued before the event', async () => {
    const subject = newUser();
    const late = { event_timestamp: now() - 3600 };
    await taken(service.transmitter.push(`${CAEP}session-revoked`, of(subject), late), 'applied');
    expect(await mint(subject)).toEqual(expect.any(String));
    await expect(mint(subject, { iat: late.event_timestamp })).rejects.toMatchObject(ENDED);
  });

  it('does not touch the user ID of the same name', async () => {
    const subject = newUser();
    const token = await service.agent.token({ userId: subject });
    await taken(service.transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    expect(await read(token)).toMatchObject(allowed);
  });

  it('makes the completion of a consent with an old user token fail, and leaves the session open', async () => {
    const subject = newUser();
    const old = await userToken(subject);
    const { authorizationUrl } = await read(await service.agent.token({ userToken: old }));
    const back = await service.agent.consent(authorizationUrl, subject);
    await taken(service.transmitter.push(`${CAEP}session-revoked`, of(subject)), 'applied');
    await expect(service.agent.complete(back, { userToken: old })).rejects.toMatchObject(ENDED);
    await service.agent.complete(back, { userToken: await userToken(subject, { iat: now() + 1 }) });
  });
});

it.each([
  ['credential-change', { change_type: 'update', credential_type: 'password' }],
  ['token-claims-change', { claims: { role: 'reader' } }],
])('%s ends what was issued until then', async (type, event) => {
  const subject = newUser();
  const token = await mint(subject);
  await taken(service.transmitter.push(CAEP + type, of(subject), event), 'applied');
  await expect(read(token)).rejects.toMatchObject(ENDED);
});

it('a new credential ends nothing', async () => {
  const subject = newUser();
  const token = await mint(subject);
  const event = { change_type: 'create', credential_type: 'fido2-platform' };
  await taken(service.transmitter.push(`${CAEP}credential-change`, of(subject), event), 'no-effect');
  expect(await read(token)).toMatchObject(allowed);
});

describe.each([
  ['in the future', () => now() + 600],
  ['in milliseconds', () => Date.now()],
])('an event with a time %s applies', (_what, time) => {
  it('when it ends a session', async () => {
    const subject = newUser();
    const token = await mint(subject);
    const ended = { event_timestamp: time() };
    await taken(service.transmitter.push(`${CAEP}session-revoked`, of(subject), ended), 'applied');
    await expect(read(token)).rejects.toMatchObject(ENDED);
    expect(await mint(subject, { iat: now() + 2 })).toEqual(expect.any(String));
  });

  it('when it disables an account, which can be enabled again', async () => {
    const subject = newUser();
    const token = await mint(subject);
    const disabled = { event_timestamp: time() };
    await taken(service.transmitter.push(`${RISC}account-disabled`, of(subject), disabled), 'applied');
    await expect(read(token)).rejects.toMatchObject(DISABLED);
    const later = { event_timestamp: now() + 2 };
    await taken(service.transmitter.push(`${RISC}account-enabled`, of(subject), later), 'applied');
    expect(await read(token)).toMatchObject(allowed);
  });
});

describe('an account', () => {
  it('that is disabled obtains nothing, with any token, until it is enabled', async () => {
    const subject = newUser();
    const token = await mint(subject);
    await taken(
      service.transmitter.push(`${RISC}account-disabled`, of(subject), { reason: 'hijacking' }),
      'applied',
    );
    await expect(read(token)).rejects.toMatchObject(DISABLED);
    await expect(mint(subject, { iat: now() + 1 })).rejects.toMatchObject(DISABLED);
    const later = { event_timestamp: now() + 1 };
    await taken(service.transmitter.push(`${RISC}account-enabled`, of(subject), later), 'applied');
    expect(await read(token)).toMatchObject(allowed);
  });

  it('stays suspended by an operator when the issuer enables it', async () => {
    const subject = newUser();
    const token = await mint(subject);
    const user = { issuer: service.world.issuer.issuer, subject };
    await service.world.operate('SuspendUser', { user });
    await taken(service.transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await taken(
      service.transmitter.push(`${RISC}account-enabled`, of(subject), { event_timestamp: now() + 1 }),
      'applied',
    );
    await expect(read(token)).rejects.toMatchObject({
      message: expect.stringContaining('suspended') as string,
    });
    await service.world.operate('ResumeUser', { user });
    expect(await read(token)).toMatchObject(allowed);
  });

  it('stays disabled when an operator resumes the user', async () => {
    const subject = newUser();
    await taken(service.transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await service.world.operate('ResumeUser', { user: { issuer: service.world.issuer.issuer, subject } });
    await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  });

  it('stays disabled when an older account-enabled arrives or is sent again', async () => {
    const subject = newUser();
    const enabled = await service.transmitter.set(`${RISC}account-enabled`, of(subject), {
      event_timestamp: now() - 60,
    });
    await taken(service.transmitter.push(`${RISC}account-disabled`, of(subject)), 'applied');
    await taken(service.transmitter.post(enabled), 'no-effect');
    await taken(service.transmitter.post(enabled), 'repeated');
    await expect(mint(subject)).rejects.toMatchObject(DISABLED);
  });

  it('that was purged obtains nothing', async () => {
    const subject = newUser();
    const token = await mint(subject);
    await taken(service.transmitter.push(`${RISC}account-purged`, of(subject)), 'applied');
    await expect(read(token)).rejects.toMatchObject(DISABLED);
  });

  it('is not suspended for a subject that is narrower than an account', async () => {
    const subject = newUser();
    const narrow = { ...complex(subject, 's1'), device: { format: 'opaque', id: 'laptop' } };
    await taken(service.transmitter.push(`${RISC}account-disabled`, narrow), 'no-effect');
    expect(await mint(subject)).toEqual(expect.any(String));
  });
});

describe('a logout token', () => {
  const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const logoutToken = (subject: string, claims: object = {}, header: object = {}) =>
    service.world.issuer.token(
      subject,
      { aud: CLIENT, exp: now() + 120, jti: randomUUID(), events: LOGOUT, ...claims },
      { typ: 'logout+jwt', ...header },
    );
  const logOut = (token: string) =>
    service.transmitter.post(
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
    const forged = await service.keys.token(
      subject,
      { iss: service.world.issuer.issuer, aud: CLIENT, jti: 'x', events: LOGOUT },
      { typ: 'logout+jwt' },
    );
    expect((await logOut(forged)).status).toBe(400);
    expect(await mint(subject)).toEqual(expect.any(String));
  });

  it('is not a user token', async () => {
    await expect(
      service.agent.token({ userToken: await logoutToken('ana', { aud: service.world.issuer.audience }) }),
    ).rejects.toMatchObject({ name: 'UnauthorizedException' });
  });
});

describe('Global Token Revocation', () => {
  const url = () => `${service.world.local.endpoint}/global-token-revocation/people`;
  const bearer = (claims: object = {}, header: object = {}) =>
    service.keys.token(
      'unused',
      { sub: undefined, aud: url(), exp: now() + 300, jti: randomUUID(), ...claims },
      { typ: 'global-token-revocation+jwt', ...header },
    );
  const revoke = async (body: unknown, token: Promise<string> = bearer()) =>
    service.transmitter.post(
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
    expect((await revoke({ sub_id: issSub(service.partner.issuer, 'ana') })).status).toBe(403);
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
    user_token: { iat, sid: sessionHash(service.world.issuer.issuer, 'the-session') },
  });
  expect(Buffer.from(payload, 'base64url').toString()).not.toContain('the-session');
});
