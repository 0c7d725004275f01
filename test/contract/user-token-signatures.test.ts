/**
 * Which keys and signatures of an issuer are valid for a user token. jose and `node:crypto` sign the tokens, and the issuer
 * publishes the keys as it likes.
 */
import { constants, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { createTransport } from '../../lambda/adapters/http/transport';
import { createUserTokenVerifier } from '../../lambda/adapters/http/user-token-verifier';
import type { UserTokenVerifier } from '../../lambda/domain/identity/user-token';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { createFakeSystem } from '../domain/fake-system';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';

const LOOPBACK = { loopback: true };

let issuer: TestIssuer;
let clock: ReturnType<typeof createFakeSystem>;
let verifier: UserTokenVerifier;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  clock = createFakeSystem();
  const transport = createTransport(LOOPBACK);
  const metadata = createMetadataReader(transport, LOOPBACK, clock);
  const trusted = [{ discoveryUrl: issuer.discoveryUrl, allowedAudience: [issuer.audience] }];
  verifier = createUserTokenVerifier(trusted, metadata, transport, clock);
});

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa = (modulusLength: number): Pair => generateKeyPairSync('rsa', { modulusLength });
const ec = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve });
const RSA = rsa(2048);
const P256 = ec('P-256');
const P384 = ec('P-384');
const P521 = ec('P-521');
const ED25519: Pair = generateKeyPairSync('ed25519');

/** Every algorithm of a user token. */
const ALGORITHMS: readonly (readonly [alg: string, pair: Pair])[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, RSA] as const),
  ['ES256', P256],
  ['ES384', P384],
  ['ES512', P521],
  ['EdDSA', ED25519],
];

const KID = 'the-key';

const jwkOf = ({ publicKey }: Pair): JsonWebKey => publicKey.export({ format: 'jwk' });

/** The issuer publishes one key. */
const publish = (jwk: object): void => {
  issuer.keysBody = JSON.stringify({ keys: [{ kid: KID, ...jwk }] });
};

const claims = () => {
  const iat = Math.floor(clock.now() / 1000);
  return { iss: issuer.issuer, sub: 'ana', aud: issuer.audience, iat, exp: iat + 3600 };
};

/** A token that jose signs. */
const signed = (alg: string, { privateKey }: Pair, header: object = {}): Promise<string> =>
  new SignJWT(claims()).setProtectedHeader({ alg, kid: KID, ...header }).sign(privateKey);

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

/** A token whose header has any text, with any signature. */
function withSignature(
  header: object | string,
  signature: (content: Buffer) => Buffer,
  payload = JSON.stringify(claims()),
): string {
  const content = `${encoded(typeof header === 'string' ? header : JSON.stringify(header))}.${encoded(payload)}`;
  return `${content}.${signature(Buffer.from(content)).toString('base64url')}`;
}

const pkcs1 = (content: Buffer): Buffer => sign('sha256', content, RSA.privateKey);

const accepted = async (token: string): Promise<void> => {
  expect(await verifier.verify(token, {})).toMatchObject({ user: { subject: 'ana' } });
};

const refused = (token: string, reason: string): Promise<void> =>
  expect(verifier.verify(token, {})).rejects.toMatchObject({
    type: 'UnauthorizedException',
    detail: `user token: ${reason}`,
  });

describe.each(ALGORITHMS)('%s', (alg, pair) => {
  it('is valid with a key that states it, or nothing, or only that it verifies', async () => {
    for (const stated of [{}, { alg, use: 'sig' }, { key_ops: ['verify'] }]) {
      publish({ ...jwkOf(pair), ...stated });
      await accepted(await signed(alg, pair));
      clock.advance(601);
    }
  });

  it('is not valid for other claims, for another header, or after a change of the signature', async () => {
    publish(jwkOf(pair));
    const [header = '', payload = '', signature = ''] = (await signed(alg, pair)).split('.');
    const others = encoded(JSON.stringify({ ...claims(), scope: 'admin' }));
    await refused([header, others, signature].join('.'), 'signature');
    const other = encoded(JSON.stringify({ alg, kid: KID, typ: 'JWT' }));
    await refused([other, payload, signature].join('.'), 'signature');
    const bytes = Buffer.from(signature, 'base64url');
    for (const changed of [
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
      bytes.subarray(1),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(1),
      Buffer.alloc(100_000, 1),
    ]) {
      await refused([header, payload, changed.toString('base64url')].join('.'), 'signature');
    }
  });

  it('is not valid with the key of another algorithm', async () => {
    for (const [other, otherPair] of ALGORITHMS) {
      if (other === alg) continue;
      publish({ ...jwkOf(otherPair), alg: other });
      await refused(await signed(alg, pair), 'algorithm is not the one of the key');
      clock.advance(601);
    }
  });
});

