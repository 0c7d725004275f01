/**
 * `npm run test:mcp`: the official conformance suite of the Model Context Protocol against an MCP server, directly and
 * through the gate of an agent endpoint, and clients that log in and call a tool that needs consent: the MCP Inspector at a
 * gateway, and clients in Python at an endpoint. The last line counts the checks.
 *
 * The suite and the Inspector require Node.js 24, which is installed from npm for them. The clients in Python require Python
 * 3.11; without it, one skipped check is counted.
 */
import { join } from 'node:path';
import { freePort, LOOPBACK, runChecks } from '../clients/background-process.mjs';
import { runSuite } from '../clients/installation.mjs';
import { startEverythingServer } from './everything-server/server.mjs';
import { installClients, installSuite } from './installation.mjs';

const MAIN = join(import.meta.dirname, 'main.ts');

async function main() {
  const begun = Date.now();
  const { suite, inspector } = installSuite();
  const clients = installClients();
  process.stdout.write(`The packages were ready after ${Math.round((Date.now() - begun) / 1000)} s.\n`);
  const { url, stop } = await startEverythingServer();
  try {
    return await runChecks(MAIN, {
      ...process.env,
      MCP_TESTS: JSON.stringify({
        ...{ suite, inspector, clients },
        everythingServer: url,
        redirectPort: await freePort(),
      }),
      NO_PROXY: LOOPBACK,
      no_proxy: LOOPBACK,
    });
  } finally {
    await stop();
  }
}

runSuite('MCP', main);
