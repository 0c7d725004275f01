/** The resources of a gateway and its targets, with the AWS SDK: what they take, and who can change them. */
import { randomUUID } from 'node:crypto';
import {
  CreateGatewayTargetCommand,
  DeleteGatewayCommand,
  DeleteGatewayTargetCommand,
  GetGatewayCommand,
  GetGatewayTargetCommand,
  ListGatewayTargetsCommand,
  paginateListGateways,
  paginateListGatewayTargets,
  UpdateGatewayCommand,
  UpdateGatewayTargetCommand,
  type BedrockAgentCoreControl,
  type CreateGatewayCommandInput,
  type CreateGatewayTargetCommandInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { World, type TestAgent } from './support/world';

const PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';
const ROLE = 'arn:aws:iam::000000000000:role/gateway';
const RETURN_URL = 'https://app.example/connected';

let control: BedrockAgentCoreControl;
let stranger: BedrockAgentCoreControl;
let agent: TestAgent;
const world = World.ofFile();
beforeAll(async () => {
  control = world.control();
  stranger = world.control('stranger');
  agent = await world.agent();
});

let names = 0;
const newName = () => `gateway-${(names += 1)}`;

const issuer = () => ({
  customJWTAuthorizer: { discoveryUrl: world.issuer.discoveryUrl },
});

const created = async (change: Partial<CreateGatewayCommandInput> = {}, as = control) => {
  const output = await as.createGateway({
    name: newName(),
    roleArn: ROLE,
    authorizerType: 'AWS_IAM',
    ...change,
  });
  return { ...output, gatewayIdentifier: String(output.gatewayId), arn: String(output.gatewayArn) };
};

const target = (change: Partial<CreateGatewayTargetCommandInput> = {}) => ({
  name: 'calendar',
  targetConfiguration: {
    http: { passthrough: { endpoint: 'https://api.example/v1', protocolType: 'CUSTOM' as const } },
  },
  ...change,
});

const providerArn = (name: string, kind = 'oauth2') =>
  `${PREFIX}:token-vault/default/${kind}credentialprovider/${name}`;

const withOauth = (change: object = {}): Partial<CreateGatewayTargetCommandInput> => ({
  credentialProviderConfigurations: [
    {
      credentialProviderType: 'OAUTH',
      credentialProvider: {
        oauthCredentialProvider: {
          providerArn: providerArn(agent.providerName),
          scopes: ['a'],
          grantType: 'AUTHORIZATION_CODE',
          defaultReturnUrl: RETURN_URL,
          ...change,
        },
      },
    },
  ],
});

const RESERVED_HEADERS = [
  'Authorization',
  'cookie',
  'X-Forwarded-For',
  'X-Amzn-Trace-Id',
  'proxy-authorization',
  'Host',
];

const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };
const invalid = (name: string) => ({
  name: 'ValidationException',
  fieldList: [expect.objectContaining({ name })],
});

const identityOf = (name: string | undefined) => world.post('GetWorkloadIdentity', { name });
const returnUrlsOf = async (name: string) =>
  (await control.getWorkloadIdentity({ name })).allowedResourceOauth2ReturnUrls;

