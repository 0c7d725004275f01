/** The name that was probably meant, for error messages about an unknown one. */

/** Returns the number of characters to insert, delete, or replace (Levenshtein distance), without regard to case. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of [...one.toLowerCase()].entries()) {
    const next = [index + 1];
    for (const [column, compared] of [...other.toLowerCase()].entries()) {
      const replaced = (row[column] ?? 0) + (character === compared ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A third of the characters can differ: enough for a misspelled name, too few for another one. */
const TOLERANCE = 1 / 3;

/** Names that are longer are not compared: the work grows with the length. */
const MAX_COMPARED = 64;

/** Returns the most similar of the names, or undefined if none is similar. */
export function similarName(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_COMPARED) return undefined;
  const [nearest] = names
    .map((candidate) => ({ candidate, differs: distance(name, candidate) }))
    .filter(({ candidate, differs }) => differs <= Math.ceil(candidate.length * TOLERANCE))
    .sort((one, other) => one.differs - other.differs);
  return nearest?.candidate;
}
