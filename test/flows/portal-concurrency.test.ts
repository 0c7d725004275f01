/** Concurrent requests of a person in a consent portal, in the running service. */
import type { TestProvider } from './support/provider';
import { startPortalWorld, TestPortal } from './support/portal';
import type { World } from './support/world';

let identityProvider: TestProvider;
let world: World;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ identityProvider, world, stop } = await startPortalWorld());
});
afterAll(() => stop());

it('asks a person who begins too many connections together to try again', async () => {
  const agent = await world.agent('agent', []);
  const { name: workloadName, providerName: credentialProviderName } = agent;
  // All of them are for the same grant.
  const connections = Array.from({ length: 16 }, (_, at) => ({
    workloadName,
    credentialProviderName,
    scopes: ['openid', `scope-${at}`],
  }));
  const portal = await TestPortal.create(world, {
    agents: [agent],
    identityProvider,
    change: { connections },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  const session = await portal.signIn('ana');
  const connect = ({ key: connection }: { key: string }) => portal.connect(session, connection);
  const results = await Promise.all((await portal.rows(session, agent)).map(connect));
  expect(results.filter((result) => !('authorizationUrl' in result))).toContainEqual(
    expect.objectContaining({ refused: 'busy' }),
  );
});
