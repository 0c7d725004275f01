/** Parses a request body at the edge. Messages name the member and what it should be, never what it was. */
import * as v from 'valibot';
import { ServiceError, type InvalidField } from '../domain/service-error';
import { SCHEMAS, type InputOf, type JsonOperation } from './schemas';

function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'check') return issue.message;
  if (issue.type === 'union') return 'must have exactly one member';
  if (issue.received === 'undefined') return 'is required';
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'is not a member of this request';
  const expected = issue.expected ?? 'valid';
  if (issue.type === 'min_length') return `must have a length of ${expected}`;
  if (issue.type === 'max_length') return `must have a length of ${expected}`;
  if (issue.type === 'max_entries') return `must have ${expected} entries`;
  if (issue.type === 'regex') return `must match ${expected}`;
  return `must be ${expected}`;
}

const fieldOf = (issue: v.BaseIssue<unknown>): InvalidField => ({
  name: v.getDotPath(issue) ?? '',
  message: describe(issue),
});

function parseJson(body: string | null): unknown {
  // AWS's clients send nothing at all for an operation whose members are all absent.
  if (body === null || body === '') return {};
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ServiceError('ValidationException', 'The request body is not JSON.', { reason: 'CannotParse' });
  }
}

/** @throws ValidationException with `reason` and `fieldList` */
export function parseInput<Name extends JsonOperation>(operation: Name, body: string | null): InputOf<Name> {
  const parsed = v.safeParse(SCHEMAS[operation], parseJson(body));
  if (parsed.success) return parsed.output;
  const fieldList = parsed.issues.map(fieldOf);
  const message = fieldList.map(({ name, message: what }) => `${name || 'The request'} ${what}`).join('; ');
  throw new ServiceError('ValidationException', message, { fieldList });
}
