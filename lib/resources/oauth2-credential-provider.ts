/** An OAuth client for agents as a resource of a stack. */
import { Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { SCHEMAS } from '../../lambda/contract/schemas/requests';
import { CredentialProvider, type CredentialProviderProps } from './credential-provider';
import type { KindOfResource } from './identity-resource';
import type { OAuth2Vendor } from './oauth2-vendor';
import { ProviderSecret } from './provider-secret';

/** An OAuth2 credential provider: one of this stack's, or one that is there. */
export interface IOAuth2CredentialProvider extends IConstruct {
  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
}

export interface OAuth2CredentialProviderProps extends CredentialProviderProps {
  /** The OAuth client, and at whom it is one. */
  readonly vendor: OAuth2Vendor;
}

const KIND: KindOfResource = {
  type: 'Custom::AgentIdentityOAuth2CredentialProvider',
  noun: 'oauth2credentialprovider',
  longestName: 128,
  nameSchema: SCHEMAS.GetOauth2CredentialProvider.entries.name,
};

/**
 * @example
 * const calendar = new OAuth2CredentialProvider(this, 'Calendar', {
 *   identity,
 *   vendor: OAuth2Vendor.google({ clientId, clientSecret: secret.secretValueFromJson('clientSecret') }),
 * });
 * calendar.grantUse(agent);
 * new CfnOutput(this, 'RegisterThisAtGoogle', { value: calendar.callbackUrl });
 */
export class OAuth2CredentialProvider extends CredentialProvider implements IOAuth2CredentialProvider {
  /**
   * One that is there, in this account and Region.
   *
   * @param name at the service
   */
  static fromName(scope: Construct, id: string, name: string): IOAuth2CredentialProvider {
    return new (class extends Construct implements IOAuth2CredentialProvider {
      readonly credentialProviderName = name;
      readonly credentialProviderArn = Stack.of(scope).formatArn({
        service: 'bedrock-agentcore',
        resource: 'token-vault/default/oauth2credentialprovider',
        resourceName: name,
      });
    })(scope, id);
  }

  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
  /** Address to register at the vendor as the client's redirect URI. */
  readonly callbackUrl: string;
  /** ARN of the secret as the service keeps it: in its own vault, or in AWS Secrets Manager when it is external. */
  readonly clientSecretArn: string;

  constructor(scope: Construct, id: string, props: OAuth2CredentialProviderProps) {
    const { clientSecret } = props.vendor;
    const secret = clientSecret && ProviderSecret.of(clientSecret);
    super(scope, id, KIND, 'GetResourceOauth2Token', props, {
      configuration: props.vendor.configuration(props.importExisting ?? false),
      ...(secret && { secret: (resource, resources) => secret.bind(resource, resources) }),
    });
    this.credentialProviderName = this.createdName;
    this.credentialProviderArn = this.createdArn;
    this.callbackUrl = this.attribute('CallbackUrl');
    this.clientSecretArn = this.attribute('ClientSecretArn');
  }
}
