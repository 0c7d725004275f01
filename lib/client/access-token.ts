/** Access tokens for tools: from the vault, or after the user's consent, and another for one that was not taken. */
import {
  BedrockAgentCoreServiceException,
  GetResourceOauth2TokenCommand,
  type GetResourceOauth2TokenCommandInput,
  type GetResourceOauth2TokenCommandOutput,
  type Oauth2FlowType,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  listOf,
  optionsFor,
  sendAsAgent,
  ToolCredential,
  type CredentialOptions,
  type OptionsOrFunction,
  type Tool,
  type WrappedTool,
} from './credential';
import {
  AccessTokenRejectedError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  ResourceRefusalError,
} from './errors';
import { rejectResourceOauth2TokenCommand } from './reject-token-command';
import { keepSessionFailure } from './session-failure';
import { systemClock, unlessAborted, type Clock } from './waiting';

/** Which token; the names are those of AWS's TypeScript SDK, the lengths and patterns those of docs/api.md. */
export interface AccessTokenOptions extends CredentialOptions {
  readonly scopes: readonly string[];
  /** For the user by their consent, for the agent itself, or in exchange for the user's own token. */
  readonly authFlow: Oauth2FlowType;
  /** RFC 8707. */
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  /** Return URL of the application, as registered on the workload identity. USER_FEDERATION needs it. */
  readonly callbackUrl?: string | undefined;
  /** Comes back to the return URL as `state`; see `completeAuthorization`. */
  readonly customState?: string | undefined;
  /** Added to the authorization request. */
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
  /** Forgets the stored grant and asks the user anew, once for each call of the tool. */
  readonly forceAuthentication?: boolean | undefined;
  /**
   * Gets the link for the user's browser. Then the consent is waited for; without this, it is a `ConsentRequiredError`
   * at once.
   */
  readonly onAuthUrl?: ((authorizationUrl: string) => void | Promise<void>) | undefined;
  /**
   * Seconds to wait for the consent.
   * @default 600, what a link lives
   */
  readonly consentTimeout?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

/** Seconds that a consent lives. */
const CONSENT_LIFETIME = 600;

/** Milliseconds between polls: soon at first, for many only click once; AWS's SDKs ask every five seconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5000;
const GROWTH = 1.5;

type Ask = Omit<GetResourceOauth2TokenCommandInput, 'workloadIdentityToken'>;

/** The request, but for what changes from one to the next of the same call. */
const askOf = (options: AccessTokenOptions): Ask => ({
  resourceCredentialProviderName: options.providerName,
  scopes: listOf('scopes', options.scopes),
  oauth2Flow: options.authFlow,
  resources: options.resources && listOf('resources', options.resources),
  audiences: options.audiences && listOf('audiences', options.audiences),
  resourceOauth2ReturnUrl: options.callbackUrl,
  customState: options.customState,
  customParameters: options.customParameters && { ...options.customParameters },
});

/** Returned by the service, with the error code of a session that failed. */
interface Answer extends GetResourceOauth2TokenCommandOutput {
  readonly failure: string | undefined;
}

/** @param rejected reports this token and asks for another */
const send = (options: AccessTokenOptions, ask: Ask, rejected?: string): Promise<Answer> =>
  sendAsAgent(options, async (workloadIdentityToken, settings) => {
    const input = { ...ask, workloadIdentityToken };
    const command =
      rejected === undefined
        ? new GetResourceOauth2TokenCommand(input)
        : rejectResourceOauth2TokenCommand(input, rejected);
    const failure = keepSessionFailure(command);
    const output = await options.identity.send(command, settings);
    return { ...output, failure: failure() };
  });

/** What will be over in a while is no reason to lose a consent that is under way. */
const isPassing = (error: unknown): boolean =>
  error instanceof BedrockAgentCoreServiceException &&
  (error.$fault === 'server' || error.name === 'ThrottlingException');

/** @returns undefined while there is neither a token nor an end */
async function poll(options: AccessTokenOptions, sessionUri: string): Promise<string | undefined> {
  try {
    const { accessToken, sessionStatus, failure } = await send(options, { ...askOf(options), sessionUri });
    if (sessionStatus === 'FAILED') throw new ConsentFailedError(options.providerName, failure);
    return accessToken;
  } catch (error) {
    if (isPassing(error)) return undefined;
    throw error;
  }
}

async function afterConsent(
  options: AccessTokenOptions,
  authorizationUrl: string,
  sessionUri: string,
): Promise<string> {
  const { onAuthUrl, signal, providerName } = options;
  const { consentTimeout = CONSENT_LIFETIME, clock = systemClock } = options;
  if (!onAuthUrl) throw new ConsentRequiredError(providerName, authorizationUrl, sessionUri);
  const until = clock.now() + consentTimeout * 1000;
  await unlessAborted(signal, async () => onAuthUrl(authorizationUrl));
  for (let pause = FIRST_PAUSE; clock.now() < until; pause = Math.min(pause * GROWTH, LONGEST_PAUSE)) {
    const next = Math.min(pause, until - clock.now());
    await unlessAborted(signal, () => clock.wait(next, signal));
    const accessToken = await poll(options, sessionUri);
    if (accessToken !== undefined) return accessToken;
  }
  throw new ConsentTimeoutError(providerName, consentTimeout);
}

function tokenOf(
  options: AccessTokenOptions,
  { accessToken, authorizationUrl, sessionUri, failure }: Answer,
): Promise<string> {
  if (accessToken !== undefined) return Promise.resolve(accessToken);
  if (authorizationUrl === undefined || sessionUri === undefined) {
    throw new ConsentFailedError(options.providerName, failure);
  }
  return afterConsent(options, authorizationUrl, sessionUri);
}

/**
 * An access token: at once from the vault, or once the user has consented.
 *
 * @throws ConsentRequiredError, ConsentFailedError, ConsentTimeoutError, WorkloadAccessTokenError; the signal's reason;
 *   AWS's exceptions for what the service refuses
 */
export async function getAccessToken(options: AccessTokenOptions): Promise<string> {
  const { forceAuthentication } = options;
  return tokenOf(options, await send(options, { ...askOf(options), forceAuthentication }));
}

/**
 * Reports a token that the resource did not take, and gets another: renewed, or after a new consent.
 *
 * @param rejected as it was handed out
 * @throws as {@link getAccessToken}
 */
export async function replaceAccessToken(options: AccessTokenOptions, rejected: string): Promise<string> {
  return tokenOf(options, await send(options, askOf(options), rejected));
}

/** What a tool gets: `({ accessToken }, …)`. */
export class AccessTokenCredential extends ToolCredential {
  readonly #accessToken: string;

