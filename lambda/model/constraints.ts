/** The constraints of the AWS service model, and members of the model that this service rejects. */
import * as v from 'valibot';

/** Counts Unicode code points, the unit of lengths (Smithy 2.0, "length trait"). JavaScript counts UTF-16 code units. */
function hasLength(value: string, min: number, max: number): boolean {
  const units = value.length;
  if (units < min || units > 2 * max) return false;
  if (units >= 2 * min && units <= max) return true;
  const { length } = Array.from(value);
  return length >= min && length <= max;
}

/** The message for a text of another length. */
function textLength(min: number, max: number): string {
  if (min === max) return `must have ${max} characters`;
  return min === 0 ? `must have up to ${max} characters` : `must have ${min} to ${max} characters`;
}

/** @param min and @param max Unicode code points */
export const text = (min: number, max: number) =>
  v.pipe(
    v.string(),
    v.check((value) => hasLength(value, min, max), textLength(min, max)),
    v.metadata({ length: { min, max } }),
  );

/**
 * @param pattern for the whole value
 * @param rule the pattern in words, as they follow the member's name
 */
export const matching = (min: number, max: number, pattern: RegExp, rule: string) =>
  v.pipe(text(min, max), v.regex(pattern, `${rule} (must match ${pattern})`));

/** @param others the characters in addition to letters and digits, in words */
export const onlyCharacters = (others: string): string => `must contain only letters, digits, and ${others}`;

export const mustFitAsJson = (bytes: number): string => `must have up to ${bytes} bytes in all as JSON`;

/** A value that is nested too deeply to serialize, as a rejected member can be, does not fit either. */
export function fitsAsJson(value: unknown, bytes: number): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(value)) <= bytes;
  } catch {
    return false;
  }
}

/**
 * @param bytes of the whole value as JSON, for a structure whose members' own bounds would let it grow beyond one
 *   record
 */
export const smallAsJson = <Value>(bytes: number) =>
  v.check<Value, string>((value) => fitsAsJson(value, bytes), mustFitAsJson(bytes));

/** Returns whether arrays and objects are nested in up to this many levels: many functions fail for a value of a few thousand. */
export function isNestedUpTo(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((one) => isNestedUpTo(levels - 1, one));
}

/** A member of the AWS model that this service rejects. No value passes, so a parsed one has no such member. */
export const refused = (why: string) =>
  v.exactOptional(
    v.pipe(
      v.unknown(),
      v.check(() => false, why),
      v.transform((value) => value as never),
    ),
  );

export const hasOneMember = (value: object): boolean => Object.keys(value).length === 1;

/** A union: exactly one member (Smithy 2.0, "union"). It keeps the type of the value. */
export const exactlyOne = <Value extends object>() =>
  v.check<Value, string>(hasOneMember, 'must have exactly one member');
