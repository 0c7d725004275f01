/** The operators' listings and the transfer of ownership, in the running service. */
import { World } from './support/world';

const OPERATOR = 'arn:aws:iam::000000000000:user/operator';
const AGENT = 'arn:aws:iam::000000000000:role/agent';
const STRANGER = 'arn:aws:iam::000000000000:user/stranger';
/** A role of an account whose principals can own resources. */
const PARTNER = 'arn:aws:iam::000000000001:role/agent';

process.env.OWNER_ACCOUNTS = '["000000000001"]';
const world = World.ofFile();

type Item = Record<string, unknown> & { readonly name: string };

async function operate(operation: string, input: object): Promise<Record<string, unknown>> {
  const { status, body } = await world.operate(operation, input);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body) as Record<string, unknown>;
}

/** Returns the pages of a listing. */
async function pagesOf(operation: string, member: string, input: object): Promise<Item[][]> {
  const pages: Item[][] = [];
  let nextToken: unknown;
  do {
    const page = await operate(operation, { ...input, ...(nextToken !== undefined && { nextToken }) });
    pages.push(page[member] as Item[]);
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return pages;
}

const identities = (input: object = {}) =>
  pagesOf('ListWorkloadIdentities', 'workloadIdentities', input).then((pages) => pages.flat());

const create = (name: string, owner: 'agent' | 'stranger' = 'agent') =>
  world.control(owner).createWorkloadIdentity({ name });

describe('ListWorkloadIdentities', () => {
  it('has the identities of all owners, and which of them are suspended', async () => {
    await create('listed-1');
    await create('listed-2', 'stranger');
    await operate('SuspendWorkloadIdentity', { name: 'listed-2', reason: 'incident 42' });
    const found = (await identities()).filter(({ name }) => name.startsWith('listed-'));
    const times = {
      createdTime: expect.any(Number) as number,
      lastUpdatedTime: expect.any(Number) as number,
    };
    expect(found.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      {
        name: 'listed-1',
        workloadIdentityArn: expect.stringMatching(/\/listed-1$/) as string,
        owner: AGENT,
        ...times,
        suspended: false,
      },
      {
        name: 'listed-2',
        workloadIdentityArn: expect.stringMatching(/\/listed-2$/) as string,
        owner: STRANGER,
        ...times,
        suspended: true,
        suspension: { since: expect.any(Number) as number, by: OPERATOR, reason: 'incident 42' },
      },
    ]);
  });

  it('has the identities of one owner', async () => {
    await create('owned-by-agent');
    await create('owned-by-stranger', 'stranger');
    const found = await identities({ owner: STRANGER });
    expect(new Set(found.map(({ owner }) => owner))).toEqual(new Set([STRANGER]));
    expect(found.map(({ name }) => name)).toContain('owned-by-stranger');
  });

  it('has each identity once, in pages of up to maxResults', async () => {
    for (let index = 0; index < 7; index += 1) await create(`paged-${index}`);
    const pages = await pagesOf('ListWorkloadIdentities', 'workloadIdentities', { maxResults: 2 });
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
    const paged = pages.flat().map(({ name }) => name);
    expect(new Set(paged).size).toBe(paged.length);
    expect(paged.sort()).toEqual((await identities()).map(({ name }) => name).sort());
  });

  it('does not have a deleted identity', async () => {
    await create('passing');
    await world.control().deleteWorkloadIdentity({ name: 'passing' });
    expect((await identities()).map(({ name }) => name)).not.toContain('passing');
  });

  it('rejects a page token of another listing', async () => {
    await create('first-page');
    await create('second-page');
    const { nextToken } = await operate('ListWorkloadIdentities', { maxResults: 1 });
    const { nextToken: ofOwner } = await world.control().listWorkloadIdentities({ maxResults: 1 });
    const others: [string, object][] = [
      ['ListCredentialProviders', { nextToken }],
      ['ListWorkloadIdentities', { nextToken, owner: AGENT }],
      ['ListWorkloadIdentities', { nextToken: ofOwner }],
      ['ListWorkloadIdentities', { nextToken: 'forged' }],
    ];
    for (const [operation, input] of others) {
      const { status, body } = await world.operate(operation, input);
      expect([status, body]).toEqual([400, expect.stringContaining('nextToken')]);
    }
  });
});

it('ListCredentialProviders has the providers of both kinds, without secrets', async () => {
  const agent = await world.agent('stranger');
  await world.control().createApiKeyCredentialProvider({ name: 'a-key', apiKey: 'the-secret-key' });
  const providers = (
    await pagesOf('ListCredentialProviders', 'credentialProviders', { maxResults: 1 })
  ).flat();
  const byName = (name: string) => providers.filter((provider) => provider.name === name);
  const times = { createdTime: expect.any(Number) as number, lastUpdatedTime: expect.any(Number) as number };
  expect(byName(agent.providerName)).toEqual([
    {
      name: agent.providerName,
      credentialProviderArn: expect.stringContaining('/oauth2credentialprovider/') as string,
      credentialProviderVendor: 'CustomOauth2',
      owner: STRANGER,
      ...times,
    },
  ]);
  expect(byName('a-key')).toEqual([
    {
      name: 'a-key',
      credentialProviderArn: expect.stringContaining('/apikeycredentialprovider/') as string,
      owner: AGENT,
      ...times,
    },
  ]);
  expect(JSON.stringify(providers)).not.toMatch(/secret/i);
});

