/** The props of an OAuth client at a vendor (./oauth2-vendor.ts). */
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { INCLUDED_VENDORS } from '../../lambda/domain/provider/included-vendors';
import type { SecretSource } from './credential-provider';
import type { PrivateEndpoint, PrivateEndpointOverride } from './private-endpoint';

/** A client that is registered at the vendor, with the callback URL of the credential provider. */
export interface OAuth2Client {
  readonly clientId: string;
  /** In AWS Secrets Manager. */
  readonly clientSecret: SecretSource;
}

/** A client at Microsoft Entra ID. */
export interface MicrosoftOAuth2Client extends OAuth2Client {
  /**
   * Id or domain name of the Entra tenant.
   * @default common
   */
  readonly tenantId?: string;
}

/** The endpoints of an authorization server, with the members of the AWS type `Oauth2AuthorizationServerMetadata`. */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /**
   * Must include `code`.
   * @default - `code`
   */
  readonly responseTypes?: string[];
  /**
   * Replaced by `clientAuthenticationMethod`.
   * @default - by `clientAuthenticationMethod`
   */
  readonly tokenEndpointAuthMethods?: string[];
}

/** A token exchange (RFC 8693), with the members of the AWS type `TokenExchangeGrantTypeConfigType`. */
export interface TokenExchangeGrantType {
  /** What proves the agent: nothing, its own access token by client credentials, or a JSON Web Token of AWS. */
  readonly actorTokenContent: 'NONE' | 'M2M' | 'AWS_IAM_ID_TOKEN_JWT';
  /**
   * Scopes of the actor's own token, for `M2M` only.
   * @default - none
   */
  readonly actorTokenScopes?: string[];
  /**
   * Type of the user token in the exchange.
   * @default - determined from each user token
   */
  readonly subjectTokenType?: 'ACCESS_TOKEN' | 'ID_TOKEN' | 'JWT';
}

/** How the client authenticates for an exchange, with the members of the AWS type `OnBehalfOfAuthenticationConfig`. */
export interface OnBehalfOfAuthentication {
  /** The request contains neither the client ID nor a proof of the client: the server decides by the tokens alone. */
  readonly clientAuthenticationMethod: 'NO_CLIENT';
}

/** Where an identity assertion comes from. AWS has no such type. */
export interface IdentityAssertion {
  /**
   * Name of the credential provider that is the client at the user's identity provider, such as
   * `identityProvider.credentialProviderName`. It has the same owner, and an `onBehalfOfTokenExchange` with the grant type
   * `TOKEN_EXCHANGE`.
   */
  readonly credentialProviderName: string;
}

/** How a user token is exchanged, with the members of the AWS type `OnBehalfOfTokenExchangeConfigType`. */
export interface OnBehalfOfTokenExchange {
  /**
   * A token exchange (RFC 8693), or a JWT as the authorization grant (RFC 7523): the user token itself, or an identity
   * assertion that the user's identity provider issues for the ID token (cross-app access).
   */
  readonly grantType: 'TOKEN_EXCHANGE' | 'JWT_AUTHORIZATION_GRANT' | 'IDENTITY_ASSERTION';
  /**
   * For `TOKEN_EXCHANGE` only.
   * @default - a token exchange without an actor
   */
  readonly tokenExchangeGrantTypeConfig?: TokenExchangeGrantType;
  /**
   * For `IDENTITY_ASSERTION` only, which requires it.
   * @default - none
   */
  readonly identityAssertionConfig?: IdentityAssertion;
  /**
   * @default - the client authenticates as for all other requests
   */
  readonly onBehalfOfAuthenticationConfig?: OnBehalfOfAuthentication;
}

/** A signing key in AWS KMS. */
export interface KmsKeySource {
  /**
   * ARN of an asymmetric key of this account and Region, such as `key.keyArn`. The key needs the tag
   * `agent-identity:owner` with the provider's `ownerArn`.
   */
  readonly kmsKeyArn: string;
}

