/** More operations of the control plane on registered resources: tags, resource policies, and deletion. */
import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { customProvider } from '../flows/support/custom-provider';
import { TestAgent } from '../flows/support/world';
import type { Checks } from './checks';
import { OWN } from './flow';
import type { FlowWorld, RegisteredAgent } from './registration';

export async function checkAdministration(
  checks: Checks,
  { callers, front, provider }: FlowWorld,
  { agent, workloadIdentityArn }: RegisteredAgent,
): Promise<void> {
  const control = callers.control(front.principals.agent);

  await checks.check('tags are set, listed, and removed', async () => {
    const resourceArn = workloadIdentityArn;
    await control.tagResource({ resourceArn, tags: { team: 'travel', stage: 'trial' } });
    await control.untagResource({ resourceArn, tagKeys: ['stage'] });
    const { tags } = await control.listTagsForResource({ resourceArn });
    deepStrictEqual(tags, { team: 'travel' });
  });

  await checks.check('a resource policy allows another principal until it is deleted', async () => {
    const resourceArn = workloadIdentityArn;
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: front.principals.stranger.arn },
        Action: 'bedrock-agentcore:GetWorkloadIdentity',
        Resource: resourceArn,
      },
    });
    const strange = () =>
      callers.control(front.principals.stranger).getWorkloadIdentity({ name: agent.name });
    await control.putResourcePolicy({ resourceArn, policy });
    strictEqual((await control.getResourcePolicy({ resourceArn })).policy, policy);
    strictEqual((await strange()).workloadIdentityArn, workloadIdentityArn);
    await control.deleteResourcePolicy({ resourceArn });
    await rejects(strange(), { name: 'AccessDeniedException' });
  });

  await checks.check('an operator lists, suspends, and transfers, and an agent does not', async () => {
    const { operator, stranger } = front.principals;
    const operate = async (operation: string, input: object, principal = operator) =>
      callers.post(`/operator/${operation}`, input, principal);
    const { name } = agent;
    const user = { userId: 'suspended-user' };
    const newOwner = 'arn:aws:iam::000000000000:role/agent';
    const steps: [string, object][] = [
      ['ListWorkloadIdentities', {}],
      ['ListCredentialProviders', {}],
      ['SuspendUser', { user }],
      ['ListSuspensions', {}],
      ['ResumeUser', { user }],
      ['SuspendWorkloadIdentity', { name }],
      ['TransferOwnership', { resourceArn: workloadIdentityArn, newOwner }],
    ];
    for (const [operation, input] of steps) strictEqual((await operate(operation, input)).status, 200);
    await rejects(agent.token(), { name: 'AccessDeniedException' });
    for (const principal of [stranger, front.principals.agent]) {
      strictEqual((await operate('ResumeWorkloadIdentity', { name }, principal)).status, 403);
    }
    strictEqual((await operate('ResumeWorkloadIdentity', { name })).status, 200);
    ok(await agent.token());
  });

  await checks.check('a deleted resource returns no credentials', async () => {
    const other = new TestAgent(agent.client, 'passing-agent', 'passing-provider', '');
    const { discoveryUrl, clientId, clientSecret } = provider;
    await control.createWorkloadIdentity({ name: other.name });
    await control.createOauth2CredentialProvider({
      name: other.providerName,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    await control.createApiKeyCredentialProvider({ name: 'passing-keys', apiKey: 'passing' });
    const held = await other.token();
    ok((await other.ask(held, OWN)).accessToken);
    await control.deleteOauth2CredentialProvider({ name: other.providerName });
    await rejects(other.ask(held, OWN), { name: 'ResourceNotFoundException' });
    await control.deleteApiKeyCredentialProvider({ name: 'passing-keys' });
    await control.deleteWorkloadIdentity({ name: other.name });
    await rejects(other.token(), { name: 'ResourceNotFoundException' });
  });
}
