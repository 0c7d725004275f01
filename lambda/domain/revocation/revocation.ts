/**
 * The records of the revocation outbox. A revocation is one request to revoke grants. It has an item for each set of
 * tokens, which is stored before the tokens leave their grant and stays until the revocation at the provider has a result.
 *
 *     revocation  select the grants, page by page ──▶ selected
 *     item        PENDING ──▶ CONFIRMED, NOT_PROVABLE, or UNCONFIRMED; then nothing encrypted is left in it
 *
 * Both are written on condition of the previous revision, so any number of workers can try to continue them.
 */
import type { GrantId } from '../../model/grant-id';
import type { EnqueueCause } from '../grant/revocation-queue';
import type { GrantFilter } from '../grant/selection';
import { CLIENT_DELETION_CAUSES, type ClientDeletionCause } from '../provider/client-deletion';
import type { RevocationReach } from '../provider/revocation-reach';

/** Which grants to revoke: one grant, or those that match a filter. With both, the one grant if it matches. */
export interface RevocationFilter extends GrantFilter {
  readonly grantId?: GrantId | undefined;
}

/**
 * Who wanted a revocation: an operator, the agent for its user, the user in a consent portal, the owner who deleted a
 * resource, or the identity provider of the user.
 */
export const REVOCATION_CAUSES = ['operator', 'agent', 'user', 'deletion', 'identity-provider'] as const;
export type RevocationCause = (typeof REVOCATION_CAUSES)[number];

export interface Revocation {
  readonly revocationId: string;
  /** ARN of the IAM principal; absent if an identity provider requested it. */
  readonly requestedBy?: string | undefined;
  /** `securityEvents.id` of the trusted issuer that requested it. */
  readonly trustedIssuer?: string | undefined;
  readonly cause: RevocationCause;
  readonly filter: RevocationFilter;
  /** As the operator or the identity provider stated it. */
  readonly reason?: string | undefined;
  /** Epoch seconds. */
  readonly createdTime: number;
  readonly revision: number;
  /** Page of the selection to continue with; absent for the first page. */
  readonly cursor?: string | undefined;
  /** Grants with tokens that were selected and revoked so far. */
  readonly matched: number;
  /** The widest reach of the grants that were selected so far: what else the provider might end. */
  readonly reach?: RevocationReach | undefined;
  /** Grants that could not be revoked since the first page. If there are any, the selection starts again. */
  readonly failures?: number | undefined;
  /** Whether the tokens of a grant among them could not be read, or not be stored in the outbox. */
  readonly hasFailedReads?: boolean | undefined;
  /** Epoch milliseconds of the end of the first selection with such a grant; absent after a selection without one. */
  readonly readsFailSince?: number | undefined;
  /**
   * Epoch milliseconds after which the grants are selected a second time: when no request runs that began before the
   * revocation, and the index has all grants that such a request stored.
   */
  readonly selectAgainAt?: number | undefined;
  /** Epoch milliseconds at which a worker continues the selection; absent when every grant is selected. */
  readonly dueAt?: number | undefined;
}

export const isSelectionComplete = ({ dueAt }: Revocation): boolean => dueAt === undefined;

