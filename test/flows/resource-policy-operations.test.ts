/** The resource policy operations through the AWS SDK client: put, read, delete, and reject. Scenario 18 tests the effect of policies. */
import {
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { World, type TestAgent } from './support/world';

const world = World.ofFile();

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:';
const STRANGER = 'arn:aws:iam::000000000000:user/stranger';
const identityArn = ({ name }: TestAgent) =>
  `${ARN}workload-identity-directory/default/workload-identity/${name}`;

const policyOf = (resourceArn: string, ...statements: object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Resource: resourceArn, ...statement })),
  });

const put = (resourceArn: string, ...statements: object[]) =>
  world.control().putResourcePolicy({ resourceArn, policy: policyOf(resourceArn, ...statements) });

const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };

it('stores a policy with 201, returns it unchanged, and deletes it with 204', async () => {
  const resourceArn = identityArn(await world.agent());
  const get = () => world.control().getResourcePolicy({ resourceArn });
  expect(await get()).not.toHaveProperty('policy');
  const allow = {
    Effect: 'Allow',
    Principal: { AWS: STRANGER },
    Action: 'bedrock-agentcore:GetWorkloadIdentity',
  };
  const { policy, $metadata } = await put(resourceArn, allow);
  expect([$metadata.httpStatusCode, policy]).toEqual([201, policyOf(resourceArn, allow)]);
  expect((await get()).policy).toBe(policy);
  const removed = await world.control().deleteResourcePolicy({ resourceArn });
  expect(removed.$metadata.httpStatusCode).toBe(204);
  expect(await get()).not.toHaveProperty('policy');
});

it('rejects a policy with an unsupported element, names it, and stores nothing', async () => {
  const policy = policyOf('*', { Effect: 'Allow', NotPrincipal: '*', Action: '*' });
  const resourceArn = identityArn(await world.agent());
  await expect(world.control().putResourcePolicy({ resourceArn, policy })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('NotPrincipal') as string,
  });
  expect(await world.control().getResourcePolicy({ resourceArn })).not.toHaveProperty('policy');
});

it('rejects a policy that takes too long to evaluate, and states the limit', async () => {
  const { providerName } = await world.agent();
  const resourceArn = `${ARN}token-vault/default/oauth2credentialprovider/${providerName}`;
  const patterns = Array.from({ length: 240 }, (_, index) => `${'*a'.repeat(35)}${index}`);
  const costly = put(resourceArn, {
    Effect: 'Allow',
    Principal: '*',
    Action: 'bedrock-agentcore:GetResourceOauth2Token',
    Condition: { 'ForAnyValue:StringLike': { 'bedrock-agentcore:Scopes': patterns } },
  });
  await expect(costly).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('must not take more than 100 steps') as string,
  });
});

it('rejects a policy from another principal, and returns a 404 for a missing resource', async () => {
  const agent = await world.agent();
  const own = { Effect: 'Allow', Principal: { AWS: STRANGER }, Action: 'bedrock-agentcore:*' };
  const policy = policyOf(identityArn(agent), own);
  const byStranger = new PutResourcePolicyCommand({ resourceArn: identityArn(agent), policy });
  await expect(world.control('stranger').send(byStranger)).rejects.toMatchObject(denied);
  const missing = new GetResourcePolicyCommand({ resourceArn: `${identityArn(agent)}-not-there` });
  await expect(world.control().send(missing)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
