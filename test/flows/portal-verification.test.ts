/** The warning of a portal that works, although its users can probably not sign in. */
import {
  GetConsentPortalCommand,
  UpdateConsentPortalCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { startPortalWorld, TestPortal } from './support/portal';
import type { TestProvider } from './support/provider';
import type { TestAgent, World } from './support/world';

let identityProvider: TestProvider;
let world: World;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ identityProvider, world, stop } = await startPortalWorld());
});
afterAll(() => stop());

/** Sets the agent's own issuer. */
async function trust({ name }: TestAgent, conditions: object): Promise<void> {
  const customJWTAuthorizer = { discoveryUrl: identityProvider.discoveryUrl, ...conditions };
  const authorizerConfiguration = { customJWTAuthorizer };
  const { status } = await world.post('UpdateWorkloadIdentity', { name, authorizerConfiguration });
  expect(status).toBe(200);
}

async function verified(portal: TestPortal) {
  await portal.verify((await portal.read())?.configurationRevision);
  const { status, statusReason } = (await portal.read()) ?? {};
  return { status, statusReason };
}

const portalOf = (...agents: TestAgent[]) =>
  TestPortal.create(world, { agents, identityProvider, change: { status: 'CREATING' } });

it('is the reason of an ACTIVE portal with an agent whose issuer lists other clients, until an update', async () => {
  const [strict, agent] = [await world.agent(), await world.agent()];
  await trust(strict, { allowedAudience: ['another'], allowedClients: ['another'] });
  const portal = await portalOf(agent, strict);
  const { issuer, clientId } = identityProvider;
  const statusReason = `Users might not be able to sign in for the workload identity "${strict.name}": its trusted issuer ${issuer} does not list the client ID of the sign-in provider. Add "${clientId}" to allowedAudience and allowedClients of the trusted issuer, and then update the portal to verify it again.`;
  expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason });
  const named = { consentPortalIdentifier: portal.id };
  expect(await world.control().send(new GetConsentPortalCommand(named))).toMatchObject({
    status: 'ACTIVE',
    statusReason,
  });
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({ operation: 'VerifyConsentPortal', result: 'ACTIVE', reason: statusReason }),
  );
  await trust(strict, { allowedAudience: ['another', clientId] });
  await world.control().send(new UpdateConsentPortalCommand(named));
  expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason: undefined });
});

it('names only the list that lacks the client', async () => {
  const agent = await world.agent();
  await trust(agent, { allowedAudience: [identityProvider.clientId], allowedClients: ['another'] });
  const { statusReason } = await verified(await portalOf(agent));
  expect(statusReason).toContain(`Add "${identityProvider.clientId}" to allowedClients of`);
});

it('is absent if the issuer lists the audience that the sign-in requests', async () => {
  const agent = await world.agent();
  await trust(agent, { allowedAudience: ['https://api.example'] });
  const portal = await portalOf(agent);
  const { idpConfig } = (await portal.read()) ?? {};
  await portal.change({ ...(idpConfig && { idpConfig: { ...idpConfig, audience: 'https://api.example' } }) });
  expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason: undefined });
});
