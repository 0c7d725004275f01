/** A gateway in someone else's stack: its properties, its targets, what it may use, and what synthesis rejects. */
import { Tags, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Properties } from '../../lambda/model/custom-resources/request';
import { checkProvider, ForeignRequest, type DeployedStack } from '../../lambda/custom-resources/stack';
import {
  AgentIdentity,
  ApiKeyCredentialLocation,
  Gateway,
  GatewayAuthorizer,
  GatewayCredentialProvider,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  WorkloadIdentity,
  type GatewayProps,
  type HttpTargetProps,
  type IAgentIdentity,
} from '../../lib';
import { caught } from '../domain/caught';
import { consumerStack, OWNER, propertiesOf, statementsOf, templateOf, written } from './consumer';
import { API_KEY, GATEWAY, OAUTH2, weatherIn } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
let calendar: OAuth2CredentialProvider;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
    restApiId: 'abc123',
    gatewaysIamRestApiId: 'def456',
  });
  const clientSecret = new Secret(stack, 'Secret').secretValue;
  const vendor = OAuth2Vendor.included('DropboxOauth2', { clientId: 'client', clientSecret });
  calendar = new OAuth2CredentialProvider(stack, 'Calendar', {
    identity,
    vendor,
    credentialProviderName: 'calendar',
  });
});

const ISSUER = {
  discoveryUrl: 'https://login.example/.well-known/openid-configuration',
  allowedAudience: ['app'],
};
const ENDPOINT = 'https://calendar.example/v1';

const gatewayOf = (props: Partial<GatewayProps> = {}) =>
  new Gateway(stack, 'Tools', { identity, authorizer: GatewayAuthorizer.usingAwsIam(), ...props });

const agentIn = () => new WorkloadIdentity(stack, 'Agent', { identity, workloadIdentityName: 'agent' });
const roleIn = () => new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const properties = () => propertiesOf(templateOf(stack), GATEWAY);
const configuration = () => JSON.parse(String(properties().configuration)) as Record<string, unknown>;