/** `UNCONFIRMED`: given up, with the last error. `NOT_PROVABLE`: the provider has no way to revoke, or to prove it. */
export const ITEM_STATES = ['PENDING', 'CONFIRMED', 'UNCONFIRMED', 'NOT_PROVABLE'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** The provider of an item: its name, for people, its unique ID, and its owner. */
export interface RevokedProvider {
  readonly name: string;
  readonly id: string;
  /** ARN of the IAM principal; absent if no request can be sent. */
  readonly owner?: string | undefined;
}

/** A set of tokens that must be revoked at its provider, or a client that must be deleted there. */
export interface OutboxItem {
  /** See {@link itemIdOf}. */
  readonly itemId: string;
  /** The revocation it belongs to; absent for tokens that left their grant without one. */
  readonly revocationId?: string | undefined;
  readonly cause: RevocationCause | EnqueueCause | ClientDeletionCause;
  readonly grantId: GrantId;
  readonly workloadArn: string;
  /** What a request to the provider needs is in {@link sealed}. */
  readonly provider: RevokedProvider;
  /** What else the provider might end; absent if no request can be sent. */
  readonly reach?: RevocationReach | undefined;
  /** Digest of the tokens as the grant has or had them, or of the address of the client. */
  readonly tokensHash: string;
  /** Hash of the ID of a client at its server; absent for tokens, and for clients from before this member. */
  readonly clientHash?: string | undefined;
  /**
   * JWE of the tokens and of the client that they were issued to (outbox-content.ts), or of what deletes the client; absent
   * after the item's end.
   */
  readonly sealed?: string | undefined;
  readonly state: ItemState;
  /** Attempts to revoke the tokens at the provider. */
  readonly attempts: number;
  /** A code of the provider or of this service, for operators. */
  readonly lastError?: string | undefined;
  /** Epoch seconds. */
  readonly createdTime: number;
  readonly revision: number;
  /** Epoch milliseconds before which no worker takes it; absent after the end. */
  readonly dueAt?: number | undefined;
}

/** An item that deletes a client. */
export type ClientItem = OutboxItem & { readonly cause: ClientDeletionCause };

export const isClientDeletion = (item: OutboxItem): item is ClientItem =>
  CLIENT_DELETION_CAUSES.some((cause) => cause === item.cause);

/** Returns whether a revocation took the item's tokens out of their grant. */
export const isOfRevocation = ({ cause }: OutboxItem): boolean =>
  REVOCATION_CAUSES.some((revocationCause) => revocationCause === cause);

/** What is shown of an item. */
export type ItemSummary = Pick<
  OutboxItem,
  'grantId' | 'provider' | 'reach' | 'state' | 'attempts' | 'lastError'
>;

/** A record that is due: its ID, and since when. */
export interface Due {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
}

export interface DueItem extends Due {
  readonly provider: Pick<RevokedProvider, 'id' | 'owner'>;
}

export interface DuePage {
  readonly items: readonly DueItem[];
  /** Start of the next page; absent on the last page. */
  readonly next?: string;
}

/** An item whose record is not valid. It hides no other item, and its revocation is not complete. */
export class UnreadableItem extends Error {
  constructor(
    readonly itemId: string,
    cause: unknown,
  ) {
    super('the record of an item of the outbox is not valid', { cause });
    this.name = 'UnreadableItem';
  }
}

export interface ItemPage {
  readonly items: readonly ItemSummary[];
  /** Absent if there are none. */
  readonly unreadable?: readonly UnreadableItem[];
  /** Start of the next page; absent on the last page. */
  readonly next?: string;
}

export interface RevocationStore {
  /** Returns false if there is a revocation of this ID; then nothing was written. */
  create(revocation: Revocation): Promise<boolean>;
  get(revocationId: string): Promise<Revocation | undefined>;
  /** Writes the revocation if the stored one has the previous revision. */
  advance(next: Revocation): Promise<boolean>;
  /** Returns false if there is an item of this ID; then nothing was written. */
  createItem(item: OutboxItem): Promise<boolean>;
  getItem(itemId: string): Promise<OutboxItem | undefined>;
  /** Writes the item if the stored one has the previous revision. What `next` does not have is removed. */
  advanceItem(next: OutboxItem): Promise<boolean>;
  /** Removes the item if the stored one has this revision. */
  removeItem(item: Pick<OutboxItem, 'itemId' | 'revision'>): Promise<boolean>;
  /**
   * Returns revocations whose selection is due, the earliest first; a hundred or more, if there are that many. Recent
   * writes can be missing, and completed selections can be in it (a secondary index).
   *
   * @param now epoch milliseconds
   */
  dueSelections(now: number): Promise<readonly Due[]>;
  /**
   * Returns a page of the items that are due, the earliest of each part of the index first. Recent writes can be missing,
   * and ended items can be in it (a secondary index).
   *
   * @param now epoch milliseconds
   * @param after `next` of the page before
   */
  dueItems(now: number, after?: string): Promise<DuePage>;
  /** Returns a page of a revocation's items. Recent writes can be missing (a secondary index). */
  items(revocationId: string, page: { readonly limit: number; readonly after?: string }): Promise<ItemPage>;
}
