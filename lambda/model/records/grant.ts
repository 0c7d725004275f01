/** Grants. */
import * as v from 'valibot';
import { DpopKeySchema } from '../dpop-key';
import type { Of } from '../of';

/** The key of a grant: its agent, its user as `userHashOf` returns it, and its target. */
export const GrantIdSchema = v.object({ workloadId: v.string(), userHash: v.string(), target: v.string() });

export const GrantTokensSchema = v.object({
  /** JWE of {@link SealedTokens}. */
  sealed: v.string(),
  /** What the provider granted. */
  scopes: v.array(v.string()),
  /** The scopes requested at that consent: providers can grant fewer, or omit some that they grant. */
  requestedScopes: v.array(v.string()),
  /** Scopes that custom parameters requested at that consent; absent if there are none. */
  parameterScopes: v.exactOptional(v.array(v.string())),
  /** Epoch seconds; absent if the provider did not state it. */
  expiresAt: v.exactOptional(v.number()),
  /** Epoch seconds. */
  obtainedAt: v.number(),
  refreshable: v.boolean(),
  /** Epoch seconds at which the refresh token expires; absent if the provider did not state it. */
  refreshExpiresAt: v.exactOptional(v.number()),
  /** Digest of the client and authorization server of the grant: tokens of another configuration are ignored. */
  client: v.string(),
});

export interface GrantTokens extends Of<typeof GrantTokensSchema> {}

/** The encrypted content of {@link GrantTokens}. */
export const SealedTokensSchema = v.object({
  accessToken: v.string(),
  refreshToken: v.exactOptional(v.string()),
  /** The key that the tokens are bound to (RFC 9449); absent for bearer tokens. */
  dpopKey: v.exactOptional(DpopKeySchema),
});

export interface SealedTokens extends Of<typeof SealedTokensSchema> {}

const PendingConsentSchema = v.object({
  sessionHash: v.string(),
  /** Epoch seconds. */
  expiresAt: v.number(),
});

/** The open consent session of a grant. */
export interface PendingConsent extends Of<typeof PendingConsentSchema> {}

const LeaseSchema = v.object({
  holder: v.string(),
  /** Epoch milliseconds. */
  deadline: v.number(),
  /**
   * Epoch milliseconds; set by the write just before the request is sent. In an abandoned lease, it says that the
   * provider might have returned tokens that were not stored. Absent while the request is prepared or dispatched.
   */
  sentAt: v.exactOptional(v.number()),
});

/** The right to obtain the next tokens, which is exclusive until the deadline. */
export interface Lease extends Of<typeof LeaseSchema> {}

const RenewalFailureSchema = v.object({
  /** OAuth error code, or one of this service's codes. */
  code: v.string(),
  /** Whether the provider was unavailable, rather than rejected the request. */
  unavailable: v.boolean(),
  /** Consecutive failed attempts. */
  failures: v.number(),
  /** Epoch milliseconds. */
  at: v.number(),
  /** Epoch milliseconds before which no request tries again. */
  notBefore: v.number(),
  /** The response to a sent request was not stored: the refresh token might be redeemed already. */
  lostResponse: v.exactOptional(v.literal(true)),
  /** Revision of the provider whose configuration failed. */
  providerRevision: v.number(),
  /** Name of the credential provider that failed, if it is another one than that of the grant. */
  provider: v.exactOptional(v.string()),
  /** The cause, for the operator. */
  detail: v.string(),
});

/** The failure of the last attempt to obtain tokens. */
export interface RenewalFailure extends Of<typeof RenewalFailureSchema> {}

const GrantDetailsSchema = v.object({
  workloadName: v.string(),
  /** RFC 8707 resource indicators. */
  resources: v.array(v.string()),
  audiences: v.array(v.string()),
});

/** What a listing says about a grant, apart from its tokens. */
export interface GrantDetails extends Of<typeof GrantDetailsSchema> {}

export const GrantSchema = v.object({
  ...GrantIdSchema.entries,
  ...GrantDetailsSchema.entries,
  /** The provider's unique ID: a provider that was deleted and created again does not inherit grants. */
  providerId: v.string(),
  /** Number of token changes. */
  generation: v.number(),
  /** Number of `forceAuthentication` requests and revocations: each one invalidates what began before it. */
  epoch: v.number(),
  tokens: v.exactOptional(GrantTokensSchema),
  /** The generation whose token a resource rejected. */
  rejected: v.exactOptional(v.number()),
  consent: v.exactOptional(PendingConsentSchema),
  lease: v.exactOptional(LeaseSchema),
  lastFailure: v.exactOptional(RenewalFailureSchema),
  /** Epoch seconds at which the grant got its first tokens. */
  createdTime: v.exactOptional(v.number()),
  /** The last day on which a token was returned: `YYYY-MM-DD`, UTC. */
  lastUsedDate: v.exactOptional(v.string()),
  /** Epoch seconds from which the grant can be deleted automatically. */
  endsAt: v.exactOptional(v.number()),
});

export interface Grant extends Of<typeof GrantSchema> {}
