/** The deployed API: its routes and authorization, its access log, and the form of its errors. */
import { OPERATIONS } from '../../lambda/operations';
import type { FunctionGroup } from '../../lambda/operations/groups';
import type { Route } from '../../lambda/operations/operation';
import { plain, resourcesOf, synthesize } from './synthesis';

const synthesis = synthesize({ throttle: { rateLimit: 7 } });
const { stateless } = synthesis;

interface MethodProperties {
  readonly HttpMethod: string;
  readonly ResourceId: { Ref: string };
  readonly AuthorizationType: string;
  readonly Integration: { Type: string; Uri: unknown };
}

interface ResourceProperties {
  readonly PathPart: string;
  readonly ParentId: { Ref?: string };
}

/** Path template of an API resource, from its chain of parents. */
function pathOf(resourceId: string | undefined): string {
  const resource = resourceId === undefined ? undefined : stateless.Resources[resourceId];
  if (!resource) return '';
  const { PathPart, ParentId } = resource.Properties as unknown as ResourceProperties;
  return `${pathOf(ParentId.Ref)}/${PathPart}`;
}

const byRoute = (a: string[], b: string[]): number => a.join().localeCompare(b.join());

const aliasOf = (group: FunctionGroup): string => `${group.replaceAll('-', '')}live`;

it('the API has exactly the routes of the registry, with their authorization and the aliases of functions', () => {
  const deployed = resourcesOf(stateless, 'AWS::ApiGateway::Method').map(([, { Properties }]) => {
    const method = Properties as unknown as MethodProperties;
    const uri = String(plain(method.Integration.Uri, synthesis));
    return [
      method.HttpMethod,
      pathOf(method.ResourceId.Ref) || '/',
      method.AuthorizationType,
      method.Integration.Type,
      /<(\w+)>\/invocations$/.exec(uri)?.[1] ?? uri,
    ];
  });
  const registered = Object.values<Route>(OPERATIONS).map(({ method, path, auth, group }) => [
    method,
    path,
    auth === 'IAM' ? 'AWS_IAM' : 'NONE',
    'AWS_PROXY',
    aliasOf(group),
  ]);
  expect(deployed.sort(byRoute)).toEqual(registered.sort(byRoute));
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
    'GET /identities/oauth2/client-metadata/{callbackId}',
    'GET /.well-known/jwks.json',
    'GET /.well-known/openid-configuration',
  ]);
});

it('API Gateway can invoke the alias of a function only for the methods of the function', () => {
  const permissions = resourcesOf(stateless, 'AWS::Lambda::Permission').filter(
    ([, { Properties }]) => Properties.Principal !== 'events.amazonaws.com',
  );
  const invocations = permissions.map(([, { Properties }]) => {
    const permission = plain(Properties, synthesis) as Record<string, string>;
    expect(permission).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    });
    const prefix = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ApiRestApi>/';
    expect(permission.SourceArn?.startsWith(prefix)).toBe(true);
    return [permission.FunctionName ?? '', permission.SourceArn?.slice(prefix.length) ?? ''];
  });
  const registered = Object.values<Route>(OPERATIONS).map(({ method, path, group }) => [
    `<${aliasOf(group)}>`,
    `<ApiRestApiDeploymentStageprod>/${method}${path.replace(/\{\w+\+?\}/g, '*')}`,
  ]);
  expect(invocations.sort(byRoute)).toEqual(registered.sort(byRoute));
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
  const errors = resourcesOf(stateless, 'AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => {
    const { ResponseType, StatusCode, ResponseParameters, ResponseTemplates } = Properties as {
      ResponseType: string;
      StatusCode?: string;
      ResponseParameters: Record<string, string>;
      ResponseTemplates: Record<string, string>;
    };
    // API Gateway puts a quoted string in place of its variable.
    const body = ResponseTemplates['application/json']?.replace(
      '$context.error.messageString',
      '"gateway text"',
    );
    return {
      type: ResponseType,
      status: StatusCode,
      header: ResponseParameters['gatewayresponse.header.x-amzn-errortype'],
      retryAfter: ResponseParameters['gatewayresponse.header.Retry-After'],
      body: JSON.parse(body ?? '') as Record<string, string>,
    };
  });

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
