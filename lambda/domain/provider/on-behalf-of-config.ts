/**
 * How a provider exchanges the user token for its own access token: AWS's `OnBehalfOfTokenExchangeConfigType`. A token
 * exchange (RFC 8693), which can name the agent as the actor, or the JWT authorization grant (RFC 7523
 * section 2.1), which has no actor.
 *
 * A grant type of this service's own is `IDENTITY_ASSERTION`, for cross-app access
 * (draft-ietf-oauth-identity-assertion-authz-grant; "enterprise-managed authorization" in MCP): the user's identity provider
 * exchanges the ID token for an identity assertion, which is the JWT authorization grant.
 */
export const GRANT_TYPES = ['TOKEN_EXCHANGE', 'JWT_AUTHORIZATION_GRANT', 'IDENTITY_ASSERTION'] as const;

/**
 * The token that authenticates the agent in addition to the user: none, the agent's own access token by client
 * credentials, or the JSON Web Token that AWS issues to this service's function.
 */
export const ACTOR_TOKEN_CONTENTS = ['NONE', 'M2M', 'AWS_IAM_ID_TOKEN_JWT'] as const;

/** What a token exchange says that the user token is (RFC 8693 section 3). */
export const SUBJECT_TOKEN_TYPES = ['ACCESS_TOKEN', 'ID_TOKEN', 'JWT'] as const;

export type SubjectTokenType = (typeof SUBJECT_TOKEN_TYPES)[number];

/** AWS's `TokenExchangeGrantTypeConfigType`, and a member of this service's own. */
export interface TokenExchangeConfig {
  readonly actorTokenContent: (typeof ACTOR_TOKEN_CONTENTS)[number];
  /** Scopes of the actor's own token; for `M2M` alone. */
  readonly actorTokenScopes?: readonly string[] | undefined;
  /** Beyond AWS. Left out, it is found out from each user token. */
  readonly subjectTokenType?: SubjectTokenType | undefined;
}

/**
 * How the client authenticates for the exchange, in place of the provider's own method. `NO_CLIENT`: the request names no
 * client, and the authorization server decides by the tokens alone.
 */
export const EXCHANGE_AUTHENTICATION_METHODS = ['NO_CLIENT'] as const;

/** AWS's `OnBehalfOfAuthenticationConfig`. */
export interface ExchangeAuthentication {
  readonly clientAuthenticationMethod: (typeof EXCHANGE_AUTHENTICATION_METHODS)[number];
}

/** Where an identity assertion comes from. */
export interface IdentityAssertionConfig {
  /** Name of the OAuth 2.0 credential provider that is the client at the identity provider. */
  readonly credentialProviderName: string;
}

/** The configuration as it is kept. */
export type OnBehalfOfConfig = (
  | { readonly grantType: 'TOKEN_EXCHANGE'; readonly tokenExchangeGrantTypeConfig: TokenExchangeConfig }
  | { readonly grantType: 'JWT_AUTHORIZATION_GRANT' }
  // A grant type, so that a version from before it rejects the record, instead of sending the ID token itself.
  | { readonly grantType: 'IDENTITY_ASSERTION'; readonly identityAssertionConfig: IdentityAssertionConfig }
) & {
  /** Left out, the provider's own method. */
  readonly onBehalfOfAuthenticationConfig?: ExchangeAuthentication | undefined;
};
