/** The key that a client ID metadata document publishes: when it is used, and what it signs. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import {
  acceptsPublishedKey,
  checkPublishedKey,
  publishedKeyAssertion,
} from '../../lambda/domain/oauth/published-key-authentication';
import { publishedClient } from '../../lambda/domain/provider/client-metadata-document';
import { newSigningKey } from '../../lambda/domain/provider/published-key';
import { createFakeSystem } from './fake-system';

const ISSUER = 'https://as.example';
const CLIENT_ID = 'https://agents.example/identities/oauth2/client-metadata/one';
const system = createFakeSystem();
const discovery = {
  discoveryUrl: 'https://notes.example/.well-known/oauth-protected-resource/mcp',
  protectedResource: {
    resource: 'https://notes.example/mcp',
    issuer: ISSUER,
    metadataUrl: `${ISSUER}/.well-known/oauth-authorization-server`,
    endpointOrigins: [ISSUER],
  },
};

const metadata = (methods?: string[], algorithms?: string[]) => ({
  issuer: ISSUER,
  ...(methods && { token_endpoint_auth_methods_supported: methods }),
  ...(algorithms && { token_endpoint_auth_signing_alg_values_supported: algorithms }),
});

it.each<[boolean, string, string[] | undefined, string[] | undefined]>([
  [true, 'the method and the algorithm', ['none', 'private_key_jwt'], ['RS256', 'ES256']],
  [false, 'no methods', undefined, ['ES256']],
  [false, 'other methods only', ['none', 'client_secret_jwt'], ['ES256']],
  [false, 'the method without algorithms, which have no default', ['private_key_jwt'], undefined],
  [false, 'the method with other algorithms only', ['private_key_jwt'], ['RS256', 'ES384']],
])('the key is used: %s, for a server that states %s', (expected, _what, methods, algorithms) => {
  const stated = metadata(methods, algorithms);
  expect(acceptsPublishedKey(stated)).toBe(expected);
  const check = () => {
    checkPublishedKey({ clientAuthenticationMethod: 'PUBLISHED_KEY_JWT' }, stated);
  };
  if (expected) expect(check).not.toThrow();
  else expect(check).toThrow('no longer supports private_key_jwt with ES256');
  // Other clients are not concerned.
  checkPublishedKey({ clientAuthenticationMethod: 'NONE' }, stated);
});

it('an assertion is for the issuer to which the provider is bound, and is new each time', async () => {
  const { published, secret } = await newSigningKey();
  const assert = publishedKeyAssertion(system, { clientId: CLIENT_ID, discovery }, secret);
  const [one, other] = [await assert(), await assert()];
  expect(decodeProtectedHeader(one)).toEqual({ alg: 'ES256', typ: 'JWT', kid: published.kid });
  expect(decodeJwt(one)).toEqual({
    iss: CLIENT_ID,
    sub: CLIENT_ID,
    aud: ISSUER,
    jti: expect.any(String) as string,
    iat: system.seconds() - 10,
    exp: system.seconds() + 180,
  });
  expect(decodeJwt(other).jti).not.toBe(decodeJwt(one).jti);
});

it('a provider that is bound to no authorization server signs nothing', async () => {
  const { secret } = await newSigningKey();
  const unbound = { clientId: CLIENT_ID, discovery: { discoveryUrl: discovery.discoveryUrl } };
  expect(() => publishedKeyAssertion(system, unbound, secret)).toThrow('bound to no authorization server');
});

it('a key that cannot be read is not in the error', async () => {
  const assert = publishedKeyAssertion(
    system,
    { clientId: CLIENT_ID, discovery },
    '{"d":"the-private-half"}',
  );
  const error: unknown = await assert().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(String(error) + String((error as Error).stack)).not.toContain('the-private-half');
});

it('each key is new, and only its public half is published, whatever the record has', async () => {
  const [one, other] = [await newSigningKey(), await newSigningKey()];
  expect(one.published.kid).not.toBe(other.published.kid);
  expect(one.published).not.toHaveProperty('d');
  const record = JSON.parse(one.secret) as typeof one.published;
  expect(record).toHaveProperty('d');
  const document = await publishedClient(
    {
      clientMetadata: { get: () => Promise.resolve({ refreshes: true, publishedKey: record }) },
      system,
      baseUrl: 'https://agents.example',
    },
    '79bba291-a362-4613-917b-fa96464a15b1',
  );
  expect(document).toMatchObject({
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
  });
  expect(document?.jwks).toEqual({ keys: [{ ...one.published, alg: 'ES256', use: 'sig' }] });
});
