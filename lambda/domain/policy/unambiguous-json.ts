/**
 * JSON in which every name means one thing. RFC 8259 section 4 leaves open what a name that stands twice in
 * one object means, and JSON.parse silently keeps the last: a reader of the text would see one policy and the
 * service enforce another. IAM refuses such documents, and so does this.
 */
import { ServiceError } from '../service-error';

/** Strings and structure; numbers and literals carry no names. Only sound on text that is valid JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The first name that an object holds twice, compared after its escapes are resolved. */
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
 * @param json the text of a policy document
 * @throws ValidationException (`CannotParse`) when it is not JSON, or an object in it holds a name twice
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
