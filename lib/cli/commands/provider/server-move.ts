/** The commands with which the owner confirms that an MCP server names another server, or that this server moved. */
import { issuerOf } from '../../../../lambda/contract/vendors';
import type { ServiceFailure } from '../../failure';

/** Characters to which no shell gives a meaning. The metadata of another server can have others. */
const PLAIN = /^[\w:/.~@+=,-]+$/;

const orPlaceholder = (url: string | undefined, placeholder: string): string =>
  url !== undefined && PLAIN.test(url) ? url : placeholder;

/**
 * Returns the command that confirms another server. A text that a shell could interpret is not part of it.
 *
 * @param discoveryUrl the URL of the metadata of the MCP server
 * @param issuer the authorization server; a placeholder if it is not known
 * @param options further ones
 */
export function confirmingCommand(
  name: string,
  discoveryUrl: string,
  issuer: string | undefined,
  options = '',
): string {
  const server = orPlaceholder(issuerOf({ discoveryUrl }), 'URL');
  const stated = orPlaceholder(issuer, 'ISSUER');
  return `agent-identity provider update ${name} --mcp ${server} --authorization-server ${stated}${options}`;
}

/** Returns the command that comes first if an update without --mcp fails, because the MCP server names another server. */
export function confirmationFirst(
  { fields }: Pick<ServiceFailure, 'fields'>,
  name: string,
  discoveryUrl: string | undefined,
): string | undefined {
  if (discoveryUrl === undefined) return undefined;
  const [issuer] = fields.flatMap(
    ({ message }) => / now names \S+ for \S+\. If that is right, set it to (\S+)$/.exec(message)?.[1] ?? [],
  );
  if (issuer === undefined) return undefined;
  const command = confirmingCommand(name, discoveryUrl, issuer);
  return `Run ${command} to confirm it. Then repeat this command.`;
}
