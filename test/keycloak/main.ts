/** The checks of `npm run test:keycloak`; run.mjs starts them, with Keycloak's address in the environment. */
import '../program/quiet';
import { exitCodeOf, print, run } from '../deployed/check-program';
import { Checks } from '../deployed/checks';
import { interruption } from '../program/interruption';
import { KeycloakAdmin, type Administrator } from './admin';
import { checkClientMetadata } from './client-metadata';
import { checkConsent } from './consent';
import { checkCrossAppAccess, startWorkforce, workforceTrust } from './cross-app-access';
import { checkDpop } from './dpop';
import { checkMcpServer } from './mcp-server';
import { checkOnBehalfOf } from './on-behalf-of';
import { checkPrivateNetwork, startPrivateNetwork } from './private-network';
import { checkRevocation } from './revocation';
import { checkRotation } from './rotation';
import { checkSecurityEvents } from './security-events';
import { Service } from './service';
import { checkUserTokens } from './user-tokens';
import { trustOf, World } from './world';

async function main(): Promise<number> {
  const interrupted = interruption();
  const administrator = JSON.parse(process.env.KEYCLOAK ?? '{}') as Administrator;
  const checks = new Checks(print);
  const workforce = await startWorkforce();
  const network = await startPrivateNetwork(administrator.url);
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
      await checkDpop(checks, world);
      await checkMcpServer(checks, world);
      await checkClientMetadata(checks, world);
      await checkPrivateNetwork(checks, world, network);
      await checkSecurityEvents(checks, world);
    })();
    return await exitCodeOf(checks, checking, interrupted);
  } finally {
    await service.stop();
    await workforce.close();
    await network?.close();
  }
}

run(main);
