/** Workload access tokens: issued tokens can be verified, and no other tokens. */
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { ServiceError } from '../../lambda/domain/service-error';
import { issueWorkloadAccessToken } from '../../lambda/domain/workload-token/issue';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { CLOCK_SKEW, WORKLOAD_TOKEN_TYP } from '../../lambda/domain/workload-token/claims';
import { TOKEN_LIFETIME } from '../../lambda/domain/lifetimes';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import { BEGINNING } from './fake-system';
import { withFlippedCharacter } from './flipped-character';
import { ISSUER, OWNER } from './samples';
import { ALICE, createTokenService } from './token-service';

type TokenService = Awaited<ReturnType<typeof createTokenService>>;

let service: TokenService;

beforeEach(async () => {
  service = await createTokenService();
});

const workload = () => {
  const { arn, name, id } = service.identity;
  return { arn, name, id };
};

describe('an issued token', () => {
  it.each([
    ['the agent only', undefined, undefined],
    ['the agent and the verified user', { userToken: 'a.b.c' }, ALICE],
    ['the agent and the user ID', { userId: 'alice' }, { kind: 'user-id', id: 'alice' }],
  ])('can be verified as a token for %s', async (_who, onBehalfOf: OnBehalfOf, user) => {
    expect(await service.verify(await service.issue(onBehalfOf))).toMatchObject({
      workload: workload(),
      user,
    });
  });

  it('names the agent and the user in standard claims, for any resource server', async () => {
    const token = await service.issue({ userToken: 'a.b.c' });
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: WORKLOAD_TOKEN_TYP,
      kid: expect.any(String) as string,
    });
    const { arn, name, id } = workload();
    expect(decodeJwt(token)).toMatchObject({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'https://issuer.example#alice',
      sub_id: { format: 'iss_sub', iss: 'https://issuer.example', sub: 'alice' },
      act: { sub: arn, name, id },
    });
  });

  it('has another sub for the user ID x than for the token user x', async () => {
    const subjectOf = async (onBehalfOf: OnBehalfOf) => decodeJwt(await service.issue(onBehalfOf)).sub;
    const spelledOut = await subjectOf({ userId: 'https://issuer.example#alice' });
    expect(spelledOut).not.toBe(await subjectOf({ userToken: 'a.b.c' }));
  });

  it.each([0, -30])('is refused for a user token that expires in %i seconds', async (left) => {
    const { issue, entries } = await createTokenService(BEGINNING + left);
    await expect(issue({ userToken: 'a.b.c' })).rejects.toMatchObject({
      type: 'UnauthorizedException',
      message: expect.not.stringContaining('expired') as string,
    });
    expect(entries).toMatchObject([{ outcome: 'denied', reason: 'user token: expired' }]);
  });

  it('has a new jti each time', async () => {
    const [one, two] = await Promise.all([service.issue(), service.issue()]);
    expect(decodeJwt(one).jti).not.toBe(decodeJwt(two).jti);
  });

  it.each([
    ['expires after 15 minutes', Infinity, TOKEN_LIFETIME],
    ['expires after 15 minutes if the user token is valid for longer', BEGINNING + 3600, TOKEN_LIFETIME],
    ['expires with a user token that is valid for less time', BEGINNING + 60, 60],
  ])('%s', async (_words, userTokenEnd, lifetime) => {
    service = await createTokenService(userTokenEnd);
    const { iat, exp } = decodeJwt(await service.issue({ userToken: 'a.b.c' }));
    expect(iat).toBe(BEGINNING);
    expect(exp).toBe(BEGINNING + lifetime);
  });

  it.each([1e200, Number.MAX_VALUE])(
    'contains an expiry of the user token that can be stored (%s)',
    async (end) => {
      service = await createTokenService(end);
      const { subject_token: carried } = decodeJwt(await service.issue({ userToken: 'a.b.c' }));
      expect(carried).toMatchObject({ exp: BEGINNING + MAX_LIFETIME });
    },
  );

  it('is issued to authorized principals only, and a denial is recorded', async () => {
    const stranger = 'arn:aws:iam::123456789012:role/stranger';
    await expect(service.issue(undefined, stranger)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(service.entries).toEqual([
      expect.objectContaining({ outcome: 'denied', principal: stranger, workloadIdentity: workload().arn }),
    ]);
  });
});

