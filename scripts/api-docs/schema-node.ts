/** What valibot lets be seen of a schema, and of what a pipe checks after it. */
import { SCHEMAS, type JsonOperation } from '../../lambda/contract/schemas/requests';

export interface Node {
  readonly kind: 'schema' | 'validation' | 'metadata' | 'transformation';
  readonly type: string;
  readonly pipe?: readonly Node[];
  readonly wrapped?: Node;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly options?: readonly (Node | string)[];
  readonly item?: Node;
  readonly key?: Node;
  readonly value?: Node;
  readonly requirement?: unknown;
  readonly message?: unknown;
  /** lambda/contract/schemas/constraints.ts puts the bounds of a text there. */
  readonly metadata?: { readonly length?: { readonly min: number; readonly max: number } };
}

export const requestOf = (operation: JsonOperation): Node => SCHEMAS[operation];

/** The steps of a pipe, and of the pipes within it, in a row. */
export function stepsOf(node: Node): Node[] {
  if (!node.pipe) return [node];
  return node.pipe.flatMap((step) => (step.kind === 'schema' ? stepsOf(step) : [step]));
}

/** The schema itself, without what is checked after it. */
export const schemaOf = (node: Node): Node => stepsOf(node)[0] ?? node;

export const isOptional = (node: Node): boolean => node.type === 'exact_optional';

export const present = (node: Node): Node => (isOptional(node) && node.wrapped ? node.wrapped : node);

/** What a list has of, or the node itself. */
export const entryOf = (node: Node): Node => schemaOf(node).item ?? node;

/** Members of a structure, or of a union of structures, which has exactly one of them. */
export function entriesOf(node: Node): [string, Node][] {
  const schema = schemaOf(node);
  if (schema.type !== 'union') return Object.entries(schema.entries ?? {});
  const options = (schema.options ?? []).filter((option) => typeof option !== 'string');
  return options.flatMap((option) => Object.entries(option.entries ?? {}));
}
