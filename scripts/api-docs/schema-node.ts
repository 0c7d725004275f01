/** The structure of a valibot schema and of the checks in its pipe. */
import { type JsonOperationName, OPERATIONS } from '../../lambda/operations';

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
  /** lambda/model/constraints.ts stores the length bounds of a text here. */
  readonly metadata?: { readonly length?: { readonly min: number; readonly max: number } };
}

export const requestOf = (operation: JsonOperationName): Node => OPERATIONS[operation].input;

/** Returns the steps of a pipe and of its nested pipes, in order. */
export function stepsOf(node: Node): Node[] {
  if (!node.pipe) return [node];
  return node.pipe.flatMap((step) => (step.kind === 'schema' ? stepsOf(step) : [step]));
}

/** Returns the schema without the checks that follow it in the pipe. */
export const schemaOf = (node: Node): Node => stepsOf(node)[0] ?? node;

export const isOptional = (node: Node): boolean => node.type === 'exact_optional';

export const present = (node: Node): Node => (isOptional(node) && node.wrapped ? node.wrapped : node);

/** Returns the entry schema of a list, or the node itself. */
export const entryOf = (node: Node): Node => schemaOf(node).item ?? node;

/** Returns the members of a structure or of a union. A union value has exactly one of its members. */
export function entriesOf(node: Node): [string, Node][] {
  const schema = schemaOf(node);
  if (schema.type !== 'union') return Object.entries(schema.entries ?? {});
  const options = (schema.options ?? []).filter((option) => typeof option !== 'string');
  return options.flatMap((option) => Object.entries(option.entries ?? {}));
}
