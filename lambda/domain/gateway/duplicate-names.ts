/** JSON that names a member twice, which readers understand in different ways (RFC 8259 section 4). */

/** Returns the index after the text that begins at `start`. */
function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** @param json a valid JSON text */
export function hasDuplicateNames(json: string): boolean {
  /** The names in each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      isName = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === ',') {
      isName = open.at(-1) !== undefined;
    } else if (character === '"') {
      const end = endOfText(json, at);
      const names = open.at(-1);
      if (isName && names) {
        const name = JSON.parse(json.slice(at, end)) as string;
        if (names.has(name)) return true;
        names.add(name);
        isName = false;
      }
      at = end - 1;
    }
  }
  return false;
}
