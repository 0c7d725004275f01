/** The members of a request as a Markdown list, from the schema that parses the request. */
import type { JsonOperationName } from '../../lambda/operations';
import { constraintsOf } from './constraints';
import { entriesOf, entryOf, isOptional, present, requestOf, schemaOf, type Node } from './schema-node';

/** Where the members of each structure are listed, by schema. Each structure is listed once. */
export type Listed = Map<Node, { readonly operation: JsonOperationName; readonly member: string }>;

type PlaceOf = (name: string) => string | undefined;

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  picklist: 'string',
  number: 'integer',
  boolean: 'boolean',
  array: 'list',
  record: 'map',
  strict_object: 'structure',
  union: 'union',
};

/** @param chosen whether the member belongs to a union, whose members are not required individually */
function described(name: string, node: Node, place: string | undefined, chosen: boolean): string {
  const type = TYPES[schemaOf(present(node)).type];
  const required = chosen || isOptional(node) ? [] : ['required'];
  // The schema of a member that is always rejected has no type.
  const facts = type ? [type, ...required, ...(place ? [place] : [])] : ['not supported'];
  const constraints = constraintsOf(present(node)).join('; ');
  return `\`${name}\` (${facts.join(', ')})${constraints === '' ? '' : `: ${constraints}`}`;
}

class MemberList {
  constructor(
    private readonly operation: JsonOperationName,
    private readonly listed: Listed,
  ) {}

  lines(node: Node, indent: string, placeOf: PlaceOf): string[] {
    const chosen = schemaOf(node).type === 'union';
    return entriesOf(node).flatMap(([name, member]) => {
      const line = `${indent}- ${described(name, member, placeOf(name), chosen)}`;
      const structure = entryOf(present(member));
      if (entriesOf(structure).length === 0) return [line];
      const before = this.listed.get(structure);
      if (before)
        return [`${line}${line.endsWith(')') ? ':' : ';'} same members as ${this.reference(before)}`];
      this.listed.set(structure, { operation: this.operation, member: name });
      return [line, ...this.lines(structure, `${indent}  `, () => undefined)];
    });
  }

  private reference({ operation, member }: { operation: JsonOperationName; member: string }): string {
    const elsewhere = operation === this.operation ? '' : ` of [${operation}](#${operation.toLowerCase()})`;
    return `\`${member}\`${elsewhere}`;
  }
}

/**
 * @param listed the structures that are already listed; this function adds to it
 * @param placeOf returns the place of a member that is not in the body
 * @returns a Markdown list, or an empty string for an operation without members
 */
export const membersOf = (operation: JsonOperationName, listed: Listed, placeOf: PlaceOf): string =>
  new MemberList(operation, listed).lines(requestOf(operation), '', placeOf).join('\n');
