/** The checks of `npm run test:mcp`; run.mjs starts them, with what it installed in the environment. */
import '../program/quiet';
import { exitCodeOf, print, run } from '../deployed/check-program';
import { Checks } from '../deployed/checks';
import { World } from '../flows/support/world';
import { interruption } from '../program/interruption';
import { checkClients, type Pythons } from './clients';
import { checkConformance } from './conformance';
import { checkInspector, type Inspector } from './inspector';
import type { Suite } from './suite';

interface Installed {
  readonly suite: Suite;
  readonly inspector: Inspector;
  /** URL of the MCP server that the suite tests. */
  readonly everythingServer: string;
  readonly clients: { readonly pythons: Pythons } | { readonly missing: string };
  /** A free port for the redirect URIs of the clients. */
  readonly redirectPort: number;
}

async function check(
  checks: Checks,
  world: World,
  { suite, inspector, everythingServer, clients, redirectPort }: Installed,
): Promise<void> {
  await checkConformance(checks, world, suite, everythingServer);
  await checkInspector(checks, world, inspector, redirectPort);
  if ('missing' in clients) checks.skip('clients in Python', clients.missing);
  else await checkClients(checks, world, clients.pythons, redirectPort);
}

async function main(): Promise<number> {
  const interrupted = interruption();
  const installed = JSON.parse(process.env.MCP_TESTS ?? '{}') as Installed;
  const checks = new Checks(print);
  const world = await World.start();
  try {
    return await exitCodeOf(checks, check(checks, world, installed), interrupted);
  } finally {
    await world.stop();
  }
}

run(main);
