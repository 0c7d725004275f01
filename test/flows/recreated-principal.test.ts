/**
 * A role that was deleted and recreated with the same name has the ARN of the owner but another unique ID, and inherits
 * nothing. The local gateway provides unique IDs as API Gateway does.
 */
import {
  DeleteWorkloadIdentityCommand,
  GetOauth2CredentialProviderCommand,
  GetWorkloadIdentityCommand,
  ListTagsForResourceCommand,
  PutResourcePolicyCommand,
  TagResourceCommand,
  UpdateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import { RETURN_URL, TestAgent, World } from './support/world';

let first: string;
const world = World.ofFile();
beforeAll(() => {
  first = world.local.principals.agent.id;
});
afterEach(() => {
  world.remake('agent', first);
});

const REFUSED = {
  name: 'AccessDeniedException',
  message: expect.stringContaining('an earlier principal with the same ARN') as string,
};

const identityArn = async (name: string) =>
  (await world.control().getWorkloadIdentity({ name })).workloadIdentityArn ?? '';

it('cannot act as the agents of its predecessor, even with an earlier token', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const token = await agent.token({ userId: 'ana' });
  const pending = await agent.ask(token, { scopes: ['openid', 'b'] });
  const back = await agent.consent(pending.authorizationUrl);

  world.remake('agent');
  await expect(agent.token()).rejects.toMatchObject(REFUSED);
  await expect(agent.ask(token)).rejects.toMatchObject(REFUSED);
  await expect(agent.complete(back, { userId: 'ana' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: 'Invalid or expired session',
  });
  const denied = (await world.audit()).filter(({ reason }) => String(reason).includes('not the unique ID'));
  const principal = 'arn:aws:iam::000000000000:role/agent';
  expect(denied).toEqual(
    ['GetWorkloadAccessToken', 'GetResourceOauth2Token', 'CompleteResourceTokenAuth'].map(
      (operation): unknown => expect.objectContaining({ operation, principal, outcome: 'denied' }),
    ),
  );
});

it('cannot read, change, or delete resources and policies of its predecessor', async () => {
  const { name, providerName } = await world.agent();
  const resourceArn = await identityArn(name);
  const control = world.control();
  world.remake('agent');
  for (const command of [
    new GetWorkloadIdentityCommand({ name }),
    new UpdateWorkloadIdentityCommand({ name }),
    new DeleteWorkloadIdentityCommand({ name }),
    new GetOauth2CredentialProviderCommand({ name: providerName }),
    new ListTagsForResourceCommand({ resourceArn }),
    new TagResourceCommand({ resourceArn, tags: { a: 'b' } }),
    new PutResourcePolicyCommand({
      resourceArn,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
      }),
    }),
  ]) {
    await expect(control.send(command as GetWorkloadIdentityCommand)).rejects.toMatchObject(REFUSED);
  }
  const { workloadIdentities } = await control.listWorkloadIdentities({});
  const { credentialProviders } = await control.listOauth2CredentialProviders({});
  expect([workloadIdentities, credentialProviders]).toEqual([[], []]);
});

it('cannot use a provider of its predecessor, not even through its own agent', async () => {
  const { providerName } = await world.agent();
  const key = { name: 'key-of-the-first', apiKey: 'k-123' };
  await world.control().createApiKeyCredentialProvider(key);
  world.remake('agent');
  const name = 'agent-of-the-second';
  await world.control().createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const second = new TestAgent(world.data(), name, providerName, '');
  const namesakes = {
    name: 'AccessDeniedException',
    message: expect.stringContaining('the same ARN but different unique IDs') as string,
  };
  await expect(second.ask(await second.token({ userId: 'ana' }))).rejects.toMatchObject(namesakes);
  const reading = new GetResourceApiKeyCommand({
    workloadIdentityToken: await second.token(),
    resourceCredentialProviderName: key.name,
  });
  await expect(world.data().send(reading)).rejects.toMatchObject(namesakes);
});

it("returns the earlier principal's grant after a recreated principal was denied", async () => {
  const agent = await world.agent();
  const accessToken = await agent.connect('ana');
  world.remake('agent');
  await expect(agent.token()).rejects.toMatchObject(REFUSED);
  world.remake('agent', first);
  expect(await agent.ask(await agent.token({ userId: 'ana' }))).toMatchObject({ accessToken });
});

describe('a record without a unique ID', () => {
  it("belongs to the ARN until its owner's next write adds the unique ID, and is then denied to a recreated principal", async () => {
    world.remake('agent', '');
    const agent = await world.agent();
    world.remake('agent', first);
    await expect(agent.token()).resolves.toEqual(expect.any(String));
    await world.control().updateWorkloadIdentity({ name: agent.name });
    world.remake('agent');
    await expect(agent.token()).rejects.toMatchObject(REFUSED);
  });

  it('gets the unique ID from tag and policy changes too, and only from its owner', async () => {
    world.remake('agent', '');
    const { name } = await world.agent();
    const resourceArn = await identityArn(name);
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { AWS: world.local.principals.stranger.arn },
        Action: 'bedrock-agentcore:TagResource',
        Resource: '*',
      },
    ];
    const policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await world.control().putResourcePolicy({ resourceArn, policy });
    const tagging = new TagResourceCommand({ resourceArn, tags: { a: 'b' } });
    await world.control('stranger').send(tagging);
    world.remake('agent', first);
    await world.control().send(tagging);
    world.remake('agent');
    await expect(identityArn(name)).rejects.toMatchObject(REFUSED);
  });

  it('does not allow a recreated principal to use a provider that has the unique ID', async () => {
    world.remake('agent', '');
    const before = await world.agent();
    world.remake('agent', first);
    const { providerName } = await world.agent();
    const mixed = new TestAgent(world.data(), before.name, providerName, '');
    expect(await mixed.ask(await mixed.token({ userId: 'ana' }))).toHaveProperty('authorizationUrl');
    world.remake('agent');
    await expect(mixed.ask(await mixed.token({ userId: 'ana' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('the same ARN but different unique IDs') as string,
    });
  });
});
