/**
 * `npm run test:authorization-servers`: the service with Spring Authorization Server and Ory Hydra, as identity providers of
 * its users and as authorization servers of its credential providers. The last line counts the checks.
 *
 * Spring needs Java 17 and Maven, and Hydra needs Go and a C compiler. A server whose programs are missing is a
 * skipped check, with a message.
 */
import { join } from 'node:path';
import { LOOPBACK, runChecks } from '../clients/background-process.mjs';
import { MissingPrograms, runSuite } from '../clients/installation.mjs';
import { startHydra, startSpring } from './server.mjs';

const MAIN = join(import.meta.dirname, 'main.ts');

/** Starts a server and prints how long it took. Returns its addresses, or why it is missing. */
async function started(name, start, stops) {
  const begun = Date.now();
  try {
    const { stop, ...server } = await start();
    stops.push(stop);
    process.stdout.write(`${name} started in ${Math.round((Date.now() - begun) / 1000)} s.\n`);
    return server;
  } catch (error) {
    if (!(error instanceof MissingPrograms)) throw error;
    return { missing: error.message };
  }
}

async function main() {
  const stops = [];
  try {
    const servers = {
      spring: await started('Spring Authorization Server', startSpring, stops),
      hydra: await started('Ory Hydra', startHydra, stops),
    };
    if (stops.length === 0) {
      throw new MissingPrograms(`${servers.spring.missing} ${servers.hydra.missing}`);
    }
    return await runChecks(MAIN, {
      ...process.env,
      AUTHORIZATION_SERVERS: JSON.stringify(servers),
      NO_PROXY: LOOPBACK,
      no_proxy: LOOPBACK,
    });
  } finally {
    for (const stop of stops) await stop();
  }
}

runSuite('AUTHORIZATION SERVER', main);
