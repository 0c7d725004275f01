/**
 * The wrappers for tools of MCP servers. A tool that needs the user's consent is refused with the link, as URL-mode
 * elicitation (Model Context Protocol 2025-11-25, "Elicitation": error -32042): the client shows it, the user consents,
 * and the client calls the tool again, which then gets its token. Nothing waits in between.
 *
 *     server.registerTool('events', { description: 'What is on' }, withAccessToken((request: Request) => ({
 *       identity, ...fromGate(request.requestInfo?.headers), signal: request.signal,
 *       providerName: 'calendar', scopes: ['calendar.read'], authFlow: 'USER_FEDERATION',
 *     }))(async ({ accessToken }) => ({ content: [{ type: 'text', text: await events(accessToken) }] })));
 *
 * An entry of its own, for it needs `@modelcontextprotocol/sdk`, which an MCP server has.
 */
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { elicitingAccessToken } from './elicitation';

export { withApiKey, type ApiKeyCredential, type ApiKeyOptions } from './api-key';
export type { AccessTokenCredential } from './access-token';
export type { McpAccessTokenOptions } from './elicitation';

export const withAccessToken = elicitingAccessToken(UrlElicitationRequiredError);
