/**
 * What a page spends on the scopes of grants: bytes that it shows, and characters that policies evaluate. An agent, its
 * resources, and its authorization servers decide how many there are. So one grant must not use what the others need, and no
 * agent the 6 MB of a response (AWS Lambda quotas) or the time of a step.
 */

/** Bytes of a page for each scope, without its text. */
const SCOPE_BYTES = 220;

/** For each row, and for all rows of a page together that exceed this share. */
const ROW_BYTES = 2_400;
const SHARED_BYTES = 600_000;

/** Characters that policies evaluate for each row, and for all rows together. A character takes up to 100 steps, twice. */
const ROW_CHARACTERS = 500;
const SHARED_CHARACTERS = 100_000;

/** HTML or JSON has up to 6 bytes for each of these. */
const ESCAPED = /[&<>'"\\\p{C}]/gu;

const bytesOf = (scope: string): number => Buffer.byteLength(scope.replace(ESCAPED, '------')) + SCOPE_BYTES;

/** A policy evaluates a text with separators as a whole and in parts. */
const charactersOf = (text: string): number => (/[\s,]/.test(text) ? 2 : 1) * text.length;

const sumOf = (texts: readonly string[], sizeOf: (text: string) => number): number =>
  texts.reduce((sum, text) => sum + sizeOf(text), 0);

export class ScopeBudget {
  private bytes: number;
  private characters: number;

  /** @param agents number of agents on the page, which share it equally */
  constructor(agents: number) {
    this.bytes = SHARED_BYTES / agents;
    this.characters = SHARED_CHARACTERS / agents;
  }

  /** Returns whether all scopes of a row can be shown, and spends the bytes. */
  shows(scopes: readonly string[]): boolean {
    const bytes = Math.max(0, sumOf(scopes, bytesOf) - ROW_BYTES);
    if (bytes > this.bytes) return false;
    this.bytes -= bytes;
    return true;
  }

  /** Returns whether policies can evaluate the scopes, resources, and audiences of a row, and spends the characters. */
  evaluates(texts: readonly string[]): boolean {
    const characters = Math.max(0, sumOf(texts, charactersOf) - ROW_CHARACTERS);
    if (characters > this.characters) return false;
    this.characters -= characters;
    return true;
  }
}

/** Returns those scopes of a row whose scopes exceed the budget that fit into the share of each row. */
export function fittingScopes(scopes: readonly string[]): readonly string[] {
  let left = ROW_BYTES;
  return scopes.filter((scope) => {
    const bytes = bytesOf(scope);
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
}
