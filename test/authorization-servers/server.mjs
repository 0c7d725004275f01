/** The authorization servers: on loopback only, with their data in memory, and ended with this process. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { freePort, LOOPBACK, startServer } from '../clients/background-process.mjs';
import { javaProgram } from '../clients/installation.mjs';
import { installHydra, installSpring } from './installation.mjs';

const READY_MILLISECONDS = 120_000;

/** Only what a program needs: each of them reads settings from the environment. */
const { PATH, HOME } = process.env;

/** @throws MissingPrograms, InstallationError; Error if it does not become ready */
export async function startSpring() {
  const archive = installSpring();
  const port = await freePort();
  const issuer = `http://${LOOPBACK}:${port}`;
  const user = { name: 'ana', password: randomBytes(24).toString('base64url') };
  const settings = {
    'server.address': LOOPBACK,
    'server.port': port,
    'spring.security.oauth2.authorizationserver.issuer': issuer,
    'spring.security.user.name': user.name,
    'spring.security.user.password': user.password,
  };
  const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const { stop } = await startServer('Spring', [javaProgram(), '-Xmx256m', '-jar', archive, ...options], {
    env: { PATH, HOME },
    ready: `${issuer}/.well-known/openid-configuration`,
    milliseconds: READY_MILLISECONDS,
  });
  return { issuer, user, stop };
}

/**
 * Signs every user in as `ana`, and consents to everything. Ory Hydra leaves its pages to an application, which
 * accepts a request with the administrator's API.
 *
 * @param admin returns the address of this API
 */
async function startHydraPages(admin) {
  const accept = async (kind, challenge, body) => {
    const request = `${admin()}/admin/oauth2/auth/requests/${kind}`;
    const query = `${kind}_challenge=${encodeURIComponent(challenge)}`;
    const { requested_scope, requested_access_token_audience } = await (
      await globalThis.fetch(`${request}?${query}`)
    ).json();
    const response = await globalThis.fetch(`${request}/accept?${query}`, {
      method: 'PUT',
      body: JSON.stringify(body(requested_scope, requested_access_token_audience)),
    });
    return (await response.json()).redirect_to;
  };
  const server = createServer((request, response) => {
    const { searchParams } = new globalThis.URL(request.url, 'http://localhost');
    const [login, consent] = ['login_challenge', 'consent_challenge'].map((name) => searchParams.get(name));
    const accepted = login
      ? accept('login', login, () => ({ subject: 'ana' }))
      : accept('consent', consent ?? '', (scopes, audience) => ({
          grant_scope: scopes,
          grant_access_token_audience: audience,
        }));
    accepted.then(
      (location) => response.writeHead(302, { location }).end(),
      (error) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, LOOPBACK);
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://${LOOPBACK}:${server.address().port}`, close };
}

/** @throws MissingPrograms, InstallationError; Error if it does not become ready */
export async function startHydra() {
  const program = installHydra();
  const [port, adminPort] = [await freePort(), await freePort()];
  const admin = `http://${LOOPBACK}:${adminPort}`;
  const pages = await startHydraPages(() => admin);
  const address = `http://${LOOPBACK}:${port}`;
  try {
    const { stop } = await startServer('Hydra', [program, 'serve', 'all', '--dev', '--sqa-opt-out'], {
      env: {
        PATH,
        HOME,
        DSN: 'memory',
        LOG_LEVEL: 'warn',
        SECRETS_SYSTEM: randomBytes(24).toString('base64url'),
        SERVE_ADMIN_HOST: LOOPBACK,
        SERVE_ADMIN_PORT: String(adminPort),
        SERVE_PUBLIC_HOST: LOOPBACK,
        SERVE_PUBLIC_PORT: String(port),
        STRATEGIES_ACCESS_TOKEN: 'jwt',
        URLS_CONSENT: pages.url,
        URLS_LOGIN: pages.url,
        URLS_SELF_ISSUER: `${address}/`,
      },
      ready: `${address}/health/ready`,
      milliseconds: READY_MILLISECONDS,
    });
    const stopAll = async () => {
      await stop();
      pages.close();
    };
    return { issuer: `${address}/`, admin, stop: stopAll };
  } catch (error) {
    pages.close();
    throw error;
  }
}
