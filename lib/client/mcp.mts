/** The same as mcp.ts for servers that are ES modules, so that both use one copy of the SDK. */
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { elicitingAccessToken } from './elicitation.js';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key.js';
export type { AccessTokenCredential } from './access-token.js';
export type { McpAccessTokenOptions } from './elicitation.js';

export const withAccessToken = elicitingAccessToken(UrlElicitationRequiredError);
