/**
 * The audit log of the running service: every request of every operation has an entry, whatever its input and outcome.
 * The entry identifies the request, its source, and its outcome, and contains no secret.
 */
import { createRequire } from 'node:module';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { decodeJwt } from 'jose';
import type { OperationName } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import { send } from '../local/handmade-request';
import {
  AGENT_ARN,
  AuditedService,
  IN_ORDER,
  NAMES,
  OPERATIONS_BY_IAM,
  principalFor,
  routeOf,
  USER_AGENT,
  type Entry,
} from './support/audited-service';
import { useDeletedKey } from './support/deleted-key';
import type { World } from './support/world';

const ARNS = { agent: AGENT_ARN, operator: 'arn:aws:iam::000000000000:user/operator' } as const;

let service: AuditedService;
let world: World;
beforeAll(async () => {
  service = await AuditedService.start();
  ({ world } = service);
});
afterAll(() => service.stop());

it('the test has an input for each operation of the registry', () => {
  expect(Object.keys(service.inputs).sort()).toEqual([...OPERATIONS_BY_IAM].sort());
});

describe.each(IN_ORDER)('%s has an audit entry', (name) => {
  it('when its request does not match the schema, with only member names that the schema has', async () => {
    const { body, ...input } = service.inputs[name]('walked-schema');
    const answer = await service.call(name, principalFor(name), {
      ...input,
      body: { ...body, 'chosen-by-the-caller': 'x' },
    });
    expect(answer.status).toBe(400);
    const entry = await service.expectEntry(name, answer);
    expect(entry).toMatchObject({
      principal: ARNS[principalFor(name)],
      error: 'ValidationException',
      reason: 'schema: the request',
    });
  });

  // IAM denies the operators' plane before the function is invoked.
  if (principalFor(name) !== 'operator') {
    it('when another principal requests it, whatever the outcome', async () => {
      const answer = await service.call(name, 'stranger', service.inputs[name](`by-stranger-${name}`));
      const entry = await service.expectEntry(name, answer);
      expect(String(entry.principal)).toContain('stranger');
      if (entry.outcome === 'denied') expect(entry.reason).toEqual(expect.any(String));
    });
  }

  it('when it is allowed', async () => {
    if (name === 'ResetTokenVaultKeyMaterial') await useDeletedKey();
    const answer = await service.call(name, principalFor(name), service.inputs[name](`by-agent-${name}`));
    expect([name, answer.status, answer.status === 200 ? '' : answer.body]).toEqual([
      name,
      routeOf(name).status,
      expect.any(String),
    ]);
    await service.expectEntry(name, answer);
  });

  it('when an unexpected error occurs', async () => {
    const userArn = 'arn:aws:iam::000000000000:user/operator';
    const requestId = `broken-${name}`;
    const { statusCode } = await invoke(routeOf(name), { requestId, userArn, body: { not: 'text' } });
    expect(statusCode).toBe(500);
    expect(await service.entryOf(requestId)).toMatchObject({
      operation: name,
      outcome: 'failed',
      principal: userArn,
      error: 'InternalServerException',
      reason: 'internal error',
    });
  });

  it('when the principal type is not supported', async () => {
    const userArn = 'arn:aws:sts::000000000000:federated-user/ana';
    const requestId = `federated-${name}`;
    const { statusCode } = await invoke(routeOf(name), { requestId, userArn });
    expect(statusCode).toBe(403);
    expect(await service.entryOf(requestId)).toMatchObject({
      operation: name,
      outcome: 'denied',
      principal: userArn,
      error: 'AccessDeniedException',
      reason: 'caller ARN of an unknown kind',
    });
  });
});

