/**
 * A token endpoint in a function: it rotates refresh tokens, and takes a second use of one for theft and
 * revokes the whole family, as RFC 9700 section 4.14.2 tells it to.
 */
import type { Transport } from '../../lambda/domain/oauth/transport';

export interface TokenEndpoint {
  readonly transport: Transport;
  /** Refresh tokens that came in, in order. */
  readonly redeemed: string[];
  /** Access tokens that went out, in order. */
  readonly issued: string[];
  /** What happens before the endpoint looks at a request: it may take its time. */
  before: () => Promise<void>;
  /** Answers that are given, once each, instead of the endpoint's own. */
  readonly instead: Response[];
}

/** @param first the refresh token that is good at the beginning */
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
