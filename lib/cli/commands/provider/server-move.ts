/** The commands with which the owner confirms that an MCP server names another server, or that this server moved. */
import { issuerOf } from '../../../../lambda/model/discovery-url';
import type { ServiceFailure } from '../../failure';
import { plainUrl } from '../../plain-url';

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
  const server = plainUrl(issuerOf({ discoveryUrl })) ?? 'URL';
  const stated = plainUrl(issuer) ?? 'ISSUER';
  return `agent-identity provider update ${name} --mcp ${server} --authorization-server ${stated}${options}`;
}

/** Returns options that state origins. */
export const originOptions = (origins: readonly string[]): string =>
  origins.map((origin) => ` --endpoint-origin ${plainUrl(origin) ?? 'ORIGIN'}`).join('');

/**
 * Returns how the owner confirms the origins of the endpoints, if an update fails because they are not stored. The service
 * has read them, so the command requests nothing.
 *
 * @param discoveryUrl the URL of the metadata of the MCP server
 * @param statesServer whether the update has --mcp, without which it takes no origins
 */
export function originsFirst(
  { fields }: Pick<ServiceFailure, 'fields'>,
  name: string,
  discoveryUrl: string | undefined,
  statesServer: boolean,
): string | undefined {
  const [, issuer, named] = fields.flatMap(
    ({ message }) =>
      / endpoints of (\S+) at .*, and its metadata has endpoints at (\S+(?: and \S+)?)\. /.exec(message) ??
      [],
  );
  if (issuer === undefined || named === undefined) return undefined;
  const options = originOptions(named.split(' and '));
  const ask = 'Ask the operator of the authorization server whether its endpoints are there. If so,';
  if (statesServer) return `${ask} repeat the command with${options}`;
  if (discoveryUrl === undefined) return undefined;
  return `${ask} run ${confirmingCommand(name, discoveryUrl, issuer, options)} to confirm it, and then repeat this command.`;
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
  return `Ask the operator of the MCP server whether it has this authorization server now. If so, run ${command} to confirm it, and then repeat this command.`;
}
