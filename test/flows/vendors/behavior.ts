/**
 * The behavior of a vendor's server, from the vendor's side: what it requires in a request and how it responds. Nothing
 * here is taken from the catalog under test.
 */
import type {
  CredentialProviderVendorType,
  Oauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';

export interface IssuedTokens {
  readonly access: string;
  readonly refresh: string;
  readonly scopes: readonly string[];
  readonly grant: string;
}

export interface Refusal {
  readonly status: number;
  readonly body: unknown;
}

/** Where a server expects the client's credentials. */
export type Credentials = 'basic' | 'post';

export interface VendorBehavior {
  readonly vendor: CredentialProviderVendorType;
  /** The provider's configuration for a client, with the address of a tenant's server. */
  readonly config: (client: Client, server: string) => Oauth2ProviderConfigInput;
  /** Whether the vendor has one address for all customers, instead of a configured one. */
  readonly fixed: boolean;
  readonly scopes: readonly string[];
  /** Additional parameters of the authorization request, and the vendor's form of the scopes. */
  readonly authorization: Readonly<Record<string, string>>;
  /** Whether it supports RFC 7636; otherwise, it rejects the parameters. */
  readonly pkce: boolean;
  /** The `iss` in its response (RFC 9207). */
  readonly iss?: string;
  readonly credentials: Credentials;
  /** How an application gets its own token; absent if it cannot. */
  readonly machine?: Credentials;
  /** The required format of a token request's body; a form when absent. */
  readonly body?: 'json';
  /** Required header fields of a token request. */
  readonly headers?: readonly string[];
  /** The successful response; a string is sent as a form. */
  readonly tokens: (issued: IssuedTokens) => object | string;
  /** The stored scopes, if the vendor's response does not contain the requested scopes. */
  readonly granted?: readonly string[];
  /** Seconds after which an access token is refreshed; absent if it does not expire. */
  readonly lifetime?: number;
  readonly refreshes: boolean;
  readonly refusals: { readonly code: Refusal; readonly refresh: Refusal; readonly client: Refusal };
}

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Exactly RFC 6749 section 5.1. */
export const plainTokens = ({ access, refresh, scopes, grant }: IssuedTokens): object => ({
  access_token: access,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: scopes.join(' '),
  ...(grant !== 'client_credentials' && { refresh_token: refresh }),
});

/** An ID token of an unknown issuer: this service does not need it, and must ignore it. */
export const idToken = [{ alg: 'RS256' }, { iss: 'https://another-tenant.example', sub: 'x', aud: 'y' }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

/** A vendor's own text, which must not reach any caller. */
export const OWN_WORDS = 'words-of-the-vendor-alone';

const oauthError = (status: number, error: string): Refusal => ({
  status,
  body: { error, error_description: OWN_WORDS },
});

/** Exactly RFC 6749 section 5.2. */
export const plainRefusals = {
  code: oauthError(400, 'invalid_grant'),
  refresh: oauthError(400, 'invalid_grant'),
  client: oauthError(401, 'invalid_client'),
};
