/** What is wrong with a request, member by member. Says what a member should be, never what it was. */
import type { BaseIssue } from 'valibot';
import type { InvalidField } from '../domain/service-error';

/** Enough to mend a request by; a hostile one has no end of them. */
const MOST_FIELDS = 20;
const MAX_NAME_CHARACTERS = 256;

type Issue = BaseIssue<unknown>;

/** What a member must be, by the name that the schemas have for it. */
const KINDS: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
};

const NOT_AN_OBJECT = 'must be an object';

/** @returns undefined for an issue that is not of a bound */
function describeBound({
  type,
  requirement,
  input,
}: Issue & { readonly requirement?: unknown }): string | undefined {
  const [, side, what] = /^(min|max)_(length|entries|value)$/.exec(type) ?? [];
  if (side === undefined) return undefined;
  const bound = side === 'min' ? `${String(requirement)} or more` : `up to ${String(requirement)}`;
  if (what === 'value') return `must be ${bound}`;
  const one = requirement === 1 && side === 'max';
  const [counted, plural] = typeof input === 'string' ? ['character', 'characters'] : ['entry', 'entries'];
  return `must have ${bound} ${one ? counted : plural}`;
}

function describe(issue: Issue): string {
  if (issue.type === 'check' || issue.type === 'raw_check') return issue.message;
  if (issue.type === 'union') return 'must have exactly one member';
  if (issue.received === 'undefined') return 'is required';
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a member of this request';
  const bounded = describeBound(issue);
  if (bounded !== undefined) return bounded;
  if (issue.type === 'integer') return 'must be a whole number';
  const expected = issue.expected ?? 'valid';
  if (issue.type === 'regex') return `must match ${expected}`;
  const choices = /^\((.+)\)$/.exec(expected)?.[1];
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', '').replaceAll(' | ', ', ')}`;
  return `must be ${KINDS[expected] ?? expected}`;
}

const pathOf = (issue: Issue): string[] => (issue.path ?? []).map(({ key }) => String(key));

const field = (path: readonly string[], message: string): InvalidField => ({
  name: path.join('.').slice(0, MAX_NAME_CHARACTERS),
  message,
});

/** A union whose one member is itself wrong is reported by that member, not as the wrong union. */
function fieldsOf(issue: Issue): InvalidField[] {
  const path = pathOf(issue);
  // The schemas look for a structure's members in a list, too, and miss them there.
  const last = issue.path?.at(-1);
  if (last?.type === 'object' && Array.isArray(last.input)) return [field(path.slice(0, -1), NOT_AN_OBJECT)];
  const within = (issue.type === 'union' ? (issue.issues ?? []) : []).filter(
    ({ type }) => type !== 'strict_object',
  );
  if (within.length === 0) return [field(path, describe(issue))];
  return within.map((inner) => field([...path, ...pathOf(inner)], describe(inner)));
}

/** @param issues what the schema found, of which the first are reported */
export const invalidFields = (issues: readonly Issue[]): InvalidField[] =>
  issues.slice(0, MOST_FIELDS).flatMap(fieldsOf);

/**
 * The schemas take a list for a structure, and leave out map keys that mean something to JavaScript
 * (`constructor`). Nothing that was sent may get lost so: what was kept has to be what was sent.
 *
 * @param sent the document
 * @param kept what the schema made of it
 * @returns the first member that differs, undefined when all is there
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
      return field(at, 'is a name that this service cannot keep; choose another');
    const lost = lostField(value, (kept as Record<string, unknown>)[key], at);
    if (lost) return lost;
  }
  return undefined;
}

/** A lone half of a surrogate pair is no character: encoded as UTF-8, different ones would become the same. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @returns the first member, or map key, whose text is no Unicode text */
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
