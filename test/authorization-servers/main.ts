/** The checks of `npm run test:authorization-servers`; run.mjs starts them, with the servers in the environment. */
import '../program/quiet';
import { exitCodeOf, print, run } from '../deployed/check-program';
import { Checks } from '../deployed/checks';
import { World } from '../flows/support/world';
import { interruption } from '../program/interruption';
import { checkAgents } from './agents';
import { Hydra, Spring, type HydraAddress, type SpringAddress } from './servers';
import { checkUsers, trustOf } from './users';

interface Missing {
  readonly missing: string;
}

async function main(): Promise<number> {
  const interrupted = interruption();
  const { spring, hydra } = JSON.parse(process.env.AUTHORIZATION_SERVERS ?? '{}') as {
    readonly spring: SpringAddress | Missing;
    readonly hydra: HydraAddress | Missing;
  };
  const checks = new Checks(print);
  if ('missing' in spring) checks.skip('Spring Authorization Server', spring.missing);
  if ('missing' in hydra) checks.skip('Ory Hydra', hydra.missing);
  const servers = [
    ...('missing' in spring ? [] : [new Spring(spring)]),
    ...('missing' in hydra ? [] : [new Hydra(hydra)]),
  ];
  const world = await World.start({}, () => servers.flatMap(trustOf));
  try {
    const checking = (async () => {
      for (const server of servers) {
        await checkUsers(checks, world, server);
        await checkAgents(checks, world, server);
      }
    })();
    return await exitCodeOf(checks, checking, interrupted);
  } finally {
    await world.stop();
  }
}

run(main);
