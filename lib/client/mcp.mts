/** The counterpart of mcp.ts for servers that are ES modules: it loads the copy of the MCP SDK that they use. */
import { elicitingAccessToken } from './elicitation.js';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key.js';
export type { AccessTokenCredential } from './access-token.js';
export type { McpAccessTokenOptions } from './elicitation.js';

/**
 * Wraps a tool of an MCP server: `withAccessToken(options)(({ accessToken }, …) => …)`.
 *
 * The wrapped tool throws `UrlElicitationRequiredError` when the user must consent, `ConfigurationError` when the MCP
 * SDK is not installed, and otherwise the same errors as `withAccessToken` of the main entry.
 */
export const withAccessToken = elicitingAccessToken(() => import('@modelcontextprotocol/sdk/types.js'));
