/**
 * The keys of issuers, which verify the signatures of their JWTs. Keys are fetched through this project's transport.
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
import * as v from 'valibot';
import { decodeJsonPart } from '../../domain/base64url';
import { isCompactJws } from '../../domain/compact-jws';
import { createExpiringCache } from '../../domain/expiring-cache';
import { parseJsonObject } from '../../domain/json-object';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import { connectionSlot, type ServerConnection } from '../../domain/server-connection';
import { connectedBy, type Transport } from '../../domain/oauth/transport';
import type { System } from '../../domain/system';
import { checkSignature, isAsymmetric, UnfitKey, UnusableKey, WrongSignature } from './jws-signature';

/** Up to 500 key sets, for 10 minutes, so that a key that its issuer withdrew is soon no longer valid. */
const JWKS_CACHE = { milliseconds: 600_000, maxEntries: 500 };

/** The reason for the audit log. */
const FAULTS: readonly [new (...parameters: never[]) => Error, string][] = [
  [WrongSignature, 'signature'],
  [UnfitKey, 'algorithm is not the one of the key'],
  [UnusableKey, 'not verifiable'],
  [JwtWithoutValidKidError, 'names no signing key'],
  [KidNotFoundInJwksError, 'signing key unknown'],
  [WaitPeriodNotYetEndedJwkError, 'signing key unknown'],
  [JwkInvalidKtyError, 'signing key of another kind'],
  [JwkInvalidUseError, 'signing key not for signatures'],
];

/** Returns why a signature was refused, for the operator; undefined for an error that has another cause. */
export function signatureFault(error: unknown): string | undefined {
  const fault = FAULTS.find(([kind]) => error instanceof kind)?.[1];
  return error instanceof UnusableKey ? `${fault}: ${error.message}` : fault;
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

/** Claims, which are verified with the signature of their token: it covers exactly these. */
export type Claims = UnverifiedJwt['payload'];

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
  if (!isAsymmetric(alg)) return 'algorithm not allowed';
  // RFC 7515 section 4.1.11: an extension that must be understood, and that this verifier does not support.
  return crit === undefined ? undefined : 'critical header parameter';
}

export interface IssuerKeys {
  /**
   * Verifies the signature of a token.
   *
   * @param jwksUri where the issuer publishes its keys
   * @param unverified the header and claims of the token
   * @param connection how the issuer's server is reached
   * @throws ProviderFailure if the keys cannot be fetched, or the response has none; an error with a
   *   {@link signatureFault} for a token that none of them signed
   */
  verify(
    jwksUri: string,
    token: string,
    unverified: UnverifiedJwt,
    connection: ServerConnection,
  ): Promise<void>;
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
    async verify(jwksUri, token, { header: { alg = '', kid } }, connection) {
      const key = await keySet(jwksUri, connection).getJwk(jwksUri, {
        header: kid === undefined ? {} : { kid },
        payload: {},
      });
      assertIsSignatureJwk(key);
      checkSignature(token, alg, key);
    },
  };
}
