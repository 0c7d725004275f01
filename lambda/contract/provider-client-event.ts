/**
 * Events and results of the `provider-client` function. lambda/adapters/lambda/invoke.ts says how they can change between
 * versions. They contain no tokens of users, and no secrets, except those with which a client is registered for the caller,
 * who waits for the result.
 */
import type { ProtectedResource } from '../model/provider/record';
import { CLIENT_REGISTRATIONS } from '../model/provider/client';
import * as v from 'valibot';
import type { Of } from '../model/of';
import type { PushRequest } from '../domain/consent/push';
import type { PushedRequest } from '../domain/oauth/pushed-authorization';
import type { RegisteredClient } from '../domain/provider/resolve-client';
import type { RegistrationMember } from '../domain/provider/provided-client';
import type { RenewalRequest } from '../domain/grant/background-renewal';

const strings = v.pipe(v.array(v.string()), v.readonly());

const Renewal = v.object({
  principal: v.string(),
  workloadName: v.string(),
  providerName: v.string(),
  grantId: v.object({ workloadId: v.string(), userHash: v.string(), target: v.string() }),
  holder: v.string(),
  flow: v.picklist(['USER_FEDERATION', 'M2M']),
  scopes: strings,
  resources: strings,
  audiences: strings,
}) satisfies v.GenericSchema<unknown, RenewalRequest>;

const Named = v.object({ name: v.string(), id: v.string() });

const Push = v.object({
  workload: Named,
  provider: Named,
  client: v.string(),
  parameters: v.pipe(v.array(v.pipe(v.strictTuple([v.string(), v.string()]), v.readonly())), v.readonly()),
}) satisfies v.GenericSchema<unknown, PushRequest>;

const Discover = v.object({
  discoveryUrl: v.string(),
  authorizationServer: v.exactOptional(v.string()),
});

const Register = v.object({
  discoveryUrl: v.string(),
  /** Last segment of the callback URL: the function itself builds the redirect URI, whichever function asks. */
  callbackId: v.pipe(v.string(), v.uuid()),
  initialAccessToken: v.exactOptional(v.string()),
  clientRegistration: v.exactOptional(v.picklist(CLIENT_REGISTRATIONS)),
  authorizationServer: v.exactOptional(v.string()),
  endpointOrigins: v.exactOptional(strings),
});

/** The event of an invocation, which requests one action. */
export const InvocationSchema = v.union([
  v.object({ renew: Renewal }),
  v.object({ push: Push }),
  v.object({ discover: Discover }),
  v.object({ register: Register }),
]);

export type Invocation = Of<typeof InvocationSchema>;

/** The result of a push: the reference, or an OAuth error code and whether a retry can help. */
export type PushResponse =
  | { readonly pushed: PushedRequest }
  | { readonly failure: { readonly code: string; readonly unavailable: boolean } };

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

/** The result of a discovery: the protected resource, or why it cannot be used. */
export type DiscoverResponse =
  { readonly protectedResource: ProtectedResource } | { readonly failure: Failure };

/** The result of a registration: the protected resource, and the client unless another server was expected. */
export type RegisterResponse = { readonly registered: RegisteredClient } | { readonly failure: Failure };
