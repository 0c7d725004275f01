/**
 * One element of a policy document with its place in it, so that a refusal can name the element.
 * Whatever the evaluator could not honor exactly is refused here, when the policy is put: an element that
 * was ignored later would widen an Allow or lose a Deny without anybody noticing.
 */
import { invalidMember, type ServiceError } from '../service-error';

export interface PolicyElement {
  /** Dotted path within the document, such as `Statement.0.Action`; empty for the document itself. */
  readonly path: string;
  readonly value: unknown;
}

/** What is shown of an element that does not belong there. */
const SHOWN = 80;
const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/**
 * @param element what is wrong
 * @param why what is wrong with it and what would be right
 */
export const refused = (element: PolicyElement, why: string): ServiceError =>
  invalidMember('policy', `${element.path || 'the document'}: ${why}`);

/** The element's value in a message, at a bearable length. */
export const quoted = (value: string): string => `"${shown(value)}"`;

const child = (parent: PolicyElement, key: string | number, value: unknown): PolicyElement => ({
  path: parent.path ? `${parent.path}.${shown(String(key))}` : shown(String(key)),
  value,
});

/**
 * The members of an object, by name.
 *
 * @throws ValidationException when it is no object, or an empty one
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
 * One value, or a list of at least one: IAM's notation for both.
 *
 * @throws ValidationException for an empty list
 */
export function oneOrMore(element: PolicyElement): readonly PolicyElement[] {
  if (!Array.isArray(element.value)) return [element];
  if (element.value.length === 0) throw refused(element, 'is an empty list');
  return element.value.map((value: unknown, index) => child(element, index, value));
}

/** @throws ValidationException when it is no string, an empty one, or holds a policy variable */
export function textOf(element: PolicyElement): string {
  const { value } = element;
  if (typeof value !== 'string') throw refused(element, 'must be a string');
  if (value === '') throw refused(element, 'is empty');
  // Variables and the escapes ${*}, ${?} and ${$} share this notation (IAM user guide, "Variables and tags").
  if (value.includes('${'))
    throw refused(element, 'policy variables (${…}) are not supported by this service');
  return value;
}

/** @throws ValidationException when it is neither true nor false, as JSON or as a string */
export function truthOf(element: PolicyElement): boolean {
  const { value } = element;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw refused(element, 'must be true or false');
}
