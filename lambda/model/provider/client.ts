/** How the OAuth client of a provider is provided, and how it authenticates. */

/** How the service provides a client: by a client ID metadata document, or by dynamic registration (RFC 7591). */
export const CLIENT_REGISTRATIONS = ['METADATA_DOCUMENT', 'DYNAMIC'] as const;
export type ClientRegistration = (typeof CLIENT_REGISTRATIONS)[number];

/** Members of a configuration that can prevent the service from providing a client. */
export type RegistrationMember = 'clientId' | 'clientRegistration' | 'initialAccessToken';

/** The AWS type `ClientAuthenticationMethodType`: by a secret, or by a signed assertion. */
export const CLIENT_AUTHENTICATION_METHODS = [
  'CLIENT_SECRET_BASIC',
  'CLIENT_SECRET_POST',
  'AWS_IAM_ID_TOKEN_JWT',
  'PRIVATE_KEY_JWT',
] as const;

/** What AWS had before `clientAuthenticationMethod`, in the words of RFC 7591. */
export const TOKEN_ENDPOINT_AUTH_METHODS = ['client_secret_post', 'client_secret_basic'] as const;

/**
 * A public client (RFC 6749 section 2.1): `token_endpoint_auth_method` `none` of RFC 7591. The API has no name for it: a
 * custom provider with a client ID, without a secret and without a method, is one.
 */
export const PUBLIC_CLIENT = 'NONE';

/**
 * A client that a metadata document of this service describes, and that authenticates by the key in the document. The API
 * shows `PRIVATE_KEY_JWT`, without a KMS key.
 */
export const PUBLISHED_KEY = 'PUBLISHED_KEY_JWT';

export type ClientAuthenticationMethod =
  (typeof CLIENT_AUTHENTICATION_METHODS)[number] | typeof PUBLIC_CLIENT | typeof PUBLISHED_KEY;

/** By a secret that client and server share. */
export type ClientSecretMethod = 'CLIENT_SECRET_BASIC' | 'CLIENT_SECRET_POST';

/** By which assertions are signed for `PRIVATE_KEY_JWT`. */
export const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];
