/** The revocation outbox. */
import * as v from 'valibot';
import type { Of } from '../of';
import { GrantIdSchema } from './grant';

/**
 * What a revocation ends at the vendor:
 * - `token`: the token
 * - `grant`: the tokens of one consent
 * - `user-and-client`: all tokens of this user for the OAuth client
 * - `user-and-project`: all tokens of this user for all OAuth clients of the project
 * - `installation`: tokens that all users of the vendor's workspace or account share
 * - `none`: nothing, because the vendor has no way to revoke
 */
export const REVOCATION_REACHES = [
  'token',
  'grant',
  'user-and-client',
  'user-and-project',
  'installation',
  'none',
] as const;
export type RevocationReach = (typeof REVOCATION_REACHES)[number];

/**
 * Who wanted a revocation: an operator, the agent for its user, the user in a consent portal, the owner who deleted a
 * resource, or the identity provider of the user.
 */
export const REVOCATION_CAUSES = ['operator', 'agent', 'user', 'deletion', 'identity-provider'] as const;

/**
 * Why tokens are enqueued without a revocation:
 * - `forced`: `forceAuthentication` dropped them
 * - `replaced`: a new consent of the same user replaced them
 * - `not-stored`: the provider issued them, and the grant was dropped, deleted, or renewed before they could be stored
 */
export const ENQUEUE_CAUSES = ['forced', 'replaced', 'not-stored'] as const;

/**
 * Why a client is deleted:
 * - `unused-client`: its provider might not be stored. Queued before the provider is, and dropped if it is
 * - `replaced-client`: an update configures another client, or another server
 * - `deleted-provider`
 */
export const CLIENT_DELETION_CAUSES = ['unused-client', 'replaced-client', 'deleted-provider'] as const;
export type ClientDeletionCause = (typeof CLIENT_DELETION_CAUSES)[number];

/** Epoch milliseconds, stored with a fixed number of digits, so that the index by time sorts them as text. */
const DueTimeSchema = v.pipe(v.string(), v.transform(Number));

/** Strict: without a member that a later release wrote, the filter would match more grants. */
const RevocationFilterSchema = v.strictObject({
  grantId: v.exactOptional(GrantIdSchema),
  workloadId: v.exactOptional(v.string()),
  providerId: v.exactOptional(v.string()),
  providerName: v.exactOptional(v.string()),
  userHash: v.exactOptional(v.string()),
});

/** Which grants to revoke: one grant, or those that match a filter. With both, the one grant if it matches. */
export interface RevocationFilter extends Of<typeof RevocationFilterSchema> {}

export const RevocationSchema = v.object({
  revocationId: v.string(),
  /** ARN of the IAM principal; absent if an identity provider requested it. */
  requestedBy: v.exactOptional(v.string()),
  /** `securityEvents.id` of the trusted issuer that requested it. */
  trustedIssuer: v.exactOptional(v.string()),
  cause: v.picklist(REVOCATION_CAUSES),
  filter: RevocationFilterSchema,
  /** As the operator or the identity provider stated it. */
  reason: v.exactOptional(v.string()),
  /** Epoch seconds. */
  createdTime: v.number(),
  revision: v.number(),
  /** Page of the selection to continue with; absent for the first page. */
  cursor: v.exactOptional(v.string()),
  /** Grants with tokens that were selected and revoked so far. */
  matched: v.number(),
  /** The widest reach of the grants that were selected so far: what else the provider might end. */
  reach: v.exactOptional(v.picklist(REVOCATION_REACHES)),
  /** Grants that could not be revoked since the first page. If there are any, the selection starts again. */
  failures: v.exactOptional(v.number()),
  /** Whether the tokens of a grant among them could not be read, or not be stored in the outbox. */
  hasFailedReads: v.exactOptional(v.boolean()),
  /** Epoch milliseconds of the end of the first selection with such a grant; absent after a selection without one. */
  readsFailSince: v.exactOptional(v.number()),
  /**
   * Epoch milliseconds after which the grants are selected a second time: when no request runs that began before the
   * revocation, and the index has all grants that such a request stored.
   */
  selectAgainAt: v.exactOptional(v.number()),
  /** Epoch milliseconds at which a worker continues the selection; absent when every grant is selected. */
  dueAt: v.exactOptional(DueTimeSchema),
});

export interface Revocation extends Of<typeof RevocationSchema> {}

/** `UNCONFIRMED`: given up, with the last error. `NOT_PROVABLE`: the provider has no way to revoke, or to prove it. */
export const ITEM_STATES = ['PENDING', 'CONFIRMED', 'UNCONFIRMED', 'NOT_PROVABLE'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

export const RevokedProviderSchema = v.object({
  name: v.string(),
  id: v.string(),
  /** ARN of the IAM principal; absent if no request can be sent. */
  owner: v.exactOptional(v.string()),
});

/** The provider of an item: its name, for people, its unique ID, and its owner. */
export interface RevokedProvider extends Of<typeof RevokedProviderSchema> {}

/** What is shown of an item. */
export const ItemSummarySchema = v.object({
  grantId: GrantIdSchema,
  /** What a request to the provider needs is in `sealed` of the item. */
  provider: RevokedProviderSchema,
  /** What else the provider might end; absent if no request can be sent. */
  reach: v.exactOptional(v.picklist(REVOCATION_REACHES)),
  state: v.picklist(ITEM_STATES),
  /** Attempts to revoke the tokens at the provider. */
  attempts: v.number(),
  /** A code of the provider or of this service, for operators. */
  lastError: v.exactOptional(v.string()),
});

export interface ItemSummary extends Of<typeof ItemSummarySchema> {}

export const OutboxItemSchema = v.object({
  ...ItemSummarySchema.entries,
  /** See `itemIdOf`. */
  itemId: v.string(),
  /** The revocation it belongs to; absent for tokens that left their grant without one. */
  revocationId: v.exactOptional(v.string()),
  cause: v.picklist([...REVOCATION_CAUSES, ...ENQUEUE_CAUSES, ...CLIENT_DELETION_CAUSES]),
  workloadArn: v.string(),
  /** Digest of the tokens as the grant has or had them, or of the address of the client. */
  tokensHash: v.string(),
  /** Hash of the ID of a client at its server; absent for tokens. */
  clientHash: v.exactOptional(v.string()),
  /**
   * JWE of the tokens and of the client that they were issued to (outbox-content.ts), or of what deletes the client; absent
   * after the item's end.
   */
  sealed: v.exactOptional(v.string()),
  /** Epoch seconds. */
  createdTime: v.number(),
  revision: v.number(),
  /** Epoch milliseconds before which no worker takes it; absent after the end. */
  dueAt: v.exactOptional(DueTimeSchema),
});

/** A set of tokens that must be revoked at its provider, or a client that must be deleted there. */
export interface OutboxItem extends Of<typeof OutboxItemSchema> {}
