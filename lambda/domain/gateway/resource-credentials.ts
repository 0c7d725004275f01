/** The credentials that the gateway gets from the identity service, as an agent does. */
import type { Flow } from '../../model/flow';
import type { OutstandingConsent } from './problem';

/** What selects a token. */
export interface TokenSelection {
  readonly workloadIdentityToken: string;
  readonly resourceCredentialProviderName: string;
  readonly scopes: readonly string[];
  readonly oauth2Flow: Flow;
  readonly customParameters?: Readonly<Record<string, string>>;
}

export interface TokenRequest extends TokenSelection {
  readonly resourceOauth2ReturnUrl?: string;
  /** Where the token is going to be sent: a token for one resource goes to no other server. */
  readonly resourceServerUrl: string;
}

export interface ResourceToken {
  readonly accessToken: string;
  /** Present if the token is bound to a key. */
  readonly tokenType?: 'DPoP' | undefined;
}

/** The request that a proof is for. */
export interface ProvenRequest {
  readonly httpMethod: string;
  /** Without a query. */
  readonly httpUri: string;
  readonly nonce?: string | undefined;
}

/** Every error is a ServiceError with a message for the caller of the gateway. */
export interface ResourceCredentials {
  token(request: TokenRequest): Promise<ResourceToken | OutstandingConsent>;
  /** Reports that the target rejected a token, and returns the next one. */
  reject(request: TokenRequest, rejectedAccessToken: string): Promise<ResourceToken | OutstandingConsent>;
  /** Returns a DPoP proof, and the token that it is for, which can be newer. */
  proof(
    selection: TokenSelection,
    request: ProvenRequest,
  ): Promise<{ readonly accessToken: string; readonly dpopProof: string }>;
  apiKey(workloadIdentityToken: string, providerName: string): Promise<string>;
}