describe('a gateway', () => {
  it('accepts signed requests, and has a generated name', () => {
    gatewayOf();
    expect(configuration()).toEqual({ authorizerType: 'AWS_IAM', targets: [] });
    expect(properties().name).toMatch(/^Consumer-?Tools/);
  });

  it('accepts the user tokens of an issuer', () => {
    gatewayOf({
      gatewayName: 'tools',
      description: 'For assistants',
      authorizer: GatewayAuthorizer.usingCustomJwt(ISSUER),
    });
    expect(configuration()).toEqual({
      description: 'For assistants',
      authorizerType: 'CUSTOM_JWT',
      authorizerConfiguration: { customJWTAuthorizer: ISSUER },
      targets: [],
    });
  });

  it('has what the app adds to it, also after its construction', () => {
    const weather = weatherIn(stack, identity, { credentialProviderName: 'weather' });
    const gateway = gatewayOf({ gatewayName: 'tools' });
    const url = gateway.addHttpTarget('calendar', {
      endpoint: ENDPOINT,
      protocol: 'MCP',
      description: 'Dates',
      credential: GatewayCredentialProvider.fromOauthIdentity(calendar, {
        scopes: ['read'],
        grantType: 'AUTHORIZATION_CODE',
        defaultReturnUrl: 'https://app.example/done',
        customParameters: { team: 'T1' },
      }),
      allowedQueryParameters: ['day'],
      allowedRequestHeaders: ['X-Team'],
      allowedResponseHeaders: ['X-Total'],
    });
    gateway.addHttpTarget('weather', {
      endpoint: 'https://weather.example',
      credential: GatewayCredentialProvider.fromApiKeyIdentity(weather, {
        credentialLocation: ApiKeyCredentialLocation.queryParameter({ credentialParameterName: 'key' }),
      }),
      staticQueryParameters: { units: 'metric' },
      staticQueryParameterConflictResolution: 'STATIC_OVERRIDE',
    });
    gateway.addHttpTarget('open', { endpoint: 'https://open.example' });
    const passthrough = (endpoint: string, protocolType: string, more: object = {}) => ({
      http: { passthrough: { endpoint, protocolType, ...more } },
    });
    expect(configuration().targets).toEqual([
      {
        name: 'calendar',
        description: 'Dates',
        targetConfiguration: passthrough(ENDPOINT, 'MCP'),
        credential: {
          ...{ provider: 'calendar', type: 'OAUTH', scopes: ['read'], grantType: 'AUTHORIZATION_CODE' },
          ...{ defaultReturnUrl: 'https://app.example/done', customParameters: { team: 'T1' } },
        },
        metadataConfiguration: {
          allowedQueryParameters: ['day'],
          allowedRequestHeaders: ['X-Team'],
          allowedResponseHeaders: ['X-Total'],
        },
      },
      {
        name: 'weather',
        targetConfiguration: passthrough('https://weather.example', 'CUSTOM', {
          staticQueryParameters: { units: 'metric' },
          staticQueryParameterConflictResolution: 'STATIC_OVERRIDE',
        }),
        credential: {
          ...{ provider: 'weather', type: 'API_KEY' },
          ...{ credentialLocation: 'QUERY_PARAMETER', credentialParameterName: 'key' },
        },
      },
      { name: 'open', targetConfiguration: passthrough('https://open.example', 'CUSTOM') },
    ]);
    expect(written(stack.resolve(url))).toBe('<Tools.GatewayUrl>/calendar');
  });

  it('signs requests with a role that trusts the gateway function for the owner of the gateway', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/gateways';
    const theirs = AgentIdentity.fromAgentIdentityAttributes(stack, 'Theirs', {
      restApiId: 'abc123',
      gatewaysRoleArn: roleArn,
    });
    const role = new Role(stack, 'Signer', { assumedBy: Gateway.rolePrincipal(stack, theirs) });
    const gateway = gatewayOf({ identity: theirs, role });
    gateway.addHttpTarget('orders', {
      endpoint: 'https://orders.example',
      credential: GatewayCredentialProvider.fromIamRole({ service: 'execute-api', region: 'eu-west-1' }),
    });
    const [, { Properties: signer }] = resourcesOf(templateOf(stack), 'AWS::IAM::Role').find(([id]) =>
      id.startsWith('Signer'),
    )!;
    expect(written(signer)).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Principal: { AWS: roleArn },
            Condition: { StringEquals: { 'sts:ExternalId': OWNER } },
          },
        ],
      },
    });
    const stated = JSON.parse(String(written(properties().configuration))) as Record<string, unknown>;
    expect(stated).toMatchObject({
      roleArn: expect.stringMatching(/^<Signer.*\.Arn>$/) as string,
      targets: [{ credential: { type: 'GATEWAY_IAM_ROLE', service: 'execute-api', region: 'eu-west-1' } }],
    });
  });

  it('passes the user token to a target', () => {
    const gateway = gatewayOf({ authorizer: GatewayAuthorizer.usingCustomJwt(ISSUER) });
    gateway.addHttpTarget('own', {
      endpoint: ENDPOINT,
      credential: GatewayCredentialProvider.jwtPassthrough(),
    });
    expect(configuration()).toMatchObject({ targets: [{ credential: { type: 'JWT_PASSTHROUGH' } }] });
  });

  it('has attributes that exist after the deployment', () => {
    const { gatewayId, gatewayArn, gatewayUrl, gatewayName, ownerArn } = gatewayOf();
    const resolved = (value: string) => written(stack.resolve(value));
    expect([gatewayId, gatewayArn, gatewayUrl, gatewayName, ownerArn].map(resolved)).toEqual([
      ...['<Tools.GatewayId>', '<Tools.Arn>', '<Tools.GatewayUrl>', '<Tools.Name>', OWNER],
    ]);
  });

  it('is created after its providers, which its workload identity can use', () => {
    const weather = weatherIn(stack, identity);
    const gateway = gatewayOf({ gatewayName: 'Tools' });
    const oauth = GatewayCredentialProvider.fromOauthIdentity(calendar);
    gateway.addHttpTarget('calendar', { endpoint: ENDPOINT, credential: oauth });
    const apiKey = GatewayCredentialProvider.fromApiKeyIdentity(weather);
    gateway.addHttpTarget('weather', { endpoint: ENDPOINT, credential: apiKey });
    const template = templateOf(stack);
    const [resource] = resourcesOf(template, GATEWAY);
    const { DependsOn = [] } = template.Resources[resource?.[0] ?? ''] ?? {};
    const dependsOn = (prefix: string) => DependsOn.some((id) => id.startsWith(prefix));
    expect([dependsOn('Calendar'), dependsOn('Weather')]).toEqual([true, true]);
    const arn =
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:workload-identity-directory/default/workload-identity/tools-??????????';
    for (const type of [OAUTH2, API_KEY]) {
      const { Statement } = JSON.parse(String(propertiesOf(template, type).policy)) as {
        Statement: object[];
      };
      expect(Statement[0]).toMatchObject({
        Principal: { AWS: [OWNER] },
        Condition: { ArnEquals: { 'bedrock-agentcore:WorkloadIdentityArn': [arn] } },
      });
    }
  });

  it('is managed by a function that may call the operations of gateways and targets', () => {
    gatewayOf();
    const statements = statementsOf(templateOf(stack), 'AgentIdentityResourcesRole');
    const arns = statements.flatMap(({ Resource }) => [Resource ?? []].flat());
    const gateways = arns.filter((arn) => arn.includes('/gateways')).map((arn) => arn.split('/prod/')[1]);
    expect(gateways.sort()).toEqual([
      'DELETE/gateways/*',
      'DELETE/gateways/*/targets/*',
      'GET/gateways',
      'GET/gateways/*',
      'GET/gateways/*/targets',
      'GET/gateways/*/targets/*',
      'POST/gateways',
      'POST/gateways/*/targets',
      'PUT/gateways/*',
      'PUT/gateways/*/targets/*',
    ]);
  });

  it('has the tags of its scope', () => {
    gatewayOf();
    Tags.of(stack).add('team', 'travel');
    expect(properties().tags).toEqual({ team: 'travel' });
  });

  it('is in the environment of the function, which accepts no other target', () => {
    gatewayOf().addHttpTarget('calendar', { endpoint: ENDPOINT });
    const template = templateOf(stack);
    const [id = '', { Properties: stated }] = resourcesOf(template, GATEWAY)[0]!;
    const [, { Properties: ofFunction }] = resourcesOf(template, 'AWS::Lambda::Function')[0]!;
    const { Variables } = ofFunction.Environment as { Variables: { STACK: unknown } };
    const deployed = JSON.parse(String(written(Variables.STACK))) as DeployedStack;
    const request = (change: object) =>
      ({
        RequestType: 'Update',
        ResourceType: GATEWAY,
        LogicalResourceId: id,
        ResourceProperties: { ...(stated as unknown as Properties), ...change },
      }) as unknown as Parameters<typeof checkProvider>[1];
    expect(() => checkProvider(deployed, request({}))).not.toThrow();
    const other = String(properties().configuration).replace(ENDPOINT, 'https://other.example');
    expect(() => checkProvider(deployed, request({ configuration: other }))).toThrow(ForeignRequest);
  });
});