/** Where the signing key is. */
export interface PrivateKeySource {
  /**
   * @default - none
   */
  readonly kmsKeySource?: KmsKeySource;
}

/** How the client's assertions are signed (RFC 7523), with the members of the AWS type `PrivateKeyJwtConfig`. */
export interface PrivateKeyJwt {
  /**
   * @default - none
   */
  readonly privateKeySource?: PrivateKeySource;
  /**
   * @default - none
   */
  readonly signingAlgorithm?: 'RS256' | 'PS256' | 'ES256';
  /**
   * @default - none
   */
  readonly additionalHeaderClaims?: Readonly<Record<string, string>>;
  /**
   * With `OAuth2Vendor.mcp`, an `aud` must be the issuer of the authorization server, or below it.
   *
   * @default - none
   */
  readonly additionalPayloadClaims?: Readonly<Record<string, string>>;
}

/** A client at any authorization server. */
export interface CustomOAuth2Client {
  /**
   * Address of the server's metadata: `…/.well-known/openid-configuration` or
   * `…/.well-known/oauth-authorization-server`, optionally with the issuer's path after it (RFC 8414, section 3.1). For an
   * MCP server, use `OAuth2Vendor.mcp`.
   * @default - `authorizationServerMetadata`
   */
  readonly discoveryUrl?: string;
  /**
   * Endpoints of a server that publishes no metadata.
   * @default - discovered at `discoveryUrl`
   */
  readonly authorizationServerMetadata?: AuthorizationServerMetadata;
  /**
   * @default - none: the client's assertions identify it
   */
  readonly clientId?: string;
  /**
   * In AWS Secrets Manager.
   * @default - none: the client authenticates by `clientAuthenticationMethod`; without it, it is a public client
   */
  readonly clientSecret?: SecretSource;
  /**
   * How the client authenticates at the token endpoint.
   * @default - CLIENT_SECRET_BASIC with a client secret; without one, the client is public
   */
  readonly clientAuthenticationMethod?:
    'CLIENT_SECRET_BASIC' | 'CLIENT_SECRET_POST' | 'AWS_IAM_ID_TOKEN_JWT' | 'PRIVATE_KEY_JWT';
  /**
   * How a user token is exchanged for a token of this server.
   * @default - user tokens cannot be exchanged
   */
  readonly onBehalfOfTokenExchange?: OnBehalfOfTokenExchange;
  /**
   * The key that signs the client's assertions, for PRIVATE_KEY_JWT.
   * @default - none
   */
  readonly privateKeyJwt?: PrivateKeyJwt;
  /**
   * A secret whose text is 1 to 10 certificates of private certificate authorities, in PEM form. Requests to the server
   * trust them instead of the public authorities. It is `certificateConfigurations` of the API. The secret gets the tag
   * with which the service can read it for providers of this stack. For a secret of another stack or app, set this tag
   * yourself: `agent-identity:owner` = `certificates/` and the provider's `ownerArn`. A customer managed key must allow
   * the service's functions to decrypt.
   * @default - the public certificate authorities
   */
  readonly caCertificates?: ISecret | Secret;
  /**
   * An object in Amazon S3 with these certificates, instead of a secret. It must exist before the deployment, in a bucket
   * of the service's account. CloudFormation does not tag objects, so set this tag yourself: `agent-identity:owner` =
   * `certificates/` and the provider's `ownerArn`. The bucket's policy and a customer managed key must allow the service's
   * functions to read the object.
   * @default - the public certificate authorities
   */
  readonly caCertificatesObject?: CaCertificatesObject;
  /**
   * How the service reaches all hosts of the server that no override names. Without it, the service connects to the
   * addresses of their names, and `privateDestinations` of the service is enough for private ones.
   * @default - by the addresses of their names
   */
  readonly privateEndpoint?: PrivateEndpoint;
  /**
   * How the service reaches hosts of the server: up to 5.
   * @default - all hosts by `privateEndpoint`
   */
  readonly privateEndpointOverrides?: PrivateEndpointOverride[];
  /**
   * Binds the access tokens to keys. The authorization server must issue bound tokens to this client.
   * @default - bearer tokens
   */
  readonly dpop?: Dpop;
  /**
   * How the service provides the client, for the discovery URL of a protected resource without a client ID.
   * @default - by a client ID metadata document if the authorization server reads them, and by registration otherwise
   */
  readonly clientRegistration?: 'METADATA_DOCUMENT' | 'DYNAMIC';
}

