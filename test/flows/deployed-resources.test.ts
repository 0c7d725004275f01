/**
 * The custom resource function with requests as CloudFormation sends them, against the running service. Each step can be
 * repeated, interrupted, or rolled back, and the function changes only resources of its stack.
 */
import { type BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { CloudFormation, API_KEY, IDENTITY, OAUTH2, type Change } from './support/cloudformation';
import { changeSecret, putSecret } from './support/secrets';
import { RETURN_URL, TestAgent } from './support/world';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';
const AGENT_ROLE = 'arn:aws:iam::000000000000:role/agent';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;
beforeEach(() => {
  cloudFormation.status = 200;
});

let names = 0;
const newName = () => `deployed-${(names += 1)}`;

const statement = (Sid: string, Action: string, rest: object = {}) => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: [AGENT_ROLE] },
  Action: [`bedrock-agentcore:${Action}`],
  Resource: '*',
  ...rest,
});

const policyOf = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

const exchange = policyOf(statement('ActAs', '*'));

const identity = (name: string, properties: object = {}) => ({
  name,
  configuration: JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
  policy: '',
  ...properties,
});

const apiKey = (name: string, secretId: string, properties: object = {}) => ({
  name,
  configuration: '{}',
  policy: '',
  secret: { source: 'MANAGED', secretId },
  ...properties,
});

const control = () => world.control('operator');
const described = (name: string) =>
  control()
    .getWorkloadIdentity({ name })
    .catch((error: Error) => error.name);
const policyAt = async (resourceArn = '') => (await control().getResourcePolicy({ resourceArn })).policy;
const tagsAt = async (resourceArn = '') => (await control().listTagsForResource({ resourceArn })).tags ?? {};

const create = (properties: object, change: Partial<Change> = {}) =>
  cloudFormation.ask('Create', IDENTITY, { properties, ...change });
const update = (physicalId: string, properties: object, change: Partial<Change> = {}) =>
  cloudFormation.ask('Update', IDENTITY, { properties, physicalId, ...change });
const remove = (physicalId: string, change: Partial<Change> = {}) =>
  cloudFormation.ask('Delete', IDENTITY, { properties: identity(physicalId), physicalId, ...change });

