/** Values to try a string shape with, and whether the shape accepts each of them. */
import { sampleOf } from './pattern-samples';
import type { StringShape } from './service-model';

/** A value, and whether the shape takes it. */
export interface TriedValue {
  readonly what: string;
  readonly value: unknown;
  readonly verdict: 'accepted' | 'refused';
}

/** Lengths are counted in Unicode code points (Smithy 2.0, "length trait"); patterns hold for the whole value. */
export function satisfies(shape: StringShape, value: string): boolean {
  const { length } = [...value];
  return (
    (shape.min === undefined || length >= shape.min) &&
    (shape.max === undefined || length <= shape.max) &&
    (shape.pattern === undefined || new RegExp(`^(?:${shape.pattern})$`).test(value)) &&
    (!shape.enum || shape.enum.includes(value))
  );
}

/** A character that JavaScript counts as two. */
const BEYOND_BMP = '\u{1F511}';

/** Longest text that is tried where the shape sets no bound. */
const UNBOUNDED = 5000;

function matchingOfLength(pattern: string | undefined, length: number): string {
  const { least, grown } = sampleOf(pattern);
  if (length <= least.length || !grown) return least;
  return grown(length - (least === '' ? 1 : least.length));
}

/** One of the shortest values that the shape takes. */
export const leastString = (shape: StringShape): string =>
  shape.enum?.[0] ?? matchingOfLength(shape.pattern, shape.min ?? 0);

function ofLengths({ min = 0, max, pattern }: StringShape): [string, string][] {
  const values: [string, string][] = [
    ['minimum', matchingOfLength(pattern, min)],
    ['maximum', matchingOfLength(pattern, max ?? UNBOUNDED)],
  ];
  if (min === 0) values.push(['empty', '']);
  if (min > 0) values.push(['below minimum', matchingOfLength(pattern, min).slice(0, min - 1)]);
  if (max !== undefined) {
    const above = matchingOfLength(pattern, max + 1);
    values.push(['above maximum', above.length > max ? above : 'a'.repeat(max + 1)]);
  }
  if (pattern === undefined) {
    values.push(['maximum, beyond the BMP', BEYOND_BMP.repeat(max ?? UNBOUNDED)]);
    if (max !== undefined) values.push(['above maximum, beyond the BMP', BEYOND_BMP.repeat(max + 1)]);
  }
  return values;
}

const enumValues = (choices: readonly string[]): [string, string][] => {
  const [first = ''] = choices;
  return [...choices, `${first}x`, first.toLowerCase(), ''].map((value) => [
    `enum ${JSON.stringify(value)}`,
    value,
  ]);
};

/** The expected result, by the reason why a value is tried. For other reasons, the shape decides. */
const MEANT = [
  [/^(minimum|maximum)/, 'accepted'],
  [/^(below|above|off)/, 'refused'],
] as const;

/** @throws Error when a sample is not what it is meant to be */
export function stringValues(shape: StringShape): TriedValue[] {
  const values = shape.enum ? enumValues(shape.enum) : ofLengths(shape);
  for (const off of sampleOf(shape.pattern).off) values.push([`off pattern ${JSON.stringify(off)}`, off]);
  return values.map(([what, value]) => {
    const verdict = satisfies(shape, value) ? 'accepted' : 'refused';
    const [, meant = verdict] = MEANT.find(([pattern]) => pattern.test(what)) ?? [];
    if (meant !== verdict) throw new Error(`the sample "${what}" of ${JSON.stringify(shape)} is ${verdict}`);
    return { what, value, verdict };
  });
}
