/** Each prop of the gate in front of an agent: its effect on the template. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WebAcl,
  WorkloadIdentity,
  type IAgentIdentity,
} from '../../lib';
import { documentOf, gatewayResponsesOf } from './api-document';
import { consumerStack, propertiesOf, templateOf, written } from './consumer';
import { agentFunction, configurationOf, endpointTemplate, endpointWith, ISSUER } from './endpoint';
import { newApp } from './new-app';
import { resourcesOf, withoutHash } from './synthesis';

it('target: the agent can be an https URL', () => {
  const target = AgentTarget.url('https://agent.example/invocations');
  expect(configurationOf(endpointTemplate({ target }), 'gate').target).toEqual({
    kind: 'url',
    url: 'https://agent.example/invocations',
  });
});

it('protocol, requestHeaderAllowlist, and allowedOrigins are in the configuration', () => {
  const requestHeaderAllowlist = ['Authorization', 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Trip'];
  const allowedOrigins = ['https://app.example', 'http://localhost:5173'];
  const stated = { protocol: 'MCP', requestHeaderAllowlist, allowedOrigins } as const;
  expect(configurationOf(endpointTemplate(stated), 'gate')).toMatchObject(stated);
});

it('userIdPrincipals: the ARN of a role has no path, as in requests from API Gateway', () => {
  const stack = consumerStack();
  const role = new Role(stack, 'Backend', {
    path: '/apps/',
    assumedBy: new AccountPrincipal('111122223333'),
  });
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.iam({ userIdPrincipals: [role, 'arn:aws:iam::111122223333:user/apps/ana'] }),
    target: AgentTarget.lambda(agentFunction(stack)),
  });
  expect(configurationOf(templateOf(stack), 'gate').inbound).toEqual({
    kind: 'IAM',
    userIdPrincipals: [
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/<Backend>',
      'arn:aws:iam::111122223333:user/apps/ana',
    ],
  });
});

it('oauth2CallbackUrl: the default is the first return URL of the workload identity', () => {
  const allowedResourceOauth2ReturnUrls = ['https://app.example/connected', 'https://app.example/other'];
  const told = (oauth2CallbackUrl?: string) =>
    configurationOf(
      endpointTemplate(
        { ...(oauth2CallbackUrl && { oauth2CallbackUrl }) },
        { allowedResourceOauth2ReturnUrls },
      ),
      'gate',
    ).oauth2CallbackUrl;
  expect(told()).toBe('https://app.example/connected');
  expect(told('https://app.example/other')).toBe('https://app.example/other');
  expect(() => told('https://app.example/connected/')).toThrow(
    'Consumer/Travel: oauth2CallbackUrl must be exactly one of the workload identity',
  );
  expect(configurationOf(endpointTemplate(), 'gate')).not.toHaveProperty('oauth2CallbackUrl');
});

it('agentRuntimeName: the name is in the ARN', () => {
  const { endpoint, stack } = endpointWith({ agentRuntimeName: 'other_agent' });
  expect(written(stack.resolve(endpoint.agentRuntimeArn))).toMatch(/:runtime\/other_agent-[0-9a-f]{10}$/);
});

it('throttle and retention are settings of the API and its logs', () => {
  const template = endpointTemplate({
    throttle: { rateLimit: 5, burstLimit: 6 },
    logRetention: RetentionDays.ONE_WEEK,
    auditRetention: RetentionDays.TWO_YEARS,
  });
  expect(propertiesOf(template, 'AWS::ApiGateway::Stage')).toMatchObject({
    MethodSettings: [{ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 }],
  });
  const days = (id: string) => (id.includes('AccessLog') ? 7 : 731);
  const ofEndpoint = resourcesOf(template, 'AWS::Logs::LogGroup').filter(([id]) => id.startsWith('Travel'));
  expect(ofEndpoint).toHaveLength(3);
  for (const [id, { Properties }] of ofEndpoint) {
    expect(written(Properties)).toMatchObject({
      RetentionInDays: days(id),
      KmsKeyId: '<AgentEndpointLogKey.Arn>',
    });
  }
});

it('logKey: the key encrypts the logs and replaces the shared key', () => {
  const stack = consumerStack();
  const logKey = new Key(stack, 'Mine');
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.iam(),
    target: AgentTarget.lambda(agentFunction(stack)),
    logKey,
  });
  const template = templateOf(stack);
  expect(resourcesOf(template, 'AWS::KMS::Key')).toHaveLength(1);
  expect(JSON.stringify(template.Resources)).toContain('"KmsKeyId":{"Fn::GetAtt":["Mine');
});

it('removalPolicy: logs and their key are retained by default, and can be deleted', () => {
  const policies = (removalPolicy?: RemovalPolicy) => {
    const template = endpointTemplate({ ...(removalPolicy && { removalPolicy }) });
    const kept = [...resourcesOf(template, 'AWS::Logs::LogGroup'), ...resourcesOf(template, 'AWS::KMS::Key')];
    return kept
      .filter(([id]) => /^(Travel|AgentEndpointLogKey)/.test(id))
      .map(([, { DeletionPolicy }]) => DeletionPolicy);
  };
  expect(policies()).toEqual(Array(4).fill('RetainExceptOnCreate'));
  expect(policies(RemovalPolicy.DESTROY)).toEqual(['Delete', 'Delete', 'Delete', 'Delete']);
});

describe('the key of the logs', () => {
  const endpointOf = (stack: Stack, id: string, identity: IAgentIdentity, removalPolicy?: RemovalPolicy) =>
    new AgentEndpoint(stack, id, {
      identity,
      workload: new WorkloadIdentity(stack, `${id}Agent`, { identity }),
      inbound: Inbound.iam(),
      target: AgentTarget.url('https://agent.example/invocations'),
      ...(removalPolicy && { removalPolicy }),
    });
  const keysOf = (stack: Stack) =>
    resourcesOf(templateOf(stack), 'AWS::KMS::Key').map(([id]) => withoutHash(id));
  const env = { account: '111122223333', region: 'eu-central-1' };

  it("is that of the service, in each stack of the app in the service's account and Region", () => {
    const app = newApp();
    const service = new Stack(app, 'Service', { env });
    const identity = new AgentIdentity(service, 'Identity');
    const stack = new Stack(app, 'Agents', { env });
    endpointOf(stack, 'One', identity);
    endpointOf(stack, 'Other', identity);
    expect(keysOf(stack)).toEqual([]);
    const keys = resourcesOf(templateOf(stack), 'AWS::Logs::LogGroup').flatMap(
      ([, { Properties }]) => Properties.KmsKeyId ?? [],
    );
    expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(1);
    expect(JSON.stringify(keys[0])).toMatch(
      /^\{"Fn::ImportValue":"Service:ExportsOutputFnGetAttIdentityLogKey/,
    );
  });

  it('is one for all endpoints of a stack elsewhere, and of an existing service', () => {
    const stack = consumerStack();
    const existing = AgentIdentity.fromAgentIdentityAttributes(stack, 'Existing', { restApiId: 'abc123' });
    endpointOf(stack, 'One', existing);
    endpointOf(stack, 'Other', existing);
    expect(keysOf(stack)).toEqual(['AgentEndpointLogKey']);
  });

  it('is kept as long as the logs', () => {
    const stack = consumerStack();
    const identity = new AgentIdentity(stack, 'Identity');
    endpointOf(stack, 'Kept', identity);
    endpointOf(stack, 'Deleted', identity, RemovalPolicy.DESTROY);
    expect(keysOf(stack).filter((id) => id.includes('LogKey'))).toEqual([
      'IdentityLogKey',
      'AgentEndpointLogKeydestroy',
    ]);
  });
});

it('domain: the domain name is the only address, and is in all URLs', () => {
  const stack = consumerStack();
  const arn = 'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab';
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', arn);
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  const endpoint = new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.lambda(agentFunction(stack)),
    domain: { domainName: 'travel.example.com', certificate },
  });
  const template = templateOf(stack);
  expect(propertiesOf(template, 'AWS::ApiGateway::RestApi').DisableExecuteApiEndpoint).toBe(true);
  expect(configurationOf(template, 'authorizer').baseUrl).toBe('https://travel.example.com');
  expect(endpoint.resourceMetadataUrl).toBe(
    'https://travel.example.com/.well-known/oauth-protected-resource',
  );
  expect(documentOf(template).servers).toEqual([
    {
      url: 'https://travel.example.com',
      'x-amazon-apigateway-endpoint-configuration': { disableExecuteApiEndpoint: true },
    },
  ]);
  expect(JSON.stringify(gatewayResponsesOf(template).UNAUTHORIZED)).toContain(
    'https://travel.example.com/.well',
  );
});

it('webAcl: the rules that would block prompts only count', () => {
  const template = endpointTemplate({ webAcl: WebAcl.managed() });
  expect(propertiesOf(template, 'AWS::WAFv2::WebACLAssociation').ResourceArn).toMatch(
    /\/restapis\/<TravelApiRestApi>\/stages\//,
  );
  const acl = JSON.stringify(propertiesOf(template, 'AWS::WAFv2::WebACL'));
  for (const rule of ['CrossSiteScripting_BODY', 'GenericLFI_BODY', 'SizeRestrictions_BODY']) {
    expect(acl).toContain(`{"ActionToUse":{"Count":{}},"Name":"${rule}"}`);
  }
});
