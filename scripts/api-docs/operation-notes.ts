/** The facts of an operation that the registry and the schemas do not have: its purpose, errors, and differences from AWS. */
import type { ErrorName } from '../../lambda/domain/service-error';
import {
  OWN,
  SAFE_RETURN_URLS,
  RETURN_URLS_IN_ASCII,
  PLAIN_TAGS,
  OWNERS_TRUST,
  SHORT_ADDRESS,
  OWN_LISTED,
  SECRET_ARN,
  NO_SECRET,
  TAGGED_SECRET,
  PORTAL_OF_OWNER,
  UNUSED_ROLE,
  PORTAL_OWNED,
  NO_DELETING,
  SHREDS,
  REVOKES,
  TAGGED_KEY,
  PUBLIC_CLIENTS,
  PROTECTED_RESOURCES,
  BOUND,
  CERTIFICATES,
  OWN_ROLE,
  NO_ACTOR,
  SAFE_ENDPOINTS,
  POLICY,
  CALLING_AGENT,
  type Difference,
} from './shared-differences';

export interface OperationNote {
  readonly does: string;
  /** In addition to the errors that every operation can return. */
  readonly errors: readonly ErrorName[];
  readonly differs?: readonly Difference[];
}

const onCreate: OperationNote['errors'] = ['ConflictException', 'ServiceQuotaExceededException'];
const onLookup: OperationNote['errors'] = ['ResourceNotFoundException'];
const withToken: OperationNote['errors'] = ['UnauthorizedException', 'ResourceNotFoundException'];

