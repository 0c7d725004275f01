/** Time and randomness, injected so that tests own both. */
export interface System {
  /** Epoch milliseconds. */
  now(): number;
  /** Unguessable, base64url, of so many random bytes. */
  randomToken(bytes: number): string;
  /** RFC 9562 UUID, version 4. */
  randomUUID(): string;
  /** Resolves after so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
}

/** Epoch seconds, as JWTs (RFC 7519 section 2, NumericDate) and AWS's timestamps count. */
export const epochSeconds = (system: Pick<System, 'now'>): number => Math.floor(system.now() / 1000);
