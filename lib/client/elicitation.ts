/** Consent as MCP has it: a tool's call is refused with the link, and is made again after the consent. */
import type { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { withAccessToken, type AccessTokenCredential, type AccessTokenOptions } from './access-token';
import { optionsFor, type OptionsOrFunction, type Tool, type WrappedTool } from './credential';
import { ConsentRequiredError } from './errors';

/**
 * Without what belongs to waiting; and without `forceAuthentication`, for the call that comes after the consent is like
 * the one before it and would forget what was just granted.
 */
export type McpAccessTokenOptions = Omit<
  AccessTokenOptions,
  'onAuthUrl' | 'consentTimeout' | 'clock' | 'forceAuthentication'
>;

/** The SDK's error, of the copy that the server uses: one loaded as the other kind of module is another class to it. */
type ElicitationError = new (
  ...args: ConstructorParameters<typeof UrlElicitationRequiredError>
) => UrlElicitationRequiredError;

/**
 * Wraps a tool of an MCP server, which gets the access token in an object as its first argument;
 * `AccessTokenRejectedError` is heeded as elsewhere.
 *
 * @param options or a function that makes them from the tool's own arguments, the request's headers among them
 * @returns what makes of the tool one without that argument; it throws `UrlElicitationRequiredError` when the user has
 *   to consent, and else as `getAccessToken`, or what the tool throws
 */
export const elicitingAccessToken =
  (ElicitationError: ElicitationError) =>
  <Seen extends unknown[] = []>(options: OptionsOrFunction<McpAccessTokenOptions, Seen>) =>
  <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<AccessTokenCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> =>
  async (...args) => {
    const settled = await optionsFor(options, args);
    const once = { ...settled, onAuthUrl: undefined, forceAuthentication: undefined };
    try {
      return await withAccessToken(once)(tool)(...args);
    } catch (error) {
      if (!(error instanceof ConsentRequiredError)) throw error;
      const elicitation = new ElicitationError([
        {
          mode: 'url',
          // In the link anyway; the same for as long as the link is, so that a client need show it once only.
          elicitationId: error.sessionUri,
          url: error.authorizationUrl,
          message: `To go on, please let this agent in at "${settled.providerName}".`,
        },
      ]);
      // The server sends it on; whoever logs the error does not.
      Object.defineProperty(elicitation, 'data', { enumerable: false });
      throw elicitation;
    }
  };
