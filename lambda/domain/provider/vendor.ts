/**
 * The definition of a vendor: its endpoints, and its differences from a plain RFC 6749 server. Everything else is as in
 * the RFCs. vendors.ts contains the vendors.
 */
import {
  type CLIENT_AUTHENTICATION_METHODS,
  type ClientAuthenticationMethod,
  type ClientSecretMethod,
  PUBLIC_CLIENT,
  PUBLISHED_KEY,
} from '../../model/provider/client';
import type { Oauth2ProviderConfig } from '../../model/provider/configuration';
import type { OnBehalfOfConfig } from '../../model/provider/on-behalf-of';
import type { RevocationReach } from '../../model/records/revocation-outbox';

/** Returns the method as the API has it; undefined for a public client. */
export function statedMethod(
  method: ClientAuthenticationMethod,
): (typeof CLIENT_AUTHENTICATION_METHODS)[number] | undefined {
  if (method === PUBLIC_CLIENT) return undefined;
  return method === PUBLISHED_KEY ? 'PRIVATE_KEY_JWT' : method;
}

export const usesSecret = (method: ClientAuthenticationMethod): method is ClientSecretMethod =>
  method === 'CLIENT_SECRET_BASIC' || method === 'CLIENT_SECRET_POST';

/** Whether the token vault can have a credential of the client: a secret, or the key that its document publishes. */
export const hasStoredCredential = (method: ClientAuthenticationMethod): boolean =>
  usesSecret(method) || method === PUBLISHED_KEY;

/** An authorization server with the same endpoints for all customers. */
export interface FixedServer {
  /** The vendor's issuer where it has one, and else its origin: what an `iss` in its response must be (RFC 9207). */
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
}

/** How a token endpoint's response departs from RFC 6749 section 5. */
export interface ResponseDepartures {
  /** Member that holds the tokens where there are none at the top. */
  readonly tokensIn?: string;
  /** Path of the error code, where it is not a text in `error`. */
  readonly errorAt?: readonly string[];
  /** The vendor's error codes in the words of RFC 6749 section 5.2; others are passed on as they are. */
  readonly errorCodes?: Readonly<Record<string, string>>;
  /**
   * Seconds that an access token is taken to live when the vendor does not say and gave a refresh token: without
   * one, all that could be done at the end of it is to ask the user again.
   */
  readonly assumedLifetime?: number;
}

/** A vendor's built-in exchange, with additional parameters that an agent can override. */
export interface BuiltInOnBehalfOf {
  readonly config: OnBehalfOfConfig;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * How a vendor revokes tokens: its differences from RFC 7009. Without an endpoint here, the revocation endpoint of the
 * server's metadata is used.
 */
export interface VendorRevocation {
  readonly reach: RevocationReach;
  /** URL reference, relative to the token endpoint (RFC 3986 section 5); `{client_id}` is replaced. */
  readonly endpoint?: string;
  /** Introspection endpoint (RFC 7662), where no metadata has it: also a URL reference. */
  readonly introspection?: string;
  /** In place of POST. */
  readonly method?: 'DELETE';
  /**
   * The tokens to send. Default: the refresh token and then the access token (RFC 7009 section 2.1). `one`: the refresh
   * token, or the access token if there is none, because either one ends both.
   */
  readonly sends?: 'one' | 'refresh-token' | 'access-token';
  /** In place of a form: a JSON object, or no body and the token in the `Authorization` field (RFC 6750 section 2.1). */
  readonly body?: 'json' | 'bearer';
  /** Name of the token's parameter. Default: `token`. */
  readonly parameter?: 'access_token';
  /** Whether the vendor documents `token_type_hint`. */
  readonly typeHint?: true;
  /** Default: as at the token endpoint. `client-id` is a client without proof, and `none` names no client. */
  readonly authentication?: ClientSecretMethod | 'client-id' | 'none';
  /** Differences in its responses. The error code `invalid_token` means that the token is already revoked. */
  readonly response?: ResponseDepartures;
  /** Status of the response for a token that is already revoked. */
  readonly deadStatus?: 401 | 404;
  /** Whether access tokens stay valid until they expire. */
  readonly accessTokenLives?: true;
  /** Whether the endpoint is not documented: if it rejects the request, the vendor has no way to revoke. */
  readonly undocumented?: true;
  /** Where users remove the access themselves. */
  readonly userRemoves?: string;
}

export interface Vendor {
  /** Member of the AWS type `Oauth2ProviderConfigInput`. */
  readonly configMember: keyof Oauth2ProviderConfig;
  /** Where its endpoints are: in one place, at the operator's own tenant, or at a Microsoft Entra tenant. */
  readonly server: FixedServer | 'stated' | 'entra-tenant';
  /** Authorization request parameters that it needs; an agent's own may override them. */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /** Whether an authorization request names a device (`device_id`, `device_name`), which is new for each session. */
  readonly device?: true;
  /** Between scopes in the authorization request; a space by RFC 6749 section 3.3. */
  readonly scopeSeparator?: ',';
  /** False for a server that refuses PKCE (RFC 7636) from clients with a secret. */
  readonly pkce?: false;
  /** Error codes of an authorization response that mean what `access_denied` means: the person declined. */
  readonly declinedErrors?: readonly string[];
  readonly clientAuthentication: ClientSecretMethod;
  /** For the client credentials grant, where it differs. */
  readonly machineAuthentication?: ClientSecretMethod;
  /** False where an application gets no token for itself by client credentials (RFC 6749 section 4.4). */
  readonly clientCredentials?: false;
  /** How it exchanges a user's own token, at a vendor that needs no configuration for it. */
  readonly onBehalfOf?: BuiltInOnBehalfOf;
  /** The token request as a JSON object instead of a form. */
  readonly jsonTokenRequest?: true;
  /** Additional header fields that its token endpoint requires. */
  readonly tokenRequestHeaders?: Readonly<Record<string, string>>;
  /** Differences in its responses; absent if its responses need no conversion. */
  readonly response?: ResponseDepartures;
  /** How it revokes tokens. */
  readonly revocation: VendorRevocation;
}
