/**
 * A token endpoint in a function. It rotates refresh tokens, treats a second use of one as theft, and then revokes
 * the whole family, as RFC 9700 section 4.14.2 requires.
 */
import type { Transport } from '../../lambda/domain/oauth/transport';

export interface TokenEndpoint {
  readonly transport: Transport;
  /** The refresh tokens that were received, in order. */
  readonly redeemed: string[];
  /** The access tokens that were issued, in order. */
  readonly issued: string[];
  /** Runs before the endpoint reads a request, and can take time. */
  before: () => Promise<void>;
  /** Responses that are returned instead of the endpoint's own, once each. */
  readonly instead: Response[];
}

/** @param first the refresh token that is valid at the beginning */
export function createTokenEndpoint(first: string): TokenEndpoint {
  let good: string | undefined = first;
  const endpoint: TokenEndpoint = {
    redeemed: [],
    issued: [],
    before: () => Promise.resolve(),
    instead: [],
    async transport(_url, { body }) {
      const presented = new URLSearchParams(body).get('refresh_token') ?? '';
      endpoint.redeemed.push(presented);
      await endpoint.before();
      const instead = endpoint.instead.shift();
      if (instead) return instead;
      if (presented !== good) {
        good = undefined;
        return Response.json({ error: 'invalid_grant' }, { status: 400 });
      }
      const count = endpoint.issued.length + 1;
      good = `refresh-${count}`;
      const accessToken = `access-${count}`;
      endpoint.issued.push(accessToken);
      return Response.json({
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: good,
      });
    },
  };
  return endpoint;
}
