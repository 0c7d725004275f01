/**
 * The wrappers for tools of MCP servers, with either version of the official SDK: `@modelcontextprotocol/server`
 * (version 2) and `@modelcontextprotocol/sdk` (version 1), both optional peer dependencies. If a tool requires the user's
 * consent, its call returns the authorization URL as URL-mode elicitation. The client shows the URL, the user consents,
 * and the client calls the tool again. The tool then gets its token.
 *
 *     server.registerTool('events', { description: 'Lists the events' }, withAccessToken((ctx: ServerContext) => ({
 *       identity, ...fromGate(ctx), providerName: 'calendar', scopes: ['calendar.read'], authFlow: 'USER_FEDERATION',
 *     }))(async ({ accessToken }) => ({ content: [{ type: 'text', text: await events(accessToken) }] })));
 *
 * The protocol version of the client decides how the URL travels (Model Context Protocol, "Elicitation"): 2026-07-28 as a
 * result of type `input_required`, 2025-11-25 as error -32042.
 */
import { elicitingAccessToken, sdkLoadError, type McpSdkTypes } from './elicitation';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key';
export type { AccessTokenCredential } from './access-token';
export type { McpAccessTokenOptions } from './elicitation';

/**
 * Wraps a tool of an MCP server: `withAccessToken(options)(({ accessToken }, …) => …)`. Pass the wrapped tool to
 * `registerTool`, so that it gets all arguments of the SDK.
 *
 * When the user must consent, the wrapped tool throws `UrlElicitationRequiredError`, or returns a result of type
 * `input_required` for clients of protocol version 2026-07-28. It throws `ConsentDeclinedError` when the user does not
 * want to consent, `ConfigurationError` when there is no MCP SDK, and otherwise the same errors as `withAccessToken` of
 * the main entry.
 */
export const withAccessToken = elicitingAccessToken(() => {
  // In a try statement, so that bundlers accept that the package is not installed.
  try {
    return require('@modelcontextprotocol/sdk/types.js') as McpSdkTypes;
  } catch (error) {
    throw sdkLoadError(error);
  }
});
