/** A client assertion (RFC 7523 section 3): its claims, and the claims that no configuration can change. */
import type { PrivateKeyJwt } from '../../lambda/model/provider/record';
import { createSign, generateKeyPairSync, verify } from 'node:crypto';
import { joseSignature } from '../../lambda/adapters/kms/assertion-keys';
import { clientAssertion } from '../../lambda/domain/oauth/client-assertion';
import { clientAuthentication, oauthClientOf } from '../../lambda/domain/oauth/client-authentication';
import { createFakeSystem } from './fake-system';
import { OWNER } from './samples';

const AUDIENCE = 'https://provider.example/token';
const KEY: PrivateKeyJwt = {
  keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/9e6cf18a-872a-4230-8564-f8f399d8c50b',
  algorithm: 'ES256',
};

const decoded = (part = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

async function asserted(config: PrivateKeyJwt = KEY) {
  const system = createFakeSystem();
  const requests: unknown[] = [];
  const assertionKeys = {
    sign(request: unknown) {
      requests.push(request);
      return Promise.resolve('signature');
    },
  };
  const client = { clientId: 'agents', owner: OWNER };
  const assertion = await clientAssertion({ assertionKeys, system }, client, config, AUDIENCE);
  const [header, payload, signature] = assertion.split('.');
  return {
    header: decoded(header),
    payload: decoded(payload),
    signature,
    signingInput: `${header}.${payload}`,
    now: system.seconds(),
    requests,
  };
}

it('the assertion names the client and the audience, and is valid for three minutes', async () => {
  const { header, payload, signature, now } = await asserted();
  expect(header).toEqual({ alg: 'ES256', typ: 'JWT' });
  expect(payload).toEqual({
    iss: 'agents',
    sub: 'agents',
    aud: AUDIENCE,
    jti: expect.any(String) as string,
    iat: now - 10,
    exp: now + 180,
  });
  expect(signature).toBe('signature');
});

it("the assertion is signed by the key of the provider's owner", async () => {
  const { requests, signingInput } = await asserted();
  expect(requests).toEqual([{ keyArn: KEY.keyArn, algorithm: 'ES256', owner: OWNER, signingInput }]);
});

it('each assertion has its own jti', async () => {
  expect((await asserted()).payload.jti).not.toBe((await asserted()).payload.jti);
});

it.each([-10, 120])('the assertion is valid at a server whose clock is %i seconds off', async (skew) => {
  const { payload, now } = await asserted();
  expect(payload.iat).toBeLessThanOrEqual(now + skew);
  expect(payload.exp).toBeGreaterThan(now + skew);
});

it('the assertion is accepted by a server that rejects assertions issued more than 60 seconds ago', async () => {
  const { payload, now } = await asserted();
  // The server's clock may be fast, and the request takes a moment.
  expect(payload.iat).toBeGreaterThan(now - 60 + 45);
});

it("the assertion can have additional claims and another audience, which never replace the service's claims", async () => {
  const { header, payload } = await asserted({
    ...KEY,
    headerClaims: { kid: 'key-1', 'x5t#S256': 'thumbprint', alg: 'none', typ: 'x' },
    payloadClaims: { aud: 'https://other.example', tenant: 't', iss: 'x', sub: 'x', jti: 'x' },
  });
  expect(header).toEqual({ kid: 'key-1', 'x5t#S256': 'thumbprint', alg: 'ES256', typ: 'JWT' });
  expect(payload).toMatchObject({ aud: 'https://other.example', tenant: 't', iss: 'agents', sub: 'agents' });
  expect(payload.jti).not.toBe('x');
});

describe('an assertion in a request', () => {
  const parametersOf = async (clientId: string, server: object) => {
    const body = new URLSearchParams();
    const assert = (audience: string) => Promise.resolve(`assertion for ${audience}`);
    const authenticate = clientAuthentication('PRIVATE_KEY_JWT', { assert });
    const headers = new Headers();
    await authenticate(
      { issuer: 'https://provider.example', ...server },
      oauthClientOf({ clientId }),
      body,
      headers,
    );
    expect([...headers.keys()]).toEqual([]);
    return Object.fromEntries(body);
  };

  it('is presented with its type, for the token endpoint', async () => {
    expect(await parametersOf('agents', { token_endpoint: AUDIENCE })).toEqual({
      client_id: 'agents',
      client_assertion: `assertion for ${AUDIENCE}`,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
  });

  it('omits the client ID if the client has none', async () => {
    expect(await parametersOf('', { token_endpoint: AUDIENCE })).not.toHaveProperty('client_id');
  });

  it('is not created without a token endpoint', async () => {
    await expect(parametersOf('agents', {})).rejects.toMatchObject({
      code: 'invalid_metadata',
      detail: 'there is no token endpoint',
    });
  });
});

it('an ECDSA signature has the form that JWS requires, whatever bytes its halves begin with', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Enough signatures to include halves with a leading zero and halves with a leading sign byte.
  for (let round = 0; round < 400; round += 1) {
    const text = `round ${round}`;
    const signature = joseSignature(createSign('sha256').update(text).sign(privateKey));
    expect(signature).toHaveLength(64);
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', Buffer.from(text), key, signature)).toBe(true);
  }
});
