/**
 * Verifies user tokens: the signature by the issuer's keys, with jose, then issuer and times. The domain validates the
 * other claims. The issuer's metadata and keys are fetched through this project's transport. aws-jwt-verify caches the
 * keys, and limits how often unknown key IDs trigger a fetch.
 */
import {
  JwkInvalidKtyError,
  JwkInvalidUseError,
  JwksValidationError,
  JwkValidationError,
  JwtWithoutValidKidError,
  KidNotFoundInJwksError,
  WaitPeriodNotYetEndedJwkError,
} from 'aws-jwt-verify/error';
import { assertIsSignatureJwk, SimpleJwksCache, type Jwk, type PenaltyBox } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import type { JwtHeader } from 'aws-jwt-verify/jwt-model';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { epochSeconds, type System } from '../../domain/system';
import { isCompactJws } from '../../domain/compact-jws';
import { createExpiringCache } from '../../domain/expiring-cache';
import type { Transport } from '../../domain/oauth/transport';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { MetadataReader } from '../../domain/oauth/provider-metadata';
import { claimsRejection, scopesOf } from '../../domain/identity/token-admission';
import { issuerOf, type TrustedIssuer } from '../../domain/identity/trusted-issuer';
import { USER_TOKEN_ENDED, type UserTokenVerifier, type VerifiedUserToken } from '../../domain/identity/user';
import { tokenKindRejection } from '../../domain/identity/user-token-kind';
import { ServiceError } from '../../domain/service-error';

/**
 * Seconds that the issuer's clock can be ahead of ours. It does not extend a token's life: a token past its end has none
 * left to pass on.
 */
const CLOCK_SKEW = 60;

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
const JWKS_CACHE = { milliseconds: 600_000, most: 500 };

const INVALID =
  'The user token is not valid here. Present a token that a trusted issuer issued for this service.';
const UNKNOWN_ISSUER =
  'The user token comes from an issuer that is not trusted here. Ask the operator to configure it.';
const NO_ISSUER =
  'This service trusts no issuer of user tokens. Configure one: with trustedIssuers at deployment, with --trusted-issuers or TRUSTED_ISSUERS for the local service, or with authorizerConfiguration for the workload identity.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail: `user token: ${detail}`, cause });

const ANOTHER_ALGORITHM = 'algorithm is not the one of the key';

/** The reason for the audit log. The caller gets the same message for all of them. */
const FAULTS: readonly [new (...parameters: never[]) => Error, string][] = [
  [errors.JWSSignatureVerificationFailed, 'signature'],
  [JwtWithoutValidKidError, 'names no signing key'],
  [KidNotFoundInJwksError, 'signing key unknown'],
  [WaitPeriodNotYetEndedJwkError, 'signing key unknown'],
  [JwkInvalidKtyError, 'signing key of another kind'],
  [JwkInvalidUseError, 'signing key not for signatures'],
  [JwkValidationError, 'signing key malformed'],
  [JwksValidationError, 'signing keys malformed'],
];

function faultOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' ? 'not valid yet' : error.claim === 'iss' ? 'issuer' : 'claims malformed';
  }
  return FAULTS.find(([kind]) => error instanceof kind)?.[1] ?? 'not verifiable';
}

/** Whether the key is for this algorithm, by its kind and by what the issuer states about it. */
function keyFault(key: Jwk, algorithm: string): string | undefined {
  const wanted = KEY_OF_ALGORITHM.get(algorithm);
  const fits =
    key.kty === wanted?.kty &&
    (wanted.crv === undefined || key.crv === wanted.crv) &&
    (key.alg === undefined || key.alg === algorithm);
  return fits ? undefined : ANOTHER_ALGORITHM;
}

/** Milliseconds before a key set that lacks a token's key is fetched again, as after any failed lookup. */
const UNKNOWN_KEY_PAUSE_MS = 5_000;

/** Delays tokens that name unknown keys of one key set, so that they cannot flood the issuer with requests. */
function penaltyBox(system: Pick<System, 'now'>): PenaltyBox {
  let until = 0;
  return {
    wait: () =>
      system.now() < until ? Promise.reject(new WaitPeriodNotYetEndedJwkError()) : Promise.resolve(),
    registerFailedAttempt() {
      until = system.now() + UNKNOWN_KEY_PAUSE_MS;
    },
    registerSuccessfulAttempt() {
      until = 0;
    },
  };
}

const withoutTrailingSlash = (text: string): string => text.replace(/\/$/, '');

type UnverifiedToken = ReturnType<typeof decomposeUnverifiedJwt>;

/** The token's unverified content, used only to reject it early and to select the issuer's keys. */
function parse(token: string): UnverifiedToken {
  if (!isCompactJws(token)) throw unauthorized(INVALID, 'not a JWT');
  try {
    return decomposeUnverifiedJwt(token);
  } catch (error) {
    throw unauthorized(INVALID, 'not a JWT', error);
  }
}

