/** The resource policy operations through the AWS SDK client: put, read, take away, refuse. What policies do is scenario 18. */
import {
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { World, type TestAgent } from './support/world';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

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
  world
    .control()
    .send(new PutResourcePolicyCommand({ resourceArn, policy: policyOf(resourceArn, ...statements) }));

const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };

it('is put with 201, read back as it was, and taken away with 204', async () => {
  const resourceArn = identityArn(await world.agent());
  const get = () => world.control().send(new GetResourcePolicyCommand({ resourceArn }));
  expect(await get()).not.toHaveProperty('policy');
  const allow = {
    Effect: 'Allow',
    Principal: { AWS: STRANGER },
    Action: 'bedrock-agentcore:GetWorkloadIdentity',
  };
  const { policy, $metadata } = await put(resourceArn, allow);
  expect([$metadata.httpStatusCode, policy]).toEqual([201, policyOf(resourceArn, allow)]);
  expect((await get()).policy).toBe(policy);
  const removed = await world.control().send(new DeleteResourcePolicyCommand({ resourceArn }));
  expect(removed.$metadata.httpStatusCode).toBe(204);
  expect(await get()).not.toHaveProperty('policy');
});

it.each([
  ['JSON that is none', '{"Version":', 'policy'],
  [
    'an element that is not understood',
    policyOf('*', { Effect: 'Allow', NotPrincipal: '*', Action: '*' }),
    'NotPrincipal',
  ],
  [
    'a condition key that is not understood',
    policyOf('*', {
      Effect: 'Deny',
      Principal: '*',
      Action: 'bedrock-agentcore:GetWorkloadIdentity',
      Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    }),
    'IpAddress',
  ],
])('refuses %s when it is put, names it, and keeps what there was', async (_, policy, named) => {
  const resourceArn = identityArn(await world.agent());
  await expect(
    world.control().send(new PutResourcePolicyCommand({ resourceArn, policy })),
  ).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining(named) as string });
  expect(await world.control().send(new GetResourcePolicyCommand({ resourceArn }))).not.toHaveProperty(
    'policy',
  );
});

it('is refused where it would take a request too long, and the message says how much it may take', async () => {
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
    message: expect.stringContaining('at most 100 steps') as string,
  });
});

it("is no one else's to put, and there is none on what is not there", async () => {
  const agent = await world.agent();
  const own = { Effect: 'Allow', Principal: { AWS: STRANGER }, Action: 'bedrock-agentcore:*' };
  const policy = policyOf(identityArn(agent), own);
  const byStranger = new PutResourcePolicyCommand({ resourceArn: identityArn(agent), policy });
  await expect(world.control('stranger').send(byStranger)).rejects.toMatchObject(denied);
  const missing = new GetResourcePolicyCommand({ resourceArn: `${identityArn(agent)}-not-there` });
  await expect(world.control().send(missing)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
