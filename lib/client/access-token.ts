/** Access tokens for tools: from the token vault, after the user's consent, or in place of a rejected token. */
import {
  BedrockAgentCoreServiceException,
  type GetResourceOauth2TokenCommandInput,
  type GetResourceOauth2TokenCommandOutput,
  type Oauth2FlowType,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  checkTool,
  checkWrapper,
  CREDENTIAL,
  optionsFor,
  sendAsAgent,
  ToolCredential,
  type CredentialOptions,
  type OptionsOrFunction,
  type Tool,
  type WrappedTool,
} from './credential';
import { CONSENT_LIFETIME, pollUntil } from './consent-polling';
import {
  AccessTokenRejectedError,
  boundTokenError,
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  NoResponseError,
  ReplacementTokenRejectedError,
} from './errors';
import { dpopProofCommand, type DpopProof, type ResourceRequest } from './dpop-proof';
import {
  callback,
  checkOptions,
  checkValue,
  flag,
  listOfText,
  objectWith,
  oneOf,
  optional,
  record,
  text,
  type Requirements,
} from './options';
import { resourceOauth2TokenCommand } from './resource-token-command';
import { keepTokenHeaders, type TokenHeaders } from './token-headers';
import { systemClock, unlessAborted, type Clock } from './waiting';

/** Which token. The names are those of the AWS TypeScript SDK for AgentCore; docs/api.md has lengths and patterns. */
export interface AccessTokenOptions extends CredentialOptions {
  readonly scopes: readonly string[];
  /** For the user by consent, for the agent itself, or in exchange for the user token. */
  readonly authFlow: Oauth2FlowType;
  /** RFC 8707. */
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  /**
   * URL of the server that the token is going to be sent to. The service rejects the request if the credential provider
   * is for another resource, such as another MCP server. `connectMcp` sets it.
   */
  readonly resourceServerUrl?: string | undefined;
  /**
   * Return URL of the application, as registered on the workload identity. USER_FEDERATION requires it.
   * @default `fromGate` sets it to the gate's return URL
   */
  readonly callbackUrl?: string | undefined;
  /** Returns to the application as `state` in the return URL; see `completeAuthorization`. */
  readonly customState?: string | undefined;
  /** Additional parameters of the authorization request. */
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
  /** Deletes the stored grant and asks the user to consent again, once for each call of the tool. */
  readonly forceAuthentication?: boolean | undefined;
  /**
   * Receives the authorization URL for the user's browser. The call then waits for the consent. Without this function,
   * the call throws a `ConsentRequiredError`.
   */
  readonly onAuthUrl?: ((authorizationUrl: string) => void | Promise<void>) | undefined;
  /**
   * Seconds to wait for the consent, more than 0.
   * @default 600, the lifetime of an authorization URL
   */
  readonly consentTimeout?: number | undefined;
  /** @default the system clock */
  readonly clock?: Clock | undefined;
}

/** The options of a function that sends the requests: it states the resource, and each request asks for a token. */
export type ResourceTokenOptions = Omit<AccessTokenOptions, 'forceAuthentication' | 'resourceServerUrl'>;

export const RESOURCE_TOKEN: Requirements<ResourceTokenOptions> = {
  ...CREDENTIAL,
  scopes: listOfText(`'calendar.read'`),
  authFlow: oneOf('USER_FEDERATION', 'M2M', 'ON_BEHALF_OF_TOKEN_EXCHANGE'),
  resources: optional(listOfText(`'https://api.example'`)),
  audiences: optional(listOfText(`'https://api.example'`)),
  callbackUrl: optional(text(`'https://app.example/connected'`)),
  customState: optional(text('the state of the browser session')),
  customParameters: optional(record(`{ prompt: 'login' }`)),
  onAuthUrl: optional(callback('(authorizationUrl) => send(authorizationUrl)')),
  consentTimeout: optional({
    accepts: (value) => typeof value === 'number' && value > 0,
    description: 'more than 0 seconds, such as 600',
  }),
  clock: optional(objectWith(['now', 'wait'], 'an object with the functions now and wait')),
};

/** The requirements of these options, as the functions of this package take them that hand a token to a tool. */
export const ACCESS_TOKEN: Requirements<AccessTokenOptions> = {
  ...RESOURCE_TOKEN,
  resourceServerUrl: optional(text(`'https://api.example/v1'`)),
  forceAuthentication: optional(flag),
};

/**
 * The service's messages if the user must consent and the request has no return URL, as the AWS service has them. The second
 * one is for a workload identity without return URLs.
 */
const RETURN_URL_MISSING: readonly string[] = [
  'You must provide a ResourceOauth2ReturnUrl to proceed with this flow',
  'You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow',
];

/** Returns the error in terms of this client's options, if it is about one of them. */
const inOptions = (error: unknown, { callbackUrl }: AccessTokenOptions): unknown =>
  callbackUrl === undefined && error instanceof Error && RETURN_URL_MISSING.includes(error.message)
    ? new ConfigurationError(
        'The user must consent, and this requires the return URL of the application. Pass `callbackUrl`, and register this URL on the workload identity. An agent behind a gate gets it from a gate that has an oauth2CallbackUrl.',
      )
    : error;

