import { once } from 'node:events';
import { rm } from 'node:fs/promises';

export default async function stopIdentity() {
  const { service, dataDir, authorizationServer } = globalThis.identityService;
  const exit = once(service, 'exit');
  service.kill();
  await exit;
  await authorizationServer.stop();
  await rm(dataDir, { recursive: true });
}
