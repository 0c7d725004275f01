/** Keycloak's requests: token exchange, client credentials, and the token of an identity provider that it keeps. */
import type { PreparedRequest } from './load';
import { BROKER, type OAuthClient, type People } from './people';
import type { Peer } from './peer';

const basic = ({ clientId, clientSecret }: OAuthClient): string =>
  `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;

const hasToken = (body: string): boolean => body.includes('"access_token":"');

/**
 * @param pid of Keycloak, whose database is in its process
 * @param algorithm with which it signs; its default is RS256
 */
export function keycloakPeer(
  { people, clients, userTokens }: People,
  pid: number,
  algorithm: keyof People['clients'],
): Peer {
  const tokenRequest = (parameters: Record<string, string>): PreparedRequest => {
    const body = new URLSearchParams(parameters).toString();
    return {
      url: new URL(people.endpoint('token')),
      method: 'POST',
      headers: {
        authorization: basic(clients[algorithm]),
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    };
  };
  const tokens = [...userTokens.values()];
  const clientCredentials = [tokenRequest({ grant_type: 'client_credentials' })];
  const constant = (requests: PreparedRequest[], expected = hasToken) => ({
    prepare: () => Promise.resolve(requests),
    expected,
  });
  return {
    name: algorithm === 'RS256' ? 'Keycloak' : `Keycloak, ${algorithm}`,
    pids: { service: pid },
    work: {
      mint: constant(
        tokens.map((token) =>
          tokenRequest({
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: token,
            subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          }),
        ),
      ),
      ownToken: constant(clientCredentials),
      storedToken: constant(
        tokens.map((token) => ({
          url: new URL(`${people.issuer}/broker/${BROKER}/token`),
          method: 'GET',
          headers: { authorization: `Bearer ${token}` },
        })),
      ),
      apiKey: constant(clientCredentials),
    },
  };
}
