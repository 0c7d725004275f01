/** Requests in JSON Schema, from the schemas that parse them. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { hasOneMember } from '../../lambda/model/constraints';
import { type JsonOperationName, OPERATIONS } from '../../lambda/operations';
import { isTextLength } from '../api-docs/constraints';
import { stepsOf, type Node } from '../api-docs/schema-node';
import type { JsonSchema } from './json-schema';

/** A member that the service always rejects. It has no schema of values. */
const isRejected = (node: Node): boolean => stepsOf(node)[0]?.type === 'unknown';

const withRule = (schema: JsonSchema, rule: string): JsonSchema => ({
  ...schema,
  description: schema.description === undefined ? rule : `${schema.description}; ${rule}`,
});

/** What JSON Schema has no keyword for becomes part of the description. */
function withStep(schema: JsonSchema, { type, message, requirement, metadata }: Node): JsonSchema {
  if (metadata?.length) {
    const { min, max } = metadata.length;
    // The library has copied the metadata as keywords.
    return { ...schema, length: undefined, minLength: min, maxLength: max } as JsonSchema;
  }
  if (requirement === hasOneMember) return { ...schema, minProperties: 1, maxProperties: 1 };
  if (type === 'check' && typeof message === 'string' && !isTextLength(message))
    return withRule(schema, message);
  return schema;
}

/** Removes the members that the service rejects: `additionalProperties` rejects them as well. */
function withoutRejected(schema: JsonSchema): JsonSchema {
  const { properties } = schema;
  if (!properties) return schema;
  const accepted = Object.entries(properties).filter(([, member]) => !member.not);
  return { ...schema, properties: Object.fromEntries(accepted) };
}

/** @returns the schema of the operation's members, those outside the body included */
export const requestSchema = (operation: JsonOperationName): JsonSchema =>
  toJsonSchema(OPERATIONS[operation].input, {
    target: 'draft-2020-12',
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      isRejected(valibotSchema)
        ? { not: {} }
        : (withoutRejected(jsonSchema as JsonSchema) as typeof jsonSchema),
    overrideAction: ({ valibotAction, jsonSchema }) =>
      ['check', 'metadata'].includes(valibotAction.type)
        ? (withStep(jsonSchema as JsonSchema, valibotAction) as typeof jsonSchema)
        : undefined,
  }) as JsonSchema;

/** @param members names from the request down to the member, each within the previous one */
export function requestMember(operation: JsonOperationName, ...members: readonly string[]): JsonSchema {
  const member = members.reduce<JsonSchema | undefined>(
    (schema, name) => schema?.properties?.[name],
    requestSchema(operation),
  );
  if (!member) throw new Error(`${operation} has no member ${members.join('.')}`);
  return member;
}
