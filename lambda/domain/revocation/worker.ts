/** The port to the function that revokes, for operations that begin a revocation. */
import type { RevocationReach } from '../../model/records/revocation';

export interface SelectionProgress {
  readonly finished: boolean;
  /** Grants that were revoked so far. */
  readonly matched: number;
  /** What else their providers might end: the widest reach. */
  readonly reach?: RevocationReach;
}

export interface RevocationWorker {
  /**
   * Continues the selection of a stored revocation, for up to 20 seconds.
   *
   * @returns whether every grant was selected, and how many were revoked so far
   * @throws Error if the function failed; the schedule then continues the revocation
   */
  select(revocationId: string): Promise<SelectionProgress>;
  /** Has the tokens revoked at their providers now. Without it, the schedule does this within a minute. @throws Error */
  wake(): Promise<void>;
}
