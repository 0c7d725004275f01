/** The counterpart of mcp.ts for servers that are ES modules: it loads the copy of version 1 of the SDK that they use. */
import { elicitingAccessToken, sdkLoadError } from './elicitation.js';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key.js';
export type { AccessTokenCredential } from './access-token.js';
export type { McpAccessTokenOptions } from './elicitation.js';

/**
 * Wraps a tool of an MCP server: `withAccessToken(options)(({ accessToken }, …) => …)`. Pass the wrapped tool to
 * `registerTool`, so that it gets all arguments of the SDK.
 *
 * When the user must consent, the wrapped tool throws `UrlElicitationRequiredError`, or returns a result of type
 * `input_required` for clients of protocol version 2026-07-28. It throws `ConsentDeclinedError` when the user does not
 * want to consent, `ConfigurationError` when there is no MCP SDK, and otherwise the same errors as `withAccessToken` of
 * the main entry.
 */
export const withAccessToken = elicitingAccessToken(() =>
  // With a handler, so that bundlers accept that the package is not installed.
  import('@modelcontextprotocol/sdk/types.js').catch((error: unknown) => {
    throw sdkLoadError(error);
  }),
);
