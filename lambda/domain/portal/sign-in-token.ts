/** The ID token of a sign-in in a portal: the user whom the identity provider authenticated. */
import type { ServerConnection } from '../server-connection';
import type { User } from '../../model/user';
import type { UserTokenFacts } from '../identity/user-token';

export interface ExpectedIdToken {
  /** `issuer` of the identity provider's metadata. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** How the identity provider is reached. */
  readonly connection: ServerConnection;
  readonly clientId: string;
  readonly nonce: string;
}

/** A user that has signed in. */
export interface SignedInUser extends UserTokenFacts {
  readonly user: User & { readonly kind: 'jwt' };
  /** Hash of the verified address, as that of a user token. */
  readonly emailHash?: string | undefined;
  /** `exp` of the ID token, epoch seconds. */
  readonly expiresAt: number;
  /** The person's name for their own page; absent if the ID token has none. Never stored. */
  readonly personName?: string;
}

/** Verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7). */
export interface IdTokenVerifier {
  /**
   * Verifies the signature by the provider's keys, and `iss`, `aud`, `azp`, `nonce`, `iat`, and `exp`.
   *
   * @throws ProviderFailure if the token is not valid, or the keys are unavailable
   */
  verify(idToken: string, expected: ExpectedIdToken): Promise<SignedInUser>;
}
