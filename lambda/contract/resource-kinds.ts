/** The resources of this service that a CloudFormation template can have, by their types in it. */
export const RESOURCE_KINDS = [
  'Custom::AgentIdentityWorkloadIdentity',
  'Custom::AgentIdentityOAuth2CredentialProvider',
  'Custom::AgentIdentityApiKeyCredentialProvider',
] as const;

export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** What is asked of the service when a resource of each kind is made, kept and let go. */
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

/** And whatever the kind: marks are tags, and every resource has a policy. */
export const COMMON_OPERATIONS = [
  'ListTagsForResource',
  'TagResource',
  'UntagResource',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
] as const;
