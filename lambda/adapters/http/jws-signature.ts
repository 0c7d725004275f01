/**
 * Signatures of the JWTs of issuers (RFC 7515), with asymmetric algorithms only. `node:crypto` verifies them. A JOSE library
 * does it with WebCrypto, which schedules each verification on another thread and costs three times as much.
 */
import {
  constants,
  createPublicKey,
  verify,
  type JsonWebKey,
  type KeyObject,
  type SigningOptions,
} from 'node:crypto';
import type { Jwk } from 'aws-jwt-verify/jwk';

/** An algorithm, and the kind of its key. */
interface Algorithm extends Pick<Jwk, 'kty' | 'crv'> {
  /** Null if the algorithm determines it. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly form?: SigningOptions;
}

const PKCS1 = { padding: constants.RSA_PKCS1_PADDING };

/** The salt has the size of the hash (RFC 7518 section 3.5). */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** R and S, each as long as the curve's order (RFC 7518 section 3.4). DER is the default of OpenSSL. */
const R_AND_S: SigningOptions = { dsaEncoding: 'ieee-p1363' };

/**
 * RFC 7518 section 3.1, RFC 8037 section 3.1. "none" is no signature, and an HMAC would use a key that anyone can read
 * (RFC 8725 sections 2.1, 3.1).
 */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map(
  Object.entries<Algorithm>({
    RS256: { kty: 'RSA', hash: 'sha256', form: PKCS1 },
    RS384: { kty: 'RSA', hash: 'sha384', form: PKCS1 },
    RS512: { kty: 'RSA', hash: 'sha512', form: PKCS1 },
    PS256: { kty: 'RSA', hash: 'sha256', form: PSS },
    PS384: { kty: 'RSA', hash: 'sha384', form: PSS },
    PS512: { kty: 'RSA', hash: 'sha512', form: PSS },
    ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', form: R_AND_S },
    ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384', form: R_AND_S },
    ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512', form: R_AND_S },
    EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null },
  }),
);

/** @param alg of the header */
export const isAsymmetric = (alg: string): boolean => ALGORITHMS.has(alg);

/** The key exists, but not for the algorithm of the token. */
export class UnfitKey extends Error {}

/** The key verifies no signature at all. */
export class UnusableKey extends Error {}

/** Another key signed, or another token. */
export class WrongSignature extends Error {}

/** Returns the algorithm if the key is for it, by its kind and by what the issuer states about it. */
function algorithmFor(jwk: Jwk, alg: string): Algorithm {
  const algorithm = ALGORITHMS.get(alg);
  const isFor =
    jwk.kty === algorithm?.kty &&
    (algorithm.crv === undefined || jwk.crv === algorithm.crv) &&
    (jwk.alg === undefined || jwk.alg === alg);
  if (!algorithm || !isFor) throw new UnfitKey();
  return algorithm;
}

/** RFC 7518 sections 3.3 and 3.5. */
const MIN_RSA_BITS = 2048;

function importKey(jwk: Jwk): KeyObject {
  const { kty, d, p, q, key_ops: operations = ['verify'] } = jwk;
  // With the private key in public, anyone can sign. The primes of an RSA key give the rest of it.
  if ([d, p, q].some((member) => member !== undefined)) throw new UnusableKey('private key');
  // RFC 7517 section 4.3: other operations with the same key can weaken it.
  if (JSON.stringify(operations) !== '["verify"]') throw new UnusableKey('other key_ops');
  let key;
  try {
    key = createPublicKey({ format: 'jwk', key: jwk as JsonWebKey });
  } catch (cause) {
    throw new UnusableKey('not a key', { cause });
  }
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (kty === 'RSA' && modulusLength < MIN_RSA_BITS) throw new UnusableKey('short RSA key');
  return key;
}

/** As long as the JWKs that they are from, which a cache of key sets holds. */
const imported = new WeakMap<Jwk, KeyObject>();

function publicKeyOf(jwk: Jwk): KeyObject {
  const known = imported.get(jwk);
  if (known) return known;
  const key = importKey(jwk);
  imported.set(jwk, key);
  return key;
}

/** RFC 8017 section 8.1.2. For PSS, OpenSSL does not check it: without its leading zeros, a signature is the same number. */
function hasLengthFor(key: KeyObject, signature: Buffer): boolean {
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  return modulusLength === undefined || signature.length === Math.ceil(modulusLength / 8);
}

/**
 * @param token a compact JWS in its canonical form, so that no other text has the same signature
 * @param alg of its header
 * @throws UnfitKey, UnusableKey, WrongSignature
 */
export function checkSignature(token: string, alg: string, jwk: Jwk): void {
  const { hash, form } = algorithmFor(jwk, alg);
  const key = publicKeyOf(jwk);
  const end = token.lastIndexOf('.');
  const content = Buffer.from(token.slice(0, end));
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const isValid = hasLengthFor(key, signature) && verify(hash, content, { key, ...form }, signature);
  if (!isValid) throw new WrongSignature();
}