type TokenRequest = Omit<GetResourceOauth2TokenCommandInput, 'workloadIdentityToken'>;

/** The members that are equal in all requests of one call. */
const requestOf = (options: AccessTokenOptions): TokenRequest => ({
  resourceCredentialProviderName: options.providerName,
  scopes: [...options.scopes],
  oauth2Flow: options.authFlow,
  resources: options.resources && [...options.resources],
  audiences: options.audiences && [...options.audiences],
  resourceOauth2ReturnUrl: options.callbackUrl,
  customState: options.customState,
  customParameters: options.customParameters && { ...options.customParameters },
});

/** The response of the service, with what its headers say. */
type TokenResponse = GetResourceOauth2TokenCommandOutput & TokenHeaders;

/** An access token, and how it is used. */
export interface IssuedToken {
  readonly accessToken: string;
  /** Whether each request needs a proof (DPoP, RFC 9449); otherwise, it is a bearer token. */
  readonly isBound: boolean;
}

/** @param rejected reports this token and requests another */
const send = (
  options: AccessTokenOptions,
  request: TokenRequest,
  rejected?: string,
): Promise<TokenResponse> =>
  sendAsAgent(options, async (workloadIdentityToken, settings) => {
    const command = resourceOauth2TokenCommand(
      { ...request, workloadIdentityToken },
      { resourceServerUrl: options.resourceServerUrl, rejectedAccessToken: rejected },
    );
    const headers = keepTokenHeaders(command);
    try {
      const output = await options.identity.send(command, settings);
      return { ...output, ...headers() };
    } catch (error) {
      throw inOptions(error, options);
    }
  });

/** A temporary failure must not end a consent that is in progress. */
const isTransient = (error: unknown): boolean =>
  error instanceof NoResponseError ||
  (error instanceof BedrockAgentCoreServiceException &&
    (error.$fault === 'server' || error.name === 'ThrottlingException'));

/** @returns undefined while the consent is in progress */
async function poll(options: AccessTokenOptions, sessionUri: string): Promise<IssuedToken | undefined> {
  try {
    const { accessToken, isBound, sessionStatus, failure } = await send(options, {
      ...requestOf(options),
      sessionUri,
    });
    if (sessionStatus === 'FAILED') throw new ConsentFailedError(options.providerName, failure);
    return accessToken === undefined ? undefined : { accessToken, isBound };
  } catch (error) {
    if (isTransient(error)) return undefined;
    throw error;
  }
}

async function afterConsent(
  options: AccessTokenOptions,
  authorizationUrl: string,
  sessionUri: string,
): Promise<IssuedToken> {
  const { onAuthUrl, signal, providerName } = options;
  const { consentTimeout = CONSENT_LIFETIME, clock = systemClock } = options;
  if (!onAuthUrl) throw new ConsentRequiredError(providerName, authorizationUrl, sessionUri);
  const until = clock.now() + consentTimeout * 1000;
  await unlessAborted(signal, async () => onAuthUrl(authorizationUrl));
  const token = await pollUntil(options, until, () => poll(options, sessionUri));
  if (!token) throw new ConsentTimeoutError(providerName, consentTimeout);
  return token;
}

/** @throws ConfigurationError for a token that is bound to a key, which a tool would send as a bearer token */
function bearer({ providerName }: AccessTokenOptions, { accessToken, isBound }: IssuedToken): string {
  if (isBound) throw boundTokenError(providerName);
  return accessToken;
}

/**
 * Waits for the consent of a session that an earlier call has begun, for up to `consentTimeout` seconds.
 *
 * @param sessionUri from anywhere, even from the caller: the service compares the session's agent, user, and provider
 *   with those of the request, and does not distinguish a session of others from one that does not exist
 * @returns undefined if the user has not consented in this time, or the authorization URL is no longer valid
 * @throws ConsentFailedError if the user or the provider declined; ConfigurationError for a token that is bound to a key
 */
export async function awaitConsent(
  options: AccessTokenOptions,
  sessionUri: string,
): Promise<string | undefined> {
  const { consentTimeout = CONSENT_LIFETIME, clock = systemClock } = options;
  const until = clock.now() + consentTimeout * 1000;
  try {
    const token =
      (await poll(options, sessionUri)) ?? (await pollUntil(options, until, () => poll(options, sessionUri)));
    return token && bearer(options, token);
  } catch (error) {
    if (error instanceof ConsentFailedError && error.providerError === undefined) return undefined;
    throw error;
  }
}

function tokenOf(
  options: AccessTokenOptions,
  { accessToken, isBound, authorizationUrl, sessionUri, failure }: TokenResponse,
): Promise<IssuedToken> {
  if (accessToken !== undefined) return Promise.resolve({ accessToken, isBound });
  if (authorizationUrl === undefined || sessionUri === undefined) {
    throw new ConsentFailedError(options.providerName, failure);
  }
  return afterConsent(options, authorizationUrl, sessionUri);
}

