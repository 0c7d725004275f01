/** Parses configuration as JSON text, from an environment variable, a prop, or a context value, by its schema. */
import * as v from 'valibot';
import { similarName } from './similar-name';
import { invalidValues, isUnknownMember, type InvalidValue, type Path } from './invalid-values';

/** What the schemas of the schema library have in common. `Schema` is one of several if the value can be several. */
interface Schema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly value?: Schema;
  readonly wrapped?: Schema;
  readonly options?: readonly unknown[];
}

function alternatives(schema: Schema): readonly Schema[] {
  if (schema.wrapped) return alternatives(schema.wrapped);
  if (schema.type !== 'union' && schema.type !== 'variant') return [schema];
  return (schema.options as readonly Schema[]).flatMap(alternatives);
}

/** Returns the schemas of the value at the path. */
const schemasAt = (schema: Schema, path: Path): readonly Schema[] =>
  path.reduce<readonly Schema[]>(
    (schemas, key) =>
      schemas.flatMap(({ entries, item, value }) => {
        const name = String(key);
        const inner = entries && Object.hasOwn(entries, name) ? entries[name] : (item ?? value);
        return inner ? alternatives(inner) : [];
      }),
    alternatives(schema),
  );

const PLURALS: Readonly<Record<string, string>> = {
  string: 'strings',
  number: 'numbers',
  strict_object: 'objects',
};

/** Returns the message of an invalid value in words that its schema knows better than the issue. */
function messageOf(schema: Schema, { path, message, issue }: InvalidValue): string {
  if (isUnknownMember(issue)) {
    const parents = schemasAt(schema, path.slice(0, -1));
    const names = [...new Set(parents.flatMap(({ entries }) => Object.keys(entries ?? {})))];
    const similar = similarName(String(path.at(-1)), names);
    const advice =
      similar === undefined ? `The members are ${names.join(', ')}.` : `Did you mean ${similar}?`;
    return `is not a member of this configuration. ${advice}`;
  }
  if (issue.type !== 'array') return message;
  const items = schemasAt(schema, [...path, 0]).map(({ type }) => PLURALS[type]);
  return items[0] === undefined ? 'must be an array' : `must be an array of ${items[0]}`;
}

/** Returns a member as JavaScript writes it: `trustedIssuers[0].allowedClients`. */
const memberName = (name: string, path: Path): string =>
  path.reduce<string>((parent, key) => {
    if (typeof key === 'number') return `${parent}[${key}]`;
    return parent === '' ? String(key) : `${parent}.${String(key)}`;
  }, name);

const nameOf = (name: string): string => (name === '' ? 'the configuration' : name);

/**
 * Returns each fault of a configuration as a sentence that begins with the member. Unknown members are first: one that is
 * misspelled can be the one that is missing.
 *
 * @param schema of the issues
 * @param name of the configuration; empty if the members need none
 */
export const configurationFaults = (
  schema: v.GenericSchema,
  name: string,
  issues: readonly v.BaseIssue<unknown>[],
): string[] =>
  [...issues.filter(isUnknownMember), ...issues.filter((issue) => !isUnknownMember(issue))].flatMap((issue) =>
    invalidValues([issue]).map(
      (value) => `${nameOf(memberName(name, value.path))} ${messageOf(schema as Schema, value)}`,
    ),
  );

/** What is wrong with a configuration. The message begins with the member. */
export class ConfigurationFault extends Error {}

/**
 * Returns the configuration, with the schema's defaults for omitted members.
 *
 * @param name of the configuration, as errors name its members; empty if the members need none
 * @throws ConfigurationFault that names the member
 */
export function validConfiguration<Schema extends v.GenericSchema>(
  schema: Schema,
  name: string,
  value: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  throw new ConfigurationFault(configurationFaults(schema, name, parsed.issues)[0]);
}

/**
 * Returns the configuration in a text, as {@link validConfiguration} does.
 *
 * @param expected an example for the message if the text is not JSON, such as `an object like {…}`
 * @param json from the operator or a stack
 * @throws ConfigurationFault that names the member
 */
export function parseConfiguration<Schema extends v.GenericSchema>(
  schema: Schema,
  name: string,
  expected: string,
  json: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ConfigurationFault(`${nameOf(name)} must be JSON: ${expected}`);
  }
  return validConfiguration(schema, name, value);
}