describe('a gateway', () => {
  it('is created with its ID, its ARN, its URL, and its workload identity, and is ready', async () => {
    const input = { name: 'Calendar-Team', description: 'Calendars', roleArn: ROLE };
    const authorizerConfiguration = issuer();
    const {
      gatewayId = '',
      $metadata,
      createdAt,
      ...output
    } = await control.createGateway({
      ...input,
      authorizerType: 'CUSTOM_JWT',
      authorizerConfiguration,
    });
    expect($metadata.httpStatusCode).toBe(202);
    expect(gatewayId).toMatch(/^calendar-team-[0-9a-z]{10}$/);
    expect(createdAt).toBeInstanceOf(Date);
    expect(output).toEqual({
      ...input,
      gatewayArn: `${PREFIX}:gateway/${gatewayId}`,
      gatewayUrl: expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/${gatewayId}$`)) as string,
      status: 'READY',
      authorizerType: 'CUSTOM_JWT',
      authorizerConfiguration,
      workloadIdentityDetails: {
        workloadIdentityArn: `${PREFIX}:workload-identity-directory/default/workload-identity/${gatewayId}`,
      },
      updatedAt: createdAt,
    });
    expect(await control.getGateway({ gatewayIdentifier: gatewayId })).toMatchObject({
      gatewayId,
      ...output,
    });
    // Nothing else restricts whom a user token is for.
    const { body } = await identityOf(gatewayId);
    expect(JSON.parse(body)).toMatchObject({
      allowedResourceOauth2ReturnUrls: [],
      authorizerConfiguration: {
        customJWTAuthorizer: {
          ...authorizerConfiguration.customJWTAuthorizer,
          allowedAudience: [output.gatewayUrl],
        },
      },
    });
  });

  it('is found by its ID and by its ARN, and by nothing else', async () => {
    const { gatewayIdentifier, arn } = await created({ name: 'found' });
    for (const identifier of [gatewayIdentifier, arn]) {
      expect((await control.getGateway({ gatewayIdentifier: identifier })).name).toBe('found');
    }
    for (const identifier of [
      'found-0123456789',
      `${PREFIX}:gateway/found-0123456789`,
      arn.replace('000000000000', '111111111111'),
      arn.replace('us-east-1', 'eu-west-1'),
    ]) {
      await expect(control.getGateway({ gatewayIdentifier: identifier })).rejects.toMatchObject(missing);
    }
    await expect(control.getGateway({ gatewayIdentifier: 'found' })).rejects.toMatchObject(
      invalid('gatewayIdentifier'),
    );
  });

  it('needs a name that no other gateway of the deployment has, in any case', async () => {
    await created({ name: 'Taken' });
    await expect(created({ name: 'tAKEN' }, stranger)).rejects.toMatchObject({ name: 'ConflictException' });
  });

  it('is returned again by a repetition of the request with its token, and by no other request', async () => {
    const request = {
      name: newName(),
      roleArn: ROLE,
      authorizerType: 'AWS_IAM',
      clientToken: randomUUID(),
    } as const;
    const first = await control.createGateway(request);
    expect((await control.createGateway(request)).gatewayId).toBe(first.gatewayId);
    const exists = { name: 'ConflictException' };
    await expect(control.createGateway({ ...request, description: 'other' })).rejects.toMatchObject(exists);
    await expect(control.createGateway({ ...request, clientToken: randomUUID() })).rejects.toMatchObject(
      exists,
    );
    await expect(stranger.createGateway(request)).rejects.toMatchObject(exists);
  });

  it('is read, changed, deleted, and given targets by its owner only', async () => {
    const { gatewayIdentifier } = await created();
    const { targetId } = await control.createGatewayTarget({ gatewayIdentifier, ...target() });
    const named = { gatewayIdentifier, targetId };
    const same = { name: 'other', roleArn: ROLE, authorizerType: 'AWS_IAM' } as const;
    for (const command of [
      new GetGatewayCommand({ gatewayIdentifier }),
      new UpdateGatewayCommand({ gatewayIdentifier, ...same }),
      new DeleteGatewayCommand({ gatewayIdentifier }),
      new CreateGatewayTargetCommand({ gatewayIdentifier, ...target({ name: 'other' }) }),
      new ListGatewayTargetsCommand({ gatewayIdentifier }),
      new GetGatewayTargetCommand(named),
      new UpdateGatewayTargetCommand({ ...named, ...target() }),
      new DeleteGatewayTargetCommand(named),
    ]) {
      await expect(stranger.send(command as GetGatewayCommand)).rejects.toMatchObject(denied);
    }
    const { items = [] } = await stranger.listGateways({});
    expect(items.map(({ gatewayId }) => gatewayId)).not.toContain(gatewayIdentifier);
  });

  it('replaces its configuration in an update, and keeps its name and its authorizer', async () => {
    const { gatewayIdentifier, name } = await created({ description: 'before', exceptionLevel: 'DEBUG' });
    const change = { gatewayIdentifier, name, roleArn: `${ROLE}-2`, authorizerType: 'AWS_IAM' } as const;
    const { $metadata, ...changed } = await control.updateGateway(change);
    expect($metadata.httpStatusCode).toBe(202);
    expect(changed).toMatchObject({ roleArn: `${ROLE}-2`, status: 'READY' });
    expect(changed).not.toHaveProperty('description');
    expect(changed).not.toHaveProperty('exceptionLevel');
    await expect(control.updateGateway({ ...change, name: 'another' })).rejects.toMatchObject(
      invalid('name'),
    );
    await expect(
      control.updateGateway({
        ...change,
        authorizerType: 'CUSTOM_JWT',
        authorizerConfiguration: issuer(),
      }),
    ).rejects.toMatchObject(invalid('authorizerType'));
  });

  it('needs an issuer with CUSTOM_JWT, and none with AWS_IAM', async () => {
    await expect(created({ authorizerType: 'CUSTOM_JWT' })).rejects.toMatchObject(
      invalid('authorizerConfiguration'),
    );
    await expect(created({ authorizerConfiguration: issuer() })).rejects.toMatchObject(
      invalid('authorizerConfiguration'),
    );
    const { customJWTAuthorizer } = issuer();
    const withIssuer = (change: object) =>
      created({
        authorizerType: 'CUSTOM_JWT',
        authorizerConfiguration: { customJWTAuthorizer: { ...customJWTAuthorizer, ...change } },
      });
    const member = 'authorizerConfiguration.customJWTAuthorizer';
    await expect(
      withIssuer({ discoveryUrl: 'http://idp.example/.well-known/openid-configuration' }),
    ).rejects.toMatchObject(invalid(`${member}.discoveryUrl`));
    await expect(withIssuer({ advertisedScopeMapping: { read: 'api/read' } })).rejects.toMatchObject(
      invalid(`${member}.advertisedScopeMapping`),
    );
  });

  it('has tags, and no resource policy', async () => {
    const { arn: resourceArn } = await created({ tags: { team: 'travel' } }, stranger);
    await stranger.tagResource({ resourceArn, tags: { stage: 'test' } });
    expect((await stranger.listTagsForResource({ resourceArn })).tags).toEqual({
      team: 'travel',
      stage: 'test',
    });
    await expect(control.listTagsForResource({ resourceArn })).rejects.toMatchObject(denied);
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await expect(stranger.putResourcePolicy({ resourceArn, policy })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('is listed in pages by name', async () => {
    const own = world.control('gate');
    for (const name of ['page-b', 'Page-c', 'page-a']) await created({ name }, own);
    const pages = [];
    for await (const { items = [] } of paginateListGateways({ client: own, pageSize: 2 }, {}))
      pages.push(items);
    expect(pages.map((items) => items.map(({ name }) => name))).toEqual([['Page-c', 'page-a'], ['page-b']]);
    expect(pages[1]?.[0]).toEqual({
      gatewayId: expect.stringMatching(/^page-b-/) as string,
      name: 'page-b',
      status: 'READY',
      authorizerType: 'AWS_IAM',
      createdAt: expect.any(Date) as Date,
      updatedAt: expect.any(Date) as Date,
    });
    await expect(own.listGateways({ maxResults: 1001 })).rejects.toMatchObject(invalid('maxResults'));
    await expect(own.listGateways({ nextToken: 'forged' })).rejects.toMatchObject(invalid('nextToken'));
  });

  it('is deleted with its targets and its identity, and its name is free', async () => {
    const { gatewayIdentifier, name } = await created();
    await control.createGatewayTarget({ gatewayIdentifier, ...target() });
    const { $metadata, ...deleted } = await control.deleteGateway({ gatewayIdentifier });
    expect($metadata.httpStatusCode).toBe(202);
    expect(deleted).toEqual({ gatewayId: gatewayIdentifier, status: 'DELETING' });
    for (const gone of [
      control.getGateway({ gatewayIdentifier }),
      control.deleteGateway({ gatewayIdentifier }),
      control.listGatewayTargets({ gatewayIdentifier }),
      control.getWorkloadIdentity({ name: gatewayIdentifier }),
    ]) {
      await expect(gone).rejects.toMatchObject(missing);
    }
    const again = await created({ name });
    expect(again.gatewayIdentifier).not.toBe(gatewayIdentifier);
    const { gatewayIdentifier: second } = again;
    expect((await control.listGatewayTargets({ gatewayIdentifier: second })).items).toEqual([]);
    await control.createGatewayTarget({ gatewayIdentifier: second, ...target() });
  });
});

describe('the workload identity of a gateway', () => {
  it('cannot be changed, deleted, or shared by its owner, who can read it', async () => {
    const { gatewayIdentifier: name } = await created();
    const refused = {
      ...denied,
      message: expect.stringContaining(`belongs to the gateway ${name}`) as string,
    };
    const { workloadIdentityArn: resourceArn = '' } = await control.getWorkloadIdentity({ name });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: '*',
        Action: 'bedrock-agentcore:GetWorkloadAccessToken',
        Resource: resourceArn,
      },
    });
    for (const change of [
      control.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
      control.deleteWorkloadIdentity({ name }),
      control.putResourcePolicy({ resourceArn, policy }),
    ]) {
      await expect(change).rejects.toMatchObject(refused);
    }
    await expect(world.data().getWorkloadAccessToken({ workloadName: name })).rejects.toMatchObject(denied);
  });

  it('is transferred with the gateway only', async () => {
    const { gatewayIdentifier, arn } = await created();
    const { workloadIdentityArn } = await control.getWorkloadIdentity({ name: gatewayIdentifier });
    const newOwner = 'arn:aws:iam::000000000000:user/stranger';
    const refused = await world.operate('TransferOwnership', { resourceArn: workloadIdentityArn, newOwner });
    expect([refused.status, refused.body]).toEqual([400, expect.stringContaining('transfer the gateway')]);
    const { status } = await world.operate('TransferOwnership', { resourceArn: arn, newOwner });
    expect(status).toBe(200);
    await expect(control.getGateway({ gatewayIdentifier })).rejects.toMatchObject(denied);
    expect((await stranger.getGateway({ gatewayIdentifier })).gatewayArn).toBe(arn);
    await stranger.getWorkloadIdentity({ name: gatewayIdentifier });
    await stranger.deleteGateway({ gatewayIdentifier });
  });

  it('has the return URLs of the targets', async () => {
    const { gatewayIdentifier } = await created();
    const add = (name: string, defaultReturnUrl: string) =>
      control.createGatewayTarget({
        gatewayIdentifier,
        ...target({ name, ...withOauth({ defaultReturnUrl }) }),
      });
    const [one, other] = [`${RETURN_URL}/1`, `${RETURN_URL}/2`];
    const { targetId } = await add('one', one);
    await Promise.all([add('other', other), add('another', other)]);
    expect((await returnUrlsOf(gatewayIdentifier))?.sort()).toEqual([one, other]);
    await control.updateGatewayTarget({ gatewayIdentifier, targetId, ...target({ name: 'one' }) });
    expect(await returnUrlsOf(gatewayIdentifier)).toEqual([other]);
  });
});

describe('a target', () => {
  it('is created, read, replaced, and deleted', async () => {
    const { gatewayIdentifier, arn: gatewayArn } = await created();
    const input = target({
      description: 'Calendar',
      ...withOauth(),
      metadataConfiguration: { allowedRequestHeaders: ['X-Trace'], allowedQueryParameters: ['day'] },
    });
    const {
      $metadata,
      targetId = '',
      createdAt,
      ...output
    } = await control.createGatewayTarget({
      gatewayIdentifier,
      ...input,
    });
    expect($metadata.httpStatusCode).toBe(202);
    expect(targetId).toMatch(/^[0-9a-z]{10}$/);
    expect(output).toEqual({
      ...input,
      gatewayArn,
      status: 'READY',
      protocolType: 'HTTP',
      updatedAt: createdAt,
    });
    // The AWS SDK for Python names the gateway by its ARN.
    const named = { gatewayIdentifier: gatewayArn, targetId };
    expect(await control.getGatewayTarget(named)).toMatchObject(output);
    const changed = await control.updateGatewayTarget({ ...named, ...target() });
    expect(changed).toMatchObject({ name: 'calendar', credentialProviderConfigurations: [] });
    expect(changed).not.toHaveProperty('description');
    await expect(
      control.updateGatewayTarget({ ...named, ...target({ name: 'renamed' }) }),
    ).rejects.toMatchObject(invalid('name'));
    const { $metadata: deletion, ...deleted } = await control.deleteGatewayTarget(named);
    expect([deletion.httpStatusCode, deleted]).toEqual([202, { gatewayArn, targetId, status: 'DELETING' }]);
    await expect(control.getGatewayTarget(named)).rejects.toMatchObject(missing);
    await expect(control.deleteGatewayTarget(named)).rejects.toMatchObject(missing);
  });

  it('has its ID as its name by default, and a name once in its gateway', async () => {
    const { gatewayIdentifier } = await created();
    const { targetConfiguration } = target();
    const unnamed = await control.createGatewayTarget({ gatewayIdentifier, targetConfiguration });
    expect(unnamed.name).toBe(unnamed.targetId);
    const request = { gatewayIdentifier, ...target(), clientToken: randomUUID() };
    const first = await control.createGatewayTarget(request);
    expect((await control.createGatewayTarget(request)).targetId).toBe(first.targetId);
    await expect(
      control.createGatewayTarget({ ...request, clientToken: randomUUID() }),
    ).rejects.toMatchObject({ name: 'ConflictException' });
  });

  it('is listed in pages by name', async () => {
    const { gatewayIdentifier } = await created();
    for (const name of ['b', 'c', 'a']) {
      await control.createGatewayTarget({ gatewayIdentifier, ...target({ name }) });
    }
    const pages = [];
    const pager = paginateListGatewayTargets({ client: control, pageSize: 2 }, { gatewayIdentifier });
    for await (const { items = [] } of pager) pages.push(items.map(({ name }) => name));
    expect(pages).toEqual([['a', 'b'], ['c']]);
  });

  const passthrough = 'targetConfiguration.http.passthrough';
  const at = (endpoint: string, change: object = {}) =>
    target({
      targetConfiguration: { http: { passthrough: { endpoint, protocolType: 'CUSTOM', ...change } } },
    });
  const withHeaders = (member: string, ...values: string[]) =>
    target({ metadataConfiguration: { [member]: values } });

  it.each<[what: string, input: ReturnType<typeof target>, member: string]>([
    ['plain http', at('http://api.example/v1'), `${passthrough}.endpoint`],
    ['a query', at('https://api.example/v1?key=1'), `${passthrough}.endpoint`],
    ['dot segments', at('https://api.example/v1/../admin'), `${passthrough}.endpoint`],
    ['an encoded slash', at('https://api.example/v1%2Fadmin'), `${passthrough}.endpoint`],
    ['a fragment', at('https://api.example/v1#a'), `${passthrough}.endpoint`],
    ...RESERVED_HEADERS.map((header): [string, ReturnType<typeof target>, string] => [
      header,
      withHeaders('allowedRequestHeaders', header),
      'metadataConfiguration.allowedRequestHeaders.0',
    ]),
    [
      'Set-Cookie in responses',
      withHeaders('allowedResponseHeaders', 'X-Trace', 'Set-Cookie'),
      'metadataConfiguration.allowedResponseHeaders.1',
    ],
  ])('is rejected with %s', async (_what, input, member) => {
    const { gatewayIdentifier } = await created();
    await expect(control.createGatewayTarget({ gatewayIdentifier, ...input })).rejects.toMatchObject(
      invalid(member),
    );
  });

  const credential = 'credentialProviderConfigurations.0.credentialProvider';
  const apiKey = async (change: object = {}) => {
    const name = newName();
    await control.createApiKeyCredentialProvider({ name, apiKey: 'a key' });
    const apiKeyCredentialProvider = { providerArn: providerArn(name, 'apikey'), ...change };
    return {
      credentialProviderConfigurations: [
        { credentialProviderType: 'API_KEY' as const, credentialProvider: { apiKeyCredentialProvider } },
      ],
    };
  };

  it('does not let the header or the query parameter of its API key pass', async () => {
    const { gatewayIdentifier } = await created();
    const create = (input: object) => control.createGatewayTarget({ gatewayIdentifier, ...target(input) });
    const inHeader = await apiKey({ credentialParameterName: 'X-Key' });
    await expect(
      create({ ...inHeader, metadataConfiguration: { allowedResponseHeaders: ['x-key'] } }),
    ).rejects.toMatchObject(invalid('metadataConfiguration.allowedResponseHeaders.0'));
    const inQuery = await apiKey({ credentialLocation: 'QUERY_PARAMETER' });
    await expect(
      create({ ...inQuery, metadataConfiguration: { allowedQueryParameters: ['api_key'] } }),
    ).rejects.toMatchObject(invalid('metadataConfiguration.allowedQueryParameters.0'));
    await expect(create(await apiKey({ credentialParameterName: 'Host' }))).rejects.toMatchObject(
      invalid(`${credential}.apiKeyCredentialProvider.credentialParameterName`),
    );
    await create({ ...inHeader, metadataConfiguration: { allowedResponseHeaders: ['x-other'] } });
  });

  it('needs a provider of its kind that exists, and that the owner of the gateway can use', async () => {
    const { gatewayIdentifier } = await created();
    const create = (input: object) => control.createGatewayTarget({ gatewayIdentifier, ...target(input) });
    const ofKey = (await apiKey()).credentialProviderConfigurations[0]?.credentialProvider
      .apiKeyCredentialProvider;
    const member = `${credential}.oauthCredentialProvider`;
    await expect(create(withOauth({ providerArn: ofKey?.providerArn }))).rejects.toMatchObject(
      invalid(`${member}.providerArn`),
    );
    await expect(create(withOauth({ providerArn: providerArn('nothing') }))).rejects.toMatchObject(missing);
    await expect(create(withOauth({ grantType: 'CLIENT_CREDENTIALS' }))).rejects.toMatchObject(
      invalid(`${member}.defaultReturnUrl`),
    );
    await expect(create(withOauth({ defaultReturnUrl: 'javascript:alert(1)' }))).rejects.toMatchObject(
      invalid(`${member}.defaultReturnUrl`),
    );
    await expect(
      create({ credentialProviderConfigurations: [{ credentialProviderType: 'OAUTH' }] }),
    ).rejects.toMatchObject(invalid(credential));
    const theirs = await world.agent('stranger');
    const resourceArn = providerArn(theirs.providerName);
    await expect(create(withOauth({ providerArn: resourceArn }))).rejects.toMatchObject(denied);
    await stranger.putResourcePolicy({
      resourceArn,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:role/agent' },
          Action: 'bedrock-agentcore:GetResourceOauth2Token',
          Resource: resourceArn,
        },
      }),
    });
    await create(withOauth({ providerArn: resourceArn }));
  });

  it('has up to 32,768 bytes', async () => {
    const { gatewayIdentifier } = await created();
    const staticQueryParameters = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`name-${n}`, 'ä'.repeat(2048)]),
    );
    const input = at('https://api.example', { staticQueryParameters });
    await expect(control.createGatewayTarget({ gatewayIdentifier, ...input })).rejects.toMatchObject(
      invalid('targetConfiguration'),
    );
  });
});
