/** Consent in MCP: the call of a tool fails with the authorization URL, and the client repeats it after the consent. */
import { withAccessToken, type AccessTokenCredential, type AccessTokenOptions } from './access-token';
import { optionsFor, type OptionsOrFunction, type Tool, type WrappedTool } from './credential';
import { ConfigurationError, ConsentRequiredError } from './errors';

/**
 * Without the members for waiting. Also without `forceAuthentication`: the call after the consent is identical to the
 * call before it, and would delete the new grant.
 */
export type McpAccessTokenOptions = Omit<
  AccessTokenOptions,
  'onAuthUrl' | 'consentTimeout' | 'clock' | 'forceAuthentication'
>;

/** A URL-mode elicitation (Model Context Protocol 2025-11-25). */
interface UrlElicitation {
  mode: 'url';
  elicitationId: string;
  url: string;
  message: string;
}

/**
 * The part of the MCP SDK that is used. The package works without the SDK until a tool is called, so its declarations
 * do not refer to the SDK either.
 */
export interface McpSdkTypes {
  readonly UrlElicitationRequiredError: new (elicitations: UrlElicitation[]) => Error;
}

const NOT_FOUND = new Set<unknown>(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

async function loadMcpSdk(load: () => McpSdkTypes | Promise<McpSdkTypes>): Promise<McpSdkTypes> {
  try {
    return await load();
  } catch (error) {
    if (!NOT_FOUND.has((error as NodeJS.ErrnoException).code)) throw error;
    throw new ConfigurationError(
      '@agent-identity/client/mcp requires the MCP SDK. Run `npm install @modelcontextprotocol/sdk`.',
      { cause: error },
    );
  }
}

/**
 * Wraps a tool of an MCP server. The tool gets the access token in an object as its first argument.
 * `AccessTokenRejectedError` works as in `withAccessToken`.
 *
 * @param load loads the copy of the SDK that the server uses: an ES module and a CommonJS module load different copies,
 *   whose error classes are different
 */
export const elicitingAccessToken =
  (load: () => McpSdkTypes | Promise<McpSdkTypes>) =>
  <Seen extends unknown[] = []>(options: OptionsOrFunction<McpAccessTokenOptions, Seen>) =>
  <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<AccessTokenCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> =>
  async (...args) => {
    // Before the request, so that a missing SDK is reported by the first call.
    const { UrlElicitationRequiredError } = await loadMcpSdk(load);
    const resolved = await optionsFor(options, args);
    const once = { ...resolved, onAuthUrl: undefined, forceAuthentication: undefined };
    try {
      return await withAccessToken(once)(tool)(...args);
    } catch (error) {
      if (!(error instanceof ConsentRequiredError)) throw error;
      const elicitation = new UrlElicitationRequiredError([
        {
          mode: 'url',
          // Part of the URL anyway. It stays the same as long as the URL, so a client shows the URL only once.
          elicitationId: error.sessionUri,
          url: error.authorizationUrl,
          message: `To continue, allow this agent to use "${resolved.providerName}".`,
        },
      ]);
      // The server still sends it; a log of the error does not show it.
      Object.defineProperty(elicitation, 'data', { enumerable: false });
      throw elicitation;
    }
  };
