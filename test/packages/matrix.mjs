/** Combinations of versions and kinds of consumers. */

/**
 * @param versions in ascending order
 * @param quick each version with the first kind, and the newest version with each kind, in place of all combinations
 * @returns pairs of a version and a kind
 */
export function combinations(versions, kinds, quick) {
  const all = versions.flatMap((version) => kinds.map((kind) => [version, kind]));
  return quick ? all.filter(([version, kind]) => kind === kinds[0] || version === versions.at(-1)) : all;
}
