/** Authorization servers for clients in other processes: `oidc-provider` with its own sign-in pages, on loopback. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

/**
 * @param callbacks prefix of every redirect URI, because the clients create credential providers during the tests
 * @param clientId of the one client
 * @param client its other metadata
 * @param configuration of the provider
 * @returns what a credential provider is created with, and a function that stops the server
 */
export async function startLoopbackProvider(callbacks, clientId, client, configuration) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const clientSecret = randomBytes(24).toString('base64url');
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${issuer}/none`],
        grant_types: ['authorization_code', 'refresh_token'],
        ...client,
      },
    ],
    scopes: ['openid', 'offline_access'],
    issueRefreshToken: () => Promise.resolve(true),
    rotateRefreshToken: true,
    ...configuration,
  });
  provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(callbacks);
  server.on('request', provider.callback());
  return {
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
