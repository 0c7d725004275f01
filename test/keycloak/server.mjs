/** Keycloak: on loopback only, with its database in memory, and ended with this process. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, LOOPBACK, startServer } from '../clients/background-process.mjs';
import { installKeycloak } from './installation.mjs';

/** Keycloak's first start on a machine prepares the distribution. */
const READY_MILLISECONDS = 300_000;

/** This process's environment without settings of another Keycloak or of another Java program. */
function cleanEnvironment() {
  const foreign = /^(KC_|KEYCLOAK_|JAVA_OPTS|JAVA_TOOL_OPTIONS$|QUARKUS_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/**
 * Development mode. The features in addition to the defaults are the transmitter of security events, identity assertions
 * as authorization grants, resource indicators, and client ID metadata documents.
 */
const FOR_TESTS = {
  command: [
    'start-dev',
    '--features=ssf,identity-assertion-jwt,resource-indicators,cimd',
    // For the load balancer that ends TLS.
    '--proxy-headers=xforwarded',
    '--spi-ssf-transmitter--default--allow-insecure-push-targets=true',
    '--spi-ssf-transmitter--default--outbox-drainer-interval=500ms',
  ],
  heap: '-Xms128m -Xmx768m',
};

/**
 * Production mode with the default features, without TLS, and with a heap of one size, so that neither a small heap nor
 * its growth costs time.
 */
export const FOR_BENCHMARKS = {
  command: ['start', '--http-enabled=true', '--hostname-strict=false'],
  heap: '-Xms1g -Xmx1g',
};

/**
 * Returns Keycloak's address, its first administrator, the ID of its process, and a function that stops it.
 *
 * @param mode its command with options, and the options of Java for the heap
 * @throws MissingPrograms, InstallationError; Error with the end of Keycloak's log if it does not become ready
 */
export async function startKeycloak(mode = FOR_TESTS) {
  const home = installKeycloak();
  const [port, managementPort] = [await freePort(), await freePort()];
  const url = `http://${LOOPBACK}:${port}`;
  const administrator = { username: 'admin', password: randomBytes(24).toString('base64url') };
  const settings = [
    `--http-host=${LOOPBACK}`,
    `--http-port=${port}`,
    `--http-management-port=${managementPort}`,
    '--db=dev-mem',
    '--cache=local',
  ];
  const command = ['bash', join(home, 'bin', 'kc.sh'), ...mode.command, ...settings];
  const { pid, stop } = await startServer('Keycloak', command, {
    env: {
      ...cleanEnvironment(),
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
      JAVA_OPTS_KC_HEAP: mode.heap,
    },
    ready: `${url}/realms/master/.well-known/openid-configuration`,
    milliseconds: READY_MILLISECONDS,
  });
  return { url, ...administrator, pid, stop };
}
