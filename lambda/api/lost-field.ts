/** What a request loses when its schema has parsed it, and text that is not Unicode. */
import { field } from '../domain/invalid-fields';
import { NOT_AN_OBJECT } from '../domain/invalid-values';
import type { InvalidField } from '../domain/service-error';

type Members = Readonly<Record<string, unknown>>;

/** A fault of a member. The path is put together only for a fault, because hardly any request has one. */
interface Fault {
  readonly path: string[];
  readonly message: string;
}

const fieldOf = (fault: Fault | undefined): InvalidField | undefined =>
  fault && field(fault.path, fault.message);

/** Returns the fault of a member, with its name at the beginning of the path. */
function within(name: string, fault: Fault | undefined): Fault | undefined {
  fault?.path.unshift(name);
  return fault;
}

function lost(sent: unknown, kept: unknown): Fault | undefined {
  if (typeof sent !== 'object' || sent === null || typeof kept !== 'object' || kept === null)
    return undefined;
  if (Array.isArray(sent) !== Array.isArray(kept)) return { path: [], message: NOT_AN_OBJECT };
  for (const key of Object.keys(sent)) {
    const fault = Object.hasOwn(kept, key)
      ? lost((sent as Members)[key], (kept as Members)[key])
      : { path: [], message: 'is a name that this service cannot store; choose another' };
    if (fault) return within(key, fault);
  }
  return undefined;
}

/**
 * The schemas accept a list as a structure, and omit map keys that have a meaning in JavaScript (`constructor`). To lose
 * nothing silently, the parsed document is compared with the request.
 *
 * @param sent the request's document
 * @param kept the parsed document
 * @returns the first member that differs; undefined if there is none
 */
export function lostField(sent: unknown, kept: unknown): InvalidField | undefined {
  return fieldOf(lost(sent, kept));
}

/** A lone surrogate is not a character. Encoded as UTF-8, different ones would become the same. */
function malformed(value: unknown): Fault | undefined {
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : { path: [], message: 'must be well-formed Unicode text' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of Object.keys(value)) {
    const fault = key.isWellFormed()
      ? malformed((value as Members)[key])
      : { path: [], message: 'must have well-formed Unicode text for names' };
    // The path omits a name that is malformed.
    if (fault) return key.isWellFormed() ? within(key, fault) : fault;
  }
  return undefined;
}

/** @returns the first member or map key whose text is not well-formed Unicode */
export function malformedText(value: unknown): InvalidField | undefined {
  return fieldOf(malformed(value));
}
