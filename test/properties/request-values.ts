/** Values of requests, from the schemas that parse them: of the described shape, and at the bounds of each length. */
import fc from 'fast-check';
import type { JsonSchema } from '../../scripts/openapi/json-schema';

/** A part of every made-up secret. */
export const MARKER = 'Marked-Secret-4fQz8KpX';

/** Stands for a value that the service knows, such as the name of an agent; the test has it when the case runs. */
export class KnownValue {
  constructor(
    readonly member: string,
    readonly choice: number,
  ) {}
}

/** Members whose values are secrets, and members with one secret in each value. */
const SECRET_MEMBERS = new Set([
  'apiKey',
  'clientSecret',
  'customParameters',
  'customState',
  'initialAccessToken',
  'nonce',
  'rejectedAccessToken',
  'sessionUri',
  'userToken',
  'workloadAccessToken',
  'workloadIdentityToken',
]);

/** Members that the service connects to. Their values are addresses of this test or not valid. */
const isAddress = (member: string): boolean => /url|uri|endpoint|issuer/i.test(member);

const ODD_ADDRESSES = [
  'http://127.0.0.1:1/.well-known/openid-configuration',
  'https://127.0.0.1:1/.well-known/oauth-authorization-server',
  'https://169.254.169.254/.well-known/openid-configuration',
  'https://[::1]/.well-known/openid-configuration',
  'https://user:password@localhost/.well-known/openid-configuration',
  'https://localhost/a b',
  'https://localhost/#fragment',
  'javascript:alert(1)',
  'http://',
  '//localhost',
  'ftp://localhost/',
  'https://localhost:99999/',
  'https://xn--/',
  'app:/connected',
];

const filler = (length: number): string => 'a'.repeat(length);

/** @returns undefined for what fast-check cannot generate from a pattern */
function matching(pattern: RegExp): fc.Arbitrary<string> | undefined {
  try {
    const strings = fc.stringMatching(pattern, { maxLength: 120 });
    fc.sample(strings, { numRuns: 1, seed: 1 });
    return strings;
  } catch {
    return undefined;
  }
}

function textOf({ pattern, minLength = 0, maxLength = 2048 }: JsonSchema): fc.Arbitrary<string> {
  const bounds = fc.constantFrom(filler(minLength), filler(maxLength));
  const any = fc.oneof(
    fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 20) }),
    fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 20) }),
    bounds,
  );
  if (pattern === undefined) return any;
  const expected = new RegExp(pattern, 'u');
  const strings = matching(expected);
  if (!strings) return any;
  const short = strings.filter(({ length }) => length >= minLength && length <= maxLength);
  const atBounds = [minLength, maxLength].map(filler).filter((text) => expected.test(text));
  return atBounds.length > 0
    ? fc.oneof({ weight: 4, arbitrary: short }, fc.constantFrom(...atBounds))
    : short;
}

function secretOf({ pattern, maxLength = 2048 }: JsonSchema): fc.Arbitrary<string> {
  const secrets = [
    MARKER,
    `urn:ietf:params:oauth:request_uri:${MARKER}`,
    `${MARKER}.${MARKER}.${MARKER}`,
    `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.${MARKER}`,
    MARKER.padEnd(Math.min(maxLength, 140_000), 'x'),
    `${MARKER}"\\\r\n<script>&'`,
    `${MARKER}\u{1f511}é`,
  ];
  const expected = pattern === undefined ? /^/ : new RegExp(pattern, 'u');
  const accepted = secrets.filter((text) => expected.test(text));
  return fc.constantFrom(...(accepted.length > 0 ? accepted : secrets));
}

const numberOf = ({ minimum = 0, maximum = 1000 }: { minimum?: number; maximum?: number }) =>
  fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum));

function objectOf(schema: JsonSchema, known: ReadonlySet<string>, member: string): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties, minProperties, maxProperties } = schema;
  if (properties) {
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, part]) => [name, valueOf(part, known, name)]),
    );
    if (minProperties === 1 && maxProperties === 1)
      return fc.oneof(...Object.entries(members).map(([name, value]) => fc.record({ [name]: value })));
    return fc.record(members, { requiredKeys: [...required] });
  }
  if (typeof additionalProperties !== 'object') return fc.object({ maxDepth: 1 });
  const { propertyNames = {} } = schema as { propertyNames?: JsonSchema };
  // A secret has no place in a name, which the service returns and logs.
  const names = textOf(propertyNames);
  const values = SECRET_MEMBERS.has(member)
    ? secretOf(additionalProperties)
    : valueOf(additionalProperties, known, '');
  return fc.dictionary(names, values, { maxKeys: Math.min(maxProperties ?? 5, 5) });
}

/**
 * @param known names of the members with known values
 * @param member name of the member that has the value
 * @returns values that the schema describes
 */
export function valueOf(
  schema: JsonSchema,
  known: ReadonlySet<string>,
  member: string,
): fc.Arbitrary<unknown> {
  const made = madeUp(schema, known, member);
  if (!known.has(member)) return made;
  const choice = fc.nat({ max: 1000 }).map((which) => new KnownValue(member, which));
  return fc.oneof({ weight: 3, arbitrary: choice }, { weight: 1, arbitrary: made });
}

function madeUp(schema: JsonSchema, known: ReadonlySet<string>, member: string): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((part) => madeUp(part, known, member)));
  switch (schema.type) {
    case 'string':
      if (isAddress(member)) return fc.constantFrom(...ODD_ADDRESSES);
      return SECRET_MEMBERS.has(member) ? secretOf(schema) : textOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema as { minimum?: number; maximum?: number });
    case 'boolean':
      return fc.boolean();
    case 'array': {
      const { minItems = 0, maxItems = 4 } = schema as { minItems?: number; maxItems?: number };
      const items = schema.items ? valueOf(schema.items, known, member) : fc.string();
      return fc.array(items, { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 4)) });
    }
    case 'object':
      return objectOf(schema, known, member);
    case undefined:
    default:
      return fc.anything({ maxDepth: 1 });
  }
}