describe('a role', () => {
  it('can send any request to the targets of the gateway as an agent, and retrieve no credential', () => {
    gatewayOf().grantInvoke(roleIn(), agentIn());
    const template = templateOf(stack);
    const api = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>';
    expect(statementsOf(template, 'Role')).toEqual([
      {
        Action: 'execute-api:Invoke',
        Effect: 'Allow',
        Resource: [
          ...['', 'ForJWT', 'ForUserId'].map(
            (suffix) => `${api}:abc123/prod/POST/identities/GetWorkloadAccessToken${suffix}`,
          ),
          `${api}:def456/prod/*/<Tools.GatewayId>/*`,
        ],
      },
    ]);
    expect(JSON.stringify(written(template))).toContain('bedrock-agentcore:InvokeGateway');
  });

  it('is granted access to the API of a service in the app', () => {
    identity = new AgentIdentity(stack, 'Service', { gateways: {} });
    gatewayOf().grantInvoke(roleIn(), agentIn());
    const [{ Resource = [] } = {}] = statementsOf(templateOf(stack), 'Role');
    expect([Resource].flat().at(-1)).toMatch(/:<ServiceGatewaysIam.*>\/prod\/\*\/<Tools\.GatewayId>\/\*$/);
  });

  it('cannot be granted access to a gateway with user tokens', () => {
    const gateway = gatewayOf({ authorizer: GatewayAuthorizer.usingCustomJwt(ISSUER) });
    expect(() => gateway.grantInvoke(roleIn(), agentIn())).toThrow(
      'Consumer/Tools: callers of this gateway authenticate with user tokens',
    );
  });

  it('cannot be granted access to a gateway of a service whose API is not stated', () => {
    identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Unstated', { restApiId: 'abc123' });
    expect(() => gatewayOf().grantInvoke(roleIn(), agentIn())).toThrow('Pass gatewaysIamRestApiId');
  });
});

