/** What a request loses when its schema has parsed it, and text that is not Unicode. */
import { field } from '../domain/invalid-fields';
import { NOT_AN_OBJECT } from '../domain/invalid-values';
import type { InvalidField } from '../domain/service-error';

/**
 * The schemas accept a list as a structure, and omit map keys that have a meaning in JavaScript (`constructor`). To lose
 * nothing silently, the parsed document is compared with the request.
 *
 * @param sent the request's document
 * @param kept the parsed document
 * @returns the first member that differs; undefined if there is none
 */
export function lostField(
  sent: unknown,
  kept: unknown,
  path: readonly string[] = [],
): InvalidField | undefined {
  if (typeof sent !== 'object' || sent === null || typeof kept !== 'object' || kept === null)
    return undefined;
  if (Array.isArray(sent) !== Array.isArray(kept)) return field(path, NOT_AN_OBJECT);
  for (const [key, value] of Object.entries(sent)) {
    const at = [...path, key];
    if (!Object.hasOwn(kept, key))
      return field(at, 'is a name that this service cannot store; choose another');
    const lost = lostField(value, (kept as Record<string, unknown>)[key], at);
    if (lost) return lost;
  }
  return undefined;
}

/** A lone surrogate is not a character. Encoded as UTF-8, different ones would become the same. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @returns the first member or map key whose text is not well-formed Unicode */
export function malformedText(value: unknown, path: readonly string[] = []): InvalidField | undefined {
  if (typeof value === 'string') {
    return LONE_SURROGATE.test(value) ? field(path, 'must be well-formed Unicode text') : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const malformed = LONE_SURROGATE.test(key)
      ? field(path, 'must have well-formed Unicode text for names')
      : malformedText(member, [...path, key]);
    if (malformed) return malformed;
  }
  return undefined;
}