describe('a workload identity', () => {
  it('is created with its policy, and its name and ARN are returned', async () => {
    const name = newName();
    const answer = await create(identity(name, { policy: exchange }));
    const arn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`;
    expect(answer).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: name,
      Data: { Name: name, Arn: arn },
    });
    expect(await described(name)).toMatchObject({ allowedResourceOauth2ReturnUrls: [RETURN_URL] });
    expect(await policyAt(arn)).toBe(exchange);
  });

  it('can be used only by the role that its policy names', async () => {
    const name = newName();
    await create(identity(name, { policy: exchange }));
    await expect(new TestAgent(world.data('agent'), name, '', '').token()).resolves.toBeTruthy();
    await expect(new TestAgent(world.data('stranger'), name, '', '').token()).rejects.toThrow(
      'no resource policy allows it',
    );
  });

  it('is changed by an update: members, policy, and removal of the policy', async () => {
    const name = newName();
    const { Data } = await create(identity(name, { policy: exchange }));
    const other = 'https://app.example/connected';
    const configuration = JSON.stringify({ allowedResourceOauth2ReturnUrls: [other] });
    expect(await update(name, identity(name, { configuration }))).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: name,
    });
    expect(await described(name)).toMatchObject({ allowedResourceOauth2ReturnUrls: [other] });
    expect(await policyAt(Data?.Arn)).toBeUndefined();
  });

  it('gets its own authorizer, and loses it when the template omits it', async () => {
    const name = newName();
    const authorizer = { discoveryUrl: world.issuer.discoveryUrl, allowedAudience: ['another'] };
    const configuration = JSON.stringify({
      allowedResourceOauth2ReturnUrls: [],
      authorizerConfiguration: { customJWTAuthorizer: authorizer },
    });
    await create(identity(name, { configuration, policy: exchange }));
    const agent = new TestAgent(world.data('agent'), name, '', '');
    const userToken = await world.issuer.token('ana');
    await expect(agent.token({ userToken })).rejects.toThrow();
    await update(name, identity(name, { policy: exchange }));
    await expect(agent.token({ userToken })).resolves.toBeTruthy();
  });

  it('is deleted once, and once more without an error', async () => {
    const name = newName();
    await create(identity(name));
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: name });
    expect(await described(name)).toBe('ResourceNotFoundException');
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('the same request twice', () => {
  it('creates one resource, and keeps its members', async () => {
    const name = newName();
    const first = await create(identity(name, { policy: exchange }));
    const { createdTime } = (await described(name)) as { createdTime?: Date };
    expect(await create(identity(name, { policy: exchange }))).toEqual(first);
    expect(await described(name)).toMatchObject({ createdTime });
  });

  it('completes a creation that was interrupted before the policy', async () => {
    const name = newName();
    const { Data } = await create(identity(name));
    expect(await policyAt(Data?.Arn)).toBeUndefined();
    await create(identity(name, { policy: exchange }));
    expect(await policyAt(Data?.Arn)).toBe(exchange);
  });

  it('is delivered by a Lambda retry when the response to CloudFormation failed', async () => {
    const name = newName();
    cloudFormation.status = 503;
    await expect(create(identity(name))).rejects.toThrow('HTTP 503');
    cloudFormation.status = 200;
    expect(await create(identity(name))).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a replacement', () => {
  it('creates the new resource first, and deletes the old one when CloudFormation requests it', async () => {
    const [before, after] = [newName(), newName()];
    await create(identity(before));
    expect(await update(before, identity(after))).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: after,
    });
    expect(await described(before)).toMatchObject({ name: before });
    await remove(before);
    expect(await described(before)).toBe('ResourceNotFoundException');
    expect(await described(after)).toMatchObject({ name: after });
  });

  it('keeps the old resource when the stack is rolled back', async () => {
    const [before, after] = [newName(), newName()];
    const created = await create(identity(before));
    await update(before, identity(after));
    expect(await update(after, identity(before))).toEqual(created);
    await remove(after);
    expect(await described(before)).toMatchObject({ name: before });
    expect(await described(after)).toBe('ResourceNotFoundException');
  });

  it('that fails halfway leaves only the old resource', async () => {
    const [before, after] = [newName(), newName()];
    await create(identity(before));
    const answer = await update(
      before,
      identity(after, { policy: policyOf(statement('Bad', 'NoSuchThing')) }),
    );
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: before });
    expect(answer.Reason).toContain('Statement.0.Action.0');
    expect(await described(after)).toBe('ResourceNotFoundException');
    expect(await described(before)).toMatchObject({ name: before });
  });
});

describe('a creation that is rolled back', () => {
  it('leaves no resource when its policy was rejected', async () => {
    const name = newName();
    const answer = await create(identity(name, { policy: policyOf(statement('Bad', 'NoSuchThing')) }));
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: name });
    expect(await described(name)).toBe('ResourceNotFoundException');
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
  });

  it('leaves no resource when the function timed out', async () => {
    const name = newName();
    const answer = await create(identity(name), { time: 0 });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: name });
    expect(answer.Reason).toContain('in time');
    await create(identity(name));
    await remove(name);
    expect(await described(name)).toBe('ResourceNotFoundException');
  });

  it("fails with the service's message for a name that is not valid", async () => {
    const answer = await create(identity('a b'));
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(answer.Reason).toContain('ValidationException');
    expect(await remove(answer.PhysicalResourceId)).toMatchObject({ Status: 'SUCCESS' });
  });

  it('responds to a request that is not valid, and to its deletion', async () => {
    const answer = await cloudFormation.ask('Create', IDENTITY, { properties: { policy: 1 } });
    expect(answer).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'agent-identity-never-made' });
    expect(await remove(answer.PhysicalResourceId)).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a resource that does not belong to the stack', () => {
  it.each([
    ['another stack', { stack: 'Other' }],
    ['another resource of the stack', { logicalId: 'Other' }],
  ])('is not changed if it belongs to %s', async (_, others) => {
    const name = newName();
    const { Data } = await create(identity(name, { policy: exchange }), others);
    const answer = await create(identity(name));
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(answer.Reason).toContain('exists already and is not of this stack');
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
    expect(await described(name)).toMatchObject({ name });
    expect(await policyAt(Data?.Arn)).toBe(exchange);
  });

  it('is not changed if it belongs to another principal, and the failed creation can be rolled back', async () => {
    const name = newName();
    await world.control('stranger').createWorkloadIdentity({ name });
    for (const importExisting of ['false', 'true']) {
      const answer = await create(identity(name, { importExisting }));
      expect(answer).toMatchObject({ Status: 'FAILED' });
      expect(answer.Reason).toContain('belongs to another IAM principal');
      expect(await remove(answer.PhysicalResourceId)).toMatchObject({ Status: 'SUCCESS' });
    }
    const stranger = world.control('stranger').getWorkloadIdentity({ name });
    await expect(stranger).resolves.toMatchObject({ name, allowedResourceOauth2ReturnUrls: [] });
  });

  it('is not changed by an update if another principal created it with the same name', async () => {
    const name = newName();
    await create(identity(name));
    await remove(name);
    await control().createWorkloadIdentity({ name });
    expect(await update(name, identity(name))).toMatchObject({ Status: 'FAILED', PhysicalResourceId: name });
    expect(await described(name)).toMatchObject({ allowedResourceOauth2ReturnUrls: [] });
  });
});

describe('an import', () => {
  it('adopts an existing resource with its tags, and keeps it when the stack is deleted', async () => {
    const name = newName();
    await control().createWorkloadIdentity({ name, tags: { team: 'travel' } });
    const { createdTime } = (await described(name)) as { createdTime?: Date };
    const adopting = identity(name, { importExisting: 'true', policy: exchange, tags: { stage: 'test' } });
    const { Status, Data } = await create(adopting);
    expect(Status).toBe('SUCCESS');
    expect(await described(name)).toMatchObject({
      createdTime,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
    expect(await tagsAt(Data?.Arn)).toMatchObject({
      team: 'travel',
      stage: 'test',
      'agent-identity:origin': 'adopted',
    });

    // The template can omit the property afterwards.
    const kept = identity(name, { policy: exchange });
    expect(await update(name, kept, { old: adopting })).toMatchObject({ Status: 'SUCCESS' });
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
    expect(await described(name)).toMatchObject({ createdTime });
    expect(await tagsAt(Data?.Arn)).toEqual({ team: 'travel' });
  });

  it('that fails does not make the resource part of the stack, so that the rollback does not delete it', async () => {
    const name = newName();
    await control().createWorkloadIdentity({ name });
    const policy = policyOf(statement('Bad', 'NoSuchThing'));
    expect(await create(identity(name, { importExisting: 'true', policy }))).toMatchObject({
      Status: 'FAILED',
    });
    expect(await remove(name)).toMatchObject({ Status: 'SUCCESS' });
    expect(await described(name)).toMatchObject({ name });
  });

  it("of another stack's resource prevents that stack from deleting it", async () => {
    const name = newName();
    await create(identity(name), { stack: 'Old' });
    await create(identity(name, { importExisting: 'true' }), { stack: 'New' });
    expect(await remove(name, { stack: 'Old' })).toMatchObject({ Status: 'SUCCESS' });
    expect(await described(name)).toMatchObject({ name });
  });

  it('creates the resource if it does not exist', async () => {
    const name = newName();
    expect(await create(identity(name, { importExisting: 'true' }))).toMatchObject({ Status: 'SUCCESS' });
    await remove(name);
    expect(await described(name)).toBe('ResourceNotFoundException');
  });
});

describe('a resource that was deleted outside the stack', () => {
  it('is created again by the next update', async () => {
    const name = newName();
    await create(identity(name));
    await remove(name);
    expect(await update(name, identity(name))).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: name });
    expect(await described(name)).toMatchObject({ name });
  });
});

describe('a credential provider', () => {
  const granted = (name: string, operation: string) => {
    const arn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`;
    const key = 'bedrock-agentcore:WorkloadIdentityArn';
    return policyOf(
      statement('Use1', operation, {
        Principal: { AWS: [OPERATOR] },
        Condition: { ArnEquals: { [key]: [arn] } },
      }),
      statement('DenyOtherWorkloads', operation, {
        Effect: 'Deny',
        Principal: '*',
        Condition: { ArnNotEquals: { [key]: [arn] } },
      }),
    );
  };

  const keyFor = async (name: string, provider: string, client: BedrockAgentCore = world.data('agent')) =>
    client.getResourceApiKey({
      workloadIdentityToken: await new TestAgent(client, name, '', '').token(),
      resourceCredentialProviderName: provider,
    });

  it('stores the secret that it reads at creation, and again at an update', async () => {
    const [agent, name] = [newName(), newName()];
    await create(identity(agent, { policy: exchange }));
    const { arn } = await putSecret({ key: 'first-key' }, null);
    const properties = apiKey(name, arn, {
      secret: { source: 'MANAGED', secretId: arn, jsonKey: 'key' },
      policy: granted(agent, 'GetResourceApiKey'),
    });
    const answer = await cloudFormation.ask('Create', API_KEY, { properties });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: name });
    expect(answer.Data?.ApiKeySecretArn).toBe(`${answer.Data?.Arn}/api-key`);
    await expect(keyFor(agent, name)).resolves.toMatchObject({ apiKey: 'first-key' });

    await changeSecret(arn, { key: 'second-key' });
    await cloudFormation.ask('Update', API_KEY, {
      properties: { ...properties, secretVersion: '2' },
      physicalId: name,
    });
    await expect(keyFor(agent, name)).resolves.toMatchObject({ apiKey: 'second-key' });
    expect(cloudFormation.bodies.join()).not.toMatch(/first-key|second-key/);
  });

  it('can be used only by the agents that were granted it, not by other agents of the same owner', async () => {
    const [mine, others, name] = [newName(), newName(), newName()];
    await create(identity(mine, { policy: exchange }));
    await create(identity(others, { policy: exchange }), { logicalId: 'Others' });
    const { arn } = await putSecret('the-key', null);
    const properties = apiKey(name, arn, { policy: granted(mine, 'GetResourceApiKey') });
    await cloudFormation.ask('Create', API_KEY, { properties });
    await expect(keyFor(mine, name)).resolves.toMatchObject({ apiKey: 'the-key' });
    await expect(keyFor(others, name)).rejects.toThrow('is not authorized to use');
    // The owner's own agents cannot use it either.
    await expect(keyFor(others, name, world.data('operator'))).rejects.toThrow('is not authorized to use');
  });

  it('of OAuth2 returns its callback URL, and a user can consent', async () => {
    const [agent, name] = [newName(), newName()];
    await create(identity(agent, { policy: exchange }));
    const { discoveryUrl, clientId, clientSecret } = world.provider;
    const { arn } = await putSecret(clientSecret, null);
    const properties = {
      name,
      configuration: JSON.stringify({
        credentialProviderVendor: 'CustomOauth2',
        member: 'customOauth2ProviderConfig',
        config: { clientId, oauthDiscovery: { discoveryUrl } },
      }),
      secret: { source: 'MANAGED', secretId: arn },
      policy: granted(agent, 'GetResourceOauth2Token'),
    };
    const answer = await cloudFormation.ask('Create', OAUTH2, { properties });
    expect(answer.Data).toEqual({
      Name: name,
      Arn: expect.stringContaining('oauth2credentialprovider') as string,
      CallbackUrl: expect.stringContaining('/identities/oauth2/callback/') as string,
      ClientSecretArn: `${answer.Data?.Arn}/client-secret`,
    });
    world.provider.allowRedirect(answer.Data?.CallbackUrl ?? '');
    const test = new TestAgent(world.data('agent'), agent, name, '');
    await expect(test.connect('ana')).resolves.toBeTruthy();

    // An update keeps the address that is registered at the provider, and the user's grant.
    const updated = await cloudFormation.ask('Update', OAUTH2, { properties, physicalId: name });
    expect(updated).toEqual(answer);
    await expect(test.ask(await test.token({ userId: 'ana' }))).resolves.toHaveProperty('accessToken');
  });

  it('keeps an external secret in Secrets Manager', async () => {
    const name = newName();
    const { arn } = await putSecret({ key: 'external-key' }, OPERATOR);
    const properties = apiKey(name, arn, { secret: { source: 'EXTERNAL', secretId: arn, jsonKey: 'key' } });
    const answer = await cloudFormation.ask('Create', API_KEY, { properties });
    expect(answer).toMatchObject({ Status: 'SUCCESS', Data: { ApiKeySecretArn: arn } });
    const read = control().getApiKeyCredentialProvider({ name });
    await expect(read).resolves.toMatchObject({ apiKeySecretSource: 'EXTERNAL', apiKeySecretJsonKey: 'key' });
  });

  it.each([
    [
      'does not exist',
      () => 'arn:aws:secretsmanager:us-east-1:000000000000:secret:none-AbCdEf',
      'could not be read',
    ],
    [
      'is not a JSON object',
      async () => (await putSecret('plain-and-secret', null)).arn,
      'not a JSON object',
    ],
    ['lacks the key', async () => (await putSecret({ other: 'very-secret' }, null)).arn, 'not a JSON object'],
  ])(
    'is not created from a secret that %s, and the error does not reveal the secret',
    async (_, secretOf, message) => {
      const name = newName();
      const secretId = await secretOf();
      const properties = apiKey(name, secretId, { secret: { source: 'MANAGED', secretId, jsonKey: 'key' } });
      const answer = await cloudFormation.ask('Create', API_KEY, { properties });
      expect(answer).toMatchObject({ Status: 'FAILED' });
      expect(answer.Reason).toContain(message);
      expect([...cloudFormation.bodies, ...cloudFormation.failures].join()).not.toMatch(
        /plain-and-secret|very-secret/,
      );
      const read = control().getApiKeyCredentialProvider({ name });
      await expect(read).rejects.toThrow('no');
    },
  );

  it('is deleted with its secret, and without one that is missing', async () => {
    const name = newName();
    const { arn } = await putSecret('the-key', null);
    await cloudFormation.ask('Create', API_KEY, { properties: apiKey(name, arn) });
    const gone = apiKey(name, 'no-longer-there');
    const answer = await cloudFormation.ask('Delete', API_KEY, { properties: gone, physicalId: name });
    expect(answer).toMatchObject({ Status: 'SUCCESS' });
    const again = await cloudFormation.ask('Delete', OAUTH2, { properties: gone, physicalId: name });
    expect(again).toMatchObject({ Status: 'SUCCESS' });
    const read = control().getOauth2CredentialProvider({ name });
    await expect(read).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
