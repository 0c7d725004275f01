/**
 * A real authorization server (`oidc-provider`) that rotates refresh tokens and, when one is used twice,
 * treats it as stolen and revokes the whole family (RFC 9700 section 4.14.2).
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Configuration } from 'oidc-provider';
import {
  startProvider,
  type Extension,
  type TestProvider,
  type TokenExchange,
} from '../flows/support/provider';

export interface StrictProvider extends TestProvider {
  /** Lifetime in seconds of the access tokens that it issues from now on. */
  lifetime: number;
  /** Delay of its token endpoint's responses in milliseconds; the tokens in them are valid before the delay. */
  delay: number;
  /** Whether it would still accept this token (RFC 7662). */
  accepts(token: string): Promise<boolean>;
  /** Returns the user of a token that it would still accept; undefined for another token, or one of a client itself. */
  subjectOf(token: string): Promise<string | undefined>;
}

/** @param extra configuration of the server */
export async function startStrictProvider(
  { features = {}, ttl, ...extra }: Configuration = {},
  extension: Extension = {},
): Promise<StrictProvider> {
  const provider = await startProvider(
    {
      ttl: { AccessToken: () => strict.lifetime, ClientCredentials: () => strict.lifetime, ...ttl },
      issueRefreshToken: () => Promise.resolve(true),
      rotateRefreshToken: true,
      ...extra,
      features: { introspection: { enabled: true }, ...(features as object) },
    },
    extension,
  );
  const strict: StrictProvider = Object.assign(provider, {
    lifetime: 0,
    delay: 0,
    accepts: async (token: string) => (await introspect(provider, token)).active === true,
    subjectOf: async (token: string) => {
      const { active, sub } = await introspect(provider, token);
      return active === true ? sub : undefined;
    },
  });
  let turn: Promise<unknown> = Promise.resolve();
  provider.tokenEndpoint = async (_ctx, next) => {
    // Requests run one after another, because the provider looks up a token and marks it as used in two separate steps.
    const answered = turn.then(next);
    turn = answered.catch(() => undefined);
    await answered;
    if (strict.delay > 0) await wait(strict.delay);
  };
  return strict;
}

/** The members of a response to an introspection that the tests read (RFC 7662 section 2.2). */
interface Introspection {
  readonly active?: boolean;
  readonly sub?: string;
}

async function introspect(
  { issuer, clientId, clientSecret }: TestProvider,
  token: string,
): Promise<Introspection> {
  const response = await fetch(`${issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  return (await response.json()) as Introspection;
}

export const wasGranted = ({ status }: TokenExchange): boolean => status === 200;
