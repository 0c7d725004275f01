/**
 * What a vendor's own server does, written down from the vendor's side: what it wants in a request and how it
 * answers. Nothing here is taken from the catalogue under test.
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

/** Where a server finds the client's credentials. */
export type Credentials = 'basic' | 'post';

export interface VendorBehavior {
  readonly vendor: CredentialProviderVendorType;
  /** The provider's configuration for a client; for a tenant's server, where it is. */
  readonly config: (client: Client, server: string) => Oauth2ProviderConfigInput;
  /** Whether the vendor is in one place for everyone, rather than where the configuration says. */
  readonly fixed: boolean;
  readonly scopes: readonly string[];
  /** Parameters of the authorization request beside the standard ones, scopes as this vendor reads them. */
  readonly authorization: Readonly<Record<string, string>>;
  /** Whether it knows RFC 7636; one that does not refuses the parameters. */
  readonly pkce: boolean;
  /** The `iss` that it adds to its answer (RFC 9207). */
  readonly iss?: string;
  readonly credentials: Credentials;
  /** How an application authenticates for itself; absent where it cannot. */
  readonly machine?: Credentials;
  /** What a token request's body has to be; a form when absent. */
  readonly body?: 'json';
  /** Header fields without which a token request is turned away. */
  readonly headers?: readonly string[];
  /** The successful answer; a text is sent as a form. */
  readonly tokens: (issued: IssuedTokens) => object | string;
  /** Scopes as stored, where the vendor's answer does not name those asked for. */
  readonly granted?: readonly string[];
  /** Seconds after which an access token is refreshed; absent where it does not end. */
  readonly lifetime?: number;
  readonly refreshes: boolean;
  readonly refusals: { readonly code: Refusal; readonly refresh: Refusal; readonly client: Refusal };
}

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** RFC 6749 section 5.1, to the letter. */
export const plainTokens = ({ access, refresh, scopes, grant }: IssuedTokens): object => ({
  access_token: access,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: scopes.join(' '),
  ...(grant !== 'client_credentials' && { refresh_token: refresh }),
});

/** An ID token of an issuer that no one here knows: this service does not ask who signed in, and must not stumble. */
export const idToken = [{ alg: 'RS256' }, { iss: 'https://another-tenant.example', sub: 'x', aud: 'y' }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

/** What a vendor says in its own words, and what must reach no one. */
export const OWN_WORDS = 'words-of-the-vendor-alone';

const oauthError = (status: number, error: string): Refusal => ({
  status,
  body: { error, error_description: OWN_WORDS },
});

/** RFC 6749 section 5.2, to the letter. */
export const plainRefusals = {
  code: oauthError(400, 'invalid_grant'),
  refresh: oauthError(400, 'invalid_grant'),
  client: oauthError(401, 'invalid_client'),
};
