/** The resource of a consent portal, with the AWS SDK: what it takes, and who can change it. */
import type { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import {
  DeleteConsentPortalCommand,
  GetConsentPortalCommand,
  paginateListConsentPortals,
  UpdateConsentPortalCommand,
  type ConsentPortalSource,
  type CreateConsentPortalCommandInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { World, type TestAgent } from './support/world';

const ROLE = 'arn:aws:iam::000000000000:role/portal';
const PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';
const AGENT_ARN = 'arn:aws:iam::000000000000:role/agent';
const STRANGER_ARN = 'arn:aws:iam::000000000000:user/stranger';
const LOGO = `data:image/png;base64,${Buffer.from('logo').toString('base64')}`;

let control: BedrockAgentCoreControl;
let agents: [TestAgent, TestAgent];
const world = World.ofFile();
beforeAll(async () => {
  control = world.control();
  agents = [await world.agent(), await world.agent()];
});

/** The AWS client's types have only gateways. */
const sourcesOf = (...named: TestAgent[]) =>
  named.map(({ name }) => ({
    type: 'workload-identity',
    identifier: name,
  })) as unknown as ConsentPortalSource[];

const providerArn = (name: string) => `${PREFIX}:token-vault/default/oauth2credentialprovider/${name}`;

const signInWith = ({ providerName }: TestAgent, scopes = ['profile']) => ({
  credentialProviderArn: providerArn(providerName),
  scopes,
});

let names = 0;
const portal = (change: Partial<CreateConsentPortalCommandInput> = {}): CreateConsentPortalCommandInput => ({
  name: `portal-${(names += 1)}`,
  executionRoleArn: ROLE,
  idpConfig: signInWith(agents[0]),
  sources: sourcesOf(agents[0]),
  ...change,
});

const created = (change: Partial<CreateConsentPortalCommandInput> = {}, as = control) =>
  as.createConsentPortal(portal(change));

const get = (consentPortalIdentifier: string | undefined, as = control) =>
  as.getConsentPortal({ consentPortalIdentifier });

const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };
/** A member can break several rules. */
const reports = (name: string): unknown => expect.arrayContaining([expect.objectContaining({ name })]);
const invalid = (name: string) => ({ name: 'ValidationException', fieldList: reports(name) });

/** Sends members that the AWS SDK does not have. As the SDK does, it sends the request again after a concurrent write. */
async function post(operation: string, input: object) {
  let answer = await world.post(operation, input);
  for (let again = 0; answer.status === 429 && again < 5; again += 1)
    answer = await world.post(operation, input);
  const { status, body } = answer;
  return { status, body: JSON.parse(body || '{}') as Record<string, unknown> };
}

describe('a consent portal', () => {
  it('is created with 202, its ID, its ARN, and its address', async () => {
    const input = portal({ name: 'first', description: 'Connections', sources: sourcesOf(...agents) });
    const output = await control.createConsentPortal(input);
    const { consentPortalId: id = '', $metadata, createdAt, updatedAt, ...described } = output;
    expect($metadata.httpStatusCode).toBe(202);
    expect(id).toMatch(/^first-[A-Za-z0-9]{10}$/);
    expect(createdAt).toBeInstanceOf(Date);
    expect(updatedAt).toEqual(createdAt);
    expect(described).toEqual({
      consentPortalArn: `${PREFIX}:consent-portal/${id}`,
      name: 'first',
      description: 'Connections',
      executionRoleArn: ROLE,
      idpConfig: signInWith(agents[0]),
      sources: sourcesOf(...agents),
      portalUrl: `${world.local.endpoint}/portals/${id}`,
      status: expect.stringMatching(/^(CREATING|FAILED)$/) as string,
      ...('statusReason' in described && { statusReason: described.statusReason }),
    });
  });

  it('is found by its ID and by its ARN, and by nothing else', async () => {
    const { consentPortalId = '', consentPortalArn } = await created({ name: 'found' });
    expect(await get(consentPortalId)).toMatchObject({ consentPortalArn, name: 'found' });
    expect(await get(consentPortalArn)).toMatchObject({ consentPortalId, name: 'found' });
    for (const identifier of [
      'found-0123456789',
      'nothing-0123456789',
      `${PREFIX}:consent-portal/found-0123456789`,
      consentPortalArn?.replace('000000000000', '111111111111'),
      consentPortalArn?.replace('us-east-1', 'eu-west-1'),
    ]) {
      await expect(get(identifier)).rejects.toMatchObject(missing);
    }
    await expect(get('found')).rejects.toMatchObject(invalid('consentPortalIdentifier'));
  });

  it('has another ID when it is deleted and created again', async () => {
    const first = await created({ name: 'again' });
    const deleted = await control.deleteConsentPortal({ consentPortalIdentifier: first.consentPortalArn });
    expect(deleted.$metadata.httpStatusCode).toBe(204);
    const second = await created({ name: 'again' });
    expect(second.consentPortalId).not.toBe(first.consentPortalId);
    await expect(get(first.consentPortalId)).rejects.toMatchObject(missing);
    await expect(
      control.deleteConsentPortal({ consentPortalIdentifier: first.consentPortalId }),
    ).rejects.toMatchObject(missing);
    expect((await get(second.consentPortalId)).name).toBe('again');
  });

  it('needs a name that no other portal of the deployment has', async () => {
    await created({ name: 'taken' });
    const strangers = await world.agent('stranger');
    const change = { name: 'taken', idpConfig: signInWith(strangers), sources: sourcesOf(strangers) };
    await expect(created(change, world.control('stranger'))).rejects.toMatchObject({
      name: 'ConflictException',
      message: expect.stringContaining('already exists') as string,
    });
  });

  it('is changed, read, deleted, and listed by its owner only', async () => {
    const { consentPortalId: consentPortalIdentifier = '' } = await created();
    const stranger = world.control('stranger');
    for (const command of [
      new GetConsentPortalCommand({ consentPortalIdentifier }),
      new UpdateConsentPortalCommand({ consentPortalIdentifier, description: '' }),
      new DeleteConsentPortalCommand({ consentPortalIdentifier }),
    ]) {
      await expect(stranger.send(command as GetConsentPortalCommand)).rejects.toMatchObject(denied);
    }
    expect((await stranger.listConsentPortals({})).consentPortals).toEqual([]);
  });

  it('is listed in pages by name, without its sign-in and its role', async () => {
    const strangers = await world.agent('stranger');
    const client = world.control('stranger');
    const own = { idpConfig: signInWith(strangers), sources: sourcesOf(strangers) };
    for (const name of ['page-b', 'page-a', 'page-c']) await created({ ...own, name }, client);
    const pages = [];
    for await (const { consentPortals } of paginateListConsentPortals({ client, pageSize: 2 }, {})) {
      pages.push(consentPortals?.map(({ name }) => name));
    }
    expect(pages).toEqual([['page-a', 'page-b'], ['page-c']]);
    const { consentPortals = [] } = await client.listConsentPortals({ maxResults: 1 });
    expect(Object.keys(consentPortals[0] ?? {}).sort()).toEqual([
      'consentPortalArn',
      'consentPortalId',
      'createdAt',
      'name',
      'portalUrl',
      'sources',
      'status',
      'updatedAt',
    ]);
  });
});

describe('an update of a consent portal', () => {
  it('keeps what it leaves out', async () => {
    const { consentPortalId, ...before } = await created({ description: 'before' });
    const changed = await control.updateConsentPortal({
      consentPortalIdentifier: consentPortalId,
      idpConfig: { ...signInWith(agents[0], ['email']), audience: 'https://portal.example' },
    });
    expect(changed.$metadata.httpStatusCode).toBe(202);
    expect(await get(consentPortalId)).toMatchObject({
      name: before.name,
      description: 'before',
      sources: before.sources,
      executionRoleArn: ROLE,
      idpConfig: { scopes: ['email'], audience: 'https://portal.example' },
    });
  });

  it('replaces branding and connections, and removes them', async () => {
    const { consentPortalId: consentPortalIdentifier = '' } = await created();
    const branding = { name: 'Example', color: '#12abEF', logo: LOGO };
    const connections = [
      {
        workloadName: agents[0].name,
        credentialProviderName: agents[0].providerName,
        scopes: ['read'],
        customParameters: { prompt: 'consent' },
        purpose: 'Read your calendar',
      },
    ];
    const update = (input: object) => post('UpdateConsentPortal', { consentPortalIdentifier, ...input });
    expect((await update({ branding, connections })).body).toMatchObject({ branding, connections });
    expect((await update({ description: 'x' })).body).toMatchObject({ branding, connections });
    const { status, body } = await update({ branding: {}, connections: [] });
    expect([status, 'branding' in body, 'connections' in body]).toEqual([202, false, false]);
  });

  it('replaces the agents, but not with one that its owner cannot use', async () => {
    const { consentPortalId: consentPortalIdentifier = '' } = await created();
    const update = (sources: object) => post('UpdateConsentPortal', { consentPortalIdentifier, sources });
    expect((await update(sourcesOf(...agents))).body).toMatchObject({ sources: sourcesOf(...agents) });
    expect((await update(sourcesOf(await world.agent('stranger')))).status).toBe(403);
    expect((await get(consentPortalIdentifier)).sources).toEqual(sourcesOf(...agents));
  });

  it('does not remove an agent that has a connection', async () => {
    const [{ name: workloadName, providerName: credentialProviderName }, another] = agents;
    const connections = [{ workloadName, credentialProviderName, scopes: [] }];
    const { body } = await post('CreateConsentPortal', { ...portal(), connections });
    const { consentPortalId: consentPortalIdentifier } = body;
    const update = (input: object) => post('UpdateConsentPortal', { consentPortalIdentifier, ...input });
    const sources = sourcesOf(another);
    expect((await update({ sources })).body).toMatchObject({
      fieldList: reports('connections.0.workloadName'),
    });
    expect((await update({ sources, connections: [] })).status).toBe(202);
  });

  it('has an audit entry with the portal and the names of the changed members', async () => {
    const { consentPortalId, consentPortalArn } = await created({ description: 'before' });
    await control.updateConsentPortal({
      consentPortalIdentifier: consentPortalId,
      description: 'after',
      executionRoleArn: ROLE,
    });
    const entries = await world.audit();
    expect(entries.filter(({ operation }) => operation === 'UpdateConsentPortal').at(-1)).toMatchObject({
      outcome: 'allowed',
      principal: AGENT_ARN,
      resource: consentPortalArn,
      changed: ['description'],
    });
  });
});

describe('a gateway as a source', () => {
  const gateway = async (as = control) => {
    const { gatewayId = '', gatewayArn = '' } = await as.createGateway({
      name: `portal-gateway-${(names += 1)}`,
      roleArn: ROLE,
      authorizerType: 'AWS_IAM',
    });
    return { gatewayId, gatewayArn };
  };
  const sourceOf = (identifier: string): ConsentPortalSource[] => [{ type: 'agentcore-gateway', identifier }];

  it('is named by its ID or its ARN, and has connections', async () => {
    const { gatewayId, gatewayArn } = await gateway();
    for (const identifier of [gatewayId, gatewayArn]) {
      const { sources } = await created({ sources: sourceOf(identifier) });
      expect(sources).toEqual(sourceOf(gatewayId));
    }
    const { providerName: credentialProviderName } = agents[0];
    const connections = [{ workloadName: gatewayId, credentialProviderName, scopes: ['a'] }];
    const { status, body } = await post('CreateConsentPortal', {
      ...portal(),
      sources: sourceOf(gatewayId),
      connections,
    });
    expect([status, body.connections]).toEqual([202, connections]);
  });

  it('needs the type of a gateway, and to exist and have the owner of the portal', async () => {
    const { gatewayId, gatewayArn } = await gateway();
    await expect(created({ sources: sourcesOf({ name: gatewayId } as TestAgent) })).rejects.toMatchObject(
      invalid('sources.0.type'),
    );
    await expect(created({ sources: sourceOf('nothing-0123456789') })).rejects.toMatchObject(missing);
    const elsewhere = gatewayArn.replace('us-east-1', 'eu-west-1');
    await expect(created({ sources: sourceOf(elsewhere) })).rejects.toMatchObject(missing);
    const theirs = await gateway(world.control('stranger'));
    await expect(created({ sources: sourceOf(theirs.gatewayId) })).rejects.toMatchObject(denied);
  });
});

describe('a consent portal is rejected', () => {
  it('with a workload identity that is missing, repeated, or of another owner', async () => {
    await expect(
      created({ sources: sourcesOf({ ...agents[0], name: 'nothing' } as TestAgent) }),
    ).rejects.toMatchObject(missing);
    await expect(created({ sources: sourcesOf(agents[0], agents[0]) })).rejects.toMatchObject(
      invalid('sources.1.identifier'),
    );
    await expect(created({ sources: sourcesOf(await world.agent('stranger')) })).rejects.toMatchObject(
      denied,
    );
  });

  it('with a role of another account, in the words that AWS clients look for', async () => {
    await expect(
      created({ executionRoleArn: 'arn:aws:iam::111111111111:role/portal' }),
    ).rejects.toMatchObject({
      ...invalid('executionRoleArn'),
      message: expect.stringContaining('role') as string,
    });
  });

  it('with a sign-in provider that is missing, of another owner, or without discovery', async () => {
    const signIn = (name: string) => ({
      idpConfig: { credentialProviderArn: providerArn(name), scopes: ['profile'] },
    });
    await expect(created(signIn('nothing'))).rejects.toMatchObject(missing);
    const strangers = await world.agent('stranger');
    await expect(created(signIn(strangers.providerName))).rejects.toMatchObject(denied);
    await control.createOauth2CredentialProvider({
      name: 'github',
      credentialProviderVendor: 'GithubOauth2',
      oauth2ProviderConfigInput: {
        githubOauth2ProviderConfig: { clientId: 'client', clientSecret: 'secret' },
      },
    });
    await expect(created(signIn('github'))).rejects.toMatchObject({
      ...invalid('idpConfig.credentialProviderArn'),
      message: expect.stringContaining('discovery URL') as string,
    });
    const elsewhere = providerArn('github').replace('000000000000', '111111111111');
    await expect(
      created({ idpConfig: { credentialProviderArn: elsewhere, scopes: ['profile'] } }),
    ).rejects.toMatchObject(invalid('idpConfig.credentialProviderArn'));
  });

  it.each([
    ['of an agent that is no source', { workloadName: 'agent-2' }, 'connections.0.workloadName', 400],
    ['at a provider that is missing', { credentialProviderName: 'nothing' }, undefined, 404],
    ['with text that no browser line shows', { purpose: 'a\nb' }, 'connections.0.purpose', 400],
    [
      'whose request fits into no URL',
      { scopes: Array(40).fill('s'.repeat(128)) },
      'connections.0.scopes',
      400,
    ],
  ])('with a connection %s', async (_what, change, field, status) => {
    const connection = {
      workloadName: agents[0].name,
      credentialProviderName: agents[0].providerName,
      scopes: [],
    };
    const rejected = await post('CreateConsentPortal', {
      ...portal(),
      connections: [{ ...connection, ...change }],
    });
    expect(rejected.status).toBe(status);
    if (field !== undefined) expect(rejected.body.fieldList).toEqual(reports(field));
  });

  it('with a connection at a provider that the agent cannot use', async () => {
    const { providerName } = await world.agent('stranger');
    const connections = [{ workloadName: agents[0].name, credentialProviderName: providerName, scopes: [] }];
    expect((await post('CreateConsentPortal', { ...portal(), connections })).status).toBe(403);
  });

  it.each([
    ['color', 'red'],
    ['color', '#12345'],
    ['logo', 'https://logo.example/logo.png'],
    ['logo', 'data:text/html;base64,AAAA'],
    ['logo', 'data:image/svg+xml,<svg/>'],
    ['logo', `data:image/png;base64,${'A'.repeat(24_000)}`],
    ['name', 'a\u202eb'],
    ['name', ''],
  ])('with the %s %s', async (member, value) => {
    const { status, body } = await post('CreateConsentPortal', {
      ...portal(),
      branding: { [member]: value },
    });
    expect(status).toBe(400);
    expect(body.fieldList).toEqual(reports(`branding.${member}`));
  });
});

describe('a consent portal as a resource', () => {
  const tagsOf = async (resourceArn: string | undefined, as = control) =>
    (await as.listTagsForResource({ resourceArn })).tags;

  it('is tagged by its ARN', async () => {
    const { consentPortalArn: resourceArn } = await created({ tags: { team: 'calendar' } });
    await control.tagResource({ resourceArn, tags: { stage: 'test' } });
    expect(await tagsOf(resourceArn)).toEqual({ team: 'calendar', stage: 'test' });
    await control.untagResource({ resourceArn, tagKeys: ['team'] });
    expect(await tagsOf(resourceArn)).toEqual({ stage: 'test' });
    await expect(tagsOf(resourceArn, world.control('stranger'))).rejects.toMatchObject(denied);
    const another = resourceArn?.replace(/.{10}$/, '0123456789');
    await expect(tagsOf(another)).rejects.toMatchObject(missing);
  });

  it('has no resource policy', async () => {
    const { consentPortalArn: resourceArn } = await created();
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
    });
    await expect(control.putResourcePolicy({ resourceArn, policy })).rejects.toMatchObject(
      invalid('resourceArn'),
    );
  });

  it('changes its owner by TransferOwnership', async () => {
    const { consentPortalArn = '', consentPortalId } = await created();
    const transfer = { resourceArn: consentPortalArn, newOwner: STRANGER_ARN };
    expect((await world.operate('TransferOwnership', transfer)).status).toBe(200);
    await expect(get(consentPortalId)).rejects.toMatchObject(denied);
    expect((await get(consentPortalId, world.control('stranger'))).consentPortalArn).toBe(consentPortalArn);
  });

  it('stays when one of its workload identities is deleted', async () => {
    const agent = await world.agent();
    const { consentPortalId } = await created({ sources: sourcesOf(agent) });
    await control.deleteWorkloadIdentity({ name: agent.name });
    expect((await get(consentPortalId)).sources).toEqual(sourcesOf(agent));
  });
});
