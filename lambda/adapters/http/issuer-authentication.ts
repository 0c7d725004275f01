/**
 * Authenticates JWTs of trusted issuers: the signature by the issuer's keys, then issuer and times. The domain validates the
 * other claims. The issuer's metadata and keys are fetched through this project's transport.
 */
import { epochSeconds, type System } from '../../domain/system';
import type { Transport } from '../../domain/oauth/transport';
import { PRIVATE_ADDRESSES, ProviderFailure } from '../../domain/oauth/provider-failure';
import type { MetadataReader } from '../../domain/oauth/provider-metadata';
import { scopesOf } from '../../domain/identity/token-admission';
import { issuerConnection, type TrustedIssuer } from '../../domain/identity/trusted-issuer';
import { sessionHash, verifiedEmailHash } from '../../model/user';
import { IssuerUnavailable, type VerifiedUserToken } from '../../domain/identity/user-token';
import { ServiceError } from '../../domain/service-error';
import { createIssuerKeys, signatureFault, type Claims, type UnverifiedJwt } from './issuer-keys';

/**
 * Seconds that the issuer's clock can be ahead of ours. It does not extend a token's life: a token past its end has none
 * left to pass on.
 */
export const CLOCK_SKEW = 60;

/** The errors for one kind of token. */
export interface TokenKind {
  /** The message for a token whose `exp` has passed. */
  readonly ended: string;
  /** The error for any other invalid token. */
  readonly invalid: (detail: string, cause?: unknown) => ServiceError;
  /** An error with another message. */
  readonly unauthorized: (message: string, detail: string, cause?: unknown) => ServiceError;
}

/**
 * The issuer failed, not the token. Either a retry can help, or a person must correct the configuration. No caller can
 * correct the one of the deployment.
 */
function issuerFailure(failure: ProviderFailure, isDeployed: boolean): ServiceError {
  const { code, detail, unavailable } = failure;
  const parts = { detail, cause: failure };
  if (unavailable) {
    return new IssuerUnavailable(
      `The keys of the user token's issuer are unavailable (${code}). Try again shortly.`,
      parts,
    );
  }
  if (isDeployed) {
    return new IssuerUnavailable(
      `The keys of the user token's issuer could not be read (${code}). Ask the operator to check trustedIssuers.`,
      parts,
    );
  }
  const addresses =
    code === 'address_not_allowed' ? `, whose addresses must be public. ${PRIVATE_ADDRESSES}` : '';
  return new ServiceError(
    'ValidationException',
    `The keys of the user token's issuer could not be read (${code}). Check the issuer's discoveryUrl${addresses}.`,
    parts,
  );
}

/**
 * Returns the facts of a token in its verified claims.
 *
 * @throws the error for an invalid token, if a claim that identifies the user or ends the token is missing
 */
export function verifiedToken(claims: Claims, { invalid }: TokenKind): VerifiedUserToken {
  const { iss, sub, exp, iat = 0, sid } = claims;
  if (iss === undefined || !sub || exp === undefined) throw invalid('iss, sub or exp is missing');
  return {
    user: { kind: 'jwt', issuer: iss, subject: sub },
    issuedAt: iat,
    ...(typeof sid === 'string' && { sessionHash: sessionHash(iss, sid) }),
    emailHash: verifiedEmailHash(iss, claims),
    expiresAt: exp,
    scopes: scopesOf(claims).scopes ?? [],
  };
}

export interface IssuerAuthentication {
  /**
   * Returns the claims of a token that this issuer signed and that is valid now. The audience is not checked yet.
   *
   * @param isDeployed whether the deployment trusts the issuer, and not only a workload identity
   * @throws UnauthorizedException for the token; IssuerUnavailable or ValidationException for the issuer
   */
  authenticate(
    entry: TrustedIssuer,
    token: string,
    unverified: UnverifiedJwt,
    isDeployed: boolean,
  ): Promise<Claims>;
}

export function createIssuerAuthentication(
  kind: TokenKind,
  metadata: MetadataReader,
  transport: Transport,
  system: Pick<System, 'now'>,
): IssuerAuthentication {
  const keys = createIssuerKeys(transport, system);
  return {
    async authenticate(entry, token, unverified, isDeployed) {
      const { discoveryUrl } = entry;
      const connection = issuerConnection(entry);
      try {
        const { issuer, jwks_uri: jwksUri } = await metadata.read({ discoveryUrl }, connection);
        if (jwksUri === undefined)
          throw new ProviderFailure('invalid_metadata', 'the issuer publishes no keys');
        await keys.verify(jwksUri, token, unverified, connection);
        const { payload } = unverified;
        const now = epochSeconds(system);
        if (payload.iss !== issuer) throw kind.invalid('issuer');
        if (payload.nbf !== undefined && payload.nbf > now + CLOCK_SKEW) throw kind.invalid('not valid yet');
        if (payload.exp !== undefined && payload.exp <= now) {
          throw kind.unauthorized(kind.ended, 'expired');
        }
        // Otherwise, the end of its session would not apply to the token until that time.
        if (payload.iat !== undefined && payload.iat > now + CLOCK_SKEW) {
          throw kind.invalid('issued in the future (iat)');
        }
        return payload;
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        if (error instanceof ProviderFailure) throw issuerFailure(error, isDeployed);
        throw kind.invalid(signatureFault(error) ?? 'not verifiable', error);
      }
    },
  };
}
