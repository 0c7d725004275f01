/**
 * What is wrong with a document, by member: of a request, or of a construct's props. Messages say what a member must
 * be, and never repeat its value.
 */
import type { BaseIssue } from 'valibot';
import type { InvalidField } from '../../domain/service-error';

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

export const NOT_AN_OBJECT = 'must be an object';

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

export const field = (path: readonly string[], message: string): InvalidField => ({
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
