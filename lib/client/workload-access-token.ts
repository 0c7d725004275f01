/** Where an agent's workload access token comes from, and how another is had before or when it ends. */
import {
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  GetWorkloadAccessTokenForUserIdCommand,
  UnauthorizedException,
  type BedrockAgentCoreClient,
} from '@aws-sdk/client-bedrock-agentcore';
import { ConfigurationError, WorkloadAccessTokenError } from './errors';

export interface WorkloadAccessTokenSource {
  /** A token that has not ended, as far as can be told. */
  get(): Promise<string>;
  /**
   * Another token, since the service says that this one has expired.
   * @throws WorkloadAccessTokenError where there is no other to be had
   */
  renew(expired: string): Promise<string>;
}

/** Seconds before its end at which a token is replaced; a tenth of its life where that is less. */
const MARGIN = 60;

interface Held {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly goodUntil: number;
}

/**
 * How long a token lives, in seconds. Counted from its own `iat`, so that it does not matter whose clock is wrong;
 * undefined where the token cannot be read, for nothing obliges the service to make it a JWT.
 */
function lifeOf(token: string): number | undefined {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { iat, exp } = JSON.parse(payload) as { iat?: unknown; exp?: unknown };
    return typeof iat === 'number' && typeof exp === 'number' ? exp - iat : undefined;
  } catch {
    return undefined;
  }
}

/** Tokens that are minted as they are wanted; kept until shortly before they end, one mint for all who want one. */
export class MintedWorkloadAccessTokens implements WorkloadAccessTokenSource {
  // Private to the language, not to TypeScript alone: no inspection shows a token.
  #held: Promise<Held> | undefined;
  readonly #mint: () => Promise<string>;
  readonly #now: () => number;

  /**
   * @param mint gets a new token, always for the same agent and the same user
   * @param now epoch milliseconds
   */
  constructor(mint: () => Promise<string>, now: () => number = Date.now) {
    this.#mint = mint;
    this.#now = now;
  }

  get(): Promise<string> {
    return this.#heldOrMinted(({ goodUntil }) => this.#now() < goodUntil);
  }

  renew(expired: string): Promise<string> {
    return this.#heldOrMinted(({ token }) => token !== expired);
  }

  async #heldOrMinted(isGood: (held: Held) => boolean): Promise<string> {
    const held = this.#held;
    const known = await held;
    if (known && isGood(known)) return known.token;
    // Whoever comes first mints for all who found the same.
    if (this.#held === held) this.#held = undefined;
    this.#held ??= this.#mintAnew();
    return (await this.#held).token;
  }

  async #mintAnew(): Promise<Held> {
    try {
      const token = await this.#mint();
      const life = lifeOf(token);
      const kept = life === undefined ? Infinity : Math.max(0, life - Math.min(MARGIN, life / 10));
      return { token, goodUntil: this.#now() + kept * 1000 };
    } catch (error) {
      this.#held = undefined;
      throw error;
    }
  }
}

/** For whom the agent acts: for a user known by their token, for a user id, or for itself alone. */
export type ActingFor =
  | {
      /** The user's own token, or what gives one that has not ended. */
      readonly userToken: string | (() => string | Promise<string>);
      readonly userId?: never;
    }
  | { readonly userId: string; readonly userToken?: never }
  | { readonly userToken?: never; readonly userId?: never };

/** @throws ConfigurationError for what is no string: code without types can give anything */
async function textOf(userToken: string | (() => string | Promise<string>)): Promise<string> {
  const token: unknown = typeof userToken === 'function' ? await userToken() : userToken;
  if (typeof token !== 'string') {
    throw new ConfigurationError('userToken must be a string, or a function that returns one.');
  }
  return token;
}

/**
 * Tokens for an agent that mints its own: one source for each user, kept as long as the user's session.
 *
 * @param identity whose principal may mint for this workload identity
 */
export function workloadAccessTokens(
  identity: BedrockAgentCoreClient,
  { workloadName, ...actingFor }: { readonly workloadName: string } & ActingFor,
): MintedWorkloadAccessTokens {
  return new MintedWorkloadAccessTokens(async () => {
    const { userToken, userId } = actingFor;
    const command =
      userToken !== undefined
        ? new GetWorkloadAccessTokenForJWTCommand({ workloadName, userToken: await textOf(userToken) })
        : userId !== undefined
          ? new GetWorkloadAccessTokenForUserIdCommand({ workloadName, userId })
          : new GetWorkloadAccessTokenCommand({ workloadName });
    const { workloadAccessToken } = await identity.send(command as GetWorkloadAccessTokenCommand);
    if (!workloadAccessToken) throw new WorkloadAccessTokenError('The service answered without a token.');
    return workloadAccessToken;
  });
}

/** The one token that the agent was invoked with: there is no other until it is invoked again. */
export const givenWorkloadAccessToken = (token: string): WorkloadAccessTokenSource => ({
  get: () => Promise.resolve(token),
  renew: () =>
    Promise.reject(
      new WorkloadAccessTokenError(
        'The workload access token of this invocation has expired. Have the agent invoked again: what the user has consented to is kept.',
      ),
    ),
});

/** Clients know an expired token by this word alone; the service uses it for nothing else. */
const isExpiry = (error: unknown): boolean =>
  error instanceof UnauthorizedException && /expired/i.test(error.message);

/**
 * Sends what needs a workload access token; once more with another when that one has expired on the way.
 *
 * @param source or a token that is there already
 */
export async function withWorkloadAccessToken<Answer>(
  source: WorkloadAccessTokenSource | string,
  send: (workloadIdentityToken: string) => Promise<Answer>,
): Promise<Answer> {
  const tokens = typeof source === 'string' ? givenWorkloadAccessToken(source) : source;
  const token = await tokens.get();
  try {
    return await send(token);
  } catch (error) {
    if (!isExpiry(error)) throw error;
    return send(await tokens.renew(token));
  }
}
