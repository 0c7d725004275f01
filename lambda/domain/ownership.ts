/** Whose a resource is: the IAM principal's that created it. */
import type { Caller } from './identity/principal';

/** What a resource says of its owner. */
export interface Owned {
  /** ARN of the IAM principal that created it. */
  readonly owner: string;
}

export const isOwnedBy = ({ owner }: Owned, caller: Caller): boolean => owner === caller.arn;

/** What a resource that the caller creates says of its owner. */
export const ownedBy = ({ arn }: Caller): Owned => ({ owner: arn });
