/**
 * Events and results of the `provider-client` function, parsed at both ends. They contain no tokens and no secrets.
 */
import * as v from 'valibot';
import type { PushRequest } from '../domain/consent/push';
import type { PushedRequest } from '../domain/oauth/pushed-authorization';
import type { ProtectedResource } from '../domain/provider/discovery';
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

const Discover = v.strictObject({ discoveryUrl: v.string() });

/** The event of an invocation, which requests one action. */
export const InvocationSchema = v.union([
  v.strictObject({ renew: Renewal }),
  v.strictObject({ push: Push }),
  v.strictObject({ discover: Discover }),
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

/** The result of a discovery: the protected resource, or why it cannot be used. */
export type DiscoverResponse =
  | { readonly protectedResource: ProtectedResource }
  | { readonly failure: { readonly code: string; readonly unavailable: boolean; readonly detail: string } };

export const DiscoverResponseSchema = v.union([
  v.strictObject({
    protectedResource: v.strictObject({ resource: v.string(), issuer: v.string(), metadataUrl: v.string() }),
  }),
  v.strictObject({
    failure: v.strictObject({ code: v.string(), unavailable: v.boolean(), detail: v.string() }),
  }),
]) satisfies v.GenericSchema<unknown, DiscoverResponse>;
