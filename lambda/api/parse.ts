/** Parses a request at the edge. Messages name the member and what it must be, and never repeat its value. */
import * as v from 'valibot';
import { ServiceError, type InvalidField } from '../domain/service-error';
import { invalidFields } from '../domain/invalid-fields';
import type { RequestSchema } from '../operations/operation';
import { lostField, malformedText } from './lost-field';

/**
 * Detail for the audit log, which names only members of the schema. Other names are the caller's choice, and could be
 * misplaced secrets.
 */
function schemaDetail({ entries }: RequestSchema, fieldList: readonly InvalidField[]): string {
  const members = fieldList.map(({ name }) => {
    const [member = ''] = name.split('.');
    return Object.hasOwn(entries, member) ? member : 'the request';
  });
  return `schema: ${[...new Set(members)].join(', ')}`;
}

function refuse(schema: RequestSchema, fieldList: readonly InvalidField[]): never {
  const message = fieldList.map(({ name, message: what }) => `${name || 'The request'} ${what}`).join('; ');
  const detail = schemaDetail(schema, fieldList);
  throw new ServiceError('ValidationException', message, { fieldList, detail });
}

function cannotParse(message: string): never {
  throw new ServiceError('ValidationException', message, { reason: 'CannotParse' });
}

function parseJson(body: string | null): object {
  // AWS SDKs send no body for a request without members.
  if (body === null || body === '') return {};
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    cannotParse('The request body is not JSON.');
  }
  // A list is refused too: an operation with only optional members would accept an empty one.
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document;
  return cannotParse('The request body is not a JSON object.');
}

/** The parts of a request, as API Gateway delivers them. */
export interface RequestParts {
  readonly body: string | null;
  /** Members from the path or the query, decoded. They are added to those of the body. */
  readonly members: Readonly<Record<string, unknown>>;
}

/**
 * Returns the input of an operation.
 *
 * @throws ValidationException with `reason` and, where members are wrong, `fieldList`
 */
export function parseInput<Schema extends RequestSchema>(
  schema: Schema,
  { body, members }: RequestParts,
): v.InferOutput<Schema> {
  const document = parseJson(body);
  const [twice] = Object.keys(members).filter((name) => Object.hasOwn(document, name));
  if (twice !== undefined) refuse(schema, [{ name: twice, message: 'must be in the URL, not in the body' }]);
  const request = { ...document, ...members };
  const parsed = v.safeParse(schema, request);
  if (!parsed.success) refuse(schema, invalidFields(parsed.issues));
  const lost = lostField(request, parsed.output);
  if (lost) refuse(schema, [lost]);
  // Last, because the schema has bounded the depth of the request by now.
  const malformed = malformedText(parsed.output);
  if (malformed) refuse(schema, [malformed]);
  return parsed.output;
}
