/**
 * Parses JSON without repeated names. RFC 8259 section 4 does not define the meaning of a repeated name in an object, and
 * JSON.parse silently keeps the last one: a reader could see one policy while the service enforces another. IAM rejects
 * such documents, and so does this service.
 */
import { ServiceError } from '../service-error';

/** Strings and structure, because numbers and literals contain no names. Correct only for valid JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Returns the first repeated name in an object, compared after escapes are resolved. */
function repeatedName(json: string): string | undefined {
  const open: Set<string>[] = [];
  let text: string | undefined;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') text = token;
    else if (text !== undefined) {
      const name = JSON.parse(text) as string;
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}

const unreadable = (message: string): ServiceError =>
  new ServiceError('ValidationException', `policy: ${message}`, {
    reason: 'CannotParse',
    fieldList: [{ name: 'policy', message }],
  });

/**
 * Returns the parsed policy document.
 *
 * @throws ValidationException (`CannotParse`) if the text is not JSON, or repeats a name in an object
 */
export function parseUnambiguousJson(json: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw unreadable('is not JSON');
  }
  const repeated = repeatedName(json);
  if (repeated !== undefined) throw unreadable(`"${repeated.slice(0, 80)}" is repeated in one object`);
  return value;
}
