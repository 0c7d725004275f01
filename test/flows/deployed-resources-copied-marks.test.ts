/**
 * The mark of a stack is a tag, which any principal can copy to its own resource. That principal could use anything
 * stored there, so the custom resource function stores nothing in it, even if the owner allows the function to.
 */
import {
  CreateApiKeyCredentialProviderCommand,
  CreateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { CloudFormation, API_KEY, IDENTITY, STACK_ID } from './support/cloudformation';
import { putSecret } from './support/secrets';
import { RETURN_URL, TestAgent } from './support/world';

const REASON = expect.stringContaining('belongs to another IAM principal') as string;

/** The tag with which the stack marks its resources. */
const MARK = {
  'agent-identity:stack': STACK_ID,
  'agent-identity:resource': 'Resource',
  'agent-identity:origin': 'created',
};

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;

let names = 0;
const newName = () => `marked-${(names += 1)}`;

const stranger = () => world.control('stranger');

/** Allows the function every action, as the resource's owner can. */
const letFunctionIn = (resourceArn: string | undefined) => {
  const Principal = { AWS: world.local.principals.operator.arn };
  const statement = { Effect: 'Allow', Principal, Action: 'bedrock-agentcore:*', Resource: '*' };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return stranger().putResourcePolicy({ resourceArn, policy });
};

async function markedApiKey(name: string): Promise<void> {
  const create = new CreateApiKeyCredentialProviderCommand({ name, apiKey: 'own-key', tags: MARK });
  await letFunctionIn((await stranger().send(create)).credentialProviderArn);
}

/** The key that an agent of the stranger gets. */
async function strangersKey(resourceCredentialProviderName: string) {
  const name = newName();
  await stranger().createWorkloadIdentity({ name });
  const client = world.data('stranger');
  const workloadIdentityToken = await new TestAgent(client, name, '', '').token();
  const { apiKey } = await client.getResourceApiKey({
    workloadIdentityToken,
    resourceCredentialProviderName,
  });
  return apiKey;
}

async function apiKeyProperties(name: string): Promise<object> {
  const { arn } = await putSecret('key-of-the-stack', null);
  return { name, configuration: '{}', policy: '', secret: { source: 'MANAGED', secretId: arn } };
}

it("an API key is not stored in another principal's provider that has the mark", async () => {
  const name = newName();
  await markedApiKey(name);
  const properties = await apiKeyProperties(name);
  const answer = await cloudFormation.ask('Create', API_KEY, { properties });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: REASON });
  expect(await strangersKey(name)).toBe('own-key');
});

it("an API key is not stored in another principal's provider that has the mark, even with importExisting", async () => {
  const name = newName();
  await markedApiKey(name);
  const properties = { ...(await apiKeyProperties(name)), importExisting: 'true' };
  const answer = await cloudFormation.ask('Create', API_KEY, { properties, logicalId: 'Other' });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: REASON });
  expect(await strangersKey(name)).toBe('own-key');
});

it("an API key is not stored in another principal's provider that replaced the provider of the stack", async () => {
  const name = newName();
  const properties = await apiKeyProperties(name);
  const created = await cloudFormation.ask('Create', API_KEY, { properties });
  expect(created).toMatchObject({ Status: 'SUCCESS' });
  await world.control('operator').deleteApiKeyCredentialProvider({ name });
  await markedApiKey(name);
  const answer = await cloudFormation.ask('Update', API_KEY, { properties, physicalId: name });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: REASON });
  expect(await strangersKey(name)).toBe('own-key');
});

it("another principal's workload identity that has the mark does not become part of the stack", async () => {
  const name = newName();
  const create = new CreateWorkloadIdentityCommand({ name, tags: MARK });
  await letFunctionIn((await stranger().send(create)).workloadIdentityArn);
  const configuration = JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const properties = { name, configuration, policy: '' };
  const answer = await cloudFormation.ask('Create', IDENTITY, { properties });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: REASON });
  const kept = await stranger().getWorkloadIdentity({ name });
  expect(kept).toMatchObject({ allowedResourceOauth2ReturnUrls: [] });
});

it("another principal's workload identity without the mark is not imported, even if it allows the function", async () => {
  const name = newName();
  await letFunctionIn((await stranger().createWorkloadIdentity({ name })).workloadIdentityArn);
  const configuration = JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const properties = { name, configuration, policy: '', importExisting: 'true' };
  const answer = await cloudFormation.ask('Create', IDENTITY, { properties });
  expect(answer).toMatchObject({ Status: 'FAILED', Reason: REASON });
  const kept = await stranger().getWorkloadIdentity({ name });
  expect(kept).toMatchObject({ allowedResourceOauth2ReturnUrls: [] });
});

it('a resource that the stack created stays in the stack after a change of its policy', async () => {
  const name = newName();
  const properties = await apiKeyProperties(name);
  await cloudFormation.ask('Create', API_KEY, { properties });
  const Principal = { AWS: ['arn:aws:iam::000000000000:role/agent'] };
  const statement = { Effect: 'Allow', Principal, Action: ['bedrock-agentcore:GetResourceApiKey'] };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Resource: '*' }] });
  const changed = { ...properties, policy };
  const answer = await cloudFormation.ask('Update', API_KEY, { properties: changed, physicalId: name });
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
});
