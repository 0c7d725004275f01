/** Gateways in a deployment: two APIs, one function for both, and an authorizer, with the rights that they need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AgentIdentity, type AgentIdentityProps } from '../../lib';
import type { ApiDocument } from './api-document';
import { consumerStack, templateOf, written, type ConsumerTemplate, type WrittenStatement } from './consumer';
import { standardSynthesis } from './synthesis';

function synthesized(props: AgentIdentityProps = { gateways: {} }): ConsumerTemplate {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', props);
  return templateOf(stack);
}

const template = synthesized();

const resources = (type: string) =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

const documentOf = (title: string): ApiDocument => {
  const documents = resources('AWS::ApiGateway::RestApi').map(
    ([, { Properties }]) => written(Properties.Body) as ApiDocument,
  );
  return documents.find(({ info }) => info.title.startsWith(title))!;
};

/** Returns the statements of the whole policy of a role. */
function statementsOf(role: string, { Resources }: ConsumerTemplate = template): WrittenStatement[] {
  const found = Object.entries(Resources).find(
    ([id, { Type }]) => Type === 'AWS::IAM::Role' && id.startsWith(role),
  );
  const { Policies = [] } = written(found![1].Properties) as {
    Policies?: { PolicyDocument: { Statement: WrittenStatement[] } }[];
  };
  return Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** Returns the security of each method by `METHOD /path`. */
const securityOf = ({ paths }: ApiDocument) =>
  Object.fromEntries(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => [`${method.toUpperCase()} ${path}`, security]),
    ),
  );

const variablesOf = (logicalId: string): Record<string, unknown> => {
  const found = resources('AWS::Lambda::Function').find(([id]) => id.startsWith(logicalId));
  return (found![1].Properties.Environment as { Variables: Record<string, unknown> }).Variables;
};

describe('each API', () => {
  it('has one authorization for all requests to targets, and streams every response', () => {
    const jwt = documentOf('agent-gateways-jwt');
    const iam = documentOf('agent-gateways-iam');
    const metadata = 'GET /.well-known/oauth-protected-resource/{gatewayId}/{path+}';
    const { [metadata]: open, ...forwarded } = securityOf(jwt);
    expect(open).toEqual([]);
    expect(Object.keys(forwarded)).toEqual(Object.keys(securityOf(iam)));
    expect(Object.values(forwarded)).toEqual(Object.values(forwarded).map(() => [{ authorizer: [] }]));
    expect(Object.values(securityOf(iam))).toEqual(
      Object.values(securityOf(iam)).map(() => [{ signature: [] }]),
    );
    for (const { paths } of [jwt, iam]) {
      const integrations = Object.values(paths).flatMap((methods) =>
        Object.values(methods).map(({ 'x-amazon-apigateway-integration': integration }) => integration),
      );
      expect(integrations).toEqual(
        integrations.map(() => expect.objectContaining({ responseTransferMode: 'STREAM' }) as object),
      );
    }
  });

  it('with user tokens has an authorizer that also answers without a token, with the challenge of the gateway', () => {
    const { components, 'x-amazon-apigateway-gateway-responses': responses } =
      documentOf('agent-gateways-jwt');
    const { authorizer } = components.securitySchemes;
    expect(authorizer).toHaveProperty('x-amazon-apigateway-authorizer.authorizerResultTtlInSeconds', 0);
    expect(authorizer).not.toHaveProperty('x-amazon-apigateway-authorizer.identitySource');
    expect(responses.ACCESS_DENIED).toMatchObject({
      statusCode: '401',
      responseParameters: {
        'gatewayresponse.header.WWW-Authenticate': 'context.authorizer.challenge',
      },
    });
    const iam = documentOf('agent-gateways-iam');
    expect(iam['x-amazon-apigateway-gateway-responses'].ACCESS_DENIED).toMatchObject({ statusCode: '403' });
  });
});

it('the gateway function reads gateways, workload identities, and policies, calls the operations of agents, and can do nothing else', () => {
  const statements = statementsOf('IdentityGatewaysgatewayrole');
  const actions = statements.flatMap(({ Action }) => Action);
  expect(actions.filter((action) => !/^(kms|logs|xray):/.test(action))).toEqual([
    'dynamodb:BatchGetItem',
    'dynamodb:GetItem',
    'dynamodb:Query',
    'dynamodb:BatchGetItem',
    // Counts, in the partitions of the test below.
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:PutItem',
    'dynamodb:Query',
    'dynamodb:UpdateItem',
    'execute-api:Invoke',
  ]);
  const reads = statements.find(({ Action }) => Action.includes('dynamodb:Query'));
  expect(reads?.Condition).toMatchObject({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['GATEWAY#*'] },
  });
  const decisions = statements.find(({ Action }) => Action === 'dynamodb:BatchGetItem');
  expect(decisions?.Condition).toMatchObject({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['POLICY-ENGINE#*', 'WORKLOAD-IDENTITY#*'] },
  });
  expect(statements.filter(({ Action }) => Action.includes('kms:Decrypt'))).toEqual([
    expect.objectContaining({
      Condition: { StringEquals: { 'kms:ViaService': 'dynamodb.<AWS::Region>.amazonaws.com' } },
    }),
  ]);
  const calls = statements.find(({ Action }) => Action === 'execute-api:Invoke');
  expect([calls?.Resource].flat().map((arn) => String(arn).replace(/^.*\/prod\//, ''))).toEqual([
    'POST/identities/GetResourceDpopProof',
    'POST/identities/GetWorkloadAccessToken',
    'POST/identities/GetWorkloadAccessTokenForJWT',
    'POST/identities/GetWorkloadAccessTokenForUserId',
    'POST/identities/RejectResourceOauth2Token',
    'POST/identities/api-key',
    'POST/identities/oauth2/token',
  ]);
});

