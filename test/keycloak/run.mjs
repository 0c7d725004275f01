/**
 * `npm run test:keycloak`: the service with a real Keycloak on its defaults, as the identity provider of its users and
 * as the authorization server of its credential providers. The last line counts the checks.
 *
 * Needs Java 17 and Maven; if they are missing, it prints a message and counts one skipped check.
 */
import { join } from 'node:path';
import { LOOPBACK, runChecks } from '../clients/background-process.mjs';
import { runSuite } from '../clients/installation.mjs';
import { startKeycloak } from './server.mjs';

const MAIN = join(import.meta.dirname, 'main.ts');

async function main() {
  const begun = Date.now();
  const { stop, ...keycloak } = await startKeycloak();
  process.stdout.write(`Keycloak started in ${Math.round((Date.now() - begun) / 1000)} s.\n`);
  try {
    return await runChecks(MAIN, {
      ...process.env,
      KEYCLOAK: JSON.stringify(keycloak),
      NO_PROXY: LOOPBACK,
      no_proxy: LOOPBACK,
    });
  } finally {
    await stop();
  }
}

runSuite('KEYCLOAK', main);
