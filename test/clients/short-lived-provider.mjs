/**
 * An authorization server whose tokens expire within seconds, so that clients in other processes, whose clock
 * a test cannot change, can test a refresh and its rejection: `oidc-provider` with its own sign-in pages.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

/** Lifetimes in seconds. */
const ACCESS_TOKEN = 3;
const REFRESH_TOKEN = 10;

/** @param callbacks prefix of every redirect URI, because the clients create credential providers during the tests */
export async function startShortLivedProvider(callbacks) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const [clientId, clientSecret] = ['short-lived', randomBytes(24).toString('base64url')];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${issuer}/none`],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    scopes: ['openid', 'offline_access'],
    ttl: {
      AccessToken: ACCESS_TOKEN,
      RefreshToken: REFRESH_TOKEN,
      Grant: 3600,
      Session: 3600,
      Interaction: 600,
    },
    issueRefreshToken: () => Promise.resolve(true),
    rotateRefreshToken: true,
  });
  provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(callbacks);
  server.on('request', provider.callback());
  return {
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    refreshTokenSeconds: REFRESH_TOKEN,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
