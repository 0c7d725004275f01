/**
 * Responses of token endpoints in the form of RFC 6749 section 5. A response with neither tokens nor an error does
 * not change.
 */
import { normalizedResponse } from '../../lambda/domain/oauth/vendor-response';
import type { ResponseDepartures } from '../../lambda/domain/provider/vendor';

const normalized = async (response: Response, departures: ResponseDepartures = {}) => {
  const answer = await normalizedResponse(response, departures);
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  return {
    status: answer.status,
    body: type.startsWith('application/json') ? (JSON.parse(text) as object) : text,
  };
};

const json = (body: unknown, status = 200) => Response.json(body, { status });
const form = (body: Record<string, string>, status = 200) =>
  new Response(new URLSearchParams(body), { status });

describe('tokens', () => {
  const plain = { access_token: 'a', token_type: 'bearer' };

  it.each<[string, Response, ResponseDepartures, object]>([
    ['in the form of the RFC', json({ ...plain, expires_in: 60 }), {}, { ...plain, expires_in: 60 }],
    ['as a form', form({ ...plain, scope: 'a,b' }), {}, { ...plain, scope: 'a b' }],
    ['with scopes as an array', json({ ...plain, scope: ['a', 'b'] }), {}, { ...plain, scope: 'a b' }],
    ['with scopes and commas', json({ ...plain, scope: 'a,b, c' }), {}, { ...plain, scope: 'a b c' }],
    ['with an empty scope', json({ ...plain, scope: '' }), {}, { ...plain, scope: '' }],
    ['without a type', json({ access_token: 'a' }), {}, plain],
    ["with a vendor's own token type", json({ access_token: 'a', token_type: 'bot' }), {}, plain],
    ['with null members', json({ ...plain, refresh_token: null, expires_in: null }), {}, plain],
    ['with an ID token', json({ ...plain, id_token: 'not.a.token' }), {}, plain],
    ['with other members', json({ ...plain, instance_url: 'https://x.example', ok: true }), {}, plain],
    [
      'inside a member',
      json({ ok: true, authed_user: { id: 'U', access_token: 'u', token_type: 'user', scope: 'a,b' } }),
      { tokensIn: 'authed_user' },
      { access_token: 'u', token_type: 'bearer', scope: 'a b' },
    ],
    [
      'at the top level in preference to a member',
      json({ ...plain, authed_user: { access_token: 'u' } }),
      { tokensIn: 'authed_user' },
      plain,
    ],
  ])('are normalized %s', async (_what, response, departures, body) => {
    expect(await normalized(response, departures)).toEqual({ status: 200, body });
  });

  it.each([['xdpop'], ['dpopx'], ['xmac'], ['macx'], [['mac']]])(
    'with a type similar to a key-bound type (%j) are bearer tokens',
    async (type) => {
      expect((await normalized(json({ access_token: 'a', token_type: type }))).body).toEqual(plain);
    },
  );

  it.each(['dpop', 'DPoP', 'mac'])('that are bound to a key (%s) are not bearer tokens', async (type) => {
    const { body } = await normalized(json({ access_token: 'a', token_type: type }));
    expect(body).toMatchObject({ token_type: type });
  });

  it('are not read from a member that the vendor does not use', async () => {
    const body = { authed_user: { access_token: 'u' } };
    expect(await normalized(json(body))).toEqual({ status: 200, body });
    const odd = { undefined: { access_token: 'u' } };
    expect(await normalized(json(odd))).toEqual({ status: 200, body: odd });
  });

  it('are not read from a page', async () => {
    const answer = await normalized(new Response('<html>'), { tokensIn: 'authed_user' });
    expect(answer).toEqual({ status: 200, body: '<html>' });
  });

  it('are not read from a response with another status', async () => {
    const body = { access_token: 'a', token_type: 'bearer' };
    expect(await normalized(json(body, 500))).toEqual({ status: 500, body });
  });
});

describe('errors', () => {
  const codes = { errorCodes: { odd: 'invalid_grant', 100: 'invalid_grant' } };

  it.each<[string, Response, ResponseDepartures, number, string]>([
    [
      'in the form of the RFC',
      json({ error: 'invalid_scope', error_description: 'x' }, 400),
      {},
      400,
      'invalid_scope',
    ],
    ['with status 200', json({ error: 'odd' }), codes, 400, 'invalid_grant'],
    ['with ok: false', json({ ok: false, error: 'odd' }), codes, 400, 'invalid_grant'],
    ['as a form', form({ error: 'odd', error_description: 'x' }), codes, 400, 'invalid_grant'],
    ['with an unknown code, which stays', json({ error: 'something_new' }), codes, 400, 'something_new'],
    ['with the name of a member of every object', json({ error: 'constructor' }), codes, 400, 'constructor'],
    ['as a number', json({ error: 100 }, 401), codes, 401, 'invalid_grant'],
    [
      'in an object',
      json({ error: { message: 'x', code: 100 } }, 400),
      { ...codes, errorAt: ['error', 'code'] },
      400,
      'invalid_grant',
    ],
    [
      "in the vendor's own member, in preference to the status text",
      json({ error: 'Bad Request', message: 'odd' }, 400),
      { ...codes, errorAt: ['message'] },
      400,
      'invalid_grant',
    ],
    [
      "in the usual member if the vendor's member is absent",
      json({ error: 'odd' }, 400),
      { ...codes, errorAt: ['status'] },
      400,
      'invalid_grant',
    ],
    ['with the status of an unavailable server', json({ error: 'odd' }, 503), codes, 503, 'invalid_grant'],
  ])('are normalized %s', async (_what, response, departures, status, error) => {
    expect(await normalized(response, departures)).toEqual({ status, body: { error } });
  });
});

it('reads no tokens from a form that repeats the token', async () => {
  const body = 'access_token=a&access_token=b&token_type=bearer';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(await normalized(new Response(body, { headers }))).toEqual({ status: 200, body });
});

it.each<[string, Response]>([
  ['a page', new Response('<h1>Down</h1>', { status: 502, headers: { 'content-type': 'text/html' } })],
  ['plain text', new Response('"access_token"', { headers: { 'content-type': 'text/plain' } })],
  ['an empty body', new Response(null, { status: 204 })],
])('does not change %s', async (_what, response) => {
  const { status } = response;
  const text = await response.clone().text();
  expect(await normalized(response, { errorAt: ['error', 'code'] })).toEqual({ status, body: text });
});

it.each([[[]], [null], [1], [{}], [{ error: ['x'] }], [{ access_token: '' }]])(
  'reads neither tokens nor an error from %j',
  async (body) => {
    expect(await normalized(json(body))).toEqual({ status: 200, body });
  },
);