it('the gateway function alone can invoke agents, and only those with the tag of the owner of its session', () => {
  const [, { Properties }] = resources('AWS::IAM::Role').find(([id]) => id.includes('agentsrole'))!;
  const { AssumeRolePolicyDocument: trust } = written(Properties) as {
    AssumeRolePolicyDocument: { Statement: WrittenStatement[] };
  };
  expect(trust.Statement).toEqual([
    {
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Effect: 'Allow',
      Principal: { AWS: '<IdentityGatewaysgatewayrole.Arn>' },
    },
  ]);
  const statements = statementsOf('IdentityGatewaysagentsrole');
  expect(statements.map(({ Effect }) => Effect)).toEqual(['Deny', 'Deny']);
  const invoking = statements.filter(({ Action }) => Action === 'lambda:InvokeFunction');
  const named = ['${aws:PrincipalTag/owner}', '${aws:PrincipalTag/owner-and-id}'];
  expect(invoking).toMatchObject([
    { Resource: '*', Condition: { StringNotEquals: { 'aws:ResourceTag/agent-identity:owner': named } } },
  ]);
  expect(variablesOf('IdentityGatewaysgateway')).toHaveProperty('GATEWAY_AGENTS_ROLE_ARN');
});

describe('the roles with which gateways sign requests', () => {
  const roles = ['arn:aws:iam::123456789012:role/target-*'];

  it('are all that the gateway function can assume, and the control plane knows them, too', () => {
    const signing = synthesized({ gateways: { targetRoles: roles } });
    const assumed = (resources: ConsumerTemplate) =>
      statementsOf('IdentityGatewaysgatewayrole', resources).filter(
        ({ Action }) => Action === 'sts:AssumeRole',
      );
    expect(assumed(signing)).toEqual([{ Action: 'sts:AssumeRole', Effect: 'Allow', Resource: roles[0] }]);
    expect(assumed(template)).toEqual([]);
    const knowing = Object.entries(signing.Resources)
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('"GATEWAY_TARGET_ROLES":"[\\"arn:'))
      .map(([id]) => id.replace(/^Identity|[0-9A-F]{8}$/g, ''));
    expect(knowing.sort()).toEqual(['Gatewaysgateway', 'controlplane']);
  });

  it.each([['*'], ['arn:aws:iam::123456789012:user/target'], ['target']])('cannot be %s', (role) => {
    expect(() => synthesized({ gateways: { targetRoles: [...roles, role] } })).toThrow(
      'gateways.targetRoles[1]: must be the ARN of a role, in which * and ? are wildcards',
    );
  });
});

it('targets can get user tokens only if the operator allows it', () => {
  const variable = (props: AgentIdentityProps) =>
    Object.entries(synthesized(props).Resources)
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('"GATEWAY_JWT_PASSTHROUGH":"true"'))
      .map(([id]) => id.replace(/^Identity|[0-9A-F]{8}$/g, ''))
      .sort();
  expect(variable({ gateways: { jwtPassthrough: true } })).toEqual(['Gatewaysgateway', 'controlplane']);
  expect(variable({ gateways: { jwtPassthrough: false } })).toEqual([]);
});

