/** A request's members as a Markdown list, read from the very schema that parses it. */
import type { JsonOperation } from '../../lambda/contract/schemas/requests';
import { constraintsOf } from './constraints';
import { entriesOf, entryOf, isOptional, present, requestOf, schemaOf, type Node } from './schema-node';

/** Where a structure's members were listed, by its schema: they are listed once. */
export type Listed = Map<Node, { readonly operation: JsonOperation; readonly member: string }>;

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

/** @param chosen whether the member is one of a union's, of which no single one is required */
function described(name: string, node: Node, place: string | undefined, chosen: boolean): string {
  const type = TYPES[schemaOf(present(node)).type];
  const required = chosen || isOptional(node) ? [] : ['required'];
  // A member that is refused whatever it holds has no type here.
  const facts = type ? [type, ...required, ...(place ? [place] : [])] : ['refused'];
  const constraints = constraintsOf(present(node)).join('; ');
  return `\`${name}\` (${facts.join(', ')})${constraints === '' ? '' : `: ${constraints}`}`;
}

class MemberList {
  constructor(
    private readonly operation: JsonOperation,
    private readonly listed: Listed,
  ) {}

  lines(node: Node, indent: string, placeOf: PlaceOf): string[] {
    const chosen = schemaOf(node).type === 'union';
    return entriesOf(node).flatMap(([name, member]) => {
      const line = `${indent}- ${described(name, member, placeOf(name), chosen)}`;
      const structure = entryOf(present(member));
      if (entriesOf(structure).length === 0) return [line];
      const before = this.listed.get(structure);
      if (before) return [`${line}${line.endsWith(')') ? ':' : ';'} members as in ${this.reference(before)}`];
      this.listed.set(structure, { operation: this.operation, member: name });
      return [line, ...this.lines(structure, `${indent}  `, () => undefined)];
    });
  }

  private reference({ operation, member }: { operation: JsonOperation; member: string }): string {
    const elsewhere = operation === this.operation ? '' : ` of [${operation}](#${operation.toLowerCase()})`;
    return `\`${member}\`${elsewhere}`;
  }
}

/**
 * @param listed structures that were listed so far; grows
 * @param placeOf where a member travels, when it is not the body
 * @returns Markdown list, empty for an operation without members
 */
export const membersOf = (operation: JsonOperation, listed: Listed, placeOf: PlaceOf): string =>
  new MemberList(operation, listed).lines(requestOf(operation), '', placeOf).join('\n');
