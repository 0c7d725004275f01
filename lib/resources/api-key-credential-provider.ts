/** An API key for agents as a resource of a stack. */
import { Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { SCHEMAS } from '../../lambda/contract/schemas/requests';
import { CredentialProvider, type CredentialProviderProps, type SecretSource } from './credential-provider';
import type { KindOfResource } from './identity-resource';
import { ProviderSecret } from './provider-secret';

/** An API-key credential provider: one of this stack's, or one that is there. */
export interface IApiKeyCredentialProvider extends IConstruct {
  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
}

export interface ApiKeyCredentialProviderProps extends CredentialProviderProps {
  /** The key, in AWS Secrets Manager. */
  readonly apiKey: SecretSource;
}

const KIND: KindOfResource = {
  type: 'Custom::AgentIdentityApiKeyCredentialProvider',
  noun: 'apikeycredentialprovider',
  longestName: 128,
  nameSchema: SCHEMAS.GetApiKeyCredentialProvider.entries.name,
};

/**
 * @example
 * const weather = new ApiKeyCredentialProvider(this, 'Weather', {
 *   identity,
 *   apiKey: Secret.fromSecretNameV2(this, 'WeatherKey', 'weather-key').secretValue,
 * });
 * weather.grantUse(agent);
 */
export class ApiKeyCredentialProvider extends CredentialProvider implements IApiKeyCredentialProvider {
  /**
   * One that is there, in this account and Region.
   *
   * @param name at the service
   */
  static fromName(scope: Construct, id: string, name: string): IApiKeyCredentialProvider {
    return new (class extends Construct implements IApiKeyCredentialProvider {
      readonly credentialProviderName = name;
      readonly credentialProviderArn = Stack.of(scope).formatArn({
        service: 'bedrock-agentcore',
        resource: 'token-vault/default/apikeycredentialprovider',
        resourceName: name,
      });
    })(scope, id);
  }

  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
  /** ARN of the secret as the service keeps it: in its own vault, or in AWS Secrets Manager when it is external. */
  readonly apiKeySecretArn: string;

  constructor(scope: Construct, id: string, props: ApiKeyCredentialProviderProps) {
    const secret = ProviderSecret.of(props.apiKey);
    super(scope, id, KIND, 'GetResourceApiKey', props, {
      configuration: {},
      secret: (resource, resources) => secret.bind(resource, resources),
    });
    this.credentialProviderName = this.createdName;
    this.credentialProviderArn = this.createdArn;
    this.apiKeySecretArn = this.attribute('ApiKeySecretArn');
  }
}
