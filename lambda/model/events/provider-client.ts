/**
 * The calls of the `provider-client` function. They contain no tokens of users, and no secrets, except those with which a
 * client is registered for the caller, who waits for the result.
 */
import * as v from 'valibot';
import type { Of } from '../of';
import {
  CLIENT_REGISTRATIONS,
  type ClientSecretMethod,
  type PUBLIC_CLIENT,
  type PUBLISHED_KEY,
  type RegistrationMember,
} from '../provider/client';
import type { ClientMetadata } from '../provider/published-key';
import type { ProtectedResource } from '../provider/record';
import { GrantIdSchema } from '../records/grant';
import type { ClientManagement } from '../records/outbox-content';
import type { Callee } from './calls';

const strings = v.array(v.string());

const RenewalSchema = v.object({
  /** ARN of the IAM principal that requested the token. */
  principal: v.string(),
  workloadName: v.string(),
  providerName: v.string(),
  grantId: GrantIdSchema,
  /** The holder of the lease. */
  holder: v.string(),
  flow: v.picklist(['USER_FEDERATION', 'M2M']),
  scopes: strings,
  resources: strings,
  audiences: strings,
});

/** A renewal for the holder of the lease. */
export interface RenewalRequest extends Of<typeof RenewalSchema> {}

const Named = v.object({ name: v.string(), id: v.string() });

const PushSchema = v.object({
  workload: Named,
  provider: Named,
  /** Digest of the client and its authorization server when the session began. */
  client: v.string(),
  /** Names and values, in order; some are repeated. */
  parameters: v.array(v.strictTuple([v.string(), v.string()])),
});

export interface PushRequest extends Of<typeof PushSchema> {}

const RegistrationSchema = v.object({
  discoveryUrl: v.string(),
  /** Last segment of the callback URL: the function itself builds the redirect URI, whichever function asks. */
  callbackId: v.pipe(v.string(), v.uuid()),
  initialAccessToken: v.exactOptional(v.string()),
  clientRegistration: v.exactOptional(v.picklist(CLIENT_REGISTRATIONS)),
  authorizationServer: v.exactOptional(v.string()),
  endpointOrigins: v.exactOptional(strings),
});

/** The client that a provider needs. */
export interface RegistrationRequest extends Of<typeof RegistrationSchema> {}

export const PROVIDER_CLIENT_CALLS = {
  renew: RenewalSchema,
  push: PushSchema,
  discover: v.object({ discoveryUrl: v.string(), authorizationServer: v.exactOptional(v.string()) }),
  register: RegistrationSchema,
};

/** The reference with which the browser is redirected (RFC 9126 section 2.2). */
export interface PushedRequest {
  readonly requestUri: string;
  /** Lifetime in seconds. */
  readonly expiresIn: number;
}

/** A client as a server registered it, or as a metadata document of this service describes it. */
export interface NewClient {
  readonly clientId: string;
  readonly clientAuthenticationMethod: ClientSecretMethod | typeof PUBLIC_CLIENT | typeof PUBLISHED_KEY;
  /** The private key for the key that a document publishes. */
  readonly clientSecret?: string;
  /** Absent if the server does not let clients delete themselves. */
  readonly management?: ClientManagement;
  /** Present if a document describes the client. */
  readonly metadataDocument?: ClientMetadata;
}

export interface RegisteredClient {
  readonly protectedResource: ProtectedResource;
  /** Absent if the authorization server or its endpoints are not the expected ones: then, nothing was registered. */
  readonly client?: NewClient;
}

/**
 * Why a discovery or a registration failed. The detail contains no text of the server, except its words about a failed
 * registration.
 */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly unavailable: boolean;
  /** Seconds after which the server accepts a retry. */
  readonly retryAfter?: number;
  /** The member of the configuration that the owner sets or corrects; by default, the discovery URL. */
  readonly member?: RegistrationMember;
  /** The server that failed. */
  readonly host?: string;
}

/** A renewal has no result: it is stored in the grant. */
export type ProviderClientCallee = Callee<
  typeof PROVIDER_CLIENT_CALLS,
  {
    readonly push:
      { readonly pushed: PushedRequest } | { readonly failure: Pick<Failure, 'code' | 'unavailable'> };
    readonly discover: { readonly protectedResource: ProtectedResource } | { readonly failure: Failure };
    readonly register: { readonly registered: RegisteredClient } | { readonly failure: Failure };
  }
>;
