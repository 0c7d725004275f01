/**
 * What is wrong with a value, by member, from the issues of the schema library. Messages say what a member must be, and
 * never repeat its value.
 */
import type { BaseIssue } from 'valibot';

type Issue = BaseIssue<unknown>;

/** The way from the document to a value in it: names of members, and positions in lists. */
export type Path = readonly unknown[];

/** A value that is not valid. */
export interface InvalidValue {
  readonly path: Path;
  /** Continues the name of the member, for example `must be a string`. */
  readonly message: string;
  readonly issue: Issue;
}

/** What a member must be, by the schema library's type name. */
const KINDS: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'an object',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
};

/** The schema library describes its own issues with this word. All other messages are this project's. */
const LIBRARY_MESSAGE = 'Invalid ';

export const NOT_AN_OBJECT = 'must be an object';

/** Returns whether the issue is about a member that the schema does not have. */
export const isUnknownMember = ({ type, expected }: Issue): boolean =>
  type === 'strict_object' && expected === 'never';

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
  if (issue.received === 'undefined') return 'is required';
  if (isUnknownMember(issue)) return 'is not a known member';
  if (!issue.message.startsWith(LIBRARY_MESSAGE)) return issue.message;
  const bounded = describeBound(issue);
  if (bounded !== undefined) return bounded;
  if (issue.type === 'integer') return 'must be a whole number';
  const expected = issue.expected ?? 'valid';
  if (issue.type === 'regex') return `must match ${expected}`;
  const choices = /^\((.+)\)$/.exec(expected)?.[1];
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', '').replaceAll(' | ', ', ')}`;
  return `must be ${KINDS[expected] ?? expected}`;
}

const pathOf = (issue: Issue): Path => (issue.path ?? []).map(({ key }) => key);

/** A union with one invalid member is reported by that member, not as an invalid union. */
function valuesOf(issue: Issue): InvalidValue[] {
  const path = pathOf(issue);
  // The schemas also look for a structure's members in a list, and report them as missing there.
  const last = issue.path?.at(-1);
  if (last?.type === 'object' && Array.isArray(last.input)) {
    return [{ path: path.slice(0, -1), message: NOT_AN_OBJECT, issue }];
  }
  const within = (issue.type === 'union' ? (issue.issues ?? []) : []).filter(
    ({ type }) => type !== 'strict_object',
  );
  if (within.length === 0) return [{ path, message: describe(issue), issue }];
  return within.map((inner) => ({
    path: [...path, ...pathOf(inner)],
    message: describe(inner),
    issue: inner,
  }));
}

/** Returns what is wrong with each member. */
export const invalidValues = (issues: readonly Issue[]): InvalidValue[] => issues.flatMap(valuesOf);
