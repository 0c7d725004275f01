/**
 * Events and results of the `provider-client` function, parsed at both ends. They contain no tokens of users, and no
 * secrets, except those with which a client is registered for the caller, who waits for the result.
 */
import * as v from 'valibot';
import type { PushRequest } from '../domain/consent/push';
import type { PushedRequest } from '../domain/oauth/pushed-authorization';
import type { RegisteredClient } from '../domain/provider/resolve-client';
import type { ProtectedResource } from '../domain/provider/discovery';
import { CLIENT_REGISTRATIONS, REGISTRATION_MEMBERS } from '../domain/provider/provided-client';
import type { RenewalRequest } from '../domain/grant/background-renewal';

const strings = v.pipe(v.array(v.string()), v.readonly());

const Renewal = v.strictObject({
  principal: v.string(),
  workloadName: v.string(),
  providerName: v.string(),
  grantId: v.strictObject({ workloadId: v.string(), userHash: v.string(), target: v.string() }),
  holder: v.string(),
  flow: v.picklist(['USER_FEDERATION', 'M2M']),
  scopes: strings,
  resources: strings,
  audiences: strings,
}) satisfies v.GenericSchema<unknown, RenewalRequest>;

const Named = v.strictObject({ name: v.string(), id: v.string() });

const Push = v.strictObject({
  workload: Named,
  provider: Named,
  client: v.string(),
  parameters: v.pipe(v.array(v.pipe(v.strictTuple([v.string(), v.string()]), v.readonly())), v.readonly()),
}) satisfies v.GenericSchema<unknown, PushRequest>;

const Discover = v.strictObject({
  discoveryUrl: v.string(),
  authorizationServer: v.exactOptional(v.string()),
});

const Register = v.strictObject({
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
  v.strictObject({ renew: Renewal }),
  v.strictObject({ push: Push }),
  v.strictObject({ discover: Discover }),
  v.strictObject({ register: Register }),
]);

export type Invocation = v.InferOutput<typeof InvocationSchema>;

/** The result of a push: the reference, or an OAuth error code and whether a retry can help. */
export type PushResponse =
  | { readonly pushed: PushedRequest }
  | { readonly failure: { readonly code: string; readonly unavailable: boolean } };

export const PushResponseSchema = v.union([
  v.strictObject({ pushed: v.strictObject({ requestUri: v.string(), expiresIn: v.number() }) }),
  v.strictObject({ failure: v.strictObject({ code: v.string(), unavailable: v.boolean() }) }),
]) satisfies v.GenericSchema<unknown, PushResponse>;

const Failure = v.strictObject({
  failure: v.strictObject({
    code: v.string(),
    unavailable: v.boolean(),
    detail: v.string(),
    /** Seconds after which the server accepts a retry. */
    retryAfter: v.exactOptional(v.number()),
    /** The member of the configuration that the owner sets or corrects; by default, the discovery URL. */
    member: v.exactOptional(v.picklist(REGISTRATION_MEMBERS)),
    /** The server that failed. */
    host: v.exactOptional(v.string()),
  }),
});

/** Why a discovery or a registration failed. The detail contains no free text of the server's response. */
type Failed = v.InferOutput<typeof Failure>;

const ProtectedResourceSchema = v.strictObject({
  resource: v.string(),
  issuer: v.string(),
  metadataUrl: v.string(),
  endpointOrigins: v.exactOptional(strings),
  dpopRequired: v.exactOptional(v.literal(true)),
});

/** The result of a discovery: the protected resource, or why it cannot be used. */
export type DiscoverResponse = { readonly protectedResource: ProtectedResource } | Failed;

export const DiscoverResponseSchema = v.union([
  v.strictObject({ protectedResource: ProtectedResourceSchema }),
  Failure,
]) satisfies v.GenericSchema<unknown, DiscoverResponse>;

/** The result of a registration: the protected resource, and the client unless another server was expected. */
export type RegisterResponse = { readonly registered: RegisteredClient } | Failed;

export const RegisterResponseSchema = v.union([
  v.strictObject({
    registered: v.strictObject({
      protectedResource: ProtectedResourceSchema,
      client: v.exactOptional(
        v.strictObject({
          clientId: v.string(),
          clientAuthenticationMethod: v.picklist([
            'NONE',
            'PUBLISHED_KEY_JWT',
            'CLIENT_SECRET_BASIC',
            'CLIENT_SECRET_POST',
          ]),
          clientSecret: v.exactOptional(v.string()),
          metadataDocument: v.exactOptional(v.strictObject({ refreshes: v.boolean() })),
          management: v.exactOptional(v.strictObject({ clientUri: v.string(), accessToken: v.string() })),
        }),
      ),
    }),
  }),
  Failure,
]) satisfies v.GenericSchema<unknown, RegisterResponse>;