it('a gateway with the protocol MCP has MCP servers with the tools that the app states', () => {
  const gateway = gatewayOf({ protocol: 'MCP' });
  gateway.addMcpServerTarget('notes', { endpoint: 'https://notes.example/mcp', listingMode: 'DYNAMIC' });
  gateway.addMcpServerTarget('calendar', {
    endpoint: ENDPOINT,
    toolSchema: '{"tools":[]}',
    credential: GatewayCredentialProvider.fromOauthIdentity(calendar, { grantType: 'AUTHORIZATION_CODE' }),
    allowedRequestHeaders: ['X-Team'],
  });
  const mcp = (endpoint: string, more: object) => ({ mcp: { mcpServer: { endpoint, ...more } } });
  expect(configuration()).toMatchObject({
    protocolType: 'MCP',
    targets: [
      {
        name: 'notes',
        targetConfiguration: mcp('https://notes.example/mcp', { listingMode: 'DYNAMIC' }),
      },
      {
        name: 'calendar',
        targetConfiguration: mcp(ENDPOINT, { mcpToolSchema: { inlinePayload: '{"tools":[]}' } }),
        metadataConfiguration: { allowedRequestHeaders: ['X-Team'] },
      },
    ],
  });
});

it('a target of the other kind is rejected', () => {
  const mcp = gatewayOf({ protocol: 'MCP' });
  expect(() => mcp.addHttpTarget('a', { endpoint: ENDPOINT })).toThrow(
    'target a: addHttpTarget cannot be used with the protocol MCP of the gateway',
  );
  const http = new Gateway(stack, 'Http', { identity, authorizer: GatewayAuthorizer.usingAwsIam() });
  expect(() => http.addMcpServerTarget('a', { endpoint: ENDPOINT })).toThrow(
    'target a: addMcpServerTarget needs the protocol MCP of the gateway',
  );
});

describe('synthesis rejects', () => {
  it('a gateway of a service without gateways', () => {
    identity = new AgentIdentity(stack, 'Service');
    expect(() => gatewayOf()).toThrow(
      'Consumer/Tools: identity: Consumer/Service has no gateways. Set gateways of the service, for example to {}.',
    );
  });

  it.each<[string, Partial<GatewayProps>, string]>([
    ['a name of another form', { gatewayName: 'a_b' }, 'does not accept the name "a_b"'],
    ['an empty description', { description: '' }, 'description must '],
    [
      'an issuer without the address of its metadata',
      { authorizer: GatewayAuthorizer.usingCustomJwt({ discoveryUrl: 'https://login.example' }) },
      'authorizer.discoveryUrl must ',
    ],
  ])('%s', (_, props, message) => {
    const error = String(caught(() => gatewayOf(props)));
    expect(error).toContain('Consumer/Tools: ');
    expect(error).toContain(message);
  });

  it.each<[string, string, HttpTargetProps, string]>([
    ['a name of another form', 'a_b', { endpoint: ENDPOINT }, 'target a_b: name must '],
    [
      'a URL without a scheme',
      'a',
      { endpoint: 'calendar.example' },
      'target a: endpoint must be an https URL',
    ],
    [
      'another protocol',
      'a',
      { endpoint: ENDPOINT, protocol: 'INFERENCE' as 'MCP' },
      'target a: protocol must be MCP, A2A, or CUSTOM',
    ],
    [
      'a query parameter with a space',
      'a',
      { endpoint: ENDPOINT, allowedQueryParameters: ['a b'] },
      'target a: allowedQueryParameters.0 must ',
    ],
    [
      'a misspelled prop',
      'a',
      { endpoint: ENDPOINT, credentials: {} } as HttpTargetProps,
      'Did you mean credential?',
    ],
  ])('a target with %s', (_, name, props, message) => {
    const error = String(caught(() => gatewayOf().addHttpTarget(name, props)));
    expect(error).toContain('Consumer/Tools: ');
    expect(error).toContain(message);
  });

  it('a scope with a space', () => {
    const credential = GatewayCredentialProvider.fromOauthIdentity(calendar, { scopes: ['a b'] });
    expect(() => gatewayOf().addHttpTarget('a', { endpoint: ENDPOINT, credential })).toThrow(
      'target a: credential.scopes.0 must ',
    );
  });

  it('a signature without a role, and a trust without the role of the gateway function', () => {
    const credential = GatewayCredentialProvider.fromIamRole({ service: 'execute-api' });
    expect(() => gatewayOf().addHttpTarget('a', { endpoint: ENDPOINT, credential })).toThrow(
      'target a: GatewayCredentialProvider.fromIamRole needs the role of the gateway',
    );
    expect(() => Gateway.rolePrincipal(stack, identity)).toThrow('Pass gatewaysRoleArn');
  });

  it('a target twice', () => {
    const gateway = gatewayOf();
    gateway.addHttpTarget('a', { endpoint: ENDPOINT });
    expect(() => gateway.addHttpTarget('a', { endpoint: ENDPOINT })).toThrow(
      'target a: the gateway has a target with this name',
    );
  });
});