describe('an expired token', () => {
  it('is accepted within the clock skew, and then rejected with the word that clients expect', async () => {
    const token = await service.issue();
    service.system.advance(TOKEN_LIFETIME + CLOCK_SKEW - 1);
    await expect(service.verify(token)).resolves.toBeDefined();
    service.system.advance(1);
    await expect(service.verify(token)).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message: expect.stringContaining('expired') as string,
    });
  });

  it('is not called expired if it was forged', async () => {
    const token = await forged(({ privateKey }) => privateKey);
    service.system.advance(TOKEN_LIFETIME + CLOCK_SKEW);
    await refused(token);
  });
});

/** Expects a rejection as a foreign token, without the word that makes clients get a new token. */
async function refused(token: string): Promise<void> {
  const error: unknown = await service.verify(token).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({
    name: 'UnauthorizedException',
    message: expect.not.stringContaining('expired') as string,
  });
}

const claims = () => {
  const { arn: sub, name, id } = workload();
  return { iss: ISSUER, aud: ISSUER, sub, jti: 'x', act: { sub, name, id } };
};

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** Returns a token that an attacker's key signed, with the key ID of the service's key. */
async function forged(choose: (own: KeyPair) => KeyPair['privateKey']): Promise<string> {
  const { kid } = await service.signingKeys.current();
  return signed(claims(), { kid }, choose(await generateKeyPair('ES256')));
}

/** Returns a token that is valid except for the given changes, signed by the service's key or by the given one. */
async function signed(
  payload: Record<string, unknown>,
  header: { kid?: string; typ?: string; alg?: string } = {},
  key?: KeyPair['privateKey'] | Uint8Array,
): Promise<string> {
  const own = await service.signingKeys.current();
  return new SignJWT({ iat: BEGINNING, exp: BEGINNING + 600, ...payload })
    .setProtectedHeader({ alg: 'ES256', kid: own.kid, typ: WORKLOAD_TOKEN_TYP, ...header })
    .sign(key ?? own.privateKey);
}

