/**
 * The type that a token exchange names for the user token (RFC 8693 section 3). Authorization servers differ: some
 * accept access tokens only (Keycloak, Okta), others any JWT that they trust.
 */
import type { SubjectTokenType } from '../../model/provider/on-behalf-of';
import { unverifiedJwt } from './unverified-jwt';

/** RFC 8693 section 3. */
export const TOKEN_TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
} as const;

const CONFIGURED = {
  ACCESS_TOKEN: TOKEN_TYPE.accessToken,
  ID_TOKEN: TOKEN_TYPE.idToken,
  JWT: TOKEN_TYPE.jwt,
} as const satisfies Record<SubjectTokenType, string>;

/** RFC 9068 section 2.1, with and without the prefix that RFC 7515 section 4.1.9 lets a `typ` leave out. */
const ACCESS_TOKEN_TYP = /^(?:application\/)?at\+jwt$/i;

/** Returns whether the token states that it is an access token: by RFC 9068, or in its issuer's own way. */
export function isAccessToken(userToken: string): boolean {
  const { header, claims } = unverifiedJwt(userToken);
  return (
    (typeof header.typ === 'string' && ACCESS_TOKEN_TYP.test(header.typ)) ||
    // Keycloak; its ID tokens have "ID" there.
    claims.typ === 'Bearer' ||
    // Amazon Cognito; its ID tokens have "id" there.
    claims.token_use === 'access'
  );
}

/**
 * Returns the type that the provider's owner configured. Otherwise returns the access token type for a user token
 * that states that it is one, and the JWT type for any other.
 *
 * @param userToken validated when it was received; its claims only select the type
 */
export function subjectTokenTypeOf(configured: SubjectTokenType | undefined, userToken: string): string {
  if (configured) return CONFIGURED[configured];
  return isAccessToken(userToken) ? TOKEN_TYPE.accessToken : TOKEN_TYPE.jwt;
}