/** Access tokens that are bound to keys (DPoP, RFC 9449). */
export interface Dpop {
  /**
   * URLs of the resources that agents get proofs for, each with all paths below it. They must not include the
   * authorization server's endpoints.
   * @default - the protected resource, if `discoveryUrl` is that of one; otherwise, the URLs are required
   */
  readonly resourceUrls?: string[];
}

/** A client for an MCP server, at the authorization server that the MCP server names. */
export interface McpOAuth2Client {
  /**
   * @default - the service provides a client when the stack is deployed, by `clientRegistration`
   */
  readonly clientId?: string;
  /**
   * Initial access token in AWS Secrets Manager, for an authorization server that registers clients only with one. The
   * deployment reads it, and the service does not store it.
   * @default - the authorization server registers clients without a token
   */
  readonly initialAccessToken?: SecretSource;
  /**
   * How the service provides the client: by a client ID metadata document, which is a public document of the service, or
   * by dynamic registration (RFC 7591).
   * @default - by a document if the authorization server reads them, and by registration otherwise
   */
  readonly clientRegistration?: 'METADATA_DOCUMENT' | 'DYNAMIC';
  /**
   * Issuer of the authorization server that the MCP server must name, exactly as in its `authorization_servers`. If it
   * names another one later, a deployment with the new issuer confirms the change. Keep it in the template then: later
   * deployments without it fail.
   * @default - the one that the MCP server names when the provider is created. Required with `clientSecret` or
   *   `initialAccessToken`, which only this server gets
   */
  readonly authorizationServer?: string;
  /**
   * Origins of this authorization server's authorization endpoint and token endpoint, such as `https://login.example`. If
   * its metadata has endpoints at another origin later, a deployment with the new origins confirms the change.
   * @default - those in its metadata when the provider is created; for another authorization server later, those that the
   *   provider had there before, or the origin of the issuer
   */
  readonly endpointOrigins?: string[];
  /**
   * In AWS Secrets Manager.
   * @default - none: the client is public
   */
  readonly clientSecret?: SecretSource;
  /**
   * How the client authenticates at the token endpoint, with a client secret.
   * @default CLIENT_SECRET_BASIC
   */
  readonly clientAuthenticationMethod?: 'CLIENT_SECRET_BASIC' | 'CLIENT_SECRET_POST';
  /**
   * Binds the access tokens to keys (DPoP, RFC 9449), even if the server's metadata does not require it. Agents get proofs
   * for this server alone.
   * @default false
   */
  readonly dpop?: boolean;
}

/** Certificates of private certificate authorities in Amazon S3. */
export interface CaCertificatesObject {
  readonly bucket: IBucket | Bucket;
  /** Key of the object in the bucket. */
  readonly objectKey: string;
}

/** A client at a vendor where the operator might have a tenant. */
export interface IncludedOAuth2Client extends OAuth2Client {
  /**
   * Issuer of the operator's tenant.
   * @default - the vendor's only issuer
   */
  readonly issuer?: string;
  /**
   * @default - discovered
   */
  readonly authorizationEndpoint?: string;
  /**
   * @default - discovered
   */
  readonly tokenEndpoint?: string;
}

/** Vendors under one member of the AWS configuration. */
export type IncludedVendorName = keyof typeof INCLUDED_VENDORS;
