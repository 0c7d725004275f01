/** Which name was meant by a mistyped one. */

/** A mistyped name differs in up to 2 characters, or it is rather another name. */
const MAX_DISTANCE = 2;

/** Returns how many characters must be added, removed, or replaced to make one text of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1) {
      const replaced = (row[at] ?? 0) + (other[at] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Returns the name that is closest to a text; undefined if none is close. */
export function closestTo(text: string, names: readonly string[]): string | undefined {
  const [closest] = names
    .map((name) => ({ name, distance: distance(text, name) }))
    .filter((candidate) => candidate.distance <= Math.min(MAX_DISTANCE, candidate.name.length - 2))
    .sort((first, second) => first.distance - second.distance);
  return closest?.name;
}
