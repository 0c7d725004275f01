/**
 * The wrappers for tools of MCP servers. If a tool requires the user's consent, its call fails with the authorization
 * URL as URL-mode elicitation (Model Context Protocol 2025-11-25, "Elicitation": error -32042). The client shows the
 * URL, the user consents, and the client calls the tool again. The tool then gets its token. Nothing waits for the user.
 *
 *     server.registerTool('events', { description: 'Lists the events' }, withAccessToken((request: Request) => ({
 *       identity, ...fromGate(request.requestInfo?.headers), signal: request.signal,
 *       providerName: 'calendar', scopes: ['calendar.read'], authFlow: 'USER_FEDERATION',
 *     }))(async ({ accessToken }) => ({ content: [{ type: 'text', text: await events(accessToken) }] })));
 *
 * It requires `@modelcontextprotocol/sdk`, an optional peer dependency, and loads it when a tool is called.
 */
import { elicitingAccessToken, type McpSdkTypes } from './elicitation';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key';
export type { AccessTokenCredential } from './access-token';
export type { McpAccessTokenOptions } from './elicitation';

/**
 * Wraps a tool of an MCP server: `withAccessToken(options)(({ accessToken }, …) => …)`.
 *
 * The wrapped tool throws `UrlElicitationRequiredError` when the user must consent, `ConfigurationError` when the MCP
 * SDK is not installed, and otherwise the same errors as `withAccessToken` of the main entry.
 */
export const withAccessToken = elicitingAccessToken(
  () => require('@modelcontextprotocol/sdk/types.js') as McpSdkTypes,
);
