/** The gate in front of an agent as a construct: the effect of each prop on the template. */
import { Duration } from 'aws-cdk-lib';
import { parseAgentEndpoint } from '../../lambda/domain/gate/agent-endpoint';
import { inboundRoutes } from '../../lambda/domain/gate/gate-routes';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import {
  consumerStack,
  propertiesOf,
  standardTemplate,
  templateOf,
  written,
  type ConsumerTemplate,
} from './consumer';
import { AGENT_ARN, configurationOf, endpointTemplate, functionOf, ISSUER } from './endpoint';
import { documentOf, gatewayResponsesOf, methodsOf } from './api-document';
import { resourcesOf, withoutHash } from './synthesis';

const BASE = 'https://<TravelApiRestApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod';
const ARN =
  /^arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:runtime\/Travel-[0-9a-f]{10}$/;

const jwt = endpointTemplate();
const iam = endpointTemplate({ inbound: Inbound.iam() });

const outputsOf = (template: ConsumerTemplate) =>
  Object.fromEntries(
    Object.entries(template.Outputs ?? {}).map(([id, { Value }]) => [
      id.replace(/^Travel(.+)[0-9A-F]{8}$/, '$1'),
      written(Value),
    ]),
  );

describe('the API', () => {
  it('has the routes for its kind of caller, each with its authorization', () => {
    const AUTH = { IAM: 'AWS_IAM', JWT: 'CUSTOM', NONE: 'NONE' };
    const mcp = { protocol: 'MCP' } as const;
    for (const [template, kind, protocol] of [
      [jwt, 'JWT', 'HTTP'],
      [iam, 'IAM', 'HTTP'],
      [endpointTemplate(mcp), 'JWT', 'MCP'],
      [endpointTemplate({ ...mcp, inbound: Inbound.iam() }), 'IAM', 'MCP'],
    ] as const) {
      expect(
        methodsOf(template)
          .map(({ route, auth }) => [route, auth])
          .sort(),
      ).toEqual(
        inboundRoutes({ inbound: { kind }, protocol })
          .map(({ method, path, auth }) => [`${method} ${path}`, AUTH[auth]])
          .sort(),
      );
    }
  });

  it('streams every response of the gate, for up to 15 minutes', () => {
    for (const { integration } of [...methodsOf(jwt), ...methodsOf(iam)]) {
      expect(integration).toMatchObject({
        type: 'aws_proxy',
        responseTransferMode: 'STREAM',
        timeoutInMillis: 900_000,
        uri: 'arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2021-11-15/functions/arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${stageVariables.gate}:live/response-streaming-invocations',
      });
    }
  });

  it('finds its functions by the variables of the stage', () => {
    expect(propertiesOf(jwt, 'AWS::ApiGateway::Stage').Variables).toEqual({
      stageSecret: '<TravelStageSecret.Secret>',
      gate: '<TravelGateFunction>',
      authorizer: '<TravelAuthorizerFunction>',
    });
  });

  it('passes bodies as bytes', () => {
    expect(propertiesOf(jwt, 'AWS::ApiGateway::RestApi').BinaryMediaTypes).toEqual(['*/*']);
    expect(documentOf(jwt)['x-amazon-apigateway-binary-media-types']).toEqual(['*/*']);
  });

  it('has its resource policy in the document, too, which replaces all of the API', () => {
    const { Policy, Mode } = propertiesOf(iam, 'AWS::ApiGateway::RestApi');
    expect(Policy).toHaveProperty('Statement');
    expect(Mode).toBe('overwrite');
    expect(documentOf(iam)['x-amazon-apigateway-policy']).toEqual(Policy);
    expect(documentOf(jwt)).not.toHaveProperty('x-amazon-apigateway-policy');
  });

  it('validates every token without a cache, and rejects requests without a token', () => {
    expect(documentOf(jwt).components.securitySchemes.authorizer).toEqual({
      ...{ type: 'apiKey', name: 'Authorization', in: 'header' },
      'x-amazon-apigateway-authtype': 'custom',
      'x-amazon-apigateway-authorizer': {
        type: 'request',
        identitySource: 'method.request.header.Authorization',
        authorizerResultTtlInSeconds: 0,
        authorizerUri:
          'arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path/2015-03-31/functions/arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${stageVariables.authorizer}:live/invocations',
      },
    });
  });

  it('has neither an authorizer nor metadata with IAM', () => {
    expect(documentOf(iam).components.securitySchemes).not.toHaveProperty('authorizer');
    expect(functionOf(iam, 'authorizer')).toEqual({});
    expect(outputsOf(iam)).not.toHaveProperty('ResourceMetadataUrl');
  });

  it('logs neither queries nor headers', () => {
    const { AccessLogSetting, TracingEnabled } = propertiesOf(jwt, 'AWS::ApiGateway::Stage') as {
      AccessLogSetting: { Format: string };
      TracingEnabled: boolean;
    };
    expect(AccessLogSetting.Format).toContain('"$context.resourcePath"');
    expect(AccessLogSetting.Format).not.toMatch(/context\.path\b|querystring|header|authorizer/i);
    // A trace of the stage has the full URL, and with it whatever a caller writes into a query.
    expect(TracingEnabled).toBe(false);
  });

  it("depends on the service's API, which sets the account-wide role for access logs", () => {
    const stack = consumerStack();
    const identity = new AgentIdentity(stack, 'Identity');
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    const target = AgentTarget.url('https://agent.example/invocations');
    new AgentEndpoint(stack, 'Travel', { identity, workload, inbound: Inbound.iam(), target });
    const template = templateOf(stack);
    const stages = resourcesOf(template, 'AWS::ApiGateway::Stage');
    const [[, stage] = []] = stages.filter(([id]) => id.startsWith('Travel'));
    const [[service] = []] = stages.filter(([id]) => id.startsWith('Identity'));
    expect((stage as { DependsOn?: string[] }).DependsOn).toContain(service);
    expect(resourcesOf(template, 'AWS::ApiGateway::Account')).toHaveLength(1);
  });
});

