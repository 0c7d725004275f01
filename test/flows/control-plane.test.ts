/** Acceptance scenario 17: create, get, update, list with pages, tag by ARN, untag, delete, for each kind of resource. */
import { ListTagsForResourceCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import { createUnlessThere } from '../../examples/local/agent-setup';
import { moveClock } from './support/clock';
import { World } from './support/world';

const world = World.ofFile();

const oauth2Config = () => ({
  customOauth2ProviderConfig: {
    clientId: world.provider.clientId,
    clientSecret: world.provider.clientSecret,
    oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
  },
});

interface Entry {
  readonly name: string | undefined;
}

/** The AWS SDK commands for each kind of resource. */
const KINDS = {
  'workload identity': {
    arnOf: (name: string) => `workload-identity-directory/default/workload-identity/${name}`,
    create: (name: string, tags = {}) => world.control().createWorkloadIdentity({ name, tags }),
    get: (name: string, as = world.control()) => as.getWorkloadIdentity({ name }),
    remove: (name: string, as = world.control()) => as.deleteWorkloadIdentity({ name }),
    async list(page: { maxResults?: number; nextToken?: string | undefined }, as = world.control()) {
      const { workloadIdentities, nextToken } = await as.listWorkloadIdentities(page);
      return { entries: workloadIdentities as Entry[], nextToken };
    },
  },
  'OAuth2 provider': {
    arnOf: (name: string) => `token-vault/default/oauth2credentialprovider/${name}`,
    create: (name: string, tags = {}) =>
      world.control().createOauth2CredentialProvider({
        name,
        tags,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: oauth2Config(),
      }),
    get: (name: string, as = world.control()) => as.getOauth2CredentialProvider({ name }),
    remove: (name: string, as = world.control()) => as.deleteOauth2CredentialProvider({ name }),
    async list(page: { maxResults?: number; nextToken?: string | undefined }, as = world.control()) {
      const { credentialProviders, nextToken } = await as.listOauth2CredentialProviders(page);
      return { entries: credentialProviders as Entry[], nextToken };
    },
  },
  'API-key provider': {
    arnOf: (name: string) => `token-vault/default/apikeycredentialprovider/${name}`,
    create: (name: string, tags = {}) =>
      world.control().createApiKeyCredentialProvider({ name, tags, apiKey: 'the-secret-key' }),
    get: (name: string, as = world.control()) => as.getApiKeyCredentialProvider({ name }),
    remove: (name: string, as = world.control()) => as.deleteApiKeyCredentialProvider({ name }),
    async list(page: { maxResults?: number; nextToken?: string | undefined }, as = world.control()) {
      const { credentialProviders, nextToken } = await as.listApiKeyCredentialProviders(page);
      return { entries: credentialProviders as Entry[], nextToken };
    },
  },
};

const PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:';

describe.each(Object.entries(KINDS))('%s', (_kind, kind) => {
  const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
  const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };

  it('is created with 201, deleted with 204, and then no longer found', async () => {
    const created = await kind.create('one');
    expect(created.$metadata.httpStatusCode).toBe(201);
    expect((await kind.get('one')).createdTime).toBeInstanceOf(Date);
    expect((await kind.remove('one')).$metadata.httpStatusCode).toBe(204);
    await expect(kind.get('one')).rejects.toMatchObject(missing);
    await expect(kind.remove('one')).rejects.toMatchObject(missing);
  });

  it('cannot be read, deleted, or listed by another principal', async () => {
    await kind.create('own');
    const stranger = world.control('stranger');
    await expect(kind.get('own', stranger)).rejects.toMatchObject(denied);
    await expect(kind.remove('own', stranger)).rejects.toMatchObject(denied);
    expect((await kind.list({}, stranger)).entries).toEqual([]);
    await kind.remove('own');
  });

  it('is listed in pages by name, which stay consistent while resources are created and deleted', async () => {
    for (const letter of ['e', 'a', 'c', 'd', 'b']) await kind.create(`page-${letter}`);
    const first = await kind.list({ maxResults: 2 });
    expect(first.entries.map(({ name }) => name)).toEqual(['page-a', 'page-b']);
    await kind.remove('page-b');
    await kind.create('page-aa');
    const second = await kind.list({ maxResults: 2, nextToken: first.nextToken });
    expect(second.entries.map(({ name }) => name)).toEqual(['page-c', 'page-d']);
    const third = await kind.list({ maxResults: 2, nextToken: second.nextToken });
    expect(third.entries.map(({ name }) => name)).toEqual(['page-e']);
    expect(third.nextToken).toBeUndefined();
    expect((await kind.list({})).entries.map(({ name }) => name)).toEqual([
      'page-a',
      'page-aa',
      'page-c',
      'page-d',
      'page-e',
    ]);
  });

  it('rejects a page token that was changed, invented, or issued to another principal', async () => {
    const { nextToken = '' } = await kind.list({ maxResults: 1 });
    const middle = Math.floor(nextToken.length / 2);
    const changed =
      nextToken.slice(0, middle) + (nextToken[middle] === 'A' ? 'B' : 'A') + nextToken.slice(middle + 1);
    const invalid = {
      name: 'ValidationException',
      fieldList: [expect.objectContaining({ name: 'nextToken' })],
    };
    for (const token of [changed, 'made-up', nextToken.slice(0, -8), '%00']) {
      await expect(kind.list({ nextToken: token })).rejects.toMatchObject(invalid);
    }
    await expect(kind.list({ nextToken }, world.control('stranger'))).rejects.toMatchObject(invalid);
    await expect(kind.list({ maxResults: 0 })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('is tagged and untagged by its ARN', async () => {
    await kind.create('tagged', { team: 'travel', stage: 'test' });
    const resourceArn = PREFIX + kind.arnOf('tagged');
    const tags = async () => (await world.control().listTagsForResource({ resourceArn })).tags;
    expect(await tags()).toEqual({ team: 'travel', stage: 'test' });
    const tagged = await world
      .control()
      .tagResource({ resourceArn, tags: { stage: 'live', 'a:b/c': 'd e' } });
    expect(tagged.$metadata.httpStatusCode).toBe(204);
    expect(await tags()).toEqual({ team: 'travel', stage: 'live', 'a:b/c': 'd e' });
    await world.control().untagResource({ resourceArn, tagKeys: ['team', 'a:b/c', 'not-there'] });
    expect(await tags()).toEqual({ stage: 'live' });
    const stranger = world.control('stranger').tagResource({ resourceArn, tags: { stage: 'mine' } });
    await expect(stranger).rejects.toMatchObject(denied);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key-${n}`, '']));
    const over = world.control().tagResource({ resourceArn, tags: many });
    await expect(over).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      $metadata: { httpStatusCode: 402 },
    });
    const unknown = new ListTagsForResourceCommand({ resourceArn: `${PREFIX}${kind.arnOf('unheard-of')}` });
    await expect(world.control().send(unknown)).rejects.toMatchObject(missing);
  });
});

describe('updates', () => {
  it("change a workload identity's return URLs from the next request on, and keep omitted members", async () => {
    const agent = await world.agent('agent', []);
    const token = await agent.token({ userId: 'ana' });
    await expect(agent.ask(token)).rejects.toMatchObject({ name: 'ValidationException' });
    const { name } = agent;
    const urls = ['http://127.0.0.1:9/connected?from=test'];
    const before = await world.control().getWorkloadIdentity({ name });
    moveClock(10);
    const updated = await world
      .control()
      .updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: urls });
    expect(updated).toMatchObject({
      name,
      allowedResourceOauth2ReturnUrls: urls,
      createdTime: before.createdTime,
    });
    expect(updated.lastUpdatedTime?.getTime()).toBeGreaterThan(before.lastUpdatedTime?.getTime() ?? Infinity);
    expect(await agent.ask(token)).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    const kept = await world.control().updateWorkloadIdentity({ name });
    expect(kept.allowedResourceOauth2ReturnUrls).toEqual(urls);
  });

  it('apply a new API key from the next request on', async () => {
    const agent = await world.agent();
    const name = 'keys';
    await world.control().createApiKeyCredentialProvider({ name, apiKey: 'first-key' });
    const ask = async (client = world.data()) =>
      client.getResourceApiKey({
        workloadIdentityToken: await agent.token(),
        resourceCredentialProviderName: name,
      });
    expect((await ask()).apiKey).toBe('first-key');
    const updated = await world.control().updateApiKeyCredentialProvider({ name, apiKey: 'second-key' });
    expect(JSON.stringify(updated)).not.toContain('second-key');
    expect((await ask()).apiKey).toBe('second-key');
    await expect(ask(world.data('stranger'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await world.control().deleteApiKeyCredentialProvider({ name });
    await expect(ask()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('keep an API key from the agents of another owner', async () => {
    await world.control().createApiKeyCredentialProvider({ name: 'ours', apiKey: 'key' });
    const theirs = await world.agent('stranger');
    const ask = new GetResourceApiKeyCommand({
      workloadIdentityToken: await theirs.token(),
      resourceCredentialProviderName: 'ours',
    });
    await expect(theirs.client.send(ask)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('a deletion', () => {
  it('of a workload identity invalidates its tokens and grants; a new one with the same name inherits nothing', async () => {
    const agent = await world.agent();
    await agent.connect('ana');
    const token = await agent.token({ userId: 'ana' });
    const { name } = agent;
    await world.control().deleteWorkloadIdentity({ name });
    await expect(agent.ask(token)).rejects.toMatchObject({ name: 'UnauthorizedException' });
    await world.control().createWorkloadIdentity({
      name,
      allowedResourceOauth2ReturnUrls: ['http://127.0.0.1:9/connected?from=test'],
    });
    await expect(agent.ask(token)).rejects.toMatchObject({ name: 'UnauthorizedException' });
    expect(await agent.ask(await agent.token({ userId: 'ana' }))).toMatchObject({
      sessionStatus: 'IN_PROGRESS',
    });
  });

  it('of a provider deletes its grants; a new one with the same name has none', async () => {
    const agent = await world.agent();
    await agent.connect('ana');
    const token = await agent.token({ userId: 'ana' });
    await world.control().deleteOauth2CredentialProvider({ name: agent.providerName });
    await expect(agent.ask(token)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await world.control().createOauth2CredentialProvider({
      name: agent.providerName,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: oauth2Config(),
    });
    expect(await agent.ask(token)).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  });
});

describe('quotas', () => {
  it('return ServiceQuotaExceededException when they are reached, until a resource is deleted', async () => {
    const operator = world.control('operator');
    const create = (n: number) =>
      operator.createApiKeyCredentialProvider({ name: `quota-${n}`, apiKey: 'key' });
    for (let n = 0; n < 50; n += 1) await create(n);
    await expect(create(50)).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      message: expect.stringContaining('apiKeyCredentialProviders') as string,
      $metadata: { httpStatusCode: 402, attempts: 1 },
    });
    // The examples of npm start create what they need at each start.
    const get = (n: number) => () => operator.getApiKeyCredentialProvider({ name: `quota-${n}` });
    await createUnlessThere(() => create(0), get(0));
    await expect(createUnlessThere(() => create(50), get(50))).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
    });
    await operator.deleteApiKeyCredentialProvider({ name: 'quota-0' });
    await create(50);
  });
});
