/**
 * The statuses of the gate's own errors for a client that finds out which revision of MCP the server speaks. It sends
 * `server/discover` first, and takes every status below 500, except 401 and 403, for the response of a server of an earlier
 * revision. After a failure that passes, it would speak the earlier revision to a server of the current one, without an
 * error. So such failures have a 5xx status here, although AWS clients retry it: the request has no effects. A 400 or 404
 * of the gate stays, because the client gets it for its next request, too, and reports it.
 * Source: `@modelcontextprotocol/client` 2.4.0, `probeClassifier`; MCP 2026-07-28, "Versioning".
 */
import type { ErrorName } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import type { HeaderFields } from './header-fields';

const PROBE_STATUS: Partial<Record<ErrorName, number>> = {
  RuntimeClientError: 502,
  ThrottlingException: 503,
};

/** Returns the status of an error; undefined if the error has its usual status. */
export function probeStatus(
  { protocol }: Pick<AgentEndpointConfiguration, 'protocol'>,
  received: HeaderFields,
  type: ErrorName,
): number | undefined {
  const methods = received.get('mcp-method') ?? [];
  return protocol === 'MCP' && methods.includes('server/discover') ? PROBE_STATUS[type] : undefined;
}