describe('a rate limit', () => {
  const keys = { dimensionKeys: ['targetName', '$.context.agent.name'] };
  const entries = [{ values: ['calendar', '*'], requestsPerMinute: 60 }];

  it('is what the service gets', () => {
    const gateway = gatewayOf();
    gateway.addRateLimit('agents', { ...keys, entries, description: 'Each agent' });
    gateway.addRateLimit('users', {
      dimensionKeys: ['$.context.user.id'],
      entries: [{ values: ['*'], requestsPerSecond: 2, connections: 5 }],
    });
    expect(configuration().rateLimits).toEqual([
      {
        ...{ rateLimitId: 'agents', description: 'Each agent', ...keys },
        entries: [
          {
            dimensions: { targetName: 'calendar', '$.context.agent.name': '*' },
            requests: [{ rate: 60, period: 'minute' }],
          },
        ],
      },
      {
        ...{ rateLimitId: 'users', dimensionKeys: ['$.context.user.id'] },
        entries: [
          {
            dimensions: { '$.context.user.id': '*' },
            requests: [{ rate: 2, period: 'second' }],
            connections: [{ rate: 5, period: 'second' }],
          },
        ],
      },
    ]);
  });

  it.each([
    ['both rates', { entries: [{ ...entries[0]!, requestsPerSecond: 1 }] }, 'set either requestsPerSecond'],
    ['no rate', { entries: [{ values: ['a', 'b'] }] }, 'or connections'],
    ['too few values', { entries: [{ values: ['a'], requestsPerSecond: 1 }] }, 'one value for each'],
    ['an unknown dimension', { dimensionKeys: ['model', 'b'] }, 'dimensionKeys.0 must be targetName'],
    ['half a request', { entries: [{ ...entries[0]!, requestsPerMinute: 0.5 }] }, 'must be a whole number'],
  ])('cannot have %s', (_what, change, message) => {
    expect(() => gatewayOf().addRateLimit('agents', { ...keys, entries, ...change })).toThrow(message);
  });

  it('cannot have the dimensions of another one', () => {
    const gateway = gatewayOf();
    gateway.addRateLimit('one', { ...keys, entries });
    expect(() => gateway.addRateLimit('two', { ...keys, entries })).toThrow(
      'rate limit two: one has the same ID or the same dimensionKeys',
    );
  });
});

it('synthesis warns of a provider that is not part of the app', () => {
  const theirs = OAuth2CredentialProvider.fromCredentialProviderName(stack, 'Theirs', 'their-calendar');
  const credential = GatewayCredentialProvider.fromOauthIdentity(theirs);
  gatewayOf().addHttpTarget('calendar', { endpoint: ENDPOINT, credential });
  Annotations.fromStack(stack).hasWarning('/Consumer/Tools', Match.stringLikeRegexp('must allow the owner'));
});

it('an agent and its gateway can be in one stack with the function that calls', () => {
  const role = roleIn();
  const agent = new WorkloadIdentity(stack, 'Agent', { identity });
  calendar.allowUseBy(agent);
  const gateway = gatewayOf();
  const credential = GatewayCredentialProvider.fromOauthIdentity(calendar);
  gateway.addHttpTarget('calendar', { endpoint: ENDPOINT, credential });
  gateway.grantInvoke(role, agent);
  expect(() => templateOf(stack)).not.toThrow();
});
