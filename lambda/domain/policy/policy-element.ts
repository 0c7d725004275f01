/**
 * An element of a policy document with its path, so that an error can name the element. Putting a policy rejects every
 * element that the evaluator does not support exactly: ignoring an element could silently widen an Allow or lose a Deny.
 */
import { invalidMember, type ServiceError } from '../service-error';

export interface PolicyElement {
  /** Dotted path within the document, such as `Statement.0.Action`; empty for the document itself. */
  readonly path: string;
  readonly value: unknown;
}

/** Maximum characters of an element in a message. */
const SHOWN = 80;
const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/**
 * Returns the error for an element that is not valid.
 *
 * @param why continues the element's path: "must be …"
 */
export const refused = (element: PolicyElement, why: string): ServiceError =>
  invalidMember('policy', `${element.path || 'the document'}: ${why}`);

/** Returns the element's value for a message, shortened if it is long. */
export const quoted = (value: string): string => `"${shown(value)}"`;

const child = (parent: PolicyElement, key: string | number, value: unknown): PolicyElement => ({
  path: parent.path ? `${parent.path}.${shown(String(key))}` : shown(String(key)),
  value,
});

/**
 * Returns the members of an object, by name.
 *
 * @throws ValidationException if the element is not an object, or is empty
 */
export function membersOf(element: PolicyElement): ReadonlyMap<string, PolicyElement> {
  const { value } = element;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(element, 'must be an object');
  }
  const members = Object.entries(value).map(([key, member]) => [key, child(element, key, member)] as const);
  if (members.length === 0) throw refused(element, 'is empty');
  return new Map(members);
}

/**
 * Returns the values of an element that is one value or a list, as in IAM.
 *
 * @throws ValidationException for an empty list
 */
export function oneOrMore(element: PolicyElement): readonly PolicyElement[] {
  if (!Array.isArray(element.value)) return [element];
  if (element.value.length === 0) throw refused(element, 'is an empty list');
  return element.value.map((value: unknown, index) => child(element, index, value));
}

/** Returns the text. @throws ValidationException if the element is not a string, is empty, or contains a policy variable */
export function textOf(element: PolicyElement): string {
  const { value } = element;
  if (typeof value !== 'string') throw refused(element, 'must be a string');
  if (value === '') throw refused(element, 'is empty');
  // Variables and the escapes ${*}, ${?} and ${$} share this notation (IAM user guide, "Variables and tags").
  if (value.includes('${'))
    throw refused(element, 'policy variables (${…}) are not supported by this service');
  return value;
}

/** Returns the boolean. @throws ValidationException if the element is not true or false, as JSON or as a string */
export function truthOf(element: PolicyElement): boolean {
  const { value } = element;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw refused(element, 'must be true or false');
}
