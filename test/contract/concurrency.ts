/** Many writes at once, and which of them held. */

/** Twenty places in a race. */
export const AT_ONCE: readonly number[] = Array.from({ length: 20 }, (_, n) => n);

/** Makes every attempt at once, and tells those whose condition held from those whose did not. */
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