describe('allowedOrigins', () => {
  const one = endpointTemplate({ allowedOrigins: ['https://app.example'] });
  const two = endpointTemplate({ allowedOrigins: ['https://app.example', 'http://localhost:5173'] });
  const ofErrors = (template: ConsumerTemplate) =>
    Object.values(gatewayResponsesOf(template)).map(({ responseParameters }) => responseParameters);
  const allowOrigin = 'gatewayresponse.header.Access-Control-Allow-Origin';

  it('has preflight requests without authorization for each path, which reach the gate', () => {
    const preflight = methodsOf(one).filter(({ route }) => route.startsWith('OPTIONS '));
    expect(preflight.map(({ route, auth }) => [route, auth]).sort()).toEqual(
      [
        'OPTIONS /.well-known/oauth-protected-resource',
        'OPTIONS /.well-known/oauth-protected-resource/{path+}',
        'OPTIONS /runtimes/{agentRuntimeArn+}',
      ].map((route) => [route, 'NONE']),
    );
    expect(JSON.stringify(methodsOf(jwt))).not.toContain('OPTIONS');
    expect(JSON.stringify(ofErrors(jwt))).not.toContain('Access-Control');
  });

  it('lets scripts read every error of API Gateway: of the one origin, or of the origin of the request', () => {
    for (const headers of ofErrors(one)) expect(headers[allowOrigin]).toBe("'https://app.example'");
    for (const headers of ofErrors(two)) {
      expect(headers).toMatchObject({
        [allowOrigin]: 'method.request.header.Origin',
        'gatewayresponse.header.Vary': "'Origin'",
        'gatewayresponse.header.Access-Control-Expose-Headers': expect.stringContaining(
          'WWW-Authenticate, Mcp-Session-Id',
        ) as string,
      });
      expect(headers).not.toHaveProperty(['gatewayresponse.header.Access-Control-Allow-Credentials']);
    }
  });

  it('has no preflight requests with IAM, because browsers have no IAM principal', () => {
    const template = endpointTemplate({ inbound: Inbound.iam(), allowedOrigins: ['https://app.example'] });
    expect(JSON.stringify(methodsOf(template))).not.toContain('OPTIONS');
    expect(JSON.stringify(ofErrors(template))).not.toContain('Access-Control');
  });
});

