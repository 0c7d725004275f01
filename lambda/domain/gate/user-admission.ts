/** Validates the user token of a call: everything except the scope first, and the scope last. */
import { scopesRejection } from '../identity/token-admission';
import { userHashOf } from '../../model/user';
import type { UserTokenVerifier, VerifiedUserToken } from '../identity/user-token';
import { audited, type AuditEntry, type AuditTrail, type Annotate } from '../audit';
import { isCompactJws } from '../compact-jws';
import { accessDenied, ServiceError } from '../service-error';
import type { TrustedIssuer } from '../identity/trusted-issuer';
import { NO_TOKEN, SCOPE_MISSING } from './challenge';
import type { HeaderFields } from './header-fields';

/** RFC 6750 section 2.1; the case of the scheme is ignored (RFC 9110 section 11.1). */
const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Returns the bearer token.
 *
 * @throws UnauthorizedException if there is none, or more than one header that could contain it
 */
export function bearerToken(received: HeaderFields): string {
  const [value, ...others] = received.get('authorization') ?? [];
  const [, token] = BEARER.exec(value ?? '') ?? [];
  if (others.length > 0 || token === undefined || !isCompactJws(token)) {
    const detail = value === undefined ? 'none' : others.length > 0 ? 'sent twice' : 'not a JWT';
    throw new ServiceError('UnauthorizedException', NO_TOKEN, { detail: `user token: ${detail}` });
  }
  return token;
}

/** A call with a user token. */
export interface UserCall {
  /** Issuer of the users that can call. */
  readonly trusted: TrustedIssuer;
  readonly token: string;
  /** Receives the user after verification. */
  readonly annotate: Annotate;
}

/**
 * Returns the verified user token.
 *
 * @throws UnauthorizedException, or InternalServerException or ValidationException if the issuer's keys are unavailable
 * @throws AccessDeniedException if only a scope is missing
 */
export async function admitUser(
  userTokens: UserTokenVerifier,
  { trusted, token, annotate }: UserCall,
): Promise<VerifiedUserToken> {
  const verified = await userTokens.verify(token, {
    // The scopes are validated below, after everything else.
    authorizerConfiguration: { customJWTAuthorizer: { ...trusted, allowedScopes: undefined } },
  });
  annotate({ user: userHashOf(verified.user), scopes: verified.scopes });
  const fault = scopesRejection(trusted, verified.scopes);
  if (fault !== undefined) {
    throw accessDenied(SCOPE_MISSING, `user token: ${fault}`);
  }
  return verified;
}

export interface AuthorizeDependencies {
  readonly userTokens: UserTokenVerifier;
  readonly audit: AuditTrail;
}

/**
 * Returns the hash of the user for the authorizer. Records denials only: the gate records an accepted call.
 *
 * @param called the operation, and what is called
 * @throws as {@link bearerToken} and {@link admitUser}
 */
export function authorizeUser(
  { userTokens, audit }: AuthorizeDependencies,
  trusted: TrustedIssuer,
  { operation, ...called }: Pick<AuditEntry, 'operation'> & Partial<AuditEntry>,
  received: HeaderFields,
): Promise<string> {
  const refusals: AuditTrail = {
    record(entry) {
      if (entry.outcome !== 'allowed') audit.record(entry);
    },
  };
  return audited(refusals, { operation }, async (annotate) => {
    annotate(called);
    const { user } = await admitUser(userTokens, { trusted, token: bearerToken(received), annotate });
    return userHashOf(user);
  });
}
