/** The deployed API: its routes and authorization, its access log, and the form of its errors. */
import { OPERATIONS } from '../../lambda/operations';
import { ROUTED_GROUPS, type RoutedGroup } from '../../lambda/operations/groups';
import type { Route } from '../../lambda/operations/operation';
import { documentOf, gatewayResponsesOf, methodsOf, type ApiDocument } from './api-document';
import { propertiesOf } from './consumer';
import { plain, resourcesOf, synthesize } from './synthesis';

const synthesis = synthesize({ throttle: { rateLimit: 7 } });
const { stateless } = synthesis;

/** The names of the functions, by stage variable. */
const variables = propertiesOf(stateless, 'AWS::ApiGateway::Stage').Variables as Readonly<
  Record<string, string>
>;

const functionOf = (group: RoutedGroup): string => `<${group.replaceAll('-', '')}>`;

const byRoute = (a: string[], b: string[]): number => a.join().localeCompare(b.join());

it('the API has exactly the routes of the registry, with their authorization and the aliases of functions', () => {
  const deployed = methodsOf(stateless).map(({ method, path, auth, integration, parameters }) => {
    const { uri, ...others } = integration;
    expect(others).toEqual({ type: 'aws_proxy', httpMethod: 'POST' });
    expect(parameters).toEqual([...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => name));
    const [, variable = ''] =
      /^arn:<AWS::Partition>:apigateway:<AWS::Region>:lambda:path\/2015-03-31\/functions\/arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:\$\{stageVariables\.(\w+)\}:live\/invocations$/.exec(
        String(uri),
      ) ?? [];
    return [method, path, auth, variables[variable] ?? String(uri)];
  });
  const registered = Object.values<Route>(OPERATIONS).map(({ method, path, auth, group }) => [
    method,
    path,
    auth === 'IAM' ? 'AWS_IAM' : 'NONE',
    functionOf(group),
  ]);
  expect(deployed.sort(byRoute)).toEqual(registered.sort(byRoute));
});

it('the document replaces all that the API had, and has its own deployment', () => {
  const { Mode, Name, Body } = propertiesOf(stateless, 'AWS::ApiGateway::RestApi');
  expect(Mode).toBe('overwrite');
  expect((Body as ApiDocument).info.title).toBe(Name);
  const deploymentOf = (template: typeof stateless) =>
    resourcesOf(template, 'AWS::ApiGateway::Deployment').map(([id]) => id);
  const other = synthesize({ securityPolicy: 'TLS_1_2' }).stateless;
  expect(deploymentOf(other)).not.toEqual(deploymentOf(stateless));
  expect(deploymentOf(synthesize({ throttle: { rateLimit: 9 } }).stateless)).toEqual(deploymentOf(stateless));
});

it('the settings of the API are in the document, too', () => {
  expect(documentOf(stateless)).toMatchObject({
    'x-amazon-apigateway-security-policy': 'SecurityPolicy_TLS13_1_2_2021_06',
    'x-amazon-apigateway-endpoint-access-mode': 'BASIC',
  });
  const { stateless: moderate } = synthesize({ securityPolicy: 'TLS_1_2', callers: { accountIds: [] } });
  const document = documentOf(moderate);
  expect(document).toMatchObject({ 'x-amazon-apigateway-security-policy': 'TLS_1_2' });
  expect(document).not.toHaveProperty('x-amazon-apigateway-endpoint-access-mode');
  expect(document['x-amazon-apigateway-policy']).toEqual(
    propertiesOf(moderate, 'AWS::ApiGateway::RestApi').Policy,
  );
});

it('only the routes of browsers, identity providers, and metadata have no IAM authorization', () => {
  const open = Object.values<Route>(OPERATIONS).filter(({ auth }) => auth === 'NONE');
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /events/{issuerId}',
    'POST /global-token-revocation/{issuerId}',
    'POST /backchannel-logout/{issuerId}',
    'GET /identities/oauth2/authorize',
    'POST /identities/oauth2/authorize',
    'GET /identities/oauth2/callback/{callbackId}',
    'GET /portals/{portalId}',
    'GET /portals/{portalId}/login',
    'GET /portals/{portalId}/callback',
    'POST /portals/{portalId}/logout',
    'POST /portals/{portalId}/connect',
    'GET /portals/{portalId}/connect/callback',
    'POST /portals/{portalId}/disconnect',
    'GET /portals/{portalId}/logout',
    'GET /portals/{portalId}/connect',
    'GET /portals/{portalId}/disconnect',
    'GET /portals/{portalId}/disconnections/{revocationId}',
    'GET /',
    'GET /favicon.ico',
    'GET /{unknown+}',
    'POST /{unknown+}',
    'PUT /{unknown+}',
    'PATCH /{unknown+}',
    'DELETE /{unknown+}',
    'GET /identities/oauth2/client-metadata/{callbackId}',
    'GET /.well-known/jwks.json',
    'GET /.well-known/openid-configuration',
  ]);
});