describe('errors from API Gateway itself', () => {
  const SCOPED = Inbound.jwt({
    ...ISSUER,
    allowedScopes: ['agents:invoke'],
    advertisedScopeMapping: { 'agents:invoke': 'api://travel/agents:invoke' },
  });
  const scoped = endpointTemplate({ inbound: SCOPED });
  const metadata = `resource_metadata="${BASE}/.well-known/oauth-protected-resource"`;

  it('a missing or invalid token is a 401 with the URL of the metadata', () => {
    expect(gatewayResponsesOf(jwt).UNAUTHORIZED).toMatchObject({
      statusCode: '401',
      responseParameters: {
        'gatewayresponse.header.WWW-Authenticate': `'Bearer error="invalid_token", ${metadata}'`,
        'gatewayresponse.header.x-amzn-errortype': "'UnauthorizedException'",
      },
    });
    expect(gatewayResponsesOf(scoped).UNAUTHORIZED?.responseParameters).toMatchObject({
      'gatewayresponse.header.WWW-Authenticate': `'Bearer error="invalid_token", ${metadata}, scope="api://travel/agents:invoke"'`,
    });
  });

  it('a token without the scope is a 403 with the advertised name of the scope', () => {
    expect(gatewayResponsesOf(scoped).ACCESS_DENIED).toMatchObject({
      statusCode: '403',
      responseParameters: {
        'gatewayresponse.header.WWW-Authenticate': `'Bearer error="insufficient_scope", scope="api://travel/agents:invoke", ${metadata}'`,
        'gatewayresponse.header.x-amzn-errortype': "'AccessDeniedException'",
      },
    });
  });

  it('a request above the limit is a 429, and a 503 for MCP clients; both say when to try again', () => {
    const retryAfter = { responseParameters: { 'gatewayresponse.header.Retry-After': "'1'" } };
    expect(gatewayResponsesOf(jwt).THROTTLED).toMatchObject({ statusCode: '429', ...retryAfter });
    for (const inbound of [Inbound.iam(), Inbound.jwt(ISSUER)]) {
      const mcp = endpointTemplate({ protocol: 'MCP', inbound });
      expect(gatewayResponsesOf(mcp).THROTTLED).toMatchObject({ statusCode: '503', ...retryAfter });
    }
  });

  it.each(['AUTHORIZER_FAILURE', 'AUTHORIZER_CONFIGURATION_ERROR'])('%s is a 500', (type) => {
    expect(gatewayResponsesOf(jwt)[type]).toMatchObject({ statusCode: '500' });
  });

  it.each([
    ['MISSING_AUTHENTICATION_TOKEN', 'not signed'],
    ['INVALID_SIGNATURE', 'secret key'],
  ])('%s mentions the signature only at an endpoint with IAM', (type, words) => {
    const body = (template: ConsumerTemplate) =>
      JSON.stringify(gatewayResponsesOf(template)[type]?.responseTemplates);
    expect(body(iam)).toContain(words);
    expect(body(jwt)).not.toMatch(/sign|secret/);
    expect(body(jwt)).toContain('The operation does not exist');
  });

  it('a challenge is written again, and deployed, whenever an import of the document might have removed it', () => {
    const [before, after] = [scoped, endpointTemplate({ inbound: SCOPED, protocol: 'MCP' })].map(
      (template) => {
        const challenges = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse');
        const [[deployment, { DependsOn }] = ['', {}]] = Object.entries(template.Resources).filter(
          ([, { Type }]) => Type === 'AWS::ApiGateway::Deployment',
        );
        expect(DependsOn).toEqual(challenges.map(([id]) => id));
        const headers = challenges.map(([, { Properties }]) => {
          const { ResponseType, ResponseParameters } = Properties as Record<string, Record<string, string>>;
          return [ResponseType, ResponseParameters?.['gatewayresponse.header.x-api-definition']];
        });
        return { deployment, headers };
      },
    );
    expect(before?.headers.map(([type]) => type)).toEqual(['ACCESS_DENIED', 'UNAUTHORIZED']);
    expect(before?.headers).not.toEqual(after?.headers);
    expect(before?.deployment).not.toBe(after?.deployment);
  });

  it('no default has a status code, which would replace those of all other types', () => {
    for (const type of ['DEFAULT_4XX', 'DEFAULT_5XX']) {
      expect(gatewayResponsesOf(jwt)[type]).toHaveProperty('responseTemplates');
      expect(gatewayResponsesOf(jwt)[type]).not.toHaveProperty('statusCode');
    }
  });

  it('every error is JSON with the name of the error', () => {
    const responses = Object.values(gatewayResponsesOf(scoped));
    expect(responses.length).toBeGreaterThan(12);
    for (const { responseTemplates } of responses) {
      const body = responseTemplates['application/json']?.replace('$context.error.messageString', '""');
      expect(JSON.parse(body ?? '')).toMatchObject({ __type: expect.any(String) as string });
    }
  });
});

