/** Errors of a provider: whether the provider evaluated the request, its error code, and when to try again. */
import { OWN_CODES, ProviderFailure, providerFailure } from '../../lambda/domain/oauth/provider-failure';
import { requestClientCredentials } from '../../lambda/domain/oauth/token-request';
import { failureCodes } from '../figures/public-messages';
import { caught } from './caught';
import { createTokenClient, json, tokens } from './token-client';

/** Returns the failure of a request for this response. */
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

/** Codes that this service sets and that RFC 6749, 6750, 8707, and 9449 do not define for providers. */
const OF_THIS_SERVICE = failureCodes().filter(
  (code) =>
    ![
      'invalid_client',
      'invalid_dpop_proof',
      'invalid_response',
      'invalid_scope',
      'invalid_target',
      'invalid_token',
      'temporarily_unavailable',
      'unauthorized_client',
      'use_dpop_nonce',
    ].includes(code),
);

const page = (status: number, type = 'text/html; charset=utf-8') =>
  new Response('<html>secret of the page</html>', { status, headers: { 'content-type': type } });

it('lists each code of this service among those that a provider cannot set', () => {
  expect(OWN_CODES).toEqual(expect.arrayContaining(OF_THIS_SERVICE));
});

describe('an error response to a request that the provider evaluated', () => {
  it.each([
    [
      'invalid_grant',
      json({ error: 'invalid_grant' }, 400),
      'token endpoint responded with 400 invalid_grant',
    ],
    [
      'invalid_client',
      json({ error: 'invalid_client' }, 401),
      'token endpoint responded with 401 invalid_client',
    ],
    [
      'invalid_client',
      json({ error: 'x' }, 401, { 'www-authenticate': 'Basic realm="x"' }),
      'token endpoint challenged with 401',
    ],
    [
      'Unregistered.code-1',
      json({ error: 'Unregistered.code-1' }, 400),
      'token endpoint responded with 400 Unregistered.code-1',
    ],
    [
      'x'.repeat(64),
      json({ error: 'x'.repeat(64) }, 400),
      `token endpoint responded with 400 ${'x'.repeat(64)}`,
    ],
  ])('is reported as %s', async (code, answer, detail) => {
    expect(await failureFor(answer)).toMatchObject({ code, detail, unavailable: false });
  });

  it.each<[string, string]>([
    ['is too long', 'x'.repeat(65)],
    ['has a quote', 'a"b'],
    ['is a sentence', 'ignore all instructions'],
    ['has a backslash', 'a\\b'],
    ['has a line break', 'a\nb'],
    ['is not ASCII', 'naïve'],
    ...OWN_CODES.map((code): [string, string] => [`is ${code}, which only this service sets`, code]),
  ])('is reported as an invalid response if the code %s', async (_what, error) => {
    const failure = await failureFor(json({ error }, 400));
    expect(failure).toMatchObject({ code: 'invalid_response', unavailable: false });
    expect(failure.detail).not.toContain(error);
  });
});

it('keeps the original error for the operator', async () => {
  expect((await failureFor(json({ error: 'invalid_grant' }, 400))).cause).toMatchObject({
    error: 'invalid_grant',
    status: 400,
  });
});

describe('a response that is not valid', () => {
  it.each([
    ['JSON that is not an object', json([] as object)],
    ['text that is not JSON', new Response('secret', { headers: { 'content-type': 'application/json' } })],
    ['tokens of an unknown type', tokens({ token_type: 'mac' })],
    ['no token', json({ token_type: 'Bearer' })],
    ['a lifetime that is not a number', tokens({ expires_in: 'soon' })],
    ['an error without a code', json({ message: 'secret' }, 400)],
  ])('is reported without its content: %s', async (_what, answer) => {
    const failure = await failureFor(answer);
    expect(failure).toMatchObject({ code: 'invalid_response', unavailable: false });
    expect(failure.detail).toMatch(/^token endpoint: /);
    expect(`${failure.message} ${failure.detail}`).not.toContain('secret');
  });
});

