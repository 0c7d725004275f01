/** Which credential a gateway attaches, with the names of the AWS constructs of AgentCore Gateway. */
import type {
  ApiKeyTargetCredential,
  CredentialProviderConfiguration,
  IamTargetCredential,
  OauthTargetCredential,
} from '../../lambda/model/gateway/target-configuration';
import { ApiKeyCredentialProvider, type IApiKeyCredentialProvider } from './api-key-credential-provider';
import { OAuth2CredentialProvider, type IOAuth2CredentialProvider } from './oauth2-credential-provider';

/** How a gateway gets access tokens for a target. */
export interface OauthIdentityProps {
  /**
   * Scopes of the access token: up to 100.
   * @default - the default scopes of the authorization server
   */
  readonly scopes?: string[];
  /**
   * `AUTHORIZATION_CODE` for access that the user consents to, `CLIENT_CREDENTIALS` for access of the agent itself, and
   * `TOKEN_EXCHANGE` for a token that the authorization server issues for the user token.
   * @default CLIENT_CREDENTIALS
   */
  readonly grantType?: 'AUTHORIZATION_CODE' | 'CLIENT_CREDENTIALS' | 'TOKEN_EXCHANGE';
  /**
   * Where the browser returns after a consent, unless the caller sends a return URL. Only with `AUTHORIZATION_CODE`.
   * @default - the caller must send a return URL
   */
  readonly defaultReturnUrl?: string;
  /**
   * Further parameters of the authorization request or the token request: up to 10.
   * @default - none
   */
  readonly customParameters?: Readonly<Record<string, string>>;
}

/** The name of the header or the query parameter of an API key, and what precedes the key. */
export interface ApiKeyAdditionalConfiguration {
  /**
   * Name of the header, or of the query parameter.
   * @default - `Authorization` for a header, `api_key` for a query parameter
   */
  readonly credentialParameterName?: string;
  /**
   * Text before the key, without the space between them.
   * @default - `Bearer` in the header `Authorization`, and otherwise none
   */
  readonly credentialPrefix?: string;
}

/** Where an API key is in a request. */
export class ApiKeyCredentialLocation {
  /** In a header. */
  static header(config: ApiKeyAdditionalConfiguration = {}): ApiKeyCredentialLocation {
    return new ApiKeyCredentialLocation('HEADER', config);
  }

  /** In a query parameter. */
  static queryParameter(config: ApiKeyAdditionalConfiguration = {}): ApiKeyCredentialLocation {
    return new ApiKeyCredentialLocation('QUERY_PARAMETER', config);
  }

  private constructor(
    /** @internal */
    readonly _location: 'HEADER' | 'QUERY_PARAMETER',
    /** @internal */
    readonly _config: ApiKeyAdditionalConfiguration,
  ) {}
}

/** Where a gateway puts the API key of a target. */
export interface ApiKeyIdentityProps {
  /**
   * Where the key is in a request.
   * @default ApiKeyCredentialLocation.header()
   */
  readonly credentialLocation?: ApiKeyCredentialLocation;
}

/** What the role of a gateway signs for. */
export interface IamRoleProps {
  /** Signing name of the service that verifies the signature, such as `execute-api`. */
  readonly service: string;
  /**
   * Region of this service.
   * @default - the Region of the deployment
   */
  readonly region?: string;
}

/** The member of the API for each type of credential; undefined for a type that has none. */
export const CREDENTIAL_MEMBERS = {
  OAUTH: 'oauthCredentialProvider',
  API_KEY: 'apiKeyCredentialProvider',
  GATEWAY_IAM_ROLE: 'iamCredentialProvider',
  JWT_PASSTHROUGH: undefined,
} as const satisfies Record<CredentialProviderConfiguration['credentialProviderType'], string | undefined>;

type Provider = IOAuth2CredentialProvider | IApiKeyCredentialProvider;

/** Returns the name without a reference to the resource: the environment of a function has it. */
const nameOf = (provider: Provider): string =>
  provider instanceof OAuth2CredentialProvider || provider instanceof ApiKeyCredentialProvider
    ? provider._givenName
    : provider.credentialProviderName;

/** A credential as the custom resource states it: the function adds the ARN of the provider. */
type Stated =
  | ({ readonly type: 'OAUTH' } & Omit<OauthTargetCredential, 'providerArn'>)
  | ({ readonly type: 'API_KEY' } & Omit<ApiKeyTargetCredential, 'providerArn'>)
  | ({ readonly type: 'GATEWAY_IAM_ROLE' } & IamTargetCredential)
  | { readonly type: 'JWT_PASSTHROUGH' };

/** The credential that a gateway attaches to the requests to a target. */
export class GatewayCredentialProvider {
  /**
   * An access token of an OAuth2 credential provider. The gateway can use the provider; the agents that call need
   * `provider.allowUseBy` too.
   */
  static fromOauthIdentity(
    provider: IOAuth2CredentialProvider,
    props: OauthIdentityProps = {},
  ): GatewayCredentialProvider {
    const { scopes = [], ...others } = props;
    return new GatewayCredentialProvider({ type: 'OAUTH', scopes, ...others }, provider);
  }

  /**
   * The key of an API-key credential provider. The gateway can use the provider; the agents that call need
   * `provider.allowUseBy` too.
   */
  static fromApiKeyIdentity(
    provider: IApiKeyCredentialProvider,
    props: ApiKeyIdentityProps = {},
  ): GatewayCredentialProvider {
    const { credentialLocation = ApiKeyCredentialLocation.header() } = props;
    const stated = { credentialLocation: credentialLocation._location, ...credentialLocation._config };
    return new GatewayCredentialProvider({ type: 'API_KEY', ...stated }, provider);
  }

  /** A signature (AWS Signature Version 4) with the `role` of the gateway. All callers of the target have its permissions. */
  static fromIamRole(props: IamRoleProps): GatewayCredentialProvider {
    return new GatewayCredentialProvider({ type: 'GATEWAY_IAM_ROLE', ...props });
  }

  /**
   * The user token of the caller, for a gateway whose callers have user tokens. The target can use the token as the user. The
   * service must have `jwtPassthrough` in its `gateways`.
   */
  static jwtPassthrough(): GatewayCredentialProvider {
    return new GatewayCredentialProvider({ type: 'JWT_PASSTHROUGH' });
  }

  /** Name of the provider at the service. @internal */
  readonly _providerName?: string;

  private constructor(
    /** @internal */
    readonly _stated: Stated,
    /** @internal */
    readonly _provider?: Provider,
  ) {
    if (_provider) this._providerName = nameOf(_provider);
  }
}
