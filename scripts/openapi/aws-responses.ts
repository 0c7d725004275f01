/** Responses of the AWS operations in JSON Schema, from the AWS service model. */
import { shapeOf, type Shape, type ShapeReference } from '../aws-model/service-model';
import { MEMBERS_BEYOND_AWS } from './own-responses';
import { schemaRef, type JsonSchema } from './json-schema';

/** Structures by the name of their shape. */
export type Structures = Map<string, JsonSchema>;

function schemaOf(shape: Shape, structures: Structures): JsonSchema {
  switch (shape.type) {
    case 'string':
      return { type: 'string', ...(shape.enum && { enum: shape.enum }) };
    case 'integer':
      return { type: 'integer' };
    case 'double':
      return { type: 'number' };
    case 'boolean':
      return { type: 'boolean' };
    case 'timestamp':
      return shape.timestampFormat === 'iso8601'
        ? { type: 'string', format: 'date-time' }
        : { type: 'number', description: 'epoch seconds' };
    case 'list':
      return { type: 'array', items: referenceSchema(shape.member, structures) };
    case 'map':
      return { type: 'object', additionalProperties: referenceSchema(shape.value, structures) };
    case 'structure':
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(shape.members).map(([name, member]) => [name, referenceSchema(member, structures)]),
        ),
      };
  }
}

/**
 * Returns the schema of a shape, and adds the structures that it consists of. A response has no required members: the
 * service omits members without a value.
 */
export function referenceSchema(reference: ShapeReference, structures: Structures): JsonSchema {
  const shape = shapeOf(reference);
  if (shape.type !== 'structure') return schemaOf(shape, structures);
  const name = reference.shape;
  if (!structures.has(name)) {
    structures.set(name, {});
    const schema = schemaOf(shape, structures);
    structures.set(name, {
      ...schema,
      properties: { ...schema.properties, ...MEMBERS_BEYOND_AWS[name] },
    });
  }
  return schemaRef(name);
}
