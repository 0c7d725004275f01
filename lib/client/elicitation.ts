/**
 * Consent in MCP: the call of a tool returns or fails with the authorization URL, and the client repeats it after the
 * consent. How the URL travels depends on the SDK of the server and on the protocol version of the client.
 */
import {
  ACCESS_TOKEN,
  awaitConsent,
  callWithToken,
  getBearerToken,
  type AccessTokenCredential,
  type AccessTokenOptions,
} from './access-token';
import { responseFor, consentKeyOf } from './consent-responses';
import {
  checkTool,
  checkWrapper,
  optionsFor,
  type OptionsOrFunction,
  type Tool,
  type WrappedTool,
} from './credential';
import { ConfigurationError, ConsentDeclinedError, ConsentRequiredError } from './errors';
import { toolContextOf, type ToolContext } from './mcp-context';

/**
 * Without the function that receives the URL: the client gets it. Also without `forceAuthentication`: the call after
 * the consent is identical to the call before it, and would delete the new grant.
 */
export interface McpAccessTokenOptions extends Omit<
  AccessTokenOptions,
  'onAuthUrl' | 'forceAuthentication' | 'consentTimeout'
> {
  /**
   * Seconds that a repeated call waits for the consent, for clients of protocol version 2026-07-28: up to 50, which is
   * less than the timeout of the client, 60 seconds in the SDKs. A larger value counts as 50.
   * @default 50
   */
  readonly consentTimeout?: number | undefined;
}

const REPEATED_CALL_TIMEOUT = 50;

/** A URL-mode elicitation (Model Context Protocol 2025-11-25). */
interface UrlElicitation {
  readonly mode: 'url';
  readonly elicitationId: string;
  readonly url: string;
  readonly message: string;
}

/**
 * The part of version 1 of the MCP SDK that is used. The package works without the SDK until a tool is called, so its
 * declarations do not refer to the SDK either.
 */
export interface McpSdkTypes {
  readonly UrlElicitationRequiredError: new (elicitations: UrlElicitation[]) => Error;
}

/** Loads the copy of version 1 that the server uses. */
export type LoadMcpSdk = () => McpSdkTypes | Promise<McpSdkTypes>;

