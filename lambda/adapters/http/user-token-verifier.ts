/**
 * Verifies user tokens: the signature by the issuer's keys, with jose, then issuer and times. The domain validates the
 * other claims. The issuer's metadata and keys are fetched through this project's transport. aws-jwt-verify caches the
 * keys, and limits how often unknown key IDs trigger a fetch.
 */
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { epochSeconds, type System } from '../../domain/system';
import type { Transport } from '../../domain/oauth/transport';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { MetadataReader } from '../../domain/oauth/provider-metadata';
import { claimsRejection, scopesOf } from '../../domain/identity/token-admission';
import { issuerOf, withoutTrailingSlash } from '../../domain/identity/discovery-url';
import {
  issuerAuthorities,
  trustedIssuersOf,
  type TrustedIssuer,
} from '../../domain/identity/trusted-issuer';
import {
  IssuerUnavailable,
  sessionHash,
  USER_TOKEN_ENDED,
  verifiedEmailHash,
  type UserTokenVerifier,
  type VerifiedUserToken,
} from '../../domain/identity/user';
import { tokenKindRejection } from '../../domain/identity/user-token-kind';
import { ServiceError } from '../../domain/service-error';
import {
  createIssuerKeys,
  headerFault,
  signatureFault,
  unverifiedJwt,
  type UnverifiedJwt,
} from './issuer-keys';

/**
 * Seconds that the issuer's clock can be ahead of ours. It does not extend a token's life: a token past its end has none
 * left to pass on.
 */
const CLOCK_SKEW = 60;

const INVALID =
  'The user token is not valid here. Present a token that a trusted issuer issued for this service.';
const UNKNOWN_ISSUER =
  'The user token comes from an issuer that is not trusted here. Ask the operator to configure it.';
const NO_ISSUER =
  'This service trusts no issuer of user tokens. Configure one: with trustedIssuers at deployment, with --trusted-issuers or TRUSTED_ISSUERS for the local service, or with authorizerConfiguration for the workload identity.';

const unauthorized = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('UnauthorizedException', message, { detail: `user token: ${detail}`, cause });

function faultOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' ? 'not valid yet' : error.claim === 'iss' ? 'issuer' : 'claims malformed';
  }
  return signatureFault(error) ?? 'not verifiable';
}

function verified(claims: JWTPayload): VerifiedUserToken {
  const { iss, sub, exp, iat = 0, sid } = claims;
  if (iss === undefined || !sub || exp === undefined) {
    throw unauthorized(INVALID, 'iss, sub or exp is missing');
  }
  return {
    user: { kind: 'jwt', issuer: iss, subject: sub },
    issuedAt: iat,
    ...(typeof sid === 'string' && { sessionHash: sessionHash(iss, sid) }),
    emailHash: verifiedEmailHash(iss, claims),
    expiresAt: exp,
    scopes: scopesOf(claims),
  };
}

/**
 * The issuer failed, not the token. Either a retry can help, or a person must correct the configuration. No caller can
 * correct the one of the deployment.
 */
function issuerFailure(failure: ProviderFailure, isDeployed: boolean): ServiceError {
  const parts = { detail: failure.detail, cause: failure };
  const keys = `The keys of the user token's issuer`;
  if (failure.unavailable) {
    return new IssuerUnavailable(`${keys} are unavailable (${failure.code}). Try again shortly.`, parts);
  }
  const unreadable = `${keys} could not be read (${failure.code}).`;
  return isDeployed
    ? new IssuerUnavailable(`${unreadable} Ask the operator to check trustedIssuers.`, parts)
    : new ServiceError('ValidationException', `${unreadable} Check the issuer's discoveryUrl.`, parts);
}

/**
 * @param deployed the deployment's issuers, for workload identities without their own configuration
 */
export function createUserTokenVerifier(
  deployed: readonly TrustedIssuer[],
  metadata: MetadataReader,
  transport: Transport,
  system: Pick<System, 'now'>,
): UserTokenVerifier {
  const keys = createIssuerKeys(transport, system);

  /** Returns the claims of a token that this issuer signed and that is valid now. The audience is not checked yet. */
  async function authenticate(
    entry: TrustedIssuer,
    token: string,
    unverified: UnverifiedJwt,
    isDeployed: boolean,
  ): Promise<JWTPayload> {
    const { discoveryUrl } = entry;
    const authorities = issuerAuthorities(entry);
    try {
      const { issuer, jwks_uri: jwksUri } = await metadata.read({ discoveryUrl }, authorities);
      if (jwksUri === undefined)
        throw new ProviderFailure('invalid_metadata', 'the issuer publishes no keys');
      const key = await keys.find(jwksUri, unverified, authorities);
      const { alg = '' } = unverified.header;
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
      if (error instanceof ProviderFailure) throw issuerFailure(error, isDeployed);
      if (error instanceof errors.JWTExpired) throw unauthorized(USER_TOKEN_ENDED, 'expired', error);
      throw unauthorized(INVALID, faultOf(error), error);
    }
  }

  return {
    async verify(token, { authorizerConfiguration }) {
      const unverified = unverifiedJwt(token, (cause) => unauthorized(INVALID, 'not a JWT', cause));
      const { header, payload } = unverified;
      const fault = headerFault(header) ?? tokenKindRejection(header.typ, payload);
      if (fault !== undefined) throw unauthorized(INVALID, fault);

      const trusted = trustedIssuersOf({ authorizerConfiguration }, deployed);
      if (trusted.length === 0) throw unauthorized(NO_ISSUER, 'no issuer is trusted');
      const issuer = withoutTrailingSlash(payload.iss ?? '');
      const entries = trusted.filter((entry) => issuerOf(entry) === issuer);
      if (entries.length === 0) throw unauthorized(UNKNOWN_ISSUER, 'issuer not trusted');

      const faults = new Set<string>();
      for (const entry of entries) {
        const claims = await authenticate(entry, token, unverified, !authorizerConfiguration);
        const refused = claimsRejection(entry, claims);
        if (refused === undefined) return verified(claims);
        faults.add(refused);
      }
      throw unauthorized(INVALID, [...faults].join('; '));
    },
  };
}
