/**
 * The keys of issuers, and the signatures of their JWTs. Keys are fetched through this project's transport.
 * aws-jwt-verify caches them, and limits how often unknown key IDs trigger a fetch.
 */
import {
  JwkInvalidKtyError,
  JwkInvalidUseError,
  JwkValidationError,
  JwtWithoutValidKidError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import type { Fetcher } from 'aws-jwt-verify/https';
import {
  assertIsSignatureJwk,
  isJwk,
  SimpleJwksCache,
  type Jwk,
  type Jwks,
  type PenaltyBox,
} from 'aws-jwt-verify/jwk';
import { errors } from 'jose';
import * as v from 'valibot';
import { decodeJsonPart } from '../../domain/base64url';
import { isCompactJws } from '../../domain/compact-jws';
import { createExpiringCache } from '../../domain/expiring-cache';
import { parseJsonObject } from '../../domain/json-object';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import { connectionSlot, type ServerConnection } from '../../domain/server-connection';
import { connectedBy, type Transport } from '../../domain/oauth/transport';
import type { System } from '../../domain/system';

/**
 * The asymmetric algorithms, and the kind of key for each (RFC 7518 section 3.1, RFC 8037 section 3.1).
 * "none" is no signature, and an HMAC would use a key that anyone can read (RFC 8725 sections 2.1, 3.1).
 */
const KEY_OF_ALGORITHM: ReadonlyMap<string, Pick<Jwk, 'kty' | 'crv'>> = new Map(
  Object.entries<Pick<Jwk, 'kty' | 'crv'>>({
    RS256: { kty: 'RSA' },
    RS384: { kty: 'RSA' },
    RS512: { kty: 'RSA' },
    PS256: { kty: 'RSA' },
    PS384: { kty: 'RSA' },
    PS512: { kty: 'RSA' },
    ES256: { kty: 'EC', crv: 'P-256' },
    ES384: { kty: 'EC', crv: 'P-384' },
    ES512: { kty: 'EC', crv: 'P-521' },
    EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  }),
);

/** Up to 500 key sets, for 10 minutes, so that a key that its issuer withdrew is soon no longer valid. */
const JWKS_CACHE = { milliseconds: 600_000, maxEntries: 500 };

/** The key exists, but not for the algorithm of the token. */
class UnfitKey extends Error {}

/** The reason for the audit log. */
const FAULTS: readonly [new (...parameters: never[]) => Error, string][] = [
  [errors.JWSSignatureVerificationFailed, 'signature'],
  [UnfitKey, 'algorithm is not the one of the key'],
  [JwtWithoutValidKidError, 'names no signing key'],
  [KidNotFoundInJwksError, 'signing key unknown'],
  [WaitPeriodNotYetEndedJwkError, 'signing key unknown'],
  [JwkInvalidKtyError, 'signing key of another kind'],
  [JwkInvalidUseError, 'signing key not for signatures'],
];

/** Returns why a signature was refused, for the operator; undefined for an error that has another cause. */
export const signatureFault = (error: unknown): string | undefined =>
  FAULTS.find(([kind]) => error instanceof kind)?.[1];

/** Whether the key is for this algorithm, by its kind and by what the issuer states about it. */
function isFor(key: Jwk, algorithm: string): boolean {
  const wanted = KEY_OF_ALGORITHM.get(algorithm);
  return (
    key.kty === wanted?.kty &&
    (wanted.crv === undefined || key.crv === wanted.crv) &&
    (key.alg === undefined || key.alg === algorithm)
  );
}

/**
 * Returns whether the key has all members of its kind. A complete key of another kind, or for another use, stays in the
 * set: it is a reason to refuse the token that names it.
 */
function isComplete(key: unknown): key is Jwk {
  if (!isJwk(key as Jwk)) return false;
  try {
    assertIsSignatureJwk(key as Jwk);
    return true;
  } catch (error) {
    return !(error instanceof JwkValidationError);
  }
}

/**
 * Returns the keys of a response, without those that are not understood (RFC 7517 section 5). A response without any key,
 * such as the page of a proxy, says nothing about a token.
 *
 * @throws ProviderFailure
 */
function keySetIn(body: ArrayBuffer): Jwks {
  const listed = parseJsonObject(new TextDecoder().decode(body))?.keys;
  const keys = Array.isArray(listed) ? listed.filter(isComplete) : [];
  if (keys.length > 0) return { keys };
  throw new ProviderFailure('unreachable', 'JWKS has no usable key', { unavailable: true });
}

/** Milliseconds before a key set that lacks a token's key is fetched again. */
const UNKNOWN_KEY_PAUSE_MS = 5_000;

/** Milliseconds before a key set that could not be fetched is fetched again. */
const FAILURE_PAUSE_MS = 1_000;

/** Rejects what needs a request for the keys, for a while after a request that did not help. */
class Pause implements PenaltyBox {
  private until = 0;
  private reason: Error = new WaitPeriodNotYetEndedJwkError();

  constructor(private readonly system: Pick<System, 'now'>) {}

  private begin(milliseconds: number, reason: Error): void {
    this.until = this.system.now() + milliseconds;
    this.reason = reason;
  }

  wait(): Promise<void> {
    return this.system.now() < this.until ? Promise.reject(this.reason) : Promise.resolve();
  }

  /** The set lacks a token's key: such tokens must not flood the issuer with requests. */
  registerFailedAttempt(): void {
    this.begin(UNKNOWN_KEY_PAUSE_MS, new WaitPeriodNotYetEndedJwkError());
  }

  registerSuccessfulAttempt(): void {
    this.until = 0;
  }

  /** No keys were received: one token after the other must not wait for a server that responds slowly or not at all. */
  registerFailure(error: Error): void {
    this.begin(FAILURE_PAUSE_MS, error);
  }
}

/** The keys of one issuer. */
class KeySet extends SimpleJwksCache {
  constructor(
    fetcher: Fetcher,
    private readonly pause: Pause,
  ) {
    super({ fetcher, jwksParser: keySetIn, penaltyBox: pause });
  }

  /** The base class calls it when the pause is over, for a key that is not known. */
  override async getJwks(uri: string): Promise<Jwks> {
    try {
      return await super.getJwks(uri);
    } catch (error) {
      if (error instanceof Error) this.pause.registerFailure(error);
      throw error;
    }
  }
}

const text = v.optional(v.string());
/** `JSON.parse` returns infinity for 1e999. */
const time = v.optional(v.pipe(v.number(), v.finite()));

const UnverifiedJwtSchema = v.object({
  header: v.looseObject({ alg: text, kid: text }),
  // RFC 7519 section 4.1. The domain validates every other claim.
  payload: v.looseObject({
    iss: text,
    sub: text,
    aud: v.optional(v.union([v.string(), v.array(v.string())])),
    exp: time,
    nbf: time,
    iat: time,
    jti: text,
  }),
});

/** Header and claims that are not verified yet. */
export type UnverifiedJwt = v.InferOutput<typeof UnverifiedJwtSchema>;

/**
 * Parses a JWT without verification, only to reject it early and to select the issuer's keys. Accepts only the canonical
 * form, so that a verified signature covers exactly these claims.
 *
 * @param rejection creates the error that is thrown, for a reason that names the malformed member but not its value
 */
export function unverifiedJwt(token: string, rejection: (reason: string) => Error): UnverifiedJwt {
  const [header, payload] = isCompactJws(token) ? token.split('.', 2).map(decodeJsonPart) : [];
  if (!header || !payload) throw rejection('not a JWT');
  const parsed = v.safeParse(UnverifiedJwtSchema, { header, payload }, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [part, member] = (v.getDotPath(parsed.issues[0]) ?? '').split('.');
  throw rejection(`${part === 'header' ? 'header' : 'claim'} ${member} is malformed`);
}

/** Returns what the header alone says against the token, for the operator; undefined if nothing. */
export function headerFault({ alg = 'none', crit }: UnverifiedJwt['header']): string | undefined {
  if (alg === 'none') return 'algorithm none';
  if (alg.startsWith('HS')) return 'algorithm is an HMAC';
  if (!KEY_OF_ALGORITHM.has(alg)) return 'algorithm not allowed';
  // RFC 7515 section 4.1.11: an extension that must be understood, and that this verifier does not support.
  return crit === undefined ? undefined : 'critical header parameter';
}

export interface IssuerKeys {
  /**
   * Returns the key that signed the token, if it is for the token's algorithm.
   *
   * @param jwksUri where the issuer publishes its keys
   * @param connection how the issuer's server is reached
   * @throws ProviderFailure if the keys cannot be fetched, or the response has none; an error with a
   *   {@link signatureFault} for another key
   */
  find(jwksUri: string, token: UnverifiedJwt, connection: ServerConnection): Promise<Jwk>;
}

/** Creates the key sets of a function instance. */
export function createIssuerKeys(transport: Transport, system: Pick<System, 'now'>): IssuerKeys {
  const keySets = createExpiringCache<KeySet>(JWKS_CACHE, system);

  const fetcherFor = (connection: ServerConnection) => ({
    async fetch(uri: string) {
      const send = connectedBy(transport, connection);
      const response = await send(uri, { method: 'GET', headers: { accept: 'application/json' } });
      if (response.status !== 200) {
        throw new ProviderFailure('unreachable', `JWKS responded with ${response.status}`, {
          unavailable: true,
        });
      }
      return response.arrayBuffer();
    },
  });

  function keySet(uri: string, connection: ServerConnection): KeySet {
    const slot = connectionSlot(uri, connection);
    const known = keySets.get(slot);
    if (known) return known;
    const fresh = new KeySet(fetcherFor(connection), new Pause(system));
    keySets.set(slot, fresh);
    return fresh;
  }

  return {
    async find(jwksUri, { header: { alg = '', kid } }, connection) {
      const key = await keySet(jwksUri, connection).getJwk(jwksUri, {
        header: kid === undefined ? {} : { kid },
        payload: {},
      });
      assertIsSignatureJwk(key);
      if (!isFor(key, alg)) throw new UnfitKey();
      return key;
    },
  };
}
