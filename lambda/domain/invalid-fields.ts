/** What is wrong with a document, by member: of a request, or of a construct's props. */
import type { BaseIssue } from 'valibot';
import { invalidValues, isUnknownMember, type Path } from './invalid-values';
import type { InvalidField } from './service-error';

/** Maximum number of reported members: enough to correct a request. */
const MAX_REPORTED_FIELDS = 20;
const MAX_NAME_CHARACTERS = 256;

export const field = (path: Path, message: string): InvalidField => ({
  name: path.map(String).join('.').slice(0, MAX_NAME_CHARACTERS),
  message,
});

/**
 * @param issues the schema's issues, of which the first are reported
 * @param unknown the message for a member that the schema does not have
 */
export const invalidFields = (
  issues: readonly BaseIssue<unknown>[],
  unknown = 'is not a member of this request',
): InvalidField[] =>
  invalidValues(issues.slice(0, MAX_REPORTED_FIELDS)).map(({ path, message, issue }) =>
    field(path, isUnknownMember(issue) ? unknown : message),
  );
