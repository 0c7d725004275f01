/**
 * The operations that a resource policy governs, by the kind of resource. Create and list operations name no resource,
 * so no resource policy governs them.
 *
 * On a workload identity, an operation means that the principal can act as the agent. InvokeGateway means that it can
 * present the agent's token at a gateway, which shows it no credential. On a credential provider,
 * GetResourceOauth2Token and GetResourceApiKey mean that the owner's agents can use the provider. This also applies when
 * a consent is completed, so CompleteResourceTokenAuth is governed on the workload identity only.
 */

/** Operations on the policy itself. The owner can always call them, or a Deny could lock a resource permanently. */
export const POLICY_OPERATIONS = ['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy'] as const;

const TAG_OPERATIONS = ['TagResource', 'UntagResource', 'ListTagsForResource'] as const;

/** By the noun in the resource's ARN. */
export const GOVERNED_OPERATIONS = {
  'workload-identity': [
    'GetWorkloadIdentity',
    'UpdateWorkloadIdentity',
    'DeleteWorkloadIdentity',
    'GetWorkloadAccessToken',
    'GetWorkloadAccessTokenForJWT',
    'GetWorkloadAccessTokenForUserId',
    'GetResourceOauth2Token',
    'GetResourceApiKey',
    'InvokeGateway',
    'CompleteResourceTokenAuth',
    'ListResourceGrants',
    'RevokeResourceGrant',
    ...TAG_OPERATIONS,
    ...POLICY_OPERATIONS,
  ],
  oauth2credentialprovider: [
    'GetOauth2CredentialProvider',
    'UpdateOauth2CredentialProvider',
    'DeleteOauth2CredentialProvider',
    'GetResourceOauth2Token',
    ...TAG_OPERATIONS,
    ...POLICY_OPERATIONS,
  ],
  apikeycredentialprovider: [
    'GetApiKeyCredentialProvider',
    'UpdateApiKeyCredentialProvider',
    'DeleteApiKeyCredentialProvider',
    'GetResourceApiKey',
    ...TAG_OPERATIONS,
    ...POLICY_OPERATIONS,
  ],
} as const;

export type GovernedKind = keyof typeof GOVERNED_OPERATIONS;
export type GovernedOperation = (typeof GOVERNED_OPERATIONS)[GovernedKind][number];

/** Operations on resources that have no policy. Only the owner can call them. */
export type OwnerOperation =
  | 'GetConsentPortal'
  | 'UpdateConsentPortal'
  | 'DeleteConsentPortal'
  | 'GetGateway'
  | 'UpdateGateway'
  | 'DeleteGateway'
  | 'CreateGatewayTarget'
  | 'GetGatewayTarget'
  | 'UpdateGatewayTarget'
  | 'DeleteGatewayTarget'
  | 'ListGatewayTargets'
  | 'SynchronizeGatewayTargets'
  | 'CreateGatewayRateLimit'
  | 'BatchPutGatewayRateLimits'
  | 'GetGatewayRateLimit'
  | 'UpdateGatewayRateLimit'
  | 'DeleteGatewayRateLimit'
  | 'ListGatewayRateLimits'
  | 'GetPolicyEngine'
  | 'UpdatePolicyEngine'
  | 'DeletePolicyEngine'
  | 'CreatePolicy'
  | 'GetPolicy'
  | 'UpdatePolicy'
  | 'DeletePolicy'
  | 'ListPolicies';

/** An operation on a resource. */
export type ResourceOperation = GovernedOperation | OwnerOperation;

const RESOURCE =
  /^arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:(?:workload-identity-directory\/default\/(workload-identity)|token-vault\/default\/(oauth2credentialprovider|apikeycredentialprovider))\/[^/:]+$/;

/**
 * Returns the operations; undefined if this kind of resource has no policy.
 *
 * @param arn a resource's ARN
 */
export function governedKindOf(arn: string): GovernedKind | undefined {
  const [, identity, provider] = RESOURCE.exec(arn) ?? [];
  return (identity ?? provider) as GovernedKind | undefined;
}
