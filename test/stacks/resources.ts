/** Resources of the service in a stack: the resource types in a template, and a resource that several tests need. */
import type { Construct } from 'constructs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ApiKeyCredentialProvider, type ApiKeyCredentialProviderProps, type IAgentIdentity } from '../../lib';

export const IDENTITY = 'Custom::AgentIdentityWorkloadIdentity';
export const OAUTH2 = 'Custom::AgentIdentityOAuth2CredentialProvider';
export const API_KEY = 'Custom::AgentIdentityApiKeyCredentialProvider';
export const PORTAL = 'Custom::AgentIdentityConsentPortal';
export const GATEWAY = 'Custom::AgentIdentityGateway';
export const POLICY_ENGINE = 'Custom::AgentIdentityPolicyEngine';

/** The provider `Weather`, whose API key is in a secret of the same stack unless the props differ. */
export const weatherIn = (
  scope: Construct,
  identity: IAgentIdentity,
  props: Partial<ApiKeyCredentialProviderProps> = {},
): ApiKeyCredentialProvider =>
  new ApiKeyCredentialProvider(scope, 'Weather', {
    identity,
    apiKey: new Secret(scope, 'WeatherKey').secretValue,
    ...props,
  });
