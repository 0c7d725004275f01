/** An OAuth client for agents as a resource of a stack. */
import { Resource, type IResource, type ITaggableV2, type TagManager } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../lambda/operations';
import { checkedAt } from '../constructs/construct-error';
import { checkConstructProps, type PropNames } from '../constructs/prop-names';
import {
  ExistingProvider,
  PROVIDER_PROPS,
  ProviderUse,
  type ProviderUser,
  type CredentialProviderProps,
} from './credential-provider';
import { addIdentityResource, type GovernedResourceKind } from './identity-resource';
import type { OAuth2Vendor } from './oauth2-vendor';
import type { IWorkloadIdentity } from './workload-identity';

/** An OAuth2 credential provider of this stack, or an existing one. */
export interface IOAuth2CredentialProvider extends IResource {
  /** Name at the service, by which agents request its credentials. */
  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
}

export interface OAuth2CredentialProviderProps extends CredentialProviderProps {
  /** The OAuth client, and the vendor where it is registered. */
  readonly vendor: OAuth2Vendor;
}

const PROPS: PropNames<OAuth2CredentialProviderProps> = { ...PROVIDER_PROPS, vendor: 'required' };

const KIND: GovernedResourceKind = {
  type: 'Custom::AgentIdentityOAuth2CredentialProvider',
  noun: 'oauth2credentialprovider',
  longestName: 128,
  nameSchema: OPERATIONS.GetOauth2CredentialProvider.input.entries.name,
};

/**
 * @example
 * const calendar = new OAuth2CredentialProvider(this, 'Calendar', {
 *   identity,
 *   vendor: OAuth2Vendor.google({ clientId, clientSecret: secret.secretValueFromJson('clientSecret') }),
 * });
 * calendar.allowUseBy(agent);
 * new CfnOutput(this, 'RegisterThisAtGoogle', { value: calendar.callbackUrl });
 */
export class OAuth2CredentialProvider extends Resource implements IOAuth2CredentialProvider, ITaggableV2 {
  /**
   * Returns an existing provider of this account and Region.
   *
   * @param credentialProviderName at the service
   */
  static fromCredentialProviderName(
    scope: Construct,
    id: string,
    credentialProviderName: string,
  ): IOAuth2CredentialProvider {
    return new ExistingProvider(scope, id, KIND, credentialProviderName);
  }

  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
  /** ARN of the IAM role that owns the provider. */
  readonly ownerArn: string;
  /** Address to register at the vendor as the client's redirect URI. It changes with the authorization server. */
  readonly callbackUrl: string;
  /** ARN of the secret that the service reads: in its own vault, or in AWS Secrets Manager when it is external. */
  readonly clientSecretArn: string;
  readonly cdkTagManager: TagManager;
  /**
   * The name, known when the stack is synthesized unless the props have a reference.
   * @internal
   */
  readonly _givenName: string;
  /** @internal */
  readonly _vendor: OAuth2Vendor;
  private readonly use = new ProviderUse(this, 'GetResourceOauth2Token');

  constructor(scope: Construct, id: string, props: OAuth2CredentialProviderProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    const bindSecret = props.vendor._bindSecret();
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.credentialProviderName,
      displayName: props.displayName,
      configuration: checkedAt(this.node.path, () =>
        props.vendor._configuration({ importExisting: props.importExisting ?? false }),
      ),
      statements: () => this.use.statements(),
      ...(bindSecret && { secret: (resources) => bindSecret(this, resources) }),
      secretVersion: props.secretVersion,
    });
    this._vendor = props.vendor;
    props.vendor._shareCertificates(created.ownerArn);
    this._givenName = created.givenName;
    this.credentialProviderName = created.name;
    this.credentialProviderArn = created.arn;
    this.ownerArn = created.ownerArn;
    this.callbackUrl = created.attribute('CallbackUrl');
    this.clientSecretArn = created.attribute('ClientSecretArn');
    this.cdkTagManager = created.tags;
  }

  /**
   * Allows an agent to get tokens of this provider: the provider's resource policy names the agent's workload identity
   * and its owner. The agent's role also needs `workload.grantActAs`, which allows it to call the operation.
   * About 60 agents fit into the policy.
   *
   * @param workload the agent's workload identity
   */
  allowUseBy(workload: IWorkloadIdentity): void {
    this.use.allow(workload);
  }

  /** @internal */
  _allows(workload: IWorkloadIdentity): boolean {
    return this.use.allows(workload);
  }

  /**
   * Allows a portal to sign users in with this provider, or a gateway to attach its tokens.
   *
   * @internal
   */
  _allowUser(user: ProviderUser): void {
    this.use.allowUser(user);
  }
}
