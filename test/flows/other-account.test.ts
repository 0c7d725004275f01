/**
 * A caller of another account that the deployment accepts: it reaches the operations of agents only, and there it is no
 * one's owner. Its role has the name of the agent's role in the account of the service.
 */
import { GetResourceOauth2TokenCommand } from '@aws-sdk/client-bedrock-agentcore';
import { World } from './support/world';

const world = World.ofFile();

const PARTNER = 'arn:aws:iam::000000000001:role/agent';
const DENIED = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };

const tokenOf = (workloadName: string, principal: 'agent' | 'partner') =>
  world.data(principal).getWorkloadAccessToken({ workloadName });

/** Allows the principals to act as the agent. */
async function allow(workloadName: string, principal: string): Promise<void> {
  const { workloadIdentityArn: resourceArn } = await world
    .control()
    .getWorkloadIdentity({ name: workloadName });
  const statement = { Effect: 'Allow', Principal: { AWS: principal }, Action: '*', Resource: '*' };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await world.control().putResourcePolicy({ resourceArn, policy });
}

it('cannot act as the agent of a role with the same name, and the audit log has its account', async () => {
  const { name } = await world.agent();
  await expect(tokenOf(name, 'agent')).resolves.toHaveProperty('workloadAccessToken');
  await expect(tokenOf(name, 'partner')).rejects.toMatchObject(DENIED);
  await expect(
    world.data('partner').getWorkloadAccessTokenForUserId({ workloadName: name, userId: 'ada' }),
  ).rejects.toMatchObject(DENIED);
  expect((await world.audit()).at(-1)).toMatchObject({ outcome: 'denied', principal: PARTNER });
});

it('cannot use the workload access token of that agent', async () => {
  const { name, providerName } = await world.agent();
  const { workloadAccessToken } = await tokenOf(name, 'agent');
  const request = new GetResourceOauth2TokenCommand({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: providerName,
    scopes: ['calendar.read'],
    oauth2Flow: 'M2M',
  });
  await expect(world.data('partner').send(request)).rejects.toMatchObject(DENIED);
});

it.each([PARTNER, '000000000001'])('acts as an agent whose resource policy allows %s', async (principal) => {
  const { name } = await world.agent();
  await allow(name, principal);
  await expect(tokenOf(name, 'partner')).resolves.toHaveProperty('workloadAccessToken');
});

it("gets nothing from a policy that names the account of the service, or this account's role", async () => {
  for (const principal of ['000000000000', 'arn:aws:iam::000000000000:role/agent']) {
    const { name } = await world.agent();
    await allow(name, principal);
    await expect(tokenOf(name, 'partner')).rejects.toMatchObject(DENIED);
  }
});

it('reaches neither the control plane nor the operators’ plane, whatever the resource policy allows', async () => {
  const { name } = await world.agent();
  await allow(name, PARTNER);
  const refused = {
    ...DENIED,
    message: expect.stringMatching(
      /assumed-role\/agent\/local is not authorized to perform: execute-api:Invoke, because no resource-based policy/,
    ) as string,
  };
  const control = world.control('partner');
  await expect(control.getWorkloadIdentity({ name })).rejects.toMatchObject(refused);
  await expect(control.listWorkloadIdentities({})).rejects.toMatchObject(refused);
  for (const response of [
    await world.operate('ListGrants', {}, 'partner'),
    await world.operate('SuspendWorkloadIdentity', { name }, 'partner'),
    await world.post('get-token-vault', {}, 'partner'),
    await world.post('set-token-vault-cmk', {}, 'partner'),
    await world.post('reset-token-vault-key-material', {}, 'partner'),
  ]) {
    expect(response).toMatchObject({ status: 403 });
  }
});
