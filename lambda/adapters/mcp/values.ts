/**
 * A bound for what the library validates: it describes each invalid value of a message in up to 4,000 characters, so that an
 * array of a few thousand would fill the memory of the function.
 */

/** Returns whether a value of JSON has up to this many values, itself and those in it. */
export function hasUpTo(most: number, value: unknown): boolean {
  const rest: unknown[] = [value];
  for (let values = 1; rest.length > 0; values += 1) {
    const one = rest.pop();
    if (typeof one === 'object' && one !== null) {
      const members: unknown[] = Object.values(one);
      if (values + rest.length + members.length > most) return false;
      rest.push(...members);
    }
  }
  return true;
}