describe('TransferOwnership', () => {
  it('gives the agent with its grants, policy, and tags to the new owner', async () => {
    const agent = await world.agent('stranger');
    const accessToken = await agent.connect('ana');
    const before = world.control('stranger');
    const { workloadIdentityArn: resourceArn = '' } = await before.getWorkloadIdentity({ name: agent.name });
    const providerArn = resourceArn.replace(
      /:workload-identity-directory.*/,
      `:token-vault/default/oauth2credentialprovider/${agent.providerName}`,
    );
    const tags = { team: 'travel' };
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: OPERATOR },
          Action: 'bedrock-agentcore:GetWorkloadIdentity',
          Resource: '*',
        },
      ],
    });
    await before.tagResource({ resourceArn, tags });
    await before.putResourcePolicy({ resourceArn, policy });
    for (const arn of [resourceArn, providerArn]) {
      expect(await operate('TransferOwnership', { resourceArn: arn, newOwner: AGENT })).toEqual({
        resourceArn: arn,
        owner: AGENT,
        previousOwner: STRANGER,
      });
    }
    const entries = (await world.audit()).filter(({ operation }) => operation === 'TransferOwnership');
    expect(entries).toMatchObject(
      [resourceArn, providerArn].map((resource) => ({
        ...{ outcome: 'allowed', principal: OPERATOR, resource },
        ...{ previousOwner: STRANGER, newOwner: AGENT },
      })),
    );

    await expect(agent.token()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const transferred = agent.as(world.data('agent'));
    const token = await transferred.token({ userId: 'ana' });
    expect((await transferred.ask(token)).accessToken).toBe(accessToken);
    expect(await world.control().getResourcePolicy({ resourceArn })).toMatchObject({
      policy,
    });
    expect(await world.control().listTagsForResource({ resourceArn })).toMatchObject({
      tags,
    });

    // The next write of the new owner records its unique ID: a role that is created again under the name owns nothing.
    await world.control().tagResource({ resourceArn, tags: { team: 'calendar' } });
    const { id } = world.local.principals.agent;
    world.remake('agent');
    await expect(transferred.token()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    world.remake('agent', id);
    expect(await transferred.token()).toEqual(expect.any(String));
  });

  it('accepts a role of another account whose principals can own resources', async () => {
    const agent = await world.agent();
    const { workloadIdentityArn: resourceArn = '' } = await world
      .control()
      .getWorkloadIdentity({ name: agent.name });
    expect(await operate('TransferOwnership', { resourceArn, newOwner: PARTNER })).toEqual({
      resourceArn,
      owner: PARTNER,
      previousOwner: AGENT,
    });
    await expect(agent.token()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(await agent.as(world.data('partner')).token()).toEqual(expect.any(String));
  });

  it('does not lift a suspension', async () => {
    const agent = await world.agent();
    const { workloadIdentityArn: resourceArn = '' } = await world
      .control()
      .getWorkloadIdentity({ name: agent.name });
    await operate('SuspendWorkloadIdentity', { name: agent.name });
    await operate('TransferOwnership', { resourceArn, newOwner: STRANGER });
    await expect(agent.as(world.data('stranger')).token()).rejects.toMatchObject({
      message: expect.stringContaining('is suspended') as string,
    });
  });

  it('needs no permission from the resource: its policy can deny every principal', async () => {
    const agent = await world.agent();
    const { workloadIdentityArn: resourceArn = '' } = await world
      .control()
      .getWorkloadIdentity({ name: agent.name });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }],
    });
    await world.control().putResourcePolicy({ resourceArn, policy });
    await operate('TransferOwnership', { resourceArn, newOwner: STRANGER });
  });

  it('rejects the calling operator as the new owner of a resource of another owner', async () => {
    const { name } = await world.agent();
    const resourceArn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`;
    const { status, body } = await world.operate('TransferOwnership', { resourceArn, newOwner: OPERATOR });
    expect([status, body]).toEqual([400, expect.stringContaining('must not be the calling operator')]);
  });

  it.each([
    ['a session', 'arn:aws:sts::000000000000:assumed-role/agent/local'],
    ['a role with its path', 'arn:aws:iam::000000000000:role/service/agent'],
    ['the root user', 'arn:aws:iam::000000000000:root'],
    ['a pattern', 'arn:aws:iam::000000000000:role/*'],
    ['a group', 'arn:aws:iam::000000000000:group/agents'],
    ['a name', 'agent'],
    ['a role of another account', 'arn:aws:iam::999999999999:role/agent'],
    ['a role of another partition', 'arn:aws-cn:iam::000000000000:role/agent'],
    ['every user', 'arn:aws:iam::000000000000:user/*'],
  ])('rejects %s as the new owner', async (_what, newOwner) => {
    const resourceArn = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/any/any';
    const { status, body } = await world.operate('TransferOwnership', { resourceArn, newOwner });
    expect([status, JSON.parse(body)]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringMatching(/^newOwner:? must/) as string }),
    ]);
  });
});