describe('the limits of a deployment', () => {
  it('are in the environment of the gateway function, which alone counts requests and open responses', () => {
    const limits = { onFailure: 'DENY', openResponsesPerOwner: 50 } as const;
    const knowing = Object.entries(synthesized({ gateways: { limits } }).Resources)
      .filter(([, { Properties }]) =>
        JSON.stringify(Properties).includes(JSON.stringify(JSON.stringify(limits))),
      )
      .map(([id]) => id.replace(/^Identity|[0-9A-F]{8}$/g, ''));
    expect(knowing).toEqual(['Gatewaysgateway']);
    const counted = (role: string) =>
      statementsOf(role)
        .filter(({ Condition }) => /REQUEST-COUNT|OPEN-RESPONSE/.test(JSON.stringify(Condition ?? {})))
        .map(({ Action }) => Action);
    expect(counted('IdentityGatewaysgatewayrole')).toEqual([
      'dynamodb:UpdateItem',
      ['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    ]);
    expect(counted('IdentityGatewaysgatewayauthorizerrole')).toEqual([]);
  });

  it('must be numbers from 1 to 1000', () => {
    expect(() => synthesized({ gateways: { limits: { openResponsesPerCaller: 0 } } })).toThrow(
      /gateways\.limits\.openResponsesPerCaller /,
    );
  });
});

describe('the origins of web pages', () => {
  const open = synthesized({ gateways: { allowedOrigins: ['https://app.example'] } });
  const optionsOf = (title: string, { Resources }: ConsumerTemplate) => {
    const documents = Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::ApiGateway::RestApi')
      .map(({ Properties }) => written(Properties.Body) as ApiDocument);
    const { paths, ...document } = documents.find(({ info }) => info.title.startsWith(title))!;
    const preflights = Object.values(paths).flatMap(({ options }) => (options ? [options.security] : []));
    const errors = Object.values(document['x-amazon-apigateway-gateway-responses']);
    const origins = errors.map(
      ({ responseParameters }) => responseParameters['gatewayresponse.header.Access-Control-Allow-Origin'],
    );
    return { preflights, origins: [...new Set(origins)], paths: Object.keys(paths).length };
  };

  it('can ask the API with user tokens without a token, and read its errors', () => {
    const { preflights, origins, paths } = optionsOf('agent-gateways-jwt', open);
    expect(preflights).toEqual(Array.from({ length: paths }, () => []));
    expect(origins).toEqual(["'https://app.example'"]);
    const variables = Object.values(open.Resources).filter(({ Properties }) =>
      JSON.stringify(Properties).includes('"GATEWAY_ALLOWED_ORIGINS":"[\\"https://app.example\\"]"'),
    );
    expect(variables).toHaveLength(1);
  });

  it.each([
    ['the API with IAM', 'agent-gateways-iam', open],
    ['the API with user tokens by default', 'agent-gateways-jwt', template],
  ])('cannot use %s', (_, title, resources) => {
    expect(optionsOf(title, resources)).toMatchObject({ preflights: [], origins: [undefined] });
  });

  it('are stated as browsers send them', () => {
    expect(() => synthesized({ gateways: { allowedOrigins: ['https://*.example'] } })).toThrow(
      'gateways.allowedOrigins.0: must be an origin as browsers send it',
    );
  });
});

it('only token exchange and credential retrieval know the role of the gateway function', () => {
  const knowing = resources('AWS::Lambda::Function')
    .filter(([id]) => 'GATEWAY_ROLE_ARN' in variablesOf(id))
    .map(([id]) => id.replace(/^Identity|[0-9A-F]{8}$/g, ''));
  expect(knowing.sort()).toEqual(['credentialretrieval', 'tokenexchange']);
  expect(written(variablesOf('Identitytokenexchange').GATEWAY_ROLE_ARN)).toMatch(
    /^<IdentityGatewaysgatewayrole[^>]*\.Arn>$/,
  );
});

it('only the control plane can invoke the gateway function, for the tools of MCP servers', () => {
  const alias = '<IdentityGatewaysgateway';
  const invoking = resources('AWS::IAM::Role')
    .map(([id]) => id)
    .filter((id) =>
      statementsOf(id).some(
        ({ Action, Resource }) => Action === 'lambda:InvokeFunction' && String(Resource).startsWith(alias),
      ),
    );
  expect(invoking).toEqual([expect.stringMatching(/^Identitycontrolplanerole/)]);
  expect(String(written(variablesOf('Identitycontrolplane').GATEWAY_FUNCTION))).toContain('gateway');
});

it('without the prop, the service has no gateways', () => {
  const { stateless } = standardSynthesis();
  expect(JSON.stringify(stateless)).not.toMatch(/gateways-(jwt|iam)|GATEWAY_(ROLE|JWT|IAM|FUNCTION)/);
});

it('gateways add as many resources as docs/gateways.md says', () => {
  const documented = /about (\d+) resources/.exec(
    readFileSync(join(__dirname, '../../docs/gateways.md'), 'utf8'),
  );
  const without = Object.keys(synthesized({}).Resources).length;
  const added = Object.keys(template.Resources).length - without;
  expect(Math.abs(added - Number(documented?.[1]))).toBeLessThanOrEqual(2);
});

it('gateways are rejected with a private API, which their public APIs would bypass', () => {
  const stack = new Stack();
  const vpcEndpoint = InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Endpoint', {
    vpcEndpointId: 'vpce-1',
    port: 443,
  });
  expect(
    () => new AgentIdentity(stack, 'Identity', { gateways: {}, privateApi: { vpcEndpoints: [vpcEndpoint] } }),
  ).toThrow('gateways cannot be combined with privateApi');
});
