/**
 * The room of a page for the scopes of an agent's grants. An authorization server decides how many scopes a token has, so one
 * grant must not take the room of the others, and no agent the 6 MB of a response (AWS Lambda quotas).
 */

/** Characters of a page for each scope, without its text. */
const SCOPE_CHARACTERS = 220;

/** Characters for the scopes of each row, and for those of all rows together that exceed this share. */
const ROW_SHARE = 2_400;
const SHARED = 120_000;

/** HTML has up to 5 characters for each of these. */
const ESCAPED = /[&<>']/g;

const charactersOf = (scope: string): number => scope.replace(ESCAPED, '-----').length + SCOPE_CHARACTERS;

export class ScopeRoom {
  private shared = SHARED;

  /** Returns whether there is room for all scopes of a row, and takes it. */
  take(scopes: readonly string[]): boolean {
    const beyond = scopes.reduce((sum, scope) => sum + charactersOf(scope), 0) - ROW_SHARE;
    if (beyond > this.shared) return false;
    this.shared -= Math.max(0, beyond);
    return true;
  }
}

/** Returns the first scopes of a row that has no room for all: those that fit into the share that each row has. */
export function firstScopes(scopes: readonly string[]): readonly string[] {
  let left = ROW_SHARE;
  const end = scopes.findIndex((scope) => (left -= charactersOf(scope)) < 0);
  return end < 0 ? scopes : scopes.slice(0, end);
}