/** Invokes the function of a route as API Gateway does, with the test's own event. */
function invoke(
  { group, method, path }: Route,
  how: { requestId: string; userArn?: string; userAgent?: string; resource?: string; body?: unknown },
): Promise<APIGatewayProxyResult> {
  const load = createRequire(__filename);
  const { handler } = load(`../../lambda/functions/${group}`) as {
    handler: (event: APIGatewayProxyEvent, context: object) => Promise<APIGatewayProxyResult>;
  };
  const { requestId, userArn = null, userAgent = USER_AGENT, resource = path, body = null } = how;
  return handler(
    {
      httpMethod: method,
      resource,
      path,
      headers: {},
      multiValueHeaders: {},
      multiValueQueryStringParameters: null,
      pathParameters: null,
      body,
      isBase64Encoded: body !== null,
      stageVariables: LOCAL_STAGE_VARIABLES,
      requestContext: { requestId, identity: { userArn, userAgent, sourceIp: '192.0.2.1' } },
    } as unknown as APIGatewayProxyEvent,
    {},
  );
}

describe('an audit entry', () => {
  const last = async (operation: string): Promise<Entry> => {
    const entries = await world.audit();
    return entries.findLast((entry) => entry.operation === operation && entry.outcome === 'allowed') ?? {};
  };

  it('identifies the issued and the presented workload access token', async () => {
    const another = await world.agent();
    const token = await another.token({ userId: 'ben' });
    const { jti } = decodeJwt(token);
    expect(await last('GetWorkloadAccessTokenForUserId')).toMatchObject({ jti });
    await another.ask(token);
    expect(await last('GetResourceOauth2Token')).toMatchObject({ jti });
  });

  it('contains all 100 scopes of a request, and only the names of custom parameters', async () => {
    const scopes = Array.from({ length: 100 }, (_, index) => `s${index}`);
    const { body } = service.inputs.GetResourceOauth2Token('');
    const customParameters = { login_hint: 'the-hint-that-is-never-logged', user_scope: 'chat:write' };
    const answer = await service.call('GetResourceOauth2Token', 'agent', {
      body: { ...body, scopes, customParameters },
    });
    const entry = await service.entryOf(answer.headers['x-amzn-requestid']);
    expect(entry).toMatchObject({
      scopes,
      customParameters: ['login_hint', 'user_scope'],
      customParameterScopes: ['chat:write'],
    });
    expect(JSON.stringify(entry)).not.toContain('the-hint-that-is-never-logged');
  });

  it.each([
    ['UpdateWorkloadIdentity', ['allowedResourceOauth2ReturnUrls']],
    ['UpdateOauth2CredentialProvider', ['clientSecret']],
    ['UpdateApiKeyCredentialProvider', ['apiKey']],
  ])('names the members that %s changed', async (operation, changed) => {
    expect(await last(operation)).toMatchObject({ changed });
  });
});

describe('a public route', () => {
  const open = NAMES.filter((name) => routeOf(name).auth === 'NONE');
  /** The pages of portals have their entries in test/flows/portal-pages.test.ts. */
  const decides = (name: OperationName): boolean =>
    routeOf(name).metadata !== true && routeOf(name).auditedBy === undefined;

  it.each(open.filter(decides))(
    '%s has an audit entry with the address and the user agent, without the query',
    async (name) => {
      const { host } = new URL(world.local.endpoint);
      const { path: template, method } = routeOf(name);
      const path = template.replace(/\{\w+\}/, 'none');
      const answer = await send({
        host,
        method,
        path: `${path}?state=secret-state&code=secret-code&request_uri=secret-uri`,
        headers: { host, 'user-agent': USER_AGENT },
        body: '',
      });
      await service.expectEntry(name, answer);
      expect((await world.logLines()).join()).not.toMatch(/secret-(state|code|uri)/);
    },
  );

  it('has no audit entry if it only publishes metadata', async () => {
    const before = (await world.audit()).length;
    for (const name of open.filter((one) => routeOf(one).metadata)) {
      const { method, path } = routeOf(name);
      const answer = await fetch(world.local.endpoint + path, { method });
      // Nothing has the address of a path template.
      expect(answer.status).toBe(path.includes('{') ? 404 : 200);
    }
    expect(await world.audit()).toHaveLength(before);
  });
});

