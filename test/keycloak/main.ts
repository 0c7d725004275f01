/** The checks of `npm run test:keycloak`; run.mjs starts them, with Keycloak's address in the environment. */
import '../storm/quiet';
import { Checks } from '../deployed/checks';
import { INTERRUPTED, interruption } from '../storm/interruption';
import { KeycloakAdmin, type Administrator } from './admin';
import { checkConsent } from './consent';
import { checkCrossAppAccess, startWorkforce, workforceTrust } from './cross-app-access';
import { checkOnBehalfOf } from './on-behalf-of';
import { checkRevocation } from './revocation';
import { checkRotation } from './rotation';
import { checkSecurityEvents } from './security-events';
import { Service } from './service';
import { checkUserTokens } from './user-tokens';
import { trustOf, World } from './world';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const interrupted = interruption();
  const administrator = JSON.parse(process.env.KEYCLOAK ?? '{}') as Administrator;
  const checks = new Checks(print);
  const workforce = await startWorkforce();
  const service = await Service.start([...trustOf(administrator.url), workforceTrust(workforce)]);
  try {
    const world = await World.create(service, new KeycloakAdmin(administrator));
    const checking = (async () => {
      await checkUserTokens(checks, world);
      await checkConsent(checks, world);
      await checkRotation(checks, world);
      await checkRevocation(checks, world);
      await checkOnBehalfOf(checks, world);
      await checkCrossAppAccess(checks, world, workforce);
      await checkSecurityEvents(checks, world);
    })();
    // Errors during the shutdown are expected.
    checking.catch(() => undefined);
    if ((await Promise.race([checking, interrupted])) === 'interrupted') return INTERRUPTED;
    print(`\n${checks.total}`);
    return checks.good ? 0 : 1;
  } finally {
    await service.stop();
    await workforce.close();
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : 'not an error object'}\n`,
    );
    process.exit(1);
  },
);
