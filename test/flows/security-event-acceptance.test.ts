/**
 * Which security events the running service accepts and which it refuses, when a scripted transmitter pushes them. The
 * cases of the OpenID conformance suite's receiver tests are included.
 */
import { FORGERIES } from './support/issuer';
import { allowed, ENDED, startReportedService } from './support/reported-service';
import { AUDIENCE, CAEP, issSub, now, RISC, SSF } from './support/transmitter';

const service = startReportedService();
const { newUser, of, userToken, mint, read, taken, refused } = service;

describe('a SET is refused', () => {
  const sessionRevoked = `${CAEP}session-revoked`;

  it.each(FORGERIES)('that is %s', async (forgery) => {
    const forged = await service.keys.forged(forgery, 'ana');
    const [header = '', payload = '', signature = ''] = forged.split('.');
    const edit = (part: string, change: object) =>
      Buffer.from(
        JSON.stringify({ ...(JSON.parse(Buffer.from(part, 'base64url').toString()) as object), ...change }),
      ).toString('base64url');
    const set = [edit(header, { typ: 'secevent+jwt' }), edit(payload, { aud: AUDIENCE }), signature].join(
      '.',
    );
    const answer = await service.transmitter.post(set);
    // Right after a fetch of the keys, an unknown key can be a new one: the transmitter sends the SET again.
    if (forgery === 'under an unknown key' && answer.status === 429) return;
    await refused(Promise.resolve(answer), 'invalid_key');
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
      'with an event time that is no number',
      { events: { [`${CAEP}session-revoked`]: { event_timestamp: 'now' } } },
      {},
    ],
  ])('%s', async (_what, claims, header) => {
    const set = await service.transmitter.set(sessionRevoked, of('ana'), {}, claims, header);
    await refused(service.transmitter.post(set), 'invalid_request');
  });

  it('that is a user token of the issuer', async () => {
    await refused(service.transmitter.post(await userToken('ana')), 'invalid_request');
  });

  it('about a user of another issuer, and leaves that user alone', async () => {
    const subject = newUser();
    const token = await service.agent.token({ userToken: await service.partner.token(subject) });
    await refused(
      service.transmitter.push(sessionRevoked, issSub(service.partner.issuer, subject)),
      'access_denied',
    );
    await refused(
      service.transmitter.push(`${RISC}account-disabled`, {
        format: 'complex',
        user: issSub(service.partner.issuer, subject),
      }),
      'access_denied',
    );
    expect(await read(token)).toMatchObject(allowed);
  });

  it('at the path of another issuer', async () => {
    const set = await service.transmitter.set(sessionRevoked, issSub(service.partner.issuer, 'ana'));
    await refused(service.transmitter.post(set, {}, '/events/partner'), 'invalid_issuer');
  });

  it('without the Authorization header of the stream', async () => {
    const set = await service.transmitter.set(sessionRevoked, of('ana'));
    await refused(service.transmitter.post(set, { authorization: 'Bearer guess' }), 'authentication_failed');
  });

  it.each([
    ['another media type', { 'content-type': 'application/json' }, 'a.b.c'],
    ['a body that is no JWT', {}, 'not a JWT'],
    ['an empty body', {}, ''],
    ['a body that is too long', {}, 'a'.repeat(65_537)],
  ])('as %s', async (_what, headers, body) => {
    await refused(service.transmitter.post(body, headers), 'invalid_request');
  });

  it('as a whole if one of its events is refused', async () => {
    const subject = newUser();
    const events = { [sessionRevoked]: {}, [`${SSF}verification`]: { state: 'wrong' } };
    await refused(service.transmitter.push(sessionRevoked, of(subject), {}, { events }), 'invalid_state');
    expect(await mint(subject)).toEqual(expect.any(String));
  });
});

describe('a SET is accepted without an effect', () => {
  const STREAM = { format: 'opaque', id: 'stream-1' };

  it.each([
    ['of an unknown event type', 'https://example.com/made-up', {}],
    ['of an event without an effect', `${CAEP}assurance-level-change`, {}],
  ])('%s', async (_what, type, event) => {
    await taken(service.transmitter.push(type, of(newUser()), event), 'no-effect');
  });

  it.each([
    ['email', { format: 'email', email: 'ana@example.com' }],
    ['phone_number', { format: 'phone_number', phone_number: '+12065550100' }],
    ['jwt_id', { format: 'jwt_id', iss: 'https://issuer.example', jti: 'x' }],
    ['complex, without a user', { format: 'complex', tenant: { format: 'opaque', id: 't' } }],
  ])('about a subject in the format %s', async (_format, subject) => {
    await taken(service.transmitter.push(`${CAEP}session-revoked`, subject), 'no-effect');
  });

  it('of an unsolicited verification', async () => {
    await taken(service.transmitter.push(`${SSF}verification`, STREAM), 'verified');
  });

  it.each([
    ['as SSF 1.0 says', 'paused', 'stream-stopped'],
    ['nested, as by Keycloak', { status: 'disabled' }, 'stream-stopped'],
    ['back', 'enabled', 'stream-enabled'],
    ['in a way that is not known', 'sleeping', 'stream-updated'],
  ])('of an update of the stream, %s', async (_what, status, result) => {
    await taken(service.transmitter.push(`${SSF}stream-updated`, STREAM, { status }), result);
  });

  it('that repeats the subject inside of the event, as earlier transmitters do', async () => {
    const subject = newUser();
    const events = {
      [`${RISC}sessions-revoked`]: {
        subject: { subject_type: 'iss-sub', iss: service.world.issuer.issuer, sub: subject },
      },
    };
    await taken(service.transmitter.push('unused', {}, {}, { sub_id: undefined, events }), 'applied');
    await expect(mint(subject)).rejects.toMatchObject(ENDED);
  });
});

it.each(['/events/unknown', '/global-token-revocation/partner', '/backchannel-logout/partner'])(
  'a receiver that is not configured answers 404: %s',
  async (path) => {
    const { status } = await service.transmitter.post('a.b.c', {}, path);
    expect(status).toBe(404);
  },
);