it('an event for an unknown route has an audit entry that does not repeat the event', async () => {
  const requestId = 'no-such-route';
  const resource = '/chosen-by-the-caller';
  const { statusCode } = await invoke(routeOf('GetWorkloadIdentity'), { requestId, resource });
  expect(statusCode).toBe(404);
  const entry = await service.entryOf(requestId);
  expect(entry).toMatchObject({ operation: 'UnknownRoute', outcome: 'denied', sourceIp: '192.0.2.1' });
  expect(JSON.stringify(entry)).not.toContain('chosen-by-the-caller');
});

it.each(['key-rotation', 'provider-client'])(
  'an event that the %s function rejects has an audit entry',
  async (group) => {
    const { handler } = createRequire(__filename)(`../../lambda/functions/${group}`) as {
      handler: (event: unknown, context: object) => Promise<unknown>;
    };
    const awsRequestId = `refused-by-${group}`;
    const context = { awsRequestId, invokedFunctionArn: `arn:aws:lambda:::function:${group}` };
    await expect(handler({ secret: 'chosen-by-the-caller' }, context)).rejects.toThrow();
    expect(await service.entryOf(awsRequestId)).toEqual({
      operation: 'Invoke',
      outcome: 'denied',
      error: 'ValidationException',
      reason: 'the function does not accept such an event',
      resource: context.invokedFunctionArn,
      requestId: awsRequestId,
    });
  },
);

it('concurrent requests have separate audit entries', async () => {
  const calls = Array.from({ length: 20 }, (_, index) =>
    service.call('GetWorkloadIdentity', 'agent', { body: { name: `missing-${index}` } }),
  );
  for (const [index, answer] of (await Promise.all(calls)).entries()) {
    const entry = await service.expectEntry('GetWorkloadIdentity', answer);
    expect(entry.workloadIdentity).toContain(`/missing-${index}`);
  }
});

it('a forged user agent adds no field, metric, or line to the audit log, and is cut to 256 characters', async () => {
  const requestId = 'forger';
  const forged = '","outcome":"allowed"}}\n{"_aws":{"CloudWatchMetrics":[]},"audit":{"operation":"Forged"}}';
  const userAgent = `\u001b[2J\u202e${forged}${'x'.repeat(10_000)}`;
  const lines = (await world.logLines()).length;
  await invoke(routeOf('GetWorkloadIdentity'), { requestId, userAgent });
  const written = (await world.logLines()).slice(lines - 1).filter(Boolean);
  expect(written).toHaveLength(2);
  const [line, metrics] = written.map((each) => JSON.parse(each) as Record<string, unknown>);
  expect(line).not.toHaveProperty('_aws');
  expect(metrics).toMatchObject({ Denial: 1, _aws: { CloudWatchMetrics: [{}] } });
  expect(metrics).not.toHaveProperty('audit');
  const entry = await service.entryOf(requestId);
  expect(entry.outcome).toBe('denied');
  expect(entry.userAgent).toMatch(/^[\x20-\x7e]{256}$/);
});

it('an oversized request does not make its audit entry longer', async () => {
  const junk = Object.fromEntries(
    Array.from({ length: 2000 }, (_, index) => [`junk-${index}`, 'x'.repeat(100)]),
  );
  const answer = await service.call('GetWorkloadIdentity', 'agent', { body: junk });
  expect(answer.status).toBe(400);
  const entry = await service.expectEntry('GetWorkloadIdentity', answer);
  expect(JSON.stringify(entry).length).toBeLessThan(600);
});

it('the log contains no secrets', async () => {
  const log = (await world.logLines()).join('\n');
  for (const secret of service.secrets) expect(log.includes(secret)).toBe(false);
});
