/** The MCP server of the calendar product, for agents of other companies. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { eventsOf } from './calendar-events';

export const MCP_PATH = '/mcp';

/** RFC 9728, section 3.1. */
export const MCP_METADATA_PATH = `/.well-known/oauth-protected-resource${MCP_PATH}`;

function calendarServer(subject: string): McpServer {
  const server = new McpServer({ name: 'almanac', version: '1.0.0' });
  server.registerTool('list_events', { description: 'Lists the events of today' }, () => ({
    content: eventsOf(subject).map(({ title, location }) => ({
      type: 'text',
      text: `${title}, ${location}`,
    })),
  }));
  return server;
}

/**
 * Responds to a request of a client, in any revision of MCP. The server has no sessions.
 *
 * @param subject `sub` of the valid access token
 */
export function serveCalendarMcp(
  request: IncomingMessage,
  response: ServerResponse,
  subject: string,
): Promise<void> {
  // The types of Node.js say that requests of clients have no method.
  const handle: (request: never, response: ServerResponse) => Promise<void> = toNodeHandler(
    createMcpHandler(() => calendarServer(subject)),
  );
  return handle(request as never, response);
}