it('API Gateway can invoke the alias of each function of the API, and no other', () => {
  const permissions = resourcesOf(stateless, 'AWS::Lambda::Permission')
    .map(([, { Properties }]) => plain(Properties, synthesis))
    .filter((permission) => (permission as { Principal: string }).Principal !== 'events.amazonaws.com');
  expect(permissions).toEqual(
    expect.arrayContaining(
      ROUTED_GROUPS.map((group) => ({
        Action: 'lambda:InvokeFunction',
        FunctionName: functionOf(group).replace('>', 'live>'),
        Principal: 'apigateway.amazonaws.com',
        SourceArn: 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ApiRestApi>/prod/*',
      })),
    ),
  );
  expect(permissions).toHaveLength(ROUTED_GROUPS.length);
});

it('the stage is regional, with limits and an access log without secrets, and without traces or an execution log', () => {
  const [api] = resourcesOf(stateless, 'AWS::ApiGateway::RestApi');
  expect(api?.[1].Properties.EndpointConfiguration).toEqual({ Types: ['REGIONAL'] });

  const [stage] = resourcesOf(stateless, 'AWS::ApiGateway::Stage');
  const properties = stage?.[1].Properties ?? {};
  expect(properties).toMatchObject({
    StageName: 'prod',
    // A trace has the full URL: codes and states.
    TracingEnabled: false,
    MethodSettings: [
      {
        HttpMethod: '*',
        ResourcePath: '/*',
        ThrottlingRateLimit: 7,
        ThrottlingBurstLimit: 200,
        LoggingLevel: 'OFF',
        DataTraceEnabled: false,
      },
    ],
  });
  const { Format } = properties.AccessLogSetting as { Format: string };
  expect(JSON.parse(Format)).toEqual({
    service: 'AgentIdentityStateless',
    requestId: '$context.requestId',
    time: '$context.requestTime',
    method: '$context.httpMethod',
    resourcePath: '$context.resourcePath',
    status: '$context.status',
    errorType: '$context.error.responseType',
    callerArn: '$context.identity.userArn',
    latencyMilliseconds: '$context.responseLatency',
  });
});

it.each(resourcesOf(stateless, 'AWS::Logs::LogGroup'))(
  '%s is retained, has the retention of its kind, and is encrypted under the log key',
  (id, logGroup) => {
    expect(plain(logGroup, synthesis)).toMatchObject({
      Properties: {
        RetentionInDays: id.startsWith('ApiAccessLog') ? 90 : 365,
        KmsKeyId: '<LogKey.Arn>',
      },
      DeletionPolicy: 'RetainExceptOnCreate',
    });
  },
);

describe('errors from API Gateway itself', () => {
  const errors = Object.entries(gatewayResponsesOf(stateless)).map(
    ([type, { statusCode: status, responseParameters, responseTemplates }]) => {
      // API Gateway puts a quoted string in place of its variable.
      const body = responseTemplates['application/json']?.replace(
        '$context.error.messageString',
        '"gateway text"',
      );
      return {
        type,
        status,
        header: responseParameters['gatewayresponse.header.x-amzn-errortype'],
        retryAfter: responseParameters['gatewayresponse.header.Retry-After'],
        body: JSON.parse(body ?? '') as Record<string, string>,
      };
    },
  );

  it.each([
    ['ACCESS_DENIED', '403', 'AccessDeniedException'],
    ['WAF_FILTERED', '403', 'AccessDeniedException'],
    ['MISSING_AUTHENTICATION_TOKEN', '403', 'AccessDeniedException'],
    ['INVALID_SIGNATURE', '403', 'AccessDeniedException'],
    ['EXPIRED_TOKEN', '403', 'AccessDeniedException'],
    ['UNAUTHORIZED', '403', 'AccessDeniedException'],
    ['THROTTLED', '429', 'ThrottlingException'],
    ['QUOTA_EXCEEDED', '429', 'ThrottlingException'],
    ['BAD_REQUEST_BODY', '400', 'ValidationException'],
    ['INTEGRATION_TIMEOUT', '504', 'InternalServerException'],
    ['INTEGRATION_FAILURE', '504', 'InternalServerException'],
    // A status code here would replace that of all other types: a crashed function would not be a 502.
    ['DEFAULT_4XX', undefined, 'ValidationException'],
    ['DEFAULT_5XX', undefined, 'InternalServerException'],
  ])('%s returns %s %s', (type, status, name) => {
    const error = errors.find((candidate) => candidate.type === type);
    expect(error?.status).toBe(status);
    expect(error).toMatchObject({ header: `'${name}'`, body: { __type: name } });
    expect(error?.body.message).toBeTruthy();
    expect(error?.body.reason).toBe(name === 'ValidationException' ? 'CannotParse' : undefined);
  });

  it.each(['MISSING_AUTHENTICATION_TOKEN', 'INVALID_SIGNATURE'])(
    '%s is for callers of public methods, too: it begins with the method and the path',
    (type) => {
      const message = errors.find((error) => error.type === type)?.body.message;
      expect(message).toMatch(/^The operation does not exist, or .* Check the method and the path\. /);
    },
  );

  it('only an error that API Gateway returns before it invokes a function says when to retry', () => {
    const retryable = errors.filter(({ retryAfter }) => retryAfter !== undefined);
    expect(retryable.map(({ type, retryAfter }) => [type, retryAfter])).toEqual([['THROTTLED', "'1'"]]);
  });

  it.each(['INVALID_SIGNATURE', 'EXPIRED_TOKEN'])(
    '%s neither repeats the request nor contains "expired"',
    (type) => {
      const message = errors.find((error) => error.type === type)?.body.message;
      expect(message).not.toMatch(/gateway text|expired/i);
    },
  );
});
