/**
 * The records of the revocation outbox. A revocation is one request to revoke grants. It has an item for each set of
 * tokens, which is stored before the tokens leave their grant and stays until the revocation at the provider has a result.
 *
 *     revocation  select the grants, page by page ──▶ selected
 *     item        PENDING ──▶ CONFIRMED, NOT_PROVABLE, or UNCONFIRMED; then nothing encrypted is left in it
 *
 * Both are written on condition of the previous revision, so any number of workers can try to continue them.
 */
import {
  CLIENT_DELETION_CAUSES,
  REVOCATION_CAUSES,
  type Revocation,
  type OutboxItem,
  type ItemSummary,
  type RevokedProvider,
  type ClientDeletionCause,
} from '../../model/records/revocation-outbox';

export const isSelectionComplete = ({ dueAt }: Revocation): boolean => dueAt === undefined;

/** An item that deletes a client. */
export type ClientItem = OutboxItem & { readonly cause: ClientDeletionCause; readonly clientHash: string };

export const isClientDeletion = (item: OutboxItem): item is ClientItem =>
  CLIENT_DELETION_CAUSES.some((cause) => cause === item.cause);

/** Returns whether a revocation took the item's tokens out of their grant. */
export const isOfRevocation = ({ cause }: OutboxItem): boolean =>
  REVOCATION_CAUSES.some((revocationCause) => revocationCause === cause);

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
