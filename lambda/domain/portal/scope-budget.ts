/**
 * The bytes of a page for the scopes of an agent's grants. An authorization server decides how many scopes a token has, so one
 * grant must not use what the others need, and no agent the 6 MB of a response (AWS Lambda quotas).
 */

/** Bytes of a page for each scope, without its text. */
const SCOPE_BYTES = 220;

/** Bytes for the scopes of each row, and for those of all rows of a page together that exceed this share. */
const ROW_BYTES = 2_400;
const SHARED_BYTES = 600_000;

/** HTML or JSON has up to 6 bytes for each of these. */
const ESCAPED = /[&<>'"\\\p{C}]/gu;

const bytesOf = (scope: string): number => Buffer.byteLength(scope.replace(ESCAPED, '------')) + SCOPE_BYTES;

export class ScopeBudget {
  private shared: number;

  /** @param agents number of agents on the page, which share its bytes equally */
  constructor(agents: number) {
    this.shared = SHARED_BYTES / agents;
  }

  /** Returns whether all scopes of a row are within the budget, and uses it. */
  take(scopes: readonly string[]): boolean {
    const beyond = scopes.reduce((sum, scope) => sum + bytesOf(scope), 0) - ROW_BYTES;
    if (beyond > this.shared) return false;
    this.shared -= Math.max(0, beyond);
    return true;
  }
}

/** Returns the first scopes of a row whose scopes exceed the budget: those that fit into the share that each row has. */
export function firstScopes(scopes: readonly string[]): readonly string[] {
  let left = ROW_BYTES;
  const end = scopes.findIndex((scope) => (left -= bytesOf(scope)) < 0);
  return end < 0 ? scopes : scopes.slice(0, end);
}
