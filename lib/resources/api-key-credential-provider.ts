/** An API key for agents as a resource of a stack. */
import { Resource, type IResource, type ITaggableV2, type TagManager } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../lambda/operations';
import { checkConstructProps, type PropNames } from '../constructs/prop-names';
import {
  ExistingProvider,
  PROVIDER_PROPS,
  ProviderUse,
  type ProviderUser,
  type CredentialProviderProps,
  type SecretSource,
} from './credential-provider';
import { addIdentityResource, type GovernedResourceKind } from './identity-resource';
import { bindSecret } from './provider-secret';
import type { IWorkloadIdentity } from './workload-identity';

/** An API-key credential provider of this stack, or an existing one. */
export interface IApiKeyCredentialProvider extends IResource {
  /** Name at the service, by which agents request its credentials. */
  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
}

export interface ApiKeyCredentialProviderProps extends CredentialProviderProps {
  /** The key, in AWS Secrets Manager. */
  readonly apiKey: SecretSource;
}

const PROPS: PropNames<ApiKeyCredentialProviderProps> = { ...PROVIDER_PROPS, apiKey: 'required' };

const KIND: GovernedResourceKind = {
  type: 'Custom::AgentIdentityApiKeyCredentialProvider',
  noun: 'apikeycredentialprovider',
  longestName: 128,
  nameSchema: OPERATIONS.GetApiKeyCredentialProvider.input.entries.name,
};

/**
 * @example
 * const weather = new ApiKeyCredentialProvider(this, 'Weather', {
 *   identity,
 *   apiKey: Secret.fromSecretNameV2(this, 'WeatherKey', 'weather-key').secretValue,
 * });
 * weather.allowUseBy(agent);
 */
export class ApiKeyCredentialProvider extends Resource implements IApiKeyCredentialProvider, ITaggableV2 {
  /**
   * Returns an existing provider of this account and Region.
   *
   * @param credentialProviderName at the service
   */
  static fromCredentialProviderName(
    scope: Construct,
    id: string,
    credentialProviderName: string,
  ): IApiKeyCredentialProvider {
    return new ExistingProvider(scope, id, KIND, credentialProviderName);
  }

  readonly credentialProviderName: string;
  readonly credentialProviderArn: string;
  /** ARN of the IAM role that owns the provider. */
  readonly ownerArn: string;
  /** ARN of the secret that the service reads: in its own vault, or in AWS Secrets Manager when it is external. */
  readonly apiKeySecretArn: string;
  readonly cdkTagManager: TagManager;
  /**
   * The name, known when the stack is synthesized unless the props have a reference.
   * @internal
   */
  readonly _givenName: string;
  private readonly use = new ProviderUse(this, 'GetResourceApiKey');

  constructor(scope: Construct, id: string, props: ApiKeyCredentialProviderProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.credentialProviderName,
      displayName: props.displayName,
      configuration: {},
      statements: () => this.use.statements(),
      secret: (resources) => bindSecret(props.apiKey, this, resources),
      secretVersion: props.secretVersion,
    });
    this._givenName = created.givenName;
    this.credentialProviderName = created.name;
    this.credentialProviderArn = created.arn;
    this.ownerArn = created.ownerArn;
    this.apiKeySecretArn = created.attribute('ApiKeySecretArn');
    this.cdkTagManager = created.tags;
  }

  /**
   * Allows an agent to get this key: the provider's resource policy names the agent's workload identity and its owner.
   * The agent's role also needs `workload.grantActAs`, which allows it to call the operation.
   * About 60 agents fit into the policy.
   *
   * @param workload the agent's workload identity
   */
  allowUseBy(workload: IWorkloadIdentity): void {
    this.use.allow(workload);
  }

  /**
   * Allows a gateway to attach this key.
   *
   * @internal
   */
  _allowUser(user: ProviderUser): void {
    this.use.allowUser(user);
  }
}
