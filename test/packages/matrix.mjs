/** Combinations of versions and kinds of consumers. */

/**
 * @param versions in ascending order
 * @param quick the oldest version with the first kind, and the newest one with each kind, in place of all combinations
 * @returns pairs of a version and a kind
 */
export function combinations(versions, kinds, quick) {
  const all = versions.flatMap((version) => kinds.map((kind) => [version, kind]));
  return quick ? [all[0], ...all.slice(1).filter(([version]) => version === versions.at(-1))] : all;
}
