/** What went wrong at a provider: whether it judged the request, what its own word for it is, and when to ask again. */
import { ProviderFailure, providerFailure } from '../../lambda/domain/oauth/provider-failure';
import { requestClientCredentials } from '../../lambda/domain/oauth/token-request';
import { caught } from './caught';
import { createTokenClient, json, tokens } from './token-client';

/** What a request ends with, for this answer. */
async function failureFor(answer: Response | Error): Promise<ProviderFailure> {
  const { client } = await createTokenClient(() => {
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const request = { scopes: ['a'], resources: [], audiences: [] };
  const failure: unknown = await requestClientCredentials(client, request).catch((error: unknown) => error);
  if (!(failure instanceof ProviderFailure)) throw failure;
  return failure;
}

const page = (status: number, type = 'text/html; charset=utf-8') =>
  new Response('<html>secret of the page</html>', { status, headers: { 'content-type': type } });

describe('the provider evaluated the request', () => {
  it.each([
    ['invalid_grant', json({ error: 'invalid_grant' }, 400), 'token endpoint answered 400 invalid_grant'],
    ['invalid_client', json({ error: 'invalid_client' }, 401), 'token endpoint answered 401 invalid_client'],
    [
      'invalid_client',
      json({ error: 'x' }, 401, { 'www-authenticate': 'Basic realm="x"' }),
      'token endpoint challenged with 401',
    ],
    [
      'a code of its own!',
      json({ error: 'a code of its own!' }, 400),
      'token endpoint answered 400 a code of its own!',
    ],
    ['x'.repeat(64), json({ error: 'x'.repeat(64) }, 400), `token endpoint answered 400 ${'x'.repeat(64)}`],
  ])('as %s', async (code, answer, detail) => {
    expect(await failureFor(answer)).toMatchObject({ code, detail, unavailable: false });
  });

  it.each([
    ['is too long', 'x'.repeat(65)],
    ['has a quote', 'a"b'],
    ['has a backslash', 'a\\b'],
    ['has a line break', 'a\nb'],
    ['is not ASCII', 'naïve'],
  ])('and what stands for a code that %s goes no further', async (_what, error) => {
    const failure = await failureFor(json({ error }, 400));
    expect(failure).toMatchObject({ code: 'invalid_response', unavailable: false });
    expect(failure.detail).not.toContain(error);
  });
});

it('keeps what was thrown, for the operator', async () => {
  expect((await failureFor(json({ error: 'invalid_grant' }, 400))).cause).toMatchObject({
    error: 'invalid_grant',
    status: 400,
  });
});

describe('the provider answered what is no answer', () => {
  it.each([
    ['JSON that is no object', json([] as object)],
    ['text that is no JSON', new Response('secret', { headers: { 'content-type': 'application/json' } })],
    ['tokens of an unknown type', tokens({ token_type: 'mac' })],
    ['no token', json({ token_type: 'Bearer' })],
    ['an end that is no number', tokens({ expires_in: 'soon' })],
    ['an error without a code', json({ message: 'secret' }, 400)],
  ])('%s: refused', async (_what, answer) => {
    const failure = await failureFor(answer);
    expect(failure).toMatchObject({ code: 'invalid_response', unavailable: false });
    expect(failure.detail).toMatch(/^token endpoint: /);
    expect(`${failure.message} ${failure.detail}`).not.toContain('secret');
  });
});

describe('the provider was unavailable', () => {
  it.each([
    ['a page in place of tokens', page(200), 'temporarily_unavailable'],
    ['a page of a proxy, whatever its status', page(403, 'text/html'), 'temporarily_unavailable'],
    ['500, whose body is not asked', json({ error: 'server_error' }, 500), 'temporarily_unavailable'],
    ['503 without an OAuth error', new Response('down', { status: 503 }), 'temporarily_unavailable'],
    ['503 with a judgement all the same', json({ error: 'invalid_grant' }, 503), 'temporarily_unavailable'],
    ['429', json({ error: 'slow_down' }, 429), 'slow_down'],
    ['429 without an OAuth error', new Response(null, { status: 429 }), 'temporarily_unavailable'],
    ['temporarily_unavailable', json({ error: 'temporarily_unavailable' }, 400), 'temporarily_unavailable'],
  ])('%s', async (_what, answer, code) => {
    expect(await failureFor(answer)).toMatchObject({ code, unavailable: true });
  });

  it('by the word of the transport', async () => {
    const failure = new ProviderFailure('unreachable', 'no route', { unavailable: true });
    expect(await failureFor(failure)).toBe(failure);
  });
});

describe('the time of the next attempt', () => {
  const at = (headers: Record<string, string>) => failureFor(json({ error: 'slow_down' }, 429, headers));
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';

  it.each<[string, Record<string, string>, number | undefined]>([
    ['in seconds', { 'retry-after': '120' }, 120],
    ['at once', { 'retry-after': '0' }, 0],
    ["by a date, on the provider's own clock", { 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT', date }, 120],
    ['not, by a date that is past', { 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date }, undefined],
    ['not, by its own time', { 'retry-after': date, date }, undefined],
    ["not, by a date without the provider's clock", { 'retry-after': date }, undefined],
    ['not, by a number beyond all bounds', { 'retry-after': '1'.repeat(10), date }, undefined],
    ['not, by less than nothing', { 'retry-after': '-1', date }, undefined],
    ['not, when it does not say', {}, undefined],
  ])('%s', async (_what, headers, retryAfter) => {
    expect((await at(headers)).retryAfter).toBe(retryAfter);
  });

  it('is heard from an answer without an OAuth error too', async () => {
    const answer = new Response('down', { status: 503, headers: { 'retry-after': '7' } });
    expect((await failureFor(answer)).retryAfter).toBe(7);
  });
});

describe('the error for the caller', () => {
  const parts = { detail: 'why', cause: expect.any(ProviderFailure) as unknown };

  it('is retryable, with the time of the retry, if a retry can succeed', () => {
    const failure = new ProviderFailure('slow_down', 'why', { unavailable: true, retryAfter: 30 });
    expect(failure.toServiceError('calendar')).toMatchObject({
      ...parts,
      name: 'InternalServerException',
      message: 'The credential provider "calendar" is unavailable (slow_down). Try again shortly.',
      outcome: 'provider-unavailable',
      retryAfter: 30,
    });
    expect(
      new ProviderFailure('x', 'why', { unavailable: true }).toServiceError('calendar').retryAfter,
    ).toBeUndefined();
  });

  it('is a rejection if the provider evaluated the request', () => {
    expect(new ProviderFailure('invalid_scope', 'why').toServiceError('calendar')).toMatchObject({
      ...parts,
      name: 'ValidationException',
      message: `The credential provider "calendar" rejected the request: invalid_scope. Check the provider's configuration and the request.`,
      outcome: 'provider-refused',
    });
  });
});

it("takes what is not the provider's doing for what it is", async () => {
  const bug = new TypeError('a fault of this service');
  expect(caught(() => providerFailure(bug))).toBe(bug);
  await expect(failureFor(bug)).rejects.toBe(bug);
});