const NOT_FOUND = new Set<unknown>(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

/** Returns the error for version 1 of the SDK that cannot be loaded. */
export const sdkLoadError = (error: unknown): unknown =>
  NOT_FOUND.has((error as NodeJS.ErrnoException).code)
    ? new ConfigurationError(
        'The tool got no context of an MCP server with @modelcontextprotocol/server, and @modelcontextprotocol/sdk is not installed. Pass all arguments of the tool, the context last, or run `npm install @modelcontextprotocol/sdk`.',
        { cause: error },
      )
    : error;

const URL_ELICITATION_REQUIRED = -32042;

/**
 * The error of version 2, for clients of protocol version 2025-11-25. Version 2 recognizes its errors by this brand, and
 * passes code and data to the client. Its own class would be the one of the copy that the server has loaded.
 */
class BrandedElicitationError extends Error {
  override readonly name = 'UrlElicitationRequiredError';
  readonly code = URL_ELICITATION_REQUIRED;

  constructor(readonly data: { readonly elicitations: readonly UrlElicitation[] }) {
    super('URL elicitation required');
    Object.defineProperty(this, Symbol.for('mcp.sdk.errorBrands'), {
      value: new Set(['mcp.ProtocolError', 'mcp.UrlElicitationRequiredError']),
    });
  }
}

const invitationTo = ({ providerName }: ConsentRequiredError): string =>
  `To continue, allow this agent to use "${providerName}".`;

/** Makes an error that sends the URL. Legacy clients show it and repeat the call by themselves. */
function elicitationError(
  error: ConsentRequiredError,
  construct: (elicitations: UrlElicitation[]) => Error,
): Error {
  const elicitation = construct([
    {
      mode: 'url',
      // Part of the URL anyway. It stays the same as long as the URL, so a client shows the URL only once.
      elicitationId: error.sessionUri,
      url: error.authorizationUrl,
      message: invitationTo(error),
    },
  ]);
  // The server still sends it; a log of the error does not show it.
  Object.defineProperty(elicitation, 'data', { enumerable: false });
  return elicitation;
}

/** The result of a call that is repeated with the user's answer. `requestState` is not needed. */
const inputRequired = (error: ConsentRequiredError): object => ({
  resultType: 'input_required',
  inputRequests: {
    [consentKeyOf(error)]: {
      method: 'elicitation/create',
      params: { mode: 'url', url: error.authorizationUrl, message: invitationTo(error) },
    },
  },
});

/** For a client that does not show URLs: the model passes the URL to the user. */
const inWords = (error: ConsentRequiredError): object => ({
  isError: true,
  content: [
    {
      type: 'text',
      text: `${invitationTo(error)} Ask the user to open this URL in a browser: ${error.authorizationUrl} Call the tool again after the user has granted access.`,
    },
  ],
});

/**
 * Returns the result that sends the user to the authorization URL.
 *
 * A client that gets an elicitation repeats the call immediately, and shows the URL again if the call returns it again.
 * So the URL of a consent that the user has accepted is returned again only after the wait for it.
 *
 * @param waited whether this call waited for the consent
 */
function askForConsent(
  context: ToolContext & { kind: 'multi-round-trip' },
  error: ConsentRequiredError,
  waited: boolean,
): object {
  const action = context.responses.get(consentKeyOf(error));
  if (action === 'decline' || action === 'cancel') {
    throw new ConsentDeclinedError(error.providerName, action);
  }
  // Another wrapper within the tool needs this consent, and did not wait for it.
  if (action === 'accept' && !waited) throw error;
  // The SDK returns the error -32021 for prompts and resources, whose results have no room for words.
  return context.urlElicitation || !context.isTool ? inputRequired(error) : inWords(error);
}

/** @returns undefined if the call is no repeated one, or the user has not consented to the URL that it is about */
function consentedToken(
  context: ToolContext,
  options: AccessTokenOptions,
): { readonly token: Promise<string | undefined> } | undefined {
  if (context.kind !== 'multi-round-trip') return undefined;
  const response = responseFor(context.responses, options.providerName);
  if (!response) return undefined;
  const { action, sessionUri } = response;
  if (action !== 'accept') throw new ConsentDeclinedError(options.providerName, action);
  return { token: awaitConsent(options, sessionUri) };
}

/** Returns the options of one call. The client gets the URL, and the call does not wait for the consent to a new one. */
async function onceOptions<Seen extends unknown[]>(
  options: OptionsOrFunction<McpAccessTokenOptions, Seen>,
  args: readonly [...Seen, ...unknown[]],
  context: ToolContext,
): Promise<AccessTokenOptions> {
  const resolved = await optionsFor('withAccessToken', options, ACCESS_TOKEN, args);
  return {
    ...resolved,
    signal: resolved.signal ?? context.signal,
    consentTimeout: Math.min(resolved.consentTimeout ?? REPEATED_CALL_TIMEOUT, REPEATED_CALL_TIMEOUT),
    onAuthUrl: undefined,
    forceAuthentication: undefined,
  };
}

/**
 * Calls a tool with its token, or sends the user to the authorization URL.
 *
 * @param version1 of the SDK, if the context is of version 1
 */
async function callWithConsent<Arguments extends unknown[], Result>(
  context: ToolContext,
  version1: McpSdkTypes | undefined,
  options: AccessTokenOptions,
  tool: Tool<AccessTokenCredential, Arguments, Result>,
  args: Arguments,
): Promise<Result> {
  const consented = consentedToken(context, options);
  try {
    const accessToken = (await consented?.token) ?? (await getBearerToken(options));
    return await callWithToken(options, tool, args, accessToken);
  } catch (error) {
    if (!(error instanceof ConsentRequiredError)) throw error;
    // The tool's own result type does not have this form: only the SDK sees it.
    if (context.kind === 'multi-round-trip') return askForConsent(context, error, !!consented) as Result;
    throw elicitationError(error, (elicitations) =>
      version1
        ? new version1.UrlElicitationRequiredError(elicitations)
        : new BrandedElicitationError({ elicitations }),
    );
  }
}

/**
 * Wraps a tool of an MCP server. The tool gets the access token in an object as its first argument.
 * `AccessTokenRejectedError` works as in `withAccessToken`.
 *
 * @param load loads the copy of version 1 that the server uses: an ES module and a CommonJS module load different
 *   copies, whose error classes are different
 */
export const elicitingAccessToken =
  (load: LoadMcpSdk) =>
  <Seen extends unknown[] = []>(options: OptionsOrFunction<McpAccessTokenOptions, Seen>) => {
    checkWrapper('withAccessToken', options, ACCESS_TOKEN);
    return <Arguments extends [...Seen, ...unknown[]], Result>(
      tool: Tool<AccessTokenCredential, Arguments, Result>,
    ): WrappedTool<Arguments, Result> => {
      checkTool('withAccessToken', tool);
      return async (...args) => {
        const context = toolContextOf(args);
        // Before the request, so that a missing SDK is reported by the first call.
        const version1 = context.kind === 'version-1' ? await load() : undefined;
        return callWithConsent(context, version1, await onceOptions(options, args, context), tool, args);
      };
    };
  };