describe('the functions', () => {
  it('read the same configuration, and only the gate gets the address of the service', () => {
    const configuration = configurationOf(jwt, 'gate');
    expect(configuration).toEqual({
      agentRuntimeArn: expect.stringMatching(ARN) as string,
      workloadName: '<Agent.Name>',
      baseUrl: BASE,
      protocol: 'HTTP',
      inbound: { kind: 'JWT', ...ISSUER },
      target: { kind: 'lambda', functionArn: AGENT_ARN },
      requestHeaderAllowlist: [],
      invocationTimeout: 900,
    });
    expect(configurationOf(jwt, 'authorizer')).toEqual(configuration);
    const { Environment } = functionOf(jwt, 'gate') as { Environment: { Variables: object } };
    expect(Environment.Variables).toMatchObject({
      IDENTITY_ENDPOINT: 'https://abc123.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod',
    });
    expect(functionOf(jwt, 'authorizer').Environment).not.toHaveProperty('Variables.IDENTITY_ENDPOINT');
  });

  it('can parse the configuration with deployed values', () => {
    const references: Record<string, string> = {
      '<AWS::Partition>': 'aws',
      '<AWS::Region>': 'eu-central-1',
      '<AWS::AccountId>': '111122223333',
      '<AWS::URLSuffix>': 'amazonaws.com',
      '<TravelApiRestApi>': 'a1b2c3d4e5',
      '<Agent.Name>': 'travel-agent',
    };
    const deployed = JSON.stringify(configurationOf(jwt, 'gate')).replaceAll(
      /<[\w.:]+>/g,
      (reference) => references[reference] ?? reference,
    );
    expect(parseAgentEndpoint(deployed, { loopback: false }).workloadName).toBe('travel-agent');
  });

  it('have the invocation timeout and time to return an error', () => {
    expect(functionOf(jwt, 'gate')).toMatchObject({ Timeout: 900, MemorySize: 512, Runtime: 'nodejs24.x' });
    const short = endpointTemplate({ invocationTimeout: Duration.minutes(2) });
    expect(functionOf(short, 'gate').Timeout).toBe(135);
    expect(configurationOf(short, 'gate').invocationTimeout).toBe(120);
  });

  it('have the stated memory and concurrency', () => {
    const set = endpointTemplate({
      functions: {
        gate: { memorySize: 2048, reservedConcurrentExecutions: 20, provisionedConcurrentExecutions: 2 },
        authorizer: { reservedConcurrentExecutions: 5 },
      },
    });
    expect(functionOf(set, 'gate')).toMatchObject({ MemorySize: 2048, ReservedConcurrentExecutions: 20 });
    expect(functionOf(set, 'authorizer').ReservedConcurrentExecutions).toBe(5);
    const provisioned = Object.entries(set.Resources)
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Alias')
      .map(([id, { Properties }]) => [withoutHash(id), Properties.ProvisionedConcurrencyConfig]);
    expect(Object.fromEntries(provisioned)).toEqual({
      TravelGateFunctionlive: { ProvisionedConcurrentExecutions: 2 },
      TravelAuthorizerFunctionlive: undefined,
    });
    for (const { integration } of methodsOf(set)) {
      expect(integration.uri).toContain(':function:${stageVariables.gate}:live/');
    }
  });
});

it('each output of the service and of the endpoint has its own description', () => {
  const outputs = [standardTemplate(), endpointTemplate()].flatMap(({ Outputs = {} }) =>
    Object.values(Outputs),
  );
  const descriptions = outputs.map(({ Description = '' }) => Description);
  expect(descriptions).toHaveLength(8);
  expect(new Set(descriptions).size).toBe(8);
  for (const description of descriptions) expect(description).toMatch(/^(Identity service|Agent Travel): ./);
});

describe('outputs and attributes', () => {
  it('outputs contain the addresses for AWS clients and for clients with tokens', () => {
    expect(outputsOf(jwt)).toEqual({
      Endpoint: BASE,
      AgentRuntimeArn: expect.stringMatching(ARN) as string,
      InvocationUrl: expect.stringMatching(
        /\/prod\/runtimes\/arn%3A<AWS::Partition>%3Abedrock-agentcore%3A<AWS::Region>%3A<AWS::AccountId>%3Aruntime%2FTravel-[0-9a-f]{10}\/invocations$/,
      ) as string,
      ResourceMetadataUrl: `${BASE}/.well-known/oauth-protected-resource`,
    });
  });

  it('the ARN of the agent depends only on the construct', () => {
    expect(outputsOf(iam).AgentRuntimeArn).toBe(outputsOf(jwt).AgentRuntimeArn);
  });
});
