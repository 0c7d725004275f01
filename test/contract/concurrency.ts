/** Concurrent writes, and which of them succeeded. */

/** Twenty concurrent writers. */
export const CONCURRENT: readonly number[] = Array.from({ length: 20 }, (_, n) => n);

/** Starts all attempts together, and separates the attempts whose condition was true from the others. */
export async function outcomes<T>(
  attempts: readonly T[],
  make: (attempt: T) => Promise<boolean>,
): Promise<{ won: T[]; lost: T[] }> {
  const held = await Promise.all(attempts.map(make));
  return {
    won: attempts.filter((_, n) => held[n]),
    lost: attempts.filter((_, n) => !held[n]),
  };
}