  constructor(accessToken: string) {
    super();
    this.#accessToken = accessToken;
  }

  get accessToken(): string {
    return this.#accessToken;
  }
}

/**
 * Wraps a tool, which gets the access token in an object as its first argument: `({ accessToken }, day) => …`.
 *
 * A tool to which the resource answers 401 throws {@link AccessTokenRejectedError}: the token is reported, and the
 * tool called once more with another.
 *
 * @param options or a function that makes them from the tool's own arguments, where they differ from call to call:
 *   `(question, request) => ({ ...fromGate(request.headers), … })`
 * @returns what makes of the tool one without that argument; it throws as {@link getAccessToken}, ResourceRefusalError for two
 *   tokens in a row, or what the tool throws
 */
export const withAccessToken =
  <Seen extends unknown[] = []>(options: OptionsOrFunction<AccessTokenOptions, Seen>) =>
  <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<AccessTokenCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> =>
  async (...args) => {
    const settled = await optionsFor(options, args);
    const accessToken = await getAccessToken(settled);
    try {
      return await tool(new AccessTokenCredential(accessToken), ...args);
    } catch (error) {
      if (!(error instanceof AccessTokenRejectedError)) throw error;
    }
    const another = await replaceAccessToken(settled, accessToken);
    try {
      return await tool(new AccessTokenCredential(another), ...args);
    } catch (error) {
      // Under its own name it would be taken for theirs by tools that call this one.
      throw error instanceof AccessTokenRejectedError
        ? new ResourceRefusalError(settled.providerName, error)
        : error;
    }
  };
