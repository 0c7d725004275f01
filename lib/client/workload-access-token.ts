/** Sources of workload access tokens, and their renewal. */
import {
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  GetWorkloadAccessTokenForUserIdCommand,
  UnauthorizedException,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError, WorkloadAccessTokenError } from './errors';
import { callback, checkOptions, checkValue, IDENTITY, optional, text, type Requirements } from './options';

export interface WorkloadAccessTokenSource {
  /** Returns a token that is valid as far as is known. */
  get(): Promise<string>;
  /**
   * Returns another token, because the service reports that this token has expired.
   * @throws WorkloadAccessTokenError when no other token is available
   */
  renew(expired: string): Promise<string>;
}

/** Seconds before expiry at which a token is replaced; a tenth of its lifetime if that is less. */
const MARGIN = 60;

interface CachedToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly usableUntil: number;
}

/**
 * Returns the lifetime of a token in seconds. It is counted from the token's `iat`, so a wrong clock does not matter.
 * Undefined if the token cannot be read: the service need not issue a JWT.
 */
function lifetimeOf(token: string): number | undefined {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { iat, exp } = JSON.parse(payload) as { iat?: unknown; exp?: unknown };
    return typeof iat === 'number' && typeof exp === 'number' ? exp - iat : undefined;
  } catch {
    return undefined;
  }
}

/** Gets tokens on demand and keeps each until shortly before it expires. Concurrent callers share one request. */
export class CachedWorkloadAccessTokens implements WorkloadAccessTokenSource {
  // A #private field: no inspection shows a token.
  #cached: Promise<CachedToken> | undefined;
  readonly #request: () => Promise<string>;
  readonly #now: () => number;

  /**
   * @param request returns a new token, always for the same agent and user
   * @param now epoch milliseconds
   */
  constructor(request: () => Promise<string>, now: () => number = Date.now) {
    checkValue('CachedWorkloadAccessTokens', 'request', request, callback('async () => token'));
    this.#request = request;
    this.#now = now;
  }

  get(): Promise<string> {
    return this.#cachedOrNew(({ usableUntil }) => this.#now() < usableUntil);
  }

  renew(expired: string): Promise<string> {
    return this.#cachedOrNew(({ token }) => token !== expired);
  }

  async #cachedOrNew(isUsable: (cached: CachedToken) => boolean): Promise<string> {
    const cached = this.#cached;
    const known = await cached;
    if (known && isUsable(known)) return known.token;
    // The first caller requests a token for all callers that found the same state.
    if (this.#cached === cached) this.#cached = undefined;
    this.#cached ??= this.#requestToken();
    return (await this.#cached).token;
  }

  async #requestToken(): Promise<CachedToken> {
    try {
      const token = await this.#request();
      const lifetime = lifetimeOf(token);
      const kept =
        lifetime === undefined ? Infinity : Math.max(0, lifetime - Math.min(MARGIN, lifetime / 10));
      return { token, usableUntil: this.#now() + kept * 1000 };
    } catch (error) {
      this.#cached = undefined;
      throw error;
    }
  }
}

/** For whom the agent acts: for the user of a user token, for a user ID, or for itself. */
export type OnBehalfOf =
  | {
      /** The user token, or a function that returns a valid user token. */
      readonly userToken: string | (() => string | Promise<string>);
      readonly userId?: never;
    }
  | { readonly userId: string; readonly userToken?: never }
  | { readonly userToken?: never; readonly userId?: never };

/** The members of all variants. */
interface WorkloadTokenOptions {
  readonly workloadName: string;
  readonly userToken?: string | (() => string | Promise<string>);
  readonly userId?: string;
}

const REQUIREMENTS: Requirements<WorkloadTokenOptions> = {
  workloadName: text(`'travel-agent'`),
  userToken: optional({
    accepts: (value) => typeof value === 'string' || typeof value === 'function',
    description: 'the user token, or a function that returns it',
  }),
  userId: optional(text(`'ana'`)),
};

/** @throws ConfigurationError for anything but a string, which code without types can pass */
async function resolveUserToken(userToken: string | (() => string | Promise<string>)): Promise<string> {
  const token: unknown = typeof userToken === 'function' ? await userToken() : userToken;
  if (typeof token !== 'string') {
    throw new ConfigurationError('userToken must be a string, or a function that returns one.');
  }
  return token;
}

/**
 * Returns a token source for an agent without a gate. Create one source for each user, and keep it as long as the
 * user's session.
 *
 * @param identity a client whose principal can get tokens for this workload identity
 * @throws ConfigurationError
 */
export function workloadAccessTokens(
  identity: BedrockAgentCoreClient,
  options: { readonly workloadName: string } & OnBehalfOf,
): CachedWorkloadAccessTokens {
  checkValue('workloadAccessTokens', 'identity', identity, IDENTITY);
  checkOptions('workloadAccessTokens', options, REQUIREMENTS);
  const { workloadName, userToken, userId } = options;
  if (userToken !== undefined && userId !== undefined) {
    throw new ConfigurationError('Pass either userToken or userId, not both.');
  }
  return new CachedWorkloadAccessTokens(async () => {
    const command =
      userToken !== undefined
        ? new GetWorkloadAccessTokenForJWTCommand({
            workloadName,
            userToken: await resolveUserToken(userToken),
          })
        : userId !== undefined
          ? new GetWorkloadAccessTokenForUserIdCommand({ workloadName, userId })
          : new GetWorkloadAccessTokenCommand({ workloadName });
    const { workloadAccessToken } = await identity.send(command as GetWorkloadAccessTokenCommand);
    if (!workloadAccessToken) {
      throw new WorkloadAccessTokenError(
        'The identity service returned no workload access token. Check that the endpoint is an identity service.',
      );
    }
    return workloadAccessToken;
  });
}

/** Returns a source of the one token that the agent was invoked with. The agent cannot renew it. */
export function staticWorkloadAccessToken(token: string): WorkloadAccessTokenSource {
  checkValue('staticWorkloadAccessToken', 'token', token, text('the token that the agent was invoked with'));
  return {
    get: () => Promise.resolve(token),
    renew: () =>
      Promise.reject(
        new WorkloadAccessTokenError(
          'The workload access token of this invocation has expired. Invoke the agent again. The access that the user granted is kept.',
        ),
      ),
  };
}

/** Clients recognize an expired token only by this word; the service uses it for nothing else. */
export const isExpiryMessage = (message: string): boolean => /expired/i.test(message);

const isExpiry = (error: unknown): boolean =>
  error instanceof UnauthorizedException && isExpiryMessage(error.message);

/**
 * Sends a request with a workload access token, and again with another token if the first has expired.
 *
 * @param source a source, or a token
 */
export async function withWorkloadAccessToken<Output>(
  source: WorkloadAccessTokenSource | string,
  send: (workloadIdentityToken: string) => Promise<Output>,
): Promise<Output> {
  const tokens = typeof source === 'string' ? staticWorkloadAccessToken(source) : source;
  const token = await tokens.get();
  try {
    return await send(token);
  } catch (error) {
    if (!isExpiry(error)) throw error;
    return send(await tokens.renew(token));
  }
}