/** As {@link getAccessToken}. The options are valid. */
export async function issuedToken(options: AccessTokenOptions): Promise<IssuedToken> {
  const { forceAuthentication } = options;
  return tokenOf(options, await send(options, { ...requestOf(options), forceAuthentication }));
}

/** As {@link replaceAccessToken}. The options are valid. */
export async function replacedToken(options: AccessTokenOptions, rejected: string): Promise<IssuedToken> {
  return tokenOf(options, await send(options, requestOf(options), rejected));
}

/** Returns a proof for one request to the resource, and the access token that it is for. */
export const proofFor = (options: AccessTokenOptions, request: ResourceRequest): Promise<DpopProof> =>
  sendAsAgent(options, async (workloadIdentityToken, settings) => {
    const { command, proof } = dpopProofCommand({ ...requestOf(options), workloadIdentityToken }, request);
    await options.identity.send(command, settings);
    return proof();
  });

/**
 * Returns an access token: immediately if the token vault has one, otherwise after the user's consent. A token that is
 * bound to a key (DPoP, RFC 9449) is no bearer token: `authorizedFetch` sends it with a proof for each request.
 *
 * @throws ConfigurationError, ConsentRequiredError, ConsentFailedError, ConsentTimeoutError, WorkloadAccessTokenError;
 *   the signal's reason; the exceptions of the AWS SDK for errors of the service
 */
export async function getAccessToken(options: AccessTokenOptions): Promise<string> {
  checkOptions('getAccessToken', options, ACCESS_TOKEN);
  return (await issuedToken(options)).accessToken;
}

/**
 * Reports a token that the resource rejected and returns another: a renewed token, or a token after a new consent.
 *
 * @param rejected the token as it was returned
 * @throws the errors of {@link getAccessToken}
 */
export async function replaceAccessToken(options: AccessTokenOptions, rejected: string): Promise<string> {
  checkOptions('replaceAccessToken', options, ACCESS_TOKEN);
  checkValue('replaceAccessToken', 'rejected', rejected, text('the token that the resource rejected'));
  return (await replacedToken(options, rejected)).accessToken;
}

/**
 * Returns an access token for a tool, as {@link getAccessToken} does. The options are valid.
 *
 * @throws ConfigurationError for a token that is bound to a key
 */
export async function getBearerToken(options: AccessTokenOptions): Promise<string> {
  return bearer(options, await issuedToken(options));
}

/** The first argument of a tool: `({ accessToken }, …)`. */
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
 * Calls a tool with this token, and once more with another token if the resource rejects it.
 *
 * @throws the errors of {@link replaceAccessToken} and of the tool, and ReplacementTokenRejectedError
 */
export async function callWithToken<Arguments extends unknown[], Result>(
  options: AccessTokenOptions,
  tool: Tool<AccessTokenCredential, Arguments, Result>,
  args: Arguments,
  accessToken: string,
): Promise<Result> {
  try {
    return await tool(new AccessTokenCredential(accessToken), ...args);
  } catch (error) {
    if (!(error instanceof AccessTokenRejectedError)) throw error;
  }
  const another = bearer(options, await replacedToken(options, accessToken));
  try {
    return await tool(new AccessTokenCredential(another), ...args);
  } catch (error) {
    // To a tool that calls this tool, an AccessTokenRejectedError would mean that its token was rejected.
    throw error instanceof AccessTokenRejectedError
      ? new ReplacementTokenRejectedError(options.providerName, error)
      : error;
  }
}

/**
 * Wraps a tool, which gets the access token in an object as its first argument: `({ accessToken }, day) => …`.
 *
 * When the resource responds with 401, the tool throws {@link AccessTokenRejectedError}. The wrapper then reports the
 * token and calls the tool once more with another token.
 *
 * @param options options, or a function that makes them from the arguments of the tool:
 *   `(question, request) => ({ ...fromGate(request.headers), … })`
 * @returns a function that wraps a tool. The wrapped tool has no credential argument. It throws the errors of
 *   {@link getAccessToken} and of the tool, ReplacementTokenRejectedError after two rejected tokens, and ConfigurationError
 *   for a token that is bound to a key (DPoP), for which there is `authorizedFetch`.
 */
export function withAccessToken<Seen extends unknown[] = []>(
  options: OptionsOrFunction<AccessTokenOptions, Seen>,
) {
  checkWrapper('withAccessToken', options, ACCESS_TOKEN);
  return <Arguments extends [...Seen, ...unknown[]], Result>(
    tool: Tool<AccessTokenCredential, Arguments, Result>,
  ): WrappedTool<Arguments, Result> => {
    checkTool('withAccessToken', tool);
    return async (...args) => {
      const resolved = await optionsFor('withAccessToken', options, ACCESS_TOKEN, args);
      return callWithToken(resolved, tool, args, await getBearerToken(resolved));
    };
  };
}
