/** The names of tools at a gateway. */
import { NAME_SEPARATOR } from '../../../model/gateway/mcp-tools';

/** A tool of one target. */
export interface QualifiedName {
  readonly targetName: string;
  readonly tool: string;
}

export const qualifiedName = ({ targetName, tool }: QualifiedName): string =>
  `${targetName}${NAME_SEPARATOR}${tool}`;

/** Returns the parts of a name; undefined for a name of another form. */
export function parseQualifiedName(name: string): QualifiedName | undefined {
  const at = name.indexOf(NAME_SEPARATOR);
  return at < 1 ? undefined : { targetName: name.slice(0, at), tool: name.slice(at + NAME_SEPARATOR.length) };
}
