/** Verifies the JWTs with which identity providers report: SETs, logout tokens, and the callers' own tokens. */
import type { JsonObject } from '../json-object';
import type { ServerConnection } from '../server-connection';

/** What a token must be. Each kind has its own type or audience, so that none is accepted as another. */
export interface ExpectedToken {
  /** Allowed values of the header `typ`, lowercase and without `application/`; undefined for a token without one. */
  readonly types: readonly (string | undefined)[];
  /** Whether this is the `iss` of the expected issuer. */
  isIssuer(issuer: string): boolean;
  /** One of these must be in `aud`. */
  readonly audience: readonly string[];
  /**
   * Returns the address of the issuer's keys. Called only for a token that claims to be the expected one.
   *
   * @throws ProviderFailure
   */
  jwksUri(): Promise<string>;
  /** How the server with the keys is reached. */
  readonly connection: ServerConnection;
  /** Whether its sender keeps the token until it hears of it, so that the token can wait for its key and for its `iat`. */
  readonly isKept?: boolean;
}

export interface EventTokens {
  /**
   * Returns the claims of a token with a valid signature and the expected type, issuer, and audience. What needs no key is
   * checked first, so that junk causes no request.
   *
   * @throws SetRejection `invalid_request`, `invalid_issuer`, `invalid_audience`, `invalid_key`
   * @throws ThrottlingException for the unknown key of a token of the last hour that is kept, or soon after a fetch, and
   *   for the `iat` of a kept token in the next hour; InternalServerException if the keys cannot be fetched: the sender
   *   repeats the token
   */
  verify(token: string, expected: ExpectedToken): Promise<JsonObject>;
}