describe('a token is rejected', () => {
  it('only if it differs from the valid token of these tests', async () => {
    await expect(service.verify(await signed(claims()))).resolves.toBeDefined();
  });

  it("if another key signed it under the service's key ID", async () => {
    await refused(await forged(({ privateKey }) => privateKey));
  });

  it('if its key is not published', async () => {
    await refused(await signed(claims(), { kid: 'unknown' }, (await generateKeyPair('ES256')).privateKey));
  });

  it('if it contains its own key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { kid } = await service.signingKeys.current();
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const token = await new SignJWT({ ...claims(), iat: BEGINNING, exp: BEGINNING + 600 })
      .setProtectedHeader({ alg: 'ES256', kid, typ: WORKLOAD_TOKEN_TYP, jwk })
      .sign(privateKey);
    await refused(token);
  });

  it.each([undefined, 'JWT', 'at+jwt', `${WORKLOAD_TOKEN_TYP}2`])('if its type is %s', async (typ) => {
    const { kid, privateKey } = await service.signingKeys.current();
    const token = await new SignJWT({ ...claims(), iat: BEGINNING, exp: BEGINNING + 600 })
      .setProtectedHeader({ alg: 'ES256', kid, ...(typ !== undefined && { typ }) })
      .sign(privateKey);
    await refused(token);
  });

  it.each<[string, Record<string, unknown>]>([
    ['for another audience', { aud: 'https://other.example' }],
    ['for no audience', { aud: undefined }],
    ['of another issuer', { iss: 'https://other.example' }],
    ['of an issuer with an additional slash', { iss: `${ISSUER}/` }],
    ['without an expiry', { exp: undefined }],
    ['without a time of issue', { iat: undefined }],
    ['without an agent', { act: undefined }],
    ['with an incomplete agent', { act: { sub: 'x' } }],
    ['without a subject', { sub: undefined }],
    ['that is not valid yet', { nbf: BEGINNING + CLOCK_SKEW + 1 }],
    ['with a user of an unknown kind', { sub_id: { format: 'email', email: 'alice@example.com' } }],
  ])('if it is a token %s', async (_what, change) => {
    await refused(await signed({ ...claims(), ...change }));
  });

  it('if its alg is none', async () => {
    const { kid } = await service.signingKeys.current();
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = part({ ...claims(), iat: BEGINNING, exp: BEGINNING + 600 });
    for (const alg of ['none', 'None', 'NONE']) {
      await refused(`${part({ alg, kid, typ: WORKLOAD_TOKEN_TYP })}.${body}.`);
    }
  });

  it('if its alg is HS256 with the public key as the secret', async () => {
    const { kid } = await service.signingKeys.current();
    const published = await service.publicKeys.published();
    const jwk = published.find((key) => key.kid === kid) ?? {};
    const pem = await exportSPKI((await importJWK(jwk, 'ES256', { extractable: true })) as never);
    for (const secret of [pem, JSON.stringify(jwk)]) {
      await refused(await signed(claims(), { alg: 'HS256' }, new TextEncoder().encode(secret)));
    }
  });

  it('with a specific message if it is for another address of this service', async () => {
    await expect(service.verify(await service.issue(), 'https://other.example')).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message:
        'The workload access token was issued for another address of this service. Get a new one (GetWorkloadAccessToken…) and try again.',
    });
  });

  it("without that message if it only claims another address, without the service's signature", async () => {
    const { kid } = await service.signingKeys.current();
    const { privateKey } = await generateKeyPair('ES256');
    const token = await signed({ ...claims(), iss: 'https://other.example' }, { kid }, privateKey);
    await expect(service.verify(token)).rejects.toMatchObject({
      message: expect.stringContaining('not valid') as string,
    });
  });

  it('if it is truncated anywhere, or one character is changed', async () => {
    const token = await service.issue({ userId: 'alice' });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), async (at) => {
        await refused(token.slice(0, at));
        await refused(withFlippedCharacter(token, at));
      }),
      { numRuns: 200 },
    );
  });

  it('if it is not a token', async () => {
    const junk = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(fc.asyncProperty(junk, refused), { numRuns: 200 });
  });
});

it('an identity assertion stays unused if the signing key is unavailable', async () => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'oauth-id-jag+jwt' })).toString('base64url');
  const verified = { user: ALICE, issuedAt: BEGINNING, scopes: [], expiresAt: BEGINNING + 300 };
  const used: string[] = [];
  const deps = {
    ...service.issuing,
    identityAssertions: { verify: () => Promise.resolve({ ...verified, id: 'jti', clientId: 'client' }) },
    usedAssertions: { add: ({ id }: { id: string }) => Promise.resolve(used.push(id) === 1) },
  };
  const issue = (signingKeys = deps.signingKeys) =>
    issueWorkloadAccessToken(
      { ...deps, signingKeys },
      { operation: 'GetWorkloadAccessTokenForJWT', principal: { arn: OWNER } },
      service.identity.name,
      { userToken: `${header}.e30.` },
    );
  await expect(
    issue({ ...deps.signingKeys, current: () => Promise.reject(new Error('no KMS')) }),
  ).rejects.toThrow('no KMS');
  expect(used).toEqual([]);
  await issue();
  await expect(issue()).rejects.toMatchObject({ name: 'UnauthorizedException' });
});