/** By the AWS name of the operation. */
export const OPERATION_NOTES: Readonly<Record<string, OperationNote>> = {
  CreateWorkloadIdentity: {
    does: 'Creates a workload identity for an agent.',
    errors: onCreate,
    differs: [OWN, SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII, PLAIN_TAGS],
  },
  GetWorkloadIdentity: { does: 'Describes a workload identity.', errors: onLookup },
  UpdateWorkloadIdentity: {
    does: 'Changes the members that the request contains, and keeps the others.',
    errors: onLookup,
    differs: [SAFE_RETURN_URLS, RETURN_URLS_IN_ASCII],
  },
  DeleteWorkloadIdentity: {
    does: 'Deletes a workload identity and all of its grants. The service rejects its workload access tokens from the next request on. Requests that are waiting for a provider fail. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: onLookup,
    differs: [SHREDS, REVOKES],
  },
  ListWorkloadIdentities: {
    does: 'Returns a page of workload identities, sorted by name.',
    errors: [],
    differs: [OWN_LISTED],
  },

  CreateOauth2CredentialProvider: {
    does: 'Creates an OAuth 2.0 credential provider. Register the returned `callbackUrl` as a redirect URI at the authorization server.',
    errors: onCreate,
    differs: [
      OWN,
      PLAIN_TAGS,
      SECRET_ARN('clientSecretArn'),
      NO_SECRET,
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      CERTIFICATES,
      PUBLIC_CLIENTS,
      PROTECTED_RESOURCES,
      OWN_ROLE,
    ],
  },
  GetOauth2CredentialProvider: {
    does: 'Describes a provider, without its client secret.',
    errors: onLookup,
    differs: [SECRET_ARN('clientSecretArn'), NO_SECRET, BOUND],
  },
  UpdateOauth2CredentialProvider: {
    does: 'Replaces the configuration. If the authorization server changes (its issuer, which can have several metadata documents), the response has a new `callbackUrl`: register it there, because consents at the earlier one fail. The callback URL also changes if the provider no longer has a client ID metadata document.',
    errors: onLookup,
    differs: [
      {
        what: 'keeps the client secret if the request omits it and the client and the server stay the same',
        why: 'a secret is for one client at one server',
      },
      {
        what: 'allows only the owner to change the vendor, the client, or the authorization server',
        why: 'otherwise, another principal with permission to update could point the provider at its own server, which then gets the next client secret of the owner',
      },
      {
        what: 'keeps the authentication method of a client that the service registered with a secret, if the request omits it; only the owner can change the method and the secret of such a client',
        why: 'the server chose the method, and only the service has the secret, so that another principal could replace it for good',
      },
      TAGGED_SECRET,
      SAFE_ENDPOINTS,
      NO_ACTOR,
      TAGGED_KEY,
      CERTIFICATES,
      PUBLIC_CLIENTS,
      PROTECTED_RESOURCES,
      OWN_ROLE,
    ],
  },
  DeleteOauth2CredentialProvider: {
    does: 'Deletes a provider, its client secret, and all grants that agents obtained through it. Requests that are waiting for its response fail. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: onLookup,
    differs: [SHREDS, REVOKES],
  },
  ListOauth2CredentialProviders: {
    does: 'Returns a page of providers, sorted by name.',
    errors: [],
    differs: [OWN_LISTED],
  },

  CreateApiKeyCredentialProvider: {
    does: 'Creates a provider for an API key. Only GetResourceApiKey returns the key.',
    errors: onCreate,
    differs: [OWN, PLAIN_TAGS, SECRET_ARN('apiKeySecretArn'), TAGGED_SECRET],
  },
  GetApiKeyCredentialProvider: {
    does: 'Describes a provider, without its API key.',
    errors: onLookup,
    differs: [SECRET_ARN('apiKeySecretArn')],
  },
  UpdateApiKeyCredentialProvider: {
    does: 'Replaces the API key. Agents get the new key from the next request on.',
    errors: onLookup,
    differs: [TAGGED_SECRET],
  },
  DeleteApiKeyCredentialProvider: {
    does: 'Deletes a provider and its API key. If the deletion was interrupted, call the operation again; until then, the name remains in use.',
    errors: onLookup,
    differs: [SHREDS],
  },
  ListApiKeyCredentialProviders: {
    does: 'Returns a page of providers, sorted by name.',
    errors: [],
    differs: [OWN_LISTED],
  },

  CreateConsentPortal: {
    does: 'Creates a consent portal: pages on which users connect their accounts to agents, and disconnect them ([portal.md](portal.md)). The status is `CREATING` until the service verified the sign-in provider, and then `ACTIVE`, or `FAILED` with a `statusReason`. A `statusReason` of an `ACTIVE` portal warns that users can probably not sign in, that they cannot disconnect the accounts of an agent, or that an agent or a connection is left out. Register `{portalUrl}/callback` as a redirect URI at the identity provider; `portalUrl` has no scheme, which is https. Users sign in with `idpConfig`, whose issuer the workload identities must trust.',
    errors: [...onCreate, 'ResourceNotFoundException'],
    differs: [PORTAL_OF_OWNER, UNUSED_ROLE, PORTAL_OWNED],
  },
  GetConsentPortal: {
    does: 'Returns a portal by its ID or ARN, with its status.',
    errors: onLookup,
    differs: [PORTAL_OWNED],
  },
  UpdateConsentPortal: {
    does: 'Changes the given members. If `idpConfig`, `sources`, or `connections` is given, or if the last verification failed or ended with a warning, the status is `UPDATING` until the service verified the portal, and then `ACTIVE`, or `UPDATE_FAILED` with a `statusReason`. The portal has its pages only while it is `ACTIVE`.',
    errors: onLookup,
    differs: [UNUSED_ROLE, PORTAL_OWNED],
  },
  DeleteConsentPortal: {
    does: 'Deletes a portal by its ID or ARN. Its pages and sessions end immediately. The connections of the users stay: they belong to the agents.',
    errors: onLookup,
    differs: [PORTAL_OWNED, NO_DELETING],
  },
  ListConsentPortals: {
    does: 'Returns a page of consent portals, sorted by name.',
    errors: [],
    differs: [OWN_LISTED],
  },

  GetTokenVault: {
    does: 'Returns the KMS key of the token vault. There is one vault, named `default`.',
    errors: onLookup,
  },
  SetTokenVaultCMK: {
    does: 'Moves the token vault to another KMS key. Agents can read from the vault during the move, and no grant is lost. If the present customer managed key is disabled, pending deletion, or deleted, the response is a ValidationException, and nothing is changed: enable the key or cancel its deletion first; for a deleted key, call ResetTokenVaultKeyMaterial.',
    errors: onLookup,
    differs: [
      {
        what: 'requires a KMS key that the deployment names (`tokenVaultKeys`)',
        why: 'the functions are not authorized to use any other key, and this operation gives no access to a key',
      },
      {
        what: 'returns after all vault keys have been moved',
        why: 'the old KMS key can then be retired; if the move takes too long, the response is ThrottlingException, and the next call continues the move',
      },
    ],
  },
  ResetTokenVaultKeyMaterial: {
    does: "Makes the token vault usable again after its customer managed KMS key was deleted: moves it to the deployment's own key, and gives up what the deleted key encrypted. This cannot be undone, even if the key returns. The next request of an agent for a user's token returns an authorization URL, and the agent's own tokens are requested again. The service resets the token vault only if AWS KMS says that the key does not exist. The response for a key that is enabled, disabled, or pending deletion or import is a ValidationException; if AWS KMS denies access to the key, an AccessDeniedException. A ValidationException also says if the deployment's own key cannot be used. If the present key is usable, and an earlier move left vault keys under a former key that was deleted, the token vault keeps its key, and the operation gives up what the former key encrypted. [The runbook](runbook.md#the-token-vaults-kms-key-is-lost) has all steps.",
    errors: [...onLookup, 'ConflictException'],
    differs: [
      {
        what: 'gives up the client secrets and API keys in the token vault, too',
        why: 'AWS keeps them outside the token vault, in Secrets Manager; here, the same KMS key encrypts them; a request that needs one returns a ValidationException until the owner sets it again with UpdateOauth2CredentialProvider or UpdateApiKeyCredentialProvider; EXTERNAL secrets and the rest of the configuration stay',
      },
      {
        what: 'keeps the records of the grants until they are replaced or revoked',
        why: 'no request gets a token of them, but listings and portals show them with their earlier status; RevokeGrants drops them immediately; their tokens cannot be read, so the providers are not asked to revoke them (`NOT_PROVABLE`)',
      },
      {
        what: 'answers in the Region of the KMS key only',
        why: 'in another Region, a multi-Region key might only have no replica',
      },
    ],
  },

  TagResource: {
    does: 'Adds tags, and replaces tags that have the same key. The tag `displayName` of a workload identity or credential provider is the name that pages show to users.',
    errors: ['ResourceNotFoundException', 'ServiceQuotaExceededException'],
    differs: [PLAIN_TAGS, OWNERS_TRUST],
  },
  UntagResource: {
    does: 'Removes tags. Keys that the resource does not have are ignored.',
    errors: onLookup,
    differs: [OWNERS_TRUST],
  },
  ListTagsForResource: { does: 'Returns all tags of a resource.', errors: onLookup },

  PutResourcePolicy: {
    does: 'Sets the resource policy, in IAM policy JSON. The policy allows or denies access for other principals from the next request on.',
    errors: onLookup,
    differs: [
      POLICY,
      {
        what: 'rejects a policy with an unknown element',
        why: 'a policy with an ignored element could allow more than its owner intended',
      },
      {
        what: "supports five more condition keys on an OAuth 2.0 provider: `bedrock-agentcore:Scopes` (including scopes in the vendor's custom parameters `user_scope` and `optional_scope`), `bedrock-agentcore:CustomParameters` (the names of the request's `customParameters`), `bedrock-agentcore:Resources` and `bedrock-agentcore:Audiences` (the request's `resources` and `audiences`; at a provider that is for one resource, this resource, whatever the request names), and `bedrock-agentcore:WorkloadIdentityArn`",
        why: 'an owner can limit what agents can request: a Deny with `ForAnyValue:StringNotEquals` on `bedrock-agentcore:CustomParameters` allows only the listed names',
      },
      {
        what: 'supports the condition key `bedrock-agentcore:CallingAgentArns` on every resource: the agents before the agent that requests a credential, or that is called',
        why: 'an owner can keep an agent from getting a credential, or from being called, behind another agent; the workload access token names them',
      },
      {
        what: 'rejects a Deny with `ForAnyValue` on `bedrock-agentcore:Scopes`, `bedrock-agentcore:Resources`, or `bedrock-agentcore:Audiences`, unless the operator ends in `IfExists` or the statement has `Null` for the key',
        why: 'a request without them gets what the provider grants by default, and the Deny would not apply to it',
      },
      {
        what: 'rejects a policy that needs more than 100 steps per character of scopes or custom parameters (each wildcard value takes one step, and a long value takes more)',
        why: 'the service evaluates the policy in each request, and a slow policy would delay the request',
      },
    ],
  },
  GetResourcePolicy: {
    does: 'Returns the policy exactly as it was set. If there is no policy, the response has no `policy` member.',
    errors: onLookup,
    differs: [POLICY],
  },
  DeleteResourcePolicy: {
    does: 'Deletes the policy. From the next request on, only the owner has access.',
    errors: onLookup,
    differs: [POLICY],
  },

  GetWorkloadAccessToken: {
    does: 'Returns a workload access token for the agent without a user.',
    errors: onLookup,
    differs: [
      {
        what: 'returns an ES256 JWT that any party can validate with the published keys',
        why: 'a resource server can see which agent acts for which user; the token identifies them but is not a credential for that server: its `aud` is this service, and a server that accepted it as a credential could present it to another server; clients treat it as opaque',
      },
      CALLING_AGENT,
    ],
  },
  GetWorkloadAccessTokenForJWT: {
    does: 'Returns a workload access token for the agent and the user of a user token.',
    errors: withToken,
    differs: [
      {
        what: 'requires a user token from a trusted issuer',
        why: 'the service validates signature, expiry, issuer, audience, client, scopes, and claims against the issuers that the deployment or the workload identity names',
      },
      {
        what: 'does not support ON_BEHALF_OF_TOKEN_EXCHANGE with a user token longer than 49,152 characters',
        why: 'the workload access token contains the encrypted user token, and AWS limits it to 131,072 characters; other flows accept longer user tokens',
      },
      {
        what: 'accepts an identity assertion (ID-JAG) as `userToken`, once, if the deployment accepts those of its issuer',
        why: "the user's identity provider then decides which agents act for the user; docs/cross-app-access.md describes it; the token contains no user token for ON_BEHALF_OF_TOKEN_EXCHANGE then",
      },
      CALLING_AGENT,
      {
        what: 'does not require `userToken` with `callingAgent.principalArn`: the user is then the verified user of the calling agent, if the workload identity trusts the issuer in its `authorizerConfiguration`',
        why: 'the calling agent often does not have the user token, and needs none; the token contains no user token for ON_BEHALF_OF_TOKEN_EXCHANGE then',
      },
    ],
  },
  GetWorkloadAccessTokenForUserId: {
    does: 'Returns a workload access token for the agent and a user ID. The caller is responsible for the user ID.',
    errors: onLookup,
    differs: [
      {
        what: 'treats a user ID and the subject of a user token as different users, even if they are equal',
        why: 'an unverified user ID must not give access to the grants of a verified user',
      },
      CALLING_AGENT,
    ],
  },

  GetResourceApiKey: { does: "Returns the provider's API key to the agent.", errors: withToken },
  GetResourceOauth2Token: {
    does: "Returns an access token. For USER_FEDERATION, the token comes from the user's grant to the agent and is refreshed if necessary; without a grant, the response has an authorization URL. For M2M, the agent gets its own token by client credentials. For ON_BEHALF_OF_TOKEN_EXCHANGE, the service exchanges the user token.",
    errors: withToken,
    differs: [
      SHORT_ADDRESS,
      {
        what: 'for M2M, stores up to 100 tokens of an agent at one credential provider, for different `scopes`, `resources`, and `audiences`',
        why: 'the agent chooses these members, and each token is stored until it expires; without a stated end, until RevokeResourceGrant revokes it. The service stores no refresh token for M2M: it would present none',
      },
      {
        what: 'uses an existing grant for any subset of its scopes, in any order',
        why: 'the user already granted these scopes; if the request has more scopes, the service requests consent to all of them',
      },
      {
        what: 'with an empty `scopes` at a provider for an MCP server, requests in a new consent the scopes that the metadata of the server lists (`scopes_supported`); the policy of the provider evaluates them',
        why: 'MCP specifies it: without the scopes of a challenge, a client requests those that the server lists',
      },
      {
        what: "does not select a user's grant by `customParameters`",
        why: 'there is one grant for each agent, user, and provider',
      },
      {
        what: "does not forward `customParameters` that name a standard parameter or `authorization_details`; forwards all others, unless the provider's policy allows only listed names",
        why: 'policies evaluate `scopes`, so custom parameters must not request access in another way; providers differ in the other parameters that they need',
      },
      {
        what: "evaluates the provider's policy again for the scopes of the token",
        why: 'providers can grant more scopes than requested, especially when the request has no scopes',
      },
      {
        what: "for ON_BEHALF_OF_TOKEN_EXCHANGE with another owner's provider, requires a tag of the workload identity that names this owner: `agent-identity:trusted-provider-owner` with the owner's ARN (or the ARN, a space, and the unique ID)",
        why: 'the user token is sent to a server that this owner chose, and a provider name can belong to another principal after a deletion',
      },
      {
        what: "finds the open consent session for a request without `sessionUri`, unless the provider's policy denies the caller the scopes or parameters of that session",
        why: 'concurrent requests share one authorization URL',
      },
      {
        what: 'includes the OAuth `error` code when a provider returns an error',
        why: "the caller can act on the code; the provider's error text is not returned",
      },
      {
        what: 'returns the result in the header `x-agent-identity-outcome`: `cached`, `refreshed`, `exchanged`, `consent-required`, `scope-gap`, `provider-unavailable`, or `provider-refused`; with `scope-gap`, the member `grantedScopes` lists the granted scopes',
        why: 'if the provider granted fewer scopes than requested, the agent gets that token and learns the difference, and the user is not asked repeatedly; AWS clients drop unknown members, but boto3 returns headers',
      },
      {
        what: "returns the error code of a `FAILED` session in the header `x-agent-identity-failure` (the provider's OAuth `error` code, or a code of this service, such as `not_completed`; up to 64 characters); without a code, there is no header",
        why: 'the agent can distinguish a user who declined from an error that a new authorization URL does not fix',
      },
      {
        what: 'while a provider is unavailable, returns `InternalServerException` with `Retry-After` and sends no requests to the provider',
        why: 'the SDK retries at the right time, and many agents cannot overload a provider that is recovering',
      },
      {
        what: 'returns `tokenType` `DPoP`, and the header `x-agent-identity-token-type`, if the token is bound to a key; the agent then requests a proof for each request (GetResourceDpopProof)',
        why: 'AWS has no bound tokens; without these, the token is a bearer token',
      },
      {
        what: 'returns an exchanged access token only for the same user token, and only until that user token expires',
        why: 'access must not outlast the session at the identity provider; the service stores no refresh token for exchanges',
      },
    ],
  },
  RejectResourceOauth2Token: {
    does: 'Reports that a resource rejected an access token (with a 401), and requests another token. The other members and the response are those of GetResourceOauth2Token. The first report of a token causes one renewal, and further reports of that token cause no other. A caller that reports an older token gets the current one. If the token cannot be renewed, the service deletes it and requests consent again.',
    errors: withToken,
  },
  GetResourceDpopProof: {
    does: 'Returns one DPoP proof (RFC 9449) for one request of the agent, in `dpopProof`, with the `accessToken` that the proof is for and `tokenType` `DPoP`. The members that select the token are those of GetResourceOauth2Token, and an expired token is renewed in the same way. If the user must consent, the operation returns a ValidationException: only GetResourceOauth2Token returns an authorization URL. `httpMethod` and `httpUri` are those of the request; `httpUri` is normalized, has no query and no fragment, and is within the resource of the credential provider: the protected resource of `discoveryUrl`, or one of `dpopConfig.resourceUrls`. If `resources` of the request are within them, they narrow them. An endpoint of the authorization server gets no proof. `nonce` is the value of the header `DPoP-Nonce` that the resource returned. `contentDigest` is optional and becomes the claim `content_digest` of the draft MCP extension for DPoP: `sha-256=:…:` or `sha-512=:…:` of the body, as in the header `Content-Digest` (RFC 9530). The agent sends `Authorization: DPoP {accessToken}` and `DPoP: {dpopProof}`, once. See [dpop.md](dpop.md).',
    errors: withToken,
  },
  ListResourceGrants: {
    does: "Returns a page of what the agent of the workload access token holds for the user of the token, so that an application can show it to the user; for a token without a user, the agent's own grants. The response has `grants`, each with `grantId`, `workloadIdentityArn`, `credentialProviderArn`, `userHash` (absent for the agent's own), `flow`, `scopes`, `resources`, `audiences`, `createdTime`, `lastRefreshedTime`, `lastUsedDate` (`YYYY-MM-DD`, UTC), `expiresAt`, and `status`: `ACTIVE` (the token can be returned), `RENEWABLE` (the next request renews it without the user), `NEEDS_CONSENT`, `BACKING_OFF` (the provider was unavailable), or `UNREADABLE` (the stored record is not valid: no request gets a token of it, and the grant has only what its key contains). Never a token. A page has up to `maxResults` grants (100 by default), and can be short, or empty, before the last page: continue while there is a `nextToken`.",
    errors: ['UnauthorizedException', 'AccessDeniedException'],
  },
  RevokeResourceGrant: {
    does: 'Revokes what the agent of the workload access token holds for the user of the token: the grant `grantId`, or every grant at `resourceCredentialProviderName`. Exactly one of them is required. From the response on, no request gets the tokens. The provider is called after the response, and again until it confirms the revocation, for up to 24 hours. The response has `revocationId`, `status` (`DONE` if there were no tokens to revoke, otherwise `IN_PROGRESS`), and `reach`: what the revocation can end at the provider. It is `token`, `grant`, `user-and-client`, `user-and-project`, `installation`, or `none`, as in [vendors.md](vendors.md); of several grants, the widest. From `user-and-client` on, other agents lose their access too, so tell the user before. The reach is absent if no tokens can be sent to the provider. A grant that is already revoked has nothing left: a repetition returns ResourceNotFoundException, and makes no other revocation. A grant with the status `UNREADABLE` is revoked when its record is valid again; until then, the revocation is `IN_PROGRESS`.',
    errors: ['UnauthorizedException', 'AccessDeniedException', 'ResourceNotFoundException'],
  },
  RevokeGrants: {
    does: 'Revokes grants of all owners: the one of `grantId`, or all that match every filter (`workloadName`, `providerName`, `user`). At least one member is required. `matched` is the number of grants whose tokens were revoked: from the response on, no request gets these tokens. If there are more than a call can revoke in 20 seconds, the service continues; GetRevocation shows when `revoked` equals `matched` and does not change any more. The providers are called after the response. At some vendors, a revocation ends more than these tokens: `reach` is the widest reach of the grants that were revoked so far, as for RevokeResourceGrant. `reason` goes to the audit log.',
    errors: ['ResourceNotFoundException'],
  },
  GetRevocation: {
    does: 'Returns how far a revocation is, for 30 days. `status` is `DONE` when no provider must be called any more. `counts` has `matched`, `revoked` (no request gets these tokens any more), and the final states at the provider: `confirmed` (the tokens are not valid any more), `unconfirmed` (given up after 24 hours, or rejected by the provider), and `notProvable` (the provider has no way to revoke, or to prove it). `grants` has a page of the grants, each with `grantId`, `provider`, `state` (`PENDING`, `CONFIRMED`, `UNCONFIRMED`, `NOT_PROVABLE`), `attempts`, and `lastError`: the error code of the provider, or of the service (the runbook lists them). A grant whose record in the outbox is not valid is not in `grants`, and the status is `IN_PROGRESS` until the record is valid again. `reach` is the widest reach of the grants.',
    errors: ['ResourceNotFoundException'],
  },
  ListGrants: {
    does: 'Returns the grants of all owners that match every filter: `workloadName`, `providerName`, `user`. At least one is required. The grants are as for ListResourceGrants. A page can be short, or empty, before the last page: continue while there is a `nextToken`.',
    errors: ['ResourceNotFoundException'],
  },
  ListAllWorkloadIdentities: {
    does: 'Its path is `/operator/ListWorkloadIdentities`, and the audit log has the name ListAllWorkloadIdentities. Lists the workload identities of all owners, or of one `owner`, in no particular order. A page can have fewer entries than `maxResults` (50 by default), or none, although more pages follow. Each entry of `workloadIdentities` has `name`, `workloadIdentityArn`, `owner`, `createdTime`, `lastUpdatedTime`, `suspended`, and, if it is suspended, `suspension` (`since`, `by`, `reason`).',
    errors: [],
  },
  ListAllCredentialProviders: {
    does: 'Its path is `/operator/ListCredentialProviders`, and the audit log has the name ListAllCredentialProviders. Lists the credential providers of both kinds, with the pages of ListAllWorkloadIdentities. Each entry of `credentialProviders` has `name`, `credentialProviderArn`, `credentialProviderVendor` (of an OAuth 2.0 provider), `owner`, `createdTime`, and `lastUpdatedTime`.',
    errors: [],
  },
  TransferOwnership: {
    does: 'Makes another principal the owner of a workload identity or credential provider: a role or user of this account, of an account in `callers.accountIds` with `manageResources`, or of the account of the present owner. ID, configuration, resource policy, tags, and grants stay, so check the policy, and the client and the server of a provider. Transfer an agent and its providers together. The tags `agent-identity:owner` of external secrets, signing keys, and secrets and S3 objects with certificates, and `agent-identity:trusted-provider-owner`, name the previous owner until you change them. The response has `resourceArn`, `owner`, and `previousOwner`. The next write of the new owner records its unique ID.',
    errors: ['ResourceNotFoundException'],
  },
  SuspendWorkloadIdentity: {
    does: 'Suspends every workload identity of this name, now and later, for all owners: the next call that acts as the agent gets an AccessDeniedException. Grants stay. The response has `suspension` (`since`, `by`, `reason`), and `identityExists`: true with the `workloadIdentityArn` and `owner` of the identity that has the name now; false if there is none, as for a misspelled name. A repeated call replaces the reason. Do not write secrets into `reason`: it is in the audit log. Agents and users do not see it.',
    errors: [],
  },
  ResumeWorkloadIdentity: {
    does: 'Lifts the suspension. The response has it as `liftedSuspension`; without this member, the name was not suspended.',
    errors: [],
  },
  SuspendUser: {
    does: 'Suspends a user for every agent: no agent gets a workload access token or a credential for this user. Grants stay. `issuer` and `subject` are the `iss` and `sub` of the user token, exactly as in the token (with a trailing slash, if there is one). `userHash` is the `user` of an audit entry. The response has `userHash` and `suspension` (`since`, `by`, `reason`). Compare `userHash` with the audit log: any user can be suspended, whether or not the service knows the user.',
    errors: [],
  },
  ResumeUser: {
    does: 'Lifts the suspension by an operator. The response has `userHash`, and the suspension as `liftedSuspension`; without this member, no operator had suspended the user. It does not lift a suspension that the identity provider reported ([security-events.md](security-events.md)): then, the response has it as `suspendedByIssuer`, with a `message`. In an emergency, `liftIssuerSuspension: true` lifts it too, until the identity provider reports a later event; the response has `liftedIssuerSuspension`, and the `result` in the audit log is `issuer-suspension-lifted`.',
    errors: [],
  },
  ListSuspensions: {
    does: 'Lists suspended agents and users, in no particular order, with the pages of ListAllWorkloadIdentities. Each entry of `suspensions` has `workloadName` or `userHash`, and `suspendedByOperator` (`since`, `by`, `reason`), `suspendedByIssuer` (`state`: `DISABLED` or `PURGED`; `since`; `trustedIssuer`: the `id` in its `securityEvents`), or both. A user whom a report names by an email address that no user token has contained yet has the hash of the address as `userHash`.',
    errors: [],
  },
  CompleteResourceTokenAuth: {
    does: 'Confirms the user who returned to the application. Only then does the service redeem the authorization code and store the grant.',
    errors: ['UnauthorizedException'],
    differs: [
      {
        what: 'requires the `session_id` of the return URL as `sessionUri`; rejects the `request_uri` of the authorization URL',
        why: 'otherwise, the sender of an authorization URL could complete the consent of another person',
      },
      {
        what: 'compares users by issuer and subject',
        why: "the user's token can be renewed during consent",
      },
      {
        what: 'sets the session to `FAILED` if the user is different',
        why: 'the person who consented is not the user whom the agent acts for',
      },
    ],
  },
};