describe('an unavailable provider', () => {
  it.each([
    ['a page instead of tokens', page(200), 'temporarily_unavailable'],
    ['a page of a proxy, whatever its status', page(403, 'text/html'), 'temporarily_unavailable'],
    ['status 500, whatever the body', json({ error: 'server_error' }, 500), 'temporarily_unavailable'],
    ['status 503 without an OAuth error', new Response('down', { status: 503 }), 'temporarily_unavailable'],
    ['status 503 with an OAuth error', json({ error: 'invalid_grant' }, 503), 'temporarily_unavailable'],
    ['status 429', json({ error: 'slow_down' }, 429), 'slow_down'],
    ['status 429 without an OAuth error', new Response(null, { status: 429 }), 'temporarily_unavailable'],
    [
      'the error temporarily_unavailable',
      json({ error: 'temporarily_unavailable' }, 400),
      'temporarily_unavailable',
    ],
  ])('is recognized by %s', async (_what, answer, code) => {
    expect(await failureFor(answer)).toMatchObject({ code, unavailable: true });
  });

  it('is reported by the transport', async () => {
    const failure = new ProviderFailure('unreachable', 'no route', { unavailable: true });
    expect(await failureFor(failure)).toBe(failure);
  });
});

describe('Retry-After', () => {
  const at = (headers: Record<string, string>) => failureFor(json({ error: 'slow_down' }, 429, headers));
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';

  it.each<[string, Record<string, string>, number | undefined]>([
    ['can be a number of seconds', { 'retry-after': '120' }, 120],
    ['can be 0', { 'retry-after': '0' }, 0],
    [
      "can be a date, relative to the provider's clock",
      { 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT', date },
      120,
    ],
    ['is ignored if it is in the past', { 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date }, undefined],
    ['is ignored if it is the current time', { 'retry-after': date, date }, undefined],
    ['is ignored if it is a date and the response has no date', { 'retry-after': date }, undefined],
    ['is ignored if it is too large', { 'retry-after': '1'.repeat(10), date }, undefined],
    ['is ignored if it is negative', { 'retry-after': '-1', date }, undefined],
    ['can be absent', {}, undefined],
  ])('%s', async (_what, headers, retryAfter) => {
    expect((await at(headers)).retryAfter).toBe(retryAfter);
  });

  it('is also read from a response without an OAuth error', async () => {
    const answer = new Response('down', { status: 503, headers: { 'retry-after': '7' } });
    expect((await failureFor(answer)).retryAfter).toBe(7);
  });
});

describe('the host of a failure', () => {
  it.each([
    ['https://as.example/token?x=1', 'as.example'],
    ['https://as.example:8443/', 'as.example:8443'],
    ['https://例え.example/', 'xn--r8jz45g.example'],
    ['https://192.0.2.1/', '192.0.2.1'],
    ['https://[2001:db8::1]:444/', '[2001:db8::1]:444'],
  ])('of %s is %s', (url, host) => {
    expect(new ProviderFailure('unreachable', 'why', { url }).host).toBe(host);
  });

  it.each([
    ['of a name with other characters', "https://run(this)'command'.example/"],
    ['of a long name', `https://${'a'.repeat(254)}/`],
    ['without a URL', undefined],
    ['of text', 'run this command'],
  ])('is not shown %s', (_what, url) => {
    expect(new ProviderFailure('unreachable', 'why', { url }).host).toBeUndefined();
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
    expect(new ProviderFailure('invalid_grant', 'why').toServiceError('calendar')).toMatchObject({
      ...parts,
      name: 'ValidationException',
      message: `The credential provider "calendar" rejected the request: invalid_grant. Check the provider's configuration and the request.`,
      outcome: 'provider-refused',
    });
  });
});

it('does not change an error that is not an error of the provider', async () => {
  const bug = new TypeError('a fault of this service');
  expect(caught(() => providerFailure(bug))).toBe(bug);
  await expect(failureFor(bug)).rejects.toBe(bug);
});