it('is not valid without the zeros that it begins with', async () => {
  publish(jwkOf(RSA));
  const pss = { key: RSA.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  let signature: Buffer;
  const token = withSignature({ alg: 'PS256', kid: KID }, (content) => {
    do signature = sign('sha256', content, pss);
    while (signature[0] !== 0);
    return signature.subarray(1);
  });
  await refused(token, 'signature');
});

describe('a header', () => {
  it.each<[header: object, reason: string]>([
    [{ alg: 'none' }, 'algorithm none'],
    [{}, 'algorithm none'],
    [{ alg: 'HS256' }, 'algorithm is an HMAC'],
    [{ alg: 'HS512' }, 'algorithm is an HMAC'],
    ...[
      'NONE',
      'rs256',
      'RS1',
      'ES256K',
      'Ed448',
      'ML-DSA-44',
      'A256GCM',
      '',
      '__proto__',
      'constructor',
    ].map((alg): [object, string] => [{ alg }, 'algorithm not allowed']),
    [{ alg: 'RS256', crit: ['exp'] }, 'critical header parameter'],
    [{ alg: 'RS256', crit: ['b64'], b64: false }, 'critical header parameter'],
    [{ alg: 'RS256', crit: [] }, 'critical header parameter'],
    [{ alg: 'RS256', crit: null }, 'critical header parameter'],
  ])('%j is rejected, although the key signed it', async (header, reason) => {
    publish(jwkOf(RSA));
    await refused(withSignature({ kid: KID, ...header }, pkcs1), reason);
  });

  it('selects no key other than by the ID of one that the issuer publishes', async () => {
    publish(jwkOf(RSA));
    const mine = rsa(2048);
    for (const embedded of [{ jwk: jwkOf(mine) }, { jku: `${issuer.issuer}/mine` }, { x5c: ['AAAA'] }]) {
      await refused(await signed('RS256', mine, embedded), 'signature');
    }
    await refused(await signed('RS256', RSA, { kid: 'unheard-of' }), 'signing key unknown');
    await refused(await signed('RS256', RSA, { kid: undefined }), 'names no signing key');
  });

  it('with a member twice has the last one, which the signature covers as well', async () => {
    publish({ ...jwkOf(RSA), alg: 'RS256' });
    const twice = (one: string, other: string) => `{"alg":"${one}","kid":"${KID}","alg":"${other}"}`;
    await refused(withSignature(twice('RS256', 'none'), pkcs1), 'algorithm none');
    await refused(withSignature(twice('RS256', 'PS256'), pkcs1), 'algorithm is not the one of the key');
    await accepted(withSignature(twice('none', 'RS256'), pkcs1));
    const subjects = JSON.stringify(claims()).replace('"sub"', '"sub":"bob","sub"');
    await accepted(withSignature({ alg: 'RS256', kid: KID }, pkcs1, subjects));
  });
});

describe('a key', () => {
  const otherCurve = { ...jwkOf(P384), crv: 'P-256' };
  const { p, q } = RSA.privateKey.export({ format: 'jwk' });
  const primes = { p, q };
  const offCurve = { ...jwkOf(P256), y: jwkOf(P256).x };
  it.each<[what: string, jwk: object, alg: string, pair: Pair, reason: string]>([
    ['is too short for PKCS #1', jwkOf(rsa(1024)), 'RS256', RSA, 'short RSA key'],
    ['is too short for PSS', jwkOf(rsa(1024)), 'PS256', RSA, 'short RSA key'],
    ['is a little too short', jwkOf(rsa(2040)), 'RS256', RSA, 'short RSA key'],
    ['has a point of another curve', otherCurve, 'ES256', P256, 'not a key'],
    ['has a point that is not on its curve', offCurve, 'ES256', P256, 'not a key'],
    ['has a point of another length', { ...jwkOf(ED25519), x: 'AAAA' }, 'EdDSA', ED25519, 'not a key'],
    ['is private', P256.privateKey.export({ format: 'jwk' }), 'ES256', P256, 'private key'],
    ['has the primes of a private key', { ...jwkOf(RSA), ...primes }, 'RS256', RSA, 'private key'],
    ['only signs', { ...jwkOf(P256), key_ops: ['sign'] }, 'ES256', P256, 'other key_ops'],
    ['does more', { ...jwkOf(P256), key_ops: ['verify', 'encrypt'] }, 'ES256', P256, 'other key_ops'],
    ['does nothing', { ...jwkOf(P256), key_ops: [] }, 'ES256', P256, 'other key_ops'],
    ['has operations in another form', { ...jwkOf(P256), key_ops: 'verify' }, 'ES256', P256, 'other key_ops'],
  ])('that %s verifies nothing', async (_what, jwk, alg, pair, reason) => {
    publish(jwk);
    await refused(await signed(alg, pair), `not verifiable: ${reason}`);
  });

  it('that is too short verifies nothing, although it signed the token', async () => {
    const short = rsa(1024);
    publish(jwkOf(short));
    const signature = (content: Buffer) => sign('sha256', content, short.privateKey);
    await refused(withSignature({ alg: 'RS256', kid: KID }, signature), 'not verifiable: short RSA key');
  });

  it.each<[what: string, jwk: object, alg: string, pair: Pair]>([
    ['of an elliptic curve', jwkOf(P256), 'RS256', RSA],
    ['of an elliptic curve', jwkOf(P256), 'EdDSA', ED25519],
    ['of RSA', jwkOf(RSA), 'ES256', P256],
    ['of P-384', jwkOf(P384), 'ES256', P256],
    ['of secp256k1', jwkOf(ec('secp256k1')), 'ES256', P256],
    ['of Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), 'EdDSA', ED25519],
    ['of X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), 'EdDSA', ED25519],
  ])('%s is not for the algorithm of the token (%#)', async (_what, jwk, alg, pair) => {
    publish(jwk);
    await refused(await signed(alg, pair), 'algorithm is not the one of the key');
  });

  it('for encryption verifies nothing', async () => {
    publish({ ...jwkOf(RSA), use: 'enc' });
    await refused(await signed('RS256', RSA), 'signing key not for signatures');
  });

  it('that is a secret verifies nothing, also by its own HMAC', async () => {
    publish({ kty: 'oct', k: 'AAAA' });
    await expect(verifier.verify(await signed('RS256', RSA), {})).rejects.toThrow();
  });

  it('that replaces another one with the same ID takes its place', async () => {
    const next = rsa(2048);
    publish(jwkOf(RSA));
    await accepted(await signed('RS256', RSA));
    publish(jwkOf(next));
    await refused(await signed('RS256', next), 'signature');
    clock.advance(601);
    await accepted(await signed('RS256', next));
    await refused(await signed('RS256', RSA), 'signature');
  });
});

describe('a signature', () => {
  const pss = (saltLength: number) => (content: Buffer) =>
    sign('sha256', content, {
      key: RSA.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });

  it.each([0, 20, 31, 33, 222])(
    'of PSS with a salt of %i bytes is not valid: it must be that of the hash',
    async (size) => {
      publish(jwkOf(RSA));
      await accepted(withSignature({ alg: 'PS256', kid: KID }, pss(32)));
      await refused(withSignature({ alg: 'PS256', kid: KID }, pss(size)), 'signature');
    },
  );

  it('of one kind of RSA is not valid as the other, with a key for both', async () => {
    publish(jwkOf(RSA));
    await refused(withSignature({ alg: 'PS256', kid: KID }, pkcs1), 'signature');
    await refused(withSignature({ alg: 'RS256', kid: KID }, pss(32)), 'signature');
    await refused(withSignature({ alg: 'RS512', kid: KID }, pkcs1), 'signature');
  });

  it('of an elliptic curve is R and S, not DER', async () => {
    publish(jwkOf(P256));
    const der = (content: Buffer) => sign('sha256', content, P256.privateKey);
    await refused(withSignature({ alg: 'ES256', kid: KID }, der), 'signature');
  });

  it('of Ed25519 has no second form', async () => {
    publish(jwkOf(ED25519));
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const other = (content: Buffer) => {
      const signature = sign(null, content, ED25519.privateKey);
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
      const last = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
      return Buffer.concat([signature.subarray(0, 32), last]);
    };
    await refused(withSignature({ alg: 'EdDSA', kid: KID }, other), 'signature');
  });
});

it('is valid by the clock of the service alone', async () => {
  publish(jwkOf(P256));
  const token = await signed('ES256', P256);
  await accepted(token);
  clock.advance(3599);
  await accepted(token);
  clock.advance(1);
  await refused(token, 'expired');
});
