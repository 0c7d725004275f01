/** The CloudFormation types of this service's resources. */
export const CUSTOM_RESOURCE_TYPES = [
  'Custom::AgentIdentityWorkloadIdentity',
  'Custom::AgentIdentityOAuth2CredentialProvider',
  'Custom::AgentIdentityApiKeyCredentialProvider',
  'Custom::AgentIdentityConsentPortal',
  'Custom::AgentIdentityGateway',
  'Custom::AgentIdentityPolicyEngine',
] as const;

export type CustomResourceType = (typeof CUSTOM_RESOURCE_TYPES)[number];

/** The operations that create, update, and delete a resource of each type. */
export const OPERATIONS_BY_TYPE = {
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
  'Custom::AgentIdentityConsentPortal': [
    'CreateConsentPortal',
    'GetConsentPortal',
    'UpdateConsentPortal',
    'DeleteConsentPortal',
    'ListConsentPortals',
  ],
  'Custom::AgentIdentityGateway': [
    'CreateGateway',
    'GetGateway',
    'UpdateGateway',
    'DeleteGateway',
    'ListGateways',
    'CreateGatewayTarget',
    'GetGatewayTarget',
    'UpdateGatewayTarget',
    'DeleteGatewayTarget',
    'ListGatewayTargets',
    // A gateway names its engine, which its stack knows by name.
    'ListPolicyEngines',
  ],
  'Custom::AgentIdentityPolicyEngine': [
    'CreatePolicyEngine',
    'UpdatePolicyEngine',
    'DeletePolicyEngine',
    'ListPolicyEngines',
    'CreatePolicy',
    'UpdatePolicy',
    'DeletePolicy',
    'ListPolicies',
  ],
} as const satisfies Record<CustomResourceType, readonly string[]>;

/** The operations for every type: resources are marked by tags, and all except consent portals, gateways, and policy engines have a policy. */
export const COMMON_OPERATIONS = [
  'ListTagsForResource',
  'TagResource',
  'UntagResource',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
] as const;
