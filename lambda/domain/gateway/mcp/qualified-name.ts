/** The names of tools at a gateway. */
import * as v from 'valibot';
import { NAME_SEPARATOR, ToolNameSchema } from '../../../model/gateway/mcp-tools';
import { TargetNameSchema } from '../../../model/gateway/target-configuration';

/** A tool of one target. */
export interface QualifiedName {
  readonly targetName: string;
  readonly tool: string;
}

export const qualifiedName = ({ targetName, tool }: QualifiedName): string =>
  `${targetName}${NAME_SEPARATOR}${tool}`;

/** Returns the parts of a name; undefined for one of another form, which no tool has, and which an audit entry must not repeat. */
export function parseQualifiedName(name: string): QualifiedName | undefined {
  const at = name.indexOf(NAME_SEPARATOR);
  const [targetName, tool] = [name.slice(0, at), name.slice(at + NAME_SEPARATOR.length)];
  return at > 0 && v.is(TargetNameSchema, targetName) && v.is(ToolNameSchema, tool)
    ? { targetName, tool }
    : undefined;
}
