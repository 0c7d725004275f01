/**
 * Verifies user tokens against the trusted issuers, with aws-jwt-verify: signature by the issuer's own keys,
 * expiry, issuer, audience, client, scopes. The issuer's metadata and keys come through our own transport.
 */
import { JwtVerifier } from 'aws-jwt-verify';
import {
  JwtExpiredError,
  JwtInvalidAudienceError,
  JwtInvalidIssuerError,
  JwtInvalidScopeError,
  JwtInvalidSignatureAlgorithmError,
  JwtInvalidSignatureError,
  JwtNotBeforeError,
  JwtParseError,
  KidNotFoundInJwksError,
} from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { JwtPayload } from 'aws-jwt-verify/jwt-model';
import { decodeJwt } from 'jose';
import type { Transport } from '../../domain/grants/transport';
import { ProviderFailure } from '../../domain/grants/provider-failure';
import type { MetadataReader } from '../../domain/grants/provider-metadata';
import type { TrustedIssuer } from '../../domain/identity/trusted-issuer';
import type { UserTokenVerifier, VerifiedUserToken } from '../../domain/identity/user';
import { ServiceError } from '../../domain/service-error';

/** Seconds that the issuer's clock may differ from ours. */
const CLOCK_SKEW = 60;

const ENDED = 'The user token is past its end (exp). Sign the user in again.';
const INVALID =
  'The user token is not valid here. Present a token that a trusted issuer issued for this service.';
const UNKNOWN_ISSUER =
  'The user token comes from an issuer that is not trusted here. Ask the operator to configure it.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail: `user token: ${detail}`, cause });

/** What was wrong, for the audit trail; the caller gets one plain answer. */
const FAULTS: readonly [new (...parameters: never[]) => Error, string][] = [
  [JwtInvalidSignatureAlgorithmError, 'algorithm not allowed'],
  [JwtInvalidSignatureError, 'signature'],
  [KidNotFoundInJwksError, 'signing key unknown'],
  [JwtInvalidIssuerError, 'issuer'],
  [JwtInvalidAudienceError, 'audience not allowed'],
  [JwtInvalidScopeError, 'scope not allowed'],
  [JwtNotBeforeError, 'not valid yet'],
  [JwtParseError, 'not a JWT'],
];

const faultOf = (error: unknown): string =>
  FAULTS.find(([kind]) => error instanceof kind)?.[1] ?? 'not verifiable';

const withoutTrailingSlash = (text: string): string => text.replace(/\/$/, '');

/** The issuer that a token names, unverified: only to choose whose keys to try. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (error) {
    throw unauthorized(INVALID, 'not a JWT', error);
  }
}

/** RFC 9068's `client_id`, or the `azp` of OpenID Connect Core section 2. */
const clientOf = (payload: JwtPayload): unknown => payload.client_id ?? payload.azp;

function verified(payload: JwtPayload): VerifiedUserToken {
  const { iss, sub, exp } = payload;
  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '' || typeof exp !== 'number') {
    throw unauthorized(INVALID, 'iss, sub or exp is missing');
  }
  return { user: { kind: 'jwt', issuer: iss, subject: sub }, expiresAt: exp };
}

export function createUserTokenVerifier(
  issuers: readonly TrustedIssuer[],
  metadata: MetadataReader,
  transport: Transport,
): UserTokenVerifier {
  const jwksCache = new SimpleJwksCache({
    fetcher: {
      async fetch(uri) {
        const response = await transport(uri, { method: 'GET', headers: { accept: 'application/json' } });
        if (response.status !== 200) {
          throw new ProviderFailure('unreachable', `JWKS answered ${response.status}`, true);
        }
        return response.arrayBuffer();
      },
    },
  });

  async function verifyFor(trusted: TrustedIssuer, token: string): Promise<VerifiedUserToken> {
    const { issuer, jwks_uri: jwksUri } = await metadata.read({ discoveryUrl: trusted.discoveryUrl });
    if (jwksUri === undefined) throw new ProviderFailure('invalid_metadata', 'the issuer publishes no keys');
    const { allowedAudience, allowedClients, allowedScopes } = trusted;
    const verifier = JwtVerifier.create(
      {
        issuer,
        jwksUri,
        audience: allowedAudience ? [...allowedAudience] : null,
        graceSeconds: CLOCK_SKEW,
        ...(allowedScopes && { scope: [...allowedScopes] }),
        customJwtCheck({ payload }) {
          if (!allowedClients) return;
          const client = clientOf(payload);
          if (typeof client !== 'string' || !allowedClients.includes(client)) {
            throw unauthorized(INVALID, 'client not allowed');
          }
        },
      },
      { jwksCache },
    );
    return verified(await verifier.verify(token));
  }

  return {
    async verify(token) {
      const issuer = withoutTrailingSlash(issuerOf(token));
      const trusted = issuers.find(({ discoveryUrl }) => discoveryUrl.startsWith(`${issuer}/.well-known/`));
      if (!trusted) throw unauthorized(UNKNOWN_ISSUER, 'issuer not trusted');
      try {
        return await verifyFor(trusted, token);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        if (error instanceof ProviderFailure) {
          throw new ServiceError(
            'InternalServerException',
            `The keys of the user token's issuer cannot be had now (${error.code}). Try again shortly.`,
            { detail: error.detail, cause: error },
          );
        }
        if (error instanceof JwtExpiredError) throw unauthorized(ENDED, 'expired', error);
        throw unauthorized(INVALID, faultOf(error), error);
      }
    },
  };
}
