/**
 * The MCP server that a gateway is for its callers, in all versions, without sessions. It has tools only. The library loads
 * with the first request.
 */
import { MAX_PAYLOAD_BYTES } from '../../domain/gate/agent-request';
import { joinedField } from '../../domain/gate/header-fields';
import type { ServeMcp } from '../../domain/gateway/mcp/gateway-server';
import { hasUpTo } from './values';

const URL_OF_ANY_GATEWAY = 'https://gateway.invalid/mcp';

/** Values of a request outside of the arguments of a tool, of which the library validates none. */
const MAX_VALUES = 1_000;

/** What is no JSON is left to the library. It reads the payload as this function does, without a byte order mark. */
function isSmall(payload: Uint8Array): boolean {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return true;
  }
  const { params } = (message ?? {}) as { readonly params?: object };
  return hasUpTo(MAX_VALUES, { ...(message as object), params: { ...params, arguments: undefined } });
}

const TOO_LARGE = {
  status: 400,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: -32600,
      message: `The message must have up to ${MAX_VALUES} values outside of the arguments of a tool.`,
    },
  }),
};

export const serveMcp: ServeMcp = async ({ method, headers, payload }, { name, list, call }) => {
  if (!isSmall(payload)) return TOO_LARGE;
  const { createMcpHandler, Server } = await import('@modelcontextprotocol/server');
  const handler = createMcpHandler(
    () => {
      const server = new Server({ name, version: '1' }, { capabilities: { tools: {} } });
      server.setRequestHandler('tools/list', async ({ params }) => (await list(params?.cursor)) as never);
      server.setRequestHandler('tools/call', async ({ params }) => (await call(params)) as never);
      return server;
    },
    { responseMode: 'json', keepAliveMs: 0, maxSubscriptions: 0, maxRequestBodySize: MAX_PAYLOAD_BYTES },
  );
  const fields = [...headers.keys()]
    .filter((field) => /^(accept|content-type|mcp-.*)$/.test(field))
    .map((field) => [field, joinedField(headers, field) ?? ''] as const);
  const body = method === 'GET' || method === 'HEAD' ? null : payload;
  const response = await handler.fetch(
    new Request(URL_OF_ANY_GATEWAY, { method, headers: Object.fromEntries(fields), body }),
  );
  const { 'content-type': contentType, allow } = Object.fromEntries(response.headers);
  return {
    status: response.status,
    headers: { ...(contentType && { 'content-type': contentType }), ...(allow && { allow }) },
    body: await response.text(),
  };
};
