/** Workload access tokens: what is issued verifies, and nothing else does. */
import fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { ServiceError } from '../../lambda/domain/service-error';
import { MAX_LIFETIME } from '../../lambda/domain/stated-lifetime';
import { CLOCK_SKEW, TOKEN_TYPE } from '../../lambda/domain/workload-token/claims';
import { TOKEN_LIFETIME } from '../../lambda/domain/lifetimes';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/issue';
import { BEGINNING } from './fake-system';
import { withFlippedCharacter } from './flipped-character';
import { ISSUER } from './samples';
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

describe('a token that was issued', () => {
  it.each([
    ['the agent alone', undefined, undefined],
    ['the agent and the verified user', { userToken: 'a.b.c' }, ALICE],
    ['the agent and the user id', { userId: 'alice' }, { kind: 'user-id', id: 'alice' }],
  ])('verifies as %s', async (_who, onBehalfOf: OnBehalfOf, user) => {
    expect(await service.verify(await service.issue(onBehalfOf))).toMatchObject({
      workload: workload(),
      user,
    });
  });

  it('says who acts and for whom to any resource server', async () => {
    const token = await service.issue({ userToken: 'a.b.c' });
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: TOKEN_TYPE,
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

  it('has another sub for the user id x than for the token user x', async () => {
    const subjectOf = async (onBehalfOf: OnBehalfOf) => decodeJwt(await service.issue(onBehalfOf)).sub;
    const spelledOut = await subjectOf({ userId: 'https://issuer.example#alice' });
    expect(spelledOut).not.toBe(await subjectOf({ userToken: 'a.b.c' }));
  });

  it.each([0, -30])('is none for a user token that ends in %i seconds', async (left) => {
    const { issue, entries } = await createTokenService(BEGINNING + left);
    await expect(issue({ userToken: 'a.b.c' })).rejects.toMatchObject({
      type: 'UnauthorizedException',
      message: expect.not.stringContaining('expired') as string,
    });
    expect(entries).toMatchObject([{ outcome: 'denied', reason: 'user token: expired' }]);
  });

  it('is a new one each time', async () => {
    const [one, two] = await Promise.all([service.issue(), service.issue()]);
    expect(decodeJwt(one).jti).not.toBe(decodeJwt(two).jti);
  });

  it.each([
    ['lives fifteen minutes', Infinity, TOKEN_LIFETIME],
    ['lives fifteen minutes beside a longer-lived user token', BEGINNING + 3600, TOKEN_LIFETIME],
    ["never outlives the user's own token", BEGINNING + 60, 60],
  ])('%s', async (_words, userTokenEnd, lifetime) => {
    service = await createTokenService(userTokenEnd);
    const { iat, exp } = decodeJwt(await service.issue({ userToken: 'a.b.c' }));
    expect(iat).toBe(BEGINNING);
    expect(exp).toBe(BEGINNING + lifetime);
  });

  it.each([1e200, Number.MAX_VALUE])(
    'carries an end of the user token that can be stored (%s)',
    async (end) => {
      service = await createTokenService(end);
      const { subject_token: carried } = decodeJwt(await service.issue({ userToken: 'a.b.c' }));
      expect(carried).toMatchObject({ exp: BEGINNING + MAX_LIFETIME });
    },
  );

  it('goes to the owner of the workload identity only, and the refusal is recorded', async () => {
    const stranger = 'arn:aws:iam::123456789012:role/stranger';
    await expect(service.issue(undefined, stranger)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(service.entries).toEqual([
      expect.objectContaining({ outcome: 'denied', principal: stranger, workloadIdentity: workload().arn }),
    ]);
  });
});

describe('an ended token', () => {
  it('is taken while clocks may differ, and then refused with the word that clients look for', async () => {
    const token = await service.issue();
    service.system.advance(TOKEN_LIFETIME + CLOCK_SKEW - 1);
    await expect(service.verify(token)).resolves.toBeDefined();
    service.system.advance(1);
    await expect(service.verify(token)).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message: expect.stringContaining('expired') as string,
    });
  });

  it('is not called expired when it was forged', async () => {
    const token = await forged(({ privateKey }) => privateKey);
    service.system.advance(TOKEN_LIFETIME + CLOCK_SKEW);
    await refused(token);
  });
});

/** Refused as a stranger's; the word that makes clients fetch a new token does not appear. */
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

/** Signed by a key of the attacker's own, under the name of the service's key. */
async function forged(choose: (own: KeyPair) => KeyPair['privateKey']): Promise<string> {
  const { kid } = await service.signingKeys.current();
  return signed(claims(), { kid }, choose(await generateKeyPair('ES256')));
}

/** A token that is right but for the change; by the service's own key unless another is given. */
async function signed(
  payload: Record<string, unknown>,
  header: { kid?: string; typ?: string; alg?: string } = {},
  key?: KeyPair['privateKey'] | Uint8Array,
): Promise<string> {
  const own = await service.signingKeys.current();
  return new SignJWT({ iat: BEGINNING, exp: BEGINNING + 600, ...payload })
    .setProtectedHeader({ alg: 'ES256', kid: own.kid, typ: TOKEN_TYPE, ...header })
    .sign(key ?? own.privateKey);
}

describe('what is refused', () => {
  it('differs from a token that is taken by one change alone', async () => {
    await expect(service.verify(await signed(claims()))).resolves.toBeDefined();
  });

  it("is a token by another key under the service's key id", async () => {
    await refused(await forged(({ privateKey }) => privateKey));
  });

  it('is a token by a key that is not published', async () => {
    await refused(await signed(claims(), { kid: 'unheard-of' }, (await generateKeyPair('ES256')).privateKey));
  });

  it('is a token that brings its own key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { kid } = await service.signingKeys.current();
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const token = await new SignJWT({ ...claims(), iat: BEGINNING, exp: BEGINNING + 600 })
      .setProtectedHeader({ alg: 'ES256', kid, typ: TOKEN_TYPE, jwk })
      .sign(privateKey);
    await refused(token);
  });

  it.each([undefined, 'JWT', 'at+jwt', `${TOKEN_TYPE}2`])('is a token of type %s', async (typ) => {
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
    ['of an issuer with a slash more', { iss: `${ISSUER}/` }],
    ['without an end', { exp: undefined }],
    ['without a beginning', { iat: undefined }],
    ['without an agent', { act: undefined }],
    ['with half an agent', { act: { sub: 'x' } }],
    ['without a subject', { sub: undefined }],
    ['that is not valid yet', { nbf: BEGINNING + CLOCK_SKEW + 1 }],
    ['with a user of an unknown kind', { sub_id: { format: 'email', email: 'alice@example.com' } }],
  ])('is a token %s', async (_what, change) => {
    await refused(await signed({ ...claims(), ...change }));
  });

  it('is a token with alg none', async () => {
    const { kid } = await service.signingKeys.current();
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = part({ ...claims(), iat: BEGINNING, exp: BEGINNING + 600 });
    for (const alg of ['none', 'None', 'NONE']) {
      await refused(`${part({ alg, kid, typ: TOKEN_TYPE })}.${body}.`);
    }
  });

  it('is a token by HS256 with the public key for its secret', async () => {
    const { kid } = await service.signingKeys.current();
    const published = await service.publicKeys.published();
    const jwk = published.find((key) => key.kid === kid) ?? {};
    const pem = await exportSPKI((await importJWK(jwk, 'ES256', { extractable: true })) as never);
    for (const secret of [pem, JSON.stringify(jwk)]) {
      await refused(await signed(claims(), { alg: 'HS256' }, new TextEncoder().encode(secret)));
    }
  });

  it('is a token of another address of this service, and the message says so', async () => {
    await expect(service.verify(await service.issue(), 'https://other.example')).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message:
        'The workload access token was issued for another address of this service. Get a new one (GetWorkloadAccessToken…) and try again.',
    });
  });

  it('is a token that claims another address without the signature of this service', async () => {
    const { kid } = await service.signingKeys.current();
    const { privateKey } = await generateKeyPair('ES256');
    const token = await signed({ ...claims(), iss: 'https://other.example' }, { kid }, privateKey);
    await expect(service.verify(token)).rejects.toMatchObject({
      message: expect.stringContaining('not valid') as string,
    });
  });

  it('is a token cut short anywhere, or with one character changed', async () => {
    const token = await service.issue({ userId: 'alice' });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), async (at) => {
        await refused(token.slice(0, at));
        await refused(withFlippedCharacter(token, at));
      }),
      { numRuns: 200 },
    );
  });

  it('is anything at all that is not a token', async () => {
    const junk = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(fc.asyncProperty(junk, refused), { numRuns: 200 });
  });
});
