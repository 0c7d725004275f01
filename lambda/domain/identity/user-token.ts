/** The verified user token of a request. */
import type { User } from '../../model/user';
import { ServiceError, type ErrorParts } from '../service-error';
import type { AuthorizerConfiguration } from '../../model/trusted-issuer';

/** What decides whether a user token outlived its session. */
export interface UserTokenFacts {
  /** Its `iat`: epoch seconds by the issuer's clock; 0 for a token without one, which is older than any event. */
  readonly issuedAt: number;
  /** Hash of its `sid`, as {@link sessionHash}; undefined for a token that names no session. */
  readonly sessionHash?: string | undefined;
}

/** The facts of a verified user token. */
export interface VerifiedUserToken extends UserTokenFacts {
  readonly user: User & { kind: 'jwt' };
  /** Hash of its `email`, as {@link emailHash}; undefined unless the issuer states that it has verified the address. */
  readonly emailHash?: string | undefined;
  /** Epoch seconds at which the token expires. */
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** For a user token whose `exp` has passed. Not "expired", which clients match for the workload access token. */
export const USER_TOKEN_ENDED = 'The user token is no longer valid (exp). Sign the user in again.';

/** The issuer of a user token failed, and not this service; or the deployment's configuration of the issuer is wrong. */
export class IssuerUnavailable extends ServiceError {
  constructor(message: string, parts: Pick<ErrorParts, 'detail' | 'cause'>) {
    super('InternalServerException', message, parts);
  }
}

/** The trusted issuers of an agent, as in its workload identity. */
export interface TrustsIssuers {
  readonly authorizerConfiguration?: AuthorizerConfiguration | undefined;
}

/** Verifies a user token against the trusted issuers: signature, expiry, issuer, audience, client, scopes, claims. */
export interface UserTokenVerifier {
  /**
   * @param token a JWT, as the identity provider issued it
   * @param workload the workload identity of the request. With its own authorizer configuration it trusts only that
   *   one; otherwise, it trusts the deployment's issuers
   * @throws UnauthorizedException if it is not valid; the message never says "expired", which clients match for the
   *   workload access token
   * @throws IssuerUnavailable if the issuer's keys are unavailable. If its metadata or keys cannot be used:
   *   ValidationException for the workload identity's own configuration, IssuerUnavailable for the deployment's
   */
  verify(token: string, workload: TrustsIssuers): Promise<VerifiedUserToken>;
}
