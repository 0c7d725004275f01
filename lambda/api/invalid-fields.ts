/** What is wrong with a request, by member. Messages say what a member must be, and never repeat its value. */
import type { BaseIssue } from 'valibot';
import type { InvalidField } from '../domain/service-error';

/** Maximum number of reported members: enough to correct a request. */
const MAX_REPORTED_FIELDS = 20;
const MAX_NAME_CHARACTERS = 256;

type Issue = BaseIssue<unknown>;

/** What a member must be, by the schema library's type name. */
const KINDS: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
};

/** Types of issues whose message is the schema's own. */
const OWN_MESSAGE: readonly string[] = ['check', 'raw_check', 'regex', 'union'];

const NOT_AN_OBJECT = 'must be an object';

/** @returns undefined unless the issue is about a bound */
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
  if (OWN_MESSAGE.includes(issue.type)) return issue.message;
  if (issue.received === 'undefined') return 'is required';
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a member of this request';
  const bounded = describeBound(issue);
  if (bounded !== undefined) return bounded;
  if (issue.type === 'integer') return 'must be a whole number';
  const expected = issue.expected ?? 'valid';
  const choices = /^\((.+)\)$/.exec(expected)?.[1];
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', '').replaceAll(' | ', ', ')}`;
  return `must be ${KINDS[expected] ?? expected}`;
}

const pathOf = (issue: Issue): string[] => (issue.path ?? []).map(({ key }) => String(key));

const field = (path: readonly string[], message: string): InvalidField => ({
  name: path.join('.').slice(0, MAX_NAME_CHARACTERS),
  message,
});

/** A union with one invalid member is reported by that member, not as an invalid union. */
function fieldsOf(issue: Issue): InvalidField[] {
  const path = pathOf(issue);
  // The schemas also look for a structure's members in a list, and report them as missing there.
  const last = issue.path?.at(-1);
  if (last?.type === 'object' && Array.isArray(last.input)) return [field(path.slice(0, -1), NOT_AN_OBJECT)];
  const within = (issue.type === 'union' ? (issue.issues ?? []) : []).filter(
    ({ type }) => type !== 'strict_object',
  );
  if (within.length === 0) return [field(path, describe(issue))];
  return within.map((inner) => field([...path, ...pathOf(inner)], describe(inner)));
}

/** @param issues the schema's issues, of which the first are reported */
export const invalidFields = (issues: readonly Issue[]): InvalidField[] =>
  issues.slice(0, MAX_REPORTED_FIELDS).flatMap(fieldsOf);

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
