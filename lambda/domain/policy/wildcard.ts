/**
 * IAM's wildcards: `*` is any number of characters, `?` exactly one.
 *
 * A pattern comes from outside and must not be able to stall a request, so nothing here goes back. Between two `*`,
 * each piece of a pattern is taken where it first fits, and is looked for by shift-and: one bit for each character of
 * the piece, all of them moved on by each character of the value. A value's character is read a bounded number of
 * times, whatever the pattern.
 * Sources: IAM user guide, "IAM JSON policy elements: Resource" and "… Condition operators" (String, ARN); Baeza-Yates
 * and Gonnet, "A New Approach to Text Searching", CACM 35(10), 1992.
 */

/** Whether a value has a wildcard in it. */
export const hasWildcard = (pattern: string): boolean => /[*?]/.test(pattern);

/** Bits in a word of shift-and. */
const WORD = 32;

/** A part of a pattern that has no `*`. */
type Piece = readonly string[];

const wordsOf = (piece: Piece): number => Math.ceil(piece.length / WORD);

const fits = (piece: Piece, given: readonly string[], at: number): boolean =>
  piece.every((wanted, index) => wanted === '?' || wanted === given[at + index]);

/** For each character of a piece, the places that it matches; for every other character, the places of `?`. */
interface Places {
  readonly of: ReadonlyMap<string, Uint32Array>;
  readonly ofOthers: Uint32Array;
}

function placesOf(piece: Piece): Places {
  const ofOthers = new Uint32Array(wordsOf(piece));
  const mark = (bits: Uint32Array, index: number): void => {
    const word = Math.floor(index / WORD);
    bits[word] = (bits[word] ?? 0) | (1 << (index % WORD));
  };
  piece.forEach((wanted, index) => {
    if (wanted === '?') mark(ofOthers, index);
  });
  const of = new Map<string, Uint32Array>();
  piece.forEach((wanted, index) => {
    if (wanted === '?') return;
    const bits = of.get(wanted) ?? ofOthers.slice();
    mark(bits, index);
    of.set(wanted, bits);
  });
  return { of, ofOthers };
}

/**
 * @returns the place behind the first fit of the piece between two places, or undefined when it fits nowhere there
 */
function behindFirstFit(
  piece: Piece,
  { of, ofOthers }: Places,
  given: readonly string[],
  [from, to]: readonly [number, number],
): number | undefined {
  const state = new Uint32Array(ofOthers.length);
  const last = piece.length - 1;
  for (let position = from; position < to; position += 1) {
    const places = of.get(given[position]!) ?? ofOthers;
    let carried = 1;
    for (let word = 0; word < state.length; word += 1) {
      const bits = state[word]!;
      state[word] = ((bits << 1) | carried) & places[word]!;
      carried = bits >>> (WORD - 1);
    }
    if ((state[state.length - 1]! >>> (last % WORD)) & 1) return position + 1;
  }
  return undefined;
}

/** A pattern that is ready to be compared. */
export interface Wildcard {
  /** Steps that it takes at most for each character of a value. */
  readonly steps: number;
  /** @param given the value, in characters */
  matches(given: readonly string[]): boolean;
}

/** @param pattern with wildcards or without */
export function parseWildcard(pattern: string): Wildcard {
  const pieces: Piece[] = pattern.split('*').map((piece) => [...piece]);
  const [first = [], ...others] = pieces;
  const shortest = pieces.reduce((sum, { length }) => sum + length, 0);
  const end = others.pop();
  if (!end) {
    return { steps: 1, matches: (given) => given.length === shortest && fits(first, given, 0) };
  }
  const between = others.filter(({ length }) => length > 0);
  // Made at the first value that is long enough: most patterns of a policy never get one.
  let places: readonly Places[] | undefined;
  return {
    steps: Math.max(1, ...between.map(wordsOf)),
    matches(given) {
      if (given.length < shortest) return false;
      const to = given.length - end.length;
      if (!fits(first, given, 0) || !fits(end, given, to)) return false;
      places ??= between.map(placesOf);
      let from: number | undefined = first.length;
      for (const [index, piece] of between.entries()) {
        from = behindFirstFit(piece, places[index]!, given, [from, to]);
        if (from === undefined) return false;
      }
      return true;
    },
  };
}

/** Whether the whole value matches the pattern. */
export const matchesWildcard = (pattern: string, value: string): boolean =>
  parseWildcard(pattern).matches([...value]);

/** The six parts of an ARN; colons after the fifth belong to the resource. */
function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/**
 * ARN comparison: each of the six parts for itself, so that a `*` never reaches into the next part.
 * ArnEquals and ArnLike are the same in IAM; Resource elements compare like this too.
 */
export function parseArnPattern(pattern: string): {
  readonly steps: number;
  matches(arn: string): boolean;
} {
  const wildcards = partsOf(pattern).map(parseWildcard);
  return {
    steps: Math.max(...wildcards.map(({ steps }) => steps)),
    matches(arn) {
      const given = partsOf(arn);
      return wildcards.every((wildcard, index) => wildcard.matches([...(given[index] ?? '')]));
    },
  };
}

/** Whether an ARN matches the pattern. */
export const matchesArn = (pattern: string, arn: string): boolean => parseArnPattern(pattern).matches(arn);
