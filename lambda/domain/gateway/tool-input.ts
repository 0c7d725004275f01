/**
 * The arguments of a tool as policies see them, by the input schema that the gateway has accepted: an integer is a Long, any
 * other number a decimal. Arguments that Cedar would see differently than the tool are not evaluated.
 * Source: AgentCore developer guide, "Schema constraints".
 */
import { isNestedUpTo } from '../../model/constraints';
import { MAX_SCHEMA_LEVELS } from '../../model/gateway/mcp-tools';
import { NAMESPACE, type CedarRecord, type CedarType, type CedarValue, type RecordType } from './cedar';

/** Arguments that cannot be evaluated. The message says why, and contains no argument. */
export class UnevaluableInput extends Error {}

type Schema = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const schemaOf = (schema: unknown): Schema => (isRecord(schema) ? schema : {});

const entity = (type: string, id: string): CedarValue => ({
  __entity: { type: `${NAMESPACE}::${type}`, id },
});

/**
 * Cedar would read objects with these members as entities, or as calls of functions. JavaScript can read the last one as the
 * prototype of the object.
 */
const ESCAPES = ['__entity', '__extn', '__expr', '__proto__'];

/** Below the largest decimal, and where numbers still have four digits after the point. */
const MAX_DECIMAL = 100_000_000_000;

/** A number that no decimal is equal to is an entity: it equals nothing that policies can write, and comparisons fail. */
function decimal(value: number): CedarValue {
  const arg = (value === 0 ? 0 : value).toFixed(4);
  const isExact = Math.abs(value) < MAX_DECIMAL && Number(arg) === value;
  return isExact ? { __extn: { fn: 'decimal', arg } } : entity('Number', String(value));
}

function numberValue(value: number, type: unknown): CedarValue {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new UnevaluableInput('an integer is beyond 2^53');
  }
  // Without a type, or with several.
  if (type === 'number' || !Number.isInteger(value)) return decimal(value);
  return value === 0 ? 0 : value;
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  array: Array.isArray,
  object: isRecord,
  null: (value) => value === null,
};

function cedarValue(value: unknown, schema: Schema): CedarValue {
  const { type } = schema;
  if (typeof type === 'string' && TYPES[type]?.(value) === false) {
    throw new UnevaluableInput('an argument does not have the type that the tool states');
  }
  if (value === null) return entity('Null', 'null');
  if (typeof value === 'number') return numberValue(value, type);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new UnevaluableInput('a text is not valid Unicode');
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => cedarValue(item, schemaOf(schema.items)));
  return recordValue(schemaOf(value), schema);
}

/** Some JSON readers, such as Go's, take names that differ in case for the same. */
function checkCase(names: readonly string[], known: readonly string[]): void {
  const all = new Set([...names, ...known]);
  const folded = new Set([...all].map((name) => name.toUpperCase().toLowerCase()));
  if (names.length > 0 && folded.size < all.size) {
    throw new UnevaluableInput('the name of an argument differs from another one in case only');
  }
}

function recordValue(value: Schema, schema: Schema): CedarRecord {
  const properties = schemaOf(schema.properties);
  checkCase(Object.keys(value), Object.keys(properties));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (ESCAPES.includes(name)) throw new UnevaluableInput(`an argument has the name ${name}`);
      if (!name.isWellFormed()) throw new UnevaluableInput('a name is not valid Unicode');
      const of = Object.hasOwn(properties, name) ? schemaOf(properties[name]) : {};
      return [name, cedarValue(member, of)];
    }),
  );
}

/**
 * Returns the value of `context.input`.
 *
 * @param stated the arguments in the request; undefined for none
 * @throws UnevaluableInput
 */
export function toolInput(stated: unknown, inputSchema: unknown): CedarRecord {
  const input = stated ?? {};
  if (!isRecord(input)) throw new UnevaluableInput('the arguments are not an object');
  if (!isNestedUpTo(MAX_SCHEMA_LEVELS, input))
    throw new UnevaluableInput('the arguments are nested too deeply');
  return recordValue(input, schemaOf(inputSchema));
}

/** @returns undefined for a type that Cedar does not have */
function typeOf(schema: Schema): CedarType | undefined {
  switch (schema.type) {
    case 'string':
      return { type: 'String' };
    case 'integer':
      return { type: 'Long' };
    case 'boolean':
      return { type: 'Boolean' };
    case 'number':
      return { type: 'Extension', name: 'decimal' };
    case 'array': {
      const element = typeOf(schemaOf(schema.items));
      return element && { type: 'Set', element };
    }
    case 'object':
      return inputType(schema);
    default:
      return undefined;
  }
}

/** Returns the type of `context.input`, without the members whose types Cedar does not have. */
export function inputType(inputSchema: unknown): RecordType {
  const { properties, required } = schemaOf(inputSchema);
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  const attributes = Object.entries(schemaOf(properties)).flatMap(([name, schema]) => {
    const type = typeOf(schemaOf(schema));
    return type ? [[name, { ...type, required: names.includes(name) }] as const] : [];
  });
  return { type: 'Record', attributes: Object.fromEntries(attributes) };
}
