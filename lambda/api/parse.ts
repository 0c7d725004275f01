/** Parses a request at the edge. Messages name the member and what it should be, never what it was. */
import * as v from 'valibot';
import { ServiceError, type InvalidField } from '../domain/service-error';
import { invalidFields, lostField, malformedText } from './invalid-fields';
import { SCHEMAS, type InputOf, type JsonOperation } from '../contract/schemas/requests';

/**
 * For the audit trail, members of the schema alone: whoever sends a name of their own chooses what stands there, or puts
 * a secret in the wrong place.
 */
function schemaDetail(operation: JsonOperation, fieldList: readonly InvalidField[]): string {
  const members = fieldList.map(({ name }) => {
    const [member = ''] = name.split('.');
    return Object.hasOwn(SCHEMAS[operation].entries, member) ? member : 'the request';
  });
  return `schema: ${[...new Set(members)].join(', ')}`;
}

function refuse(operation: JsonOperation, fieldList: readonly InvalidField[]): never {
  const message = fieldList.map(({ name, message: what }) => `${name || 'The request'} ${what}`).join('; ');
  const detail = schemaDetail(operation, fieldList);
  throw new ServiceError('ValidationException', message, { fieldList, detail });
}

function cannotParse(message: string): never {
  throw new ServiceError('ValidationException', message, { reason: 'CannotParse' });
}

function parseJson(body: string | null): object {
  // AWS's clients send nothing at all for an operation whose members are all absent.
  if (body === null || body === '') return {};
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    cannotParse('The request body is not JSON.');
  }
  // No list either: an operation whose members are all optional would take an empty one for itself.
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document;
  return cannotParse('The request body is not a JSON object.');
}

/** A request as the gateway took it apart. */
export interface RequestParts {
  readonly body: string | null;
  /** Members that travel in the path or the query, decoded; they stand beside those of the body. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** @throws ValidationException with `reason` and, where members are wrong, `fieldList` */
export function parseInput<Name extends JsonOperation>(
  operation: Name,
  { body, members }: RequestParts,
): InputOf<Name> {
  const document = parseJson(body);
  const [twice] = Object.keys(members).filter((name) => Object.hasOwn(document, name));
  if (twice !== undefined)
    refuse(operation, [{ name: twice, message: 'stands in the address, not in the body' }]);
  const request = { ...document, ...members };
  const parsed = v.safeParse(SCHEMAS[operation], request);
  if (!parsed.success) refuse(operation, invalidFields(parsed.issues));
  const lost = lostField(request, parsed.output);
  if (lost) refuse(operation, [lost]);
  // Only now, when the schema has bounded how deep the request goes.
  const malformed = malformedText(parsed.output);
  if (malformed) refuse(operation, [malformed]);
  return parsed.output;
}