/** Checks that need no key. */
function headerFault({ alg = 'none', crit }: JwtHeader): string | undefined {
  if (alg === 'none') return 'algorithm none';
  if (alg.startsWith('HS')) return 'algorithm is an HMAC';
  if (!KEY_OF_ALGORITHM.has(alg)) return 'algorithm not allowed';
  // RFC 7515 section 4.1.11: an extension that must be understood, and that this verifier does not support.
  return crit === undefined ? undefined : 'critical header parameter';
}

function verified(claims: JWTPayload): VerifiedUserToken {
  const { iss, sub, exp } = claims;
  if (iss === undefined || !sub || exp === undefined) {
    throw unauthorized(INVALID, 'iss, sub or exp is missing');
  }
  return { user: { kind: 'jwt', issuer: iss, subject: sub }, expiresAt: exp, scopes: scopesOf(claims) };
}

/** The issuer failed, not the token. Either a retry can help, or a person must correct the configuration. */
const issuerFailure = (failure: ProviderFailure): ServiceError =>
  failure.unavailable
    ? new ServiceError(
        'InternalServerException',
        `The keys of the user token's issuer are unavailable (${failure.code}). Try again shortly.`,
        { detail: failure.detail, cause: failure },
      )
    : new ServiceError(
        'ValidationException',
        `The keys of the user token's issuer could not be read (${failure.code}). Check the issuer's discoveryUrl.`,
        { detail: failure.detail, cause: failure },
      );

/**
 * @param deployed the deployment's issuers, for workload identities without their own configuration
 */
export function createUserTokenVerifier(
  deployed: readonly TrustedIssuer[],
  metadata: MetadataReader,
  transport: Transport,
  system: Pick<System, 'now'>,
): UserTokenVerifier {
  const keySets = createExpiringCache<SimpleJwksCache>(JWKS_CACHE, system);

  const fetcher = {
    async fetch(uri: string) {
      const response = await transport(uri, { method: 'GET', headers: { accept: 'application/json' } });
      if (response.status !== 200) {
        throw new ProviderFailure('unreachable', `JWKS answered ${response.status}`, { unavailable: true });
      }
      return response.arrayBuffer();
    },
  };

  function keySet(uri: string): SimpleJwksCache {
    const known = keySets.get(uri);
    if (known) return known;
    const fresh = new SimpleJwksCache({ fetcher, penaltyBox: penaltyBox(system) });
    keySets.set(uri, fresh);
    return fresh;
  }

  /** Returns the claims of a token that this issuer signed and that is valid now. The audience is not checked yet. */
  async function authenticate(
    discoveryUrl: string,
    token: string,
    unverified: UnverifiedToken,
  ): Promise<JWTPayload> {
    try {
      const { issuer, jwks_uri: jwksUri } = await metadata.read({ discoveryUrl });
      if (jwksUri === undefined)
        throw new ProviderFailure('invalid_metadata', 'the issuer publishes no keys');
      const key = await keySet(jwksUri).getJwk(jwksUri, unverified);
      assertIsSignatureJwk(key);
      const { alg = '' } = unverified.header;
      const unfit = keyFault(key, alg);
      if (unfit !== undefined) throw unauthorized(INVALID, unfit);
      const { payload } = await jwtVerify(token, key, {
        algorithms: [alg],
        issuer,
        clockTolerance: CLOCK_SKEW,
        currentDate: new Date(system.now()),
      });
      if (payload.exp !== undefined && payload.exp <= epochSeconds(system)) {
        throw unauthorized(USER_TOKEN_ENDED, 'expired');
      }
      return payload;
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (error instanceof ProviderFailure) throw issuerFailure(error);
      if (error instanceof errors.JWTExpired) throw unauthorized(USER_TOKEN_ENDED, 'expired', error);
      throw unauthorized(INVALID, faultOf(error), error);
    }
  }

  return {
    async verify(token, { authorizerConfiguration }) {
      const unverified = parse(token);
      const { header, payload } = unverified;
      const fault = headerFault(header) ?? tokenKindRejection(header.typ, payload);
      if (fault !== undefined) throw unauthorized(INVALID, fault);

      const trusted = authorizerConfiguration ? [authorizerConfiguration.customJWTAuthorizer] : deployed;
      if (trusted.length === 0) throw unauthorized(NO_ISSUER, 'no issuer is trusted');
      const issuer = withoutTrailingSlash(payload.iss ?? '');
      const entries = trusted.filter((entry) => issuerOf(entry) === issuer);
      if (entries.length === 0) throw unauthorized(UNKNOWN_ISSUER, 'issuer not trusted');

      const faults = new Set<string>();
      for (const entry of entries) {
        const claims = await authenticate(entry.discoveryUrl, token, unverified);
        const refused = claimsRejection(entry, claims);
        if (refused === undefined) return verified(claims);
        faults.add(refused);
      }
      throw unauthorized(INVALID, [...faults].join('; '));
    },
  };
}
