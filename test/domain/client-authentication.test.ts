/** RFC 6749 section 2.3.1, for servers that decode the credentials and for servers that do not. */
import fc from 'fast-check';
import { clientAuthentication, oauthClientOf } from '../../lambda/domain/oauth/client-authentication';

const server = { issuer: 'https://provider.example' };

async function authenticated(
  method: 'CLIENT_SECRET_BASIC' | 'CLIENT_SECRET_POST',
  id: string,
  secret: string,
) {
  const body = new URLSearchParams();
  const headers = new Headers();
  await clientAuthentication(method, { secret })(server, { client_id: id }, body, headers);
  const authorization = headers.get('authorization');
  const credentials = Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  return { body: Object.fromEntries(body), authorization, credentials };
}

/** Decodes `application/x-www-form-urlencoded` as a server does (WHATWG URL section 5.1). */
const decoded = (text = '') => new URLSearchParams(`x=${text}`).get('x');

it('a server that decodes the credentials reads the original values, whatever characters they contain', async () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  await fc.assert(
    fc.asyncProperty(text, text, async (id, secret) => {
      const { credentials } = await authenticated('CLIENT_SECRET_BASIC', id, secret);
      expect(credentials.split(':').map(decoded)).toEqual([id, secret]);
    }),
  );
});

it.each([
  ['3MVG9.client-id_1', "secret_of-the.client~!*'()"],
  ['0f4c5b1e-9a52-4d1f', 'GOCSPX-abc_DEF'],
])('a server that does not decode the credentials reads the original values: %s', async (id, secret) => {
  const { credentials } = await authenticated('CLIENT_SECRET_BASIC', id, secret);
  expect(credentials).toBe(`${id}:${secret}`);
});

it('the credentials are in the body or in the header, never in both', async () => {
  const post = await authenticated('CLIENT_SECRET_POST', 'id', 'secret');
  expect(post).toMatchObject({ authorization: null, body: { client_id: 'id', client_secret: 'secret' } });
  expect((await authenticated('CLIENT_SECRET_BASIC', 'id', 'secret')).body).toEqual({});
});

it('oauth4webapi gets a client ID, which it requires, if only the assertion names the client', () => {
  expect(oauthClientOf({ clientId: '' }).client_id).not.toBe('');
  expect(oauthClientOf({ clientId: 'agents' })).toEqual({ client_id: 'agents' });
});
