/**
 * How a provider exchanges the user token for its own access token: the AWS type `OnBehalfOfTokenExchangeConfigType`. A token
 * exchange (RFC 8693), which can name the agent as the actor, or the JWT authorization grant (RFC 7523
 * section 2.1), which has no actor.
 *
 * A grant type of this service's own is `IDENTITY_ASSERTION`, for cross-app access
 * (draft-ietf-oauth-identity-assertion-authz-grant; "enterprise-managed authorization" in MCP): the user's identity provider
 * exchanges the ID token for an identity assertion, which is the JWT authorization grant.
 */
import * as v from 'valibot';
import type { Of } from '../of';

export const GRANT_TYPES = ['TOKEN_EXCHANGE', 'JWT_AUTHORIZATION_GRANT', 'IDENTITY_ASSERTION'] as const;

/**
 * The token that authenticates the agent in addition to the user: none, the agent's own access token by client
 * credentials, or the JSON Web Token that AWS issues to this service's function.
 */
export const ACTOR_TOKEN_CONTENTS = ['NONE', 'M2M', 'AWS_IAM_ID_TOKEN_JWT'] as const;

/** What a token exchange says that the user token is (RFC 8693 section 3). */
export const SUBJECT_TOKEN_TYPES = ['ACCESS_TOKEN', 'ID_TOKEN', 'JWT'] as const;

export type SubjectTokenType = (typeof SUBJECT_TOKEN_TYPES)[number];

/**
 * How the client authenticates for the exchange, in place of the provider's own method. `NO_CLIENT`: the request names no
 * client, and the authorization server decides by the tokens alone.
 */
export const EXCHANGE_AUTHENTICATION_METHODS = ['NO_CLIENT'] as const;

/** The AWS type `OnBehalfOfAuthenticationConfig`. Left out, the provider's own method. */
const onBehalfOfAuthenticationConfig = v.exactOptional(
  v.object({ clientAuthenticationMethod: v.picklist(EXCHANGE_AUTHENTICATION_METHODS) }),
);

/** The configuration as it is stored. */
export const OnBehalfOfSchema = v.variant('grantType', [
  v.object({
    grantType: v.literal('TOKEN_EXCHANGE'),
    /** The AWS type `TokenExchangeGrantTypeConfigType`, and a member of this service's own. */
    tokenExchangeGrantTypeConfig: v.object({
      actorTokenContent: v.picklist(ACTOR_TOKEN_CONTENTS),
      /** Scopes of the actor's own token; for `M2M` alone. */
      actorTokenScopes: v.exactOptional(v.array(v.string())),
      /** Beyond AWS. Left out, it is found out from each user token. */
      subjectTokenType: v.exactOptional(v.picklist(SUBJECT_TOKEN_TYPES)),
    }),
    onBehalfOfAuthenticationConfig,
  }),
  v.object({ grantType: v.literal('JWT_AUTHORIZATION_GRANT'), onBehalfOfAuthenticationConfig }),
  v.object({
    grantType: v.literal('IDENTITY_ASSERTION'),
    /** The OAuth 2.0 credential provider that is the client at the identity provider. */
    identityAssertionConfig: v.object({ credentialProviderName: v.string() }),
    /** The assertion names the client that must authenticate. */
    onBehalfOfAuthenticationConfig: v.exactOptional(v.never()),
  }),
]);

export type OnBehalfOfConfig = Of<typeof OnBehalfOfSchema>;
