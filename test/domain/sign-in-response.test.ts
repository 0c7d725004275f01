/** The response to a sign-in: only the one of this sign-in counts, and errors say whether a retry can help. */
import { SignInDenied, validatedSignInResponse } from '../../lambda/domain/oauth/sign-in';
import { sampleProvider } from './samples';

const ISSUER = 'https://idp.example';

const client = { metadata: { issuer: ISSUER }, provider: sampleProvider() };

const validated = (query: Record<string, string>) => () =>
  validatedSignInResponse(client, new URLSearchParams(query), { state: 'the-state' });

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

it('returns the response of this sign-in', () => {
  expect(validated({ code: 'c', state: 'the-state' })().get('code')).toBe('c');
});

it.each([
  ['access_denied', 'access_denied', false],
  ['temporarily_unavailable', 'temporarily_unavailable', true],
  ['server_error', 'server_error', true],
  ['<b>not a code</b>', 'invalid_response', false],
])('the error %s becomes %s', (error, code, unavailable) => {
  const denied = thrownBy(validated({ error, state: 'the-state' }));
  expect(denied).toBeInstanceOf(SignInDenied);
  expect(denied).toMatchObject({ code, unavailable });
});

it.each<[string, Record<string, string>]>([
  ['another state', { code: 'c', state: 'another' }],
  ['no state', { code: 'c' }],
  ['another issuer', { code: 'c', state: 'the-state', iss: 'https://evil.example' }],
  ['an error of another sign-in', { error: 'access_denied', state: 'another' }],
])('rejects %s', (_name, query) => {
  const error = thrownBy(validated(query));
  expect(error).toMatchObject({ name: 'ProviderFailure' });
  expect(error).not.toBeInstanceOf(SignInDenied);
});
