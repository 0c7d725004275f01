/** Answers of token endpoints, put into the form of RFC 6749 section 5; what is neither tokens nor error stays. */
import { normalizedAnswer } from '../../lambda/domain/oauth/vendor-answer';
import type { AnswerDepartures } from '../../lambda/domain/provider/vendor';

const judged = async (response: Response, departures: AnswerDepartures = {}) => {
  const answer = await normalizedAnswer(response, departures);
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

  it.each<[string, Response, AnswerDepartures, object]>([
    ['as the RFC has them', json({ ...plain, expires_in: 60 }), {}, { ...plain, expires_in: 60 }],
    ['as a form', form({ ...plain, scope: 'a,b' }), {}, { ...plain, scope: 'a b' }],
    ['with scopes as an array', json({ ...plain, scope: ['a', 'b'] }), {}, { ...plain, scope: 'a b' }],
    ['with scopes and commas', json({ ...plain, scope: 'a,b, c' }), {}, { ...plain, scope: 'a b c' }],
    ['with an empty scope', json({ ...plain, scope: '' }), {}, { ...plain, scope: '' }],
    ['without a type', json({ access_token: 'a' }), {}, plain],
    ['of a kind of its own', json({ access_token: 'a', token_type: 'bot' }), {}, plain],
    ['with nulls', json({ ...plain, refresh_token: null, expires_in: null }), {}, plain],
    ['with an ID token', json({ ...plain, id_token: 'not.a.token' }), {}, plain],
    [
      'with what nobody asked for',
      json({ ...plain, instance_url: 'https://x.example', ok: true }),
      {},
      plain,
    ],
    [
      'in a member',
      json({ ok: true, authed_user: { id: 'U', access_token: 'u', token_type: 'user', scope: 'a,b' } }),
      { tokensIn: 'authed_user' },
      { access_token: 'u', token_type: 'bearer', scope: 'a b' },
    ],
    [
      'at the top before those in a member',
      json({ ...plain, authed_user: { access_token: 'u' } }),
      { tokensIn: 'authed_user' },
      plain,
    ],
  ])('%s', async (_what, response, departures, body) => {
    expect(await judged(response, departures)).toEqual({ status: 200, body });
  });

  it.each([['xdpop'], ['dpopx'], ['xmac'], ['macx'], [['mac']]])(
    'of a type that only resembles one bound to a key (%j) are bearer tokens',
    async (type) => {
      expect((await judged(json({ access_token: 'a', token_type: type }))).body).toEqual(plain);
    },
  );

  it.each(['dpop', 'DPoP', 'mac'])('bound to a key (%s) are not called bearer tokens', async (type) => {
    const { body } = await judged(json({ access_token: 'a', token_type: type }));
    expect(body).toMatchObject({ token_type: type });
  });

  it('are not looked for in a member that the vendor has not', async () => {
    const body = { authed_user: { access_token: 'u' } };
    expect(await judged(json(body))).toEqual({ status: 200, body });
    const odd = { undefined: { access_token: 'u' } };
    expect(await judged(json(odd))).toEqual({ status: 200, body: odd });
  });

  it('are not looked for in a page', async () => {
    const answer = await judged(new Response('<html>'), { tokensIn: 'authed_user' });
    expect(answer).toEqual({ status: 200, body: '<html>' });
  });

  it('do not count in an answer of another status', async () => {
    const body = { access_token: 'a', token_type: 'bearer' };
    expect(await judged(json(body, 500))).toEqual({ status: 500, body });
  });
});

describe('errors', () => {
  const codes = { errorCodes: { odd: 'invalid_grant', 100: 'invalid_grant' } };

  it.each<[string, Response, AnswerDepartures, number, string]>([
    [
      'as the RFC has them',
      json({ error: 'invalid_scope', error_description: 'x' }, 400),
      {},
      400,
      'invalid_scope',
    ],
    ['with status 200', json({ error: 'odd' }), codes, 400, 'invalid_grant'],
    ['with ok: false', json({ ok: false, error: 'odd' }), codes, 400, 'invalid_grant'],
    ['as a form', form({ error: 'odd', error_description: 'x' }), codes, 400, 'invalid_grant'],
    ['unknown, passed on', json({ error: 'something_new' }), codes, 400, 'something_new'],
    ['named like a member of every object', json({ error: 'constructor' }), codes, 400, 'constructor'],
    ['as a number', json({ error: 100 }, 401), codes, 401, 'invalid_grant'],
    [
      'in an object',
      json({ error: { message: 'x', code: 100 } }, 400),
      { ...codes, errorAt: ['error', 'code'] },
      400,
      'invalid_grant',
    ],
    [
      'in a place of their own, before the status in words',
      json({ error: 'Bad Request', message: 'odd' }, 400),
      { ...codes, errorAt: ['message'] },
      400,
      'invalid_grant',
    ],
    [
      'in the usual place after all',
      json({ error: 'odd' }, 400),
      { ...codes, errorAt: ['status'] },
      400,
      'invalid_grant',
    ],
    ['with the status of a server in trouble', json({ error: 'odd' }, 503), codes, 503, 'invalid_grant'],
  ])('%s', async (_what, response, departures, status, error) => {
    expect(await judged(response, departures)).toEqual({ status, body: { error } });
  });
});

it('takes a form that names the token twice for no tokens', async () => {
  const body = 'access_token=a&access_token=b&token_type=bearer';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(await judged(new Response(body, { headers }))).toEqual({ status: 200, body });
});

it.each<[string, Response]>([
  ['a page', new Response('<h1>Down</h1>', { status: 502, headers: { 'content-type': 'text/html' } })],
  ['a text', new Response('"access_token"', { headers: { 'content-type': 'text/plain' } })],
  ['nothing', new Response(null, { status: 204 })],
])('leaves %s as it is', async (_what, response) => {
  const { status } = response;
  const text = await response.clone().text();
  expect(await judged(response, { errorAt: ['error', 'code'] })).toEqual({ status, body: text });
});

it.each([[[]], [null], [1], [{}], [{ error: ['x'] }], [{ access_token: '' }]])(
  'makes neither tokens nor an error of %j',
  async (body) => {
    expect(await judged(json(body))).toEqual({ status: 200, body });
  },
);
