/** Time and randomness, injected so that tests control both. */
export interface System {
  /** Epoch milliseconds. */
  now(): number;
  /** Returns an unguessable token of this many random bytes, base64url. */
  randomToken(bytes: number): string;
  /** RFC 9562 UUID, version 4. */
  randomUUID(): string;
  /** Resolves after this many milliseconds. */
  wait(milliseconds: number): Promise<void>;
}

/** Returns epoch seconds, as in JWTs (RFC 7519 section 2, NumericDate) and AWS timestamps. */
export const epochSeconds = (system: Pick<System, 'now'>): number => Math.floor(system.now() / 1000);

/** Returns the day in UTC: `YYYY-MM-DD`. */
export const utcDate = (system: Pick<System, 'now'>): string =>
  new Date(system.now()).toISOString().slice(0, 10);
