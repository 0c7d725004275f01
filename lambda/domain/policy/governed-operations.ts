/**
 * Which operations a resource policy governs, by the kind of resource that it is put on. Operations that
 * create or list name no resource yet, so no resource policy speaks of them.
 *
 * On a workload identity an operation says: this principal may act as the agent. On a credential provider
 * GetResourceOauth2Token and GetResourceApiKey say: this owner's agents may use the provider. That binding also
 * holds when a consent is completed, so CompleteResourceTokenAuth is governed on the workload identity alone.
 */

/** Keeping the policy itself; the owner can always do this, or a Deny could lock a resource for ever. */
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
    'CompleteResourceTokenAuth',
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

const RESOURCE =
  /^arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\d{12}:(?:workload-identity-directory\/default\/(workload-identity)|token-vault\/default\/(oauth2credentialprovider|apikeycredentialprovider))\/[^/:]+$/;

/**
 * @param arn a resource's ARN
 * @returns undefined when resources of its kind take no policy
 */
export function governedKindOf(arn: string): GovernedKind | undefined {
  const [, identity, provider] = RESOURCE.exec(arn) ?? [];
  return (identity ?? provider) as GovernedKind | undefined;
}
