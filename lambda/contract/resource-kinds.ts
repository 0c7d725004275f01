/** The CloudFormation types of this service's resources. */
export const RESOURCE_KINDS = [
  'Custom::AgentIdentityWorkloadIdentity',
  'Custom::AgentIdentityOAuth2CredentialProvider',
  'Custom::AgentIdentityApiKeyCredentialProvider',
] as const;

export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** The operations that create, update, and delete a resource of each kind. */
export const KIND_OPERATIONS = {
  'Custom::AgentIdentityWorkloadIdentity': [
    'CreateWorkloadIdentity',
    'GetWorkloadIdentity',
    'UpdateWorkloadIdentity',
    'DeleteWorkloadIdentity',
  ],
  'Custom::AgentIdentityOAuth2CredentialProvider': [
    'CreateOauth2CredentialProvider',
    'GetOauth2CredentialProvider',
    'UpdateOauth2CredentialProvider',
    'DeleteOauth2CredentialProvider',
  ],
  'Custom::AgentIdentityApiKeyCredentialProvider': [
    'CreateApiKeyCredentialProvider',
    'GetApiKeyCredentialProvider',
    'UpdateApiKeyCredentialProvider',
    'DeleteApiKeyCredentialProvider',
  ],
} as const satisfies Record<ResourceKind, readonly string[]>;

/** The operations for every kind: resources are marked by tags, and have a policy. */
export const COMMON_OPERATIONS = [
  'ListTagsForResource',
  'TagResource',
  'UntagResource',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
] as const;
