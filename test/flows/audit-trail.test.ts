/**
 * The audit trail of the running service, walked over the registry of operations: whatever a request asks and however it
 * ends, there is an entry that says which request it was, where it came from and how it ended, and nothing secret.
 */
import { createRequire } from 'node:module';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { CreateApiKeyCredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { decodeJwt } from 'jose';
import { OPERATIONS, type OperationName, type Route } from '../../lambda/contract/operations';
import type { JsonOperation } from '../../lambda/api/schemas';
import { send, signed, type Answer } from '../local/handmade-request';
import { RETURN_URL, World, type PrincipalName, type TestAgent } from './support/world';

const USER_AGENT = 'walker/1.0';
const CLIENT_SECRET = 'the-client-secret-that-nobody-logs';
const API_KEY = 'the-api-key-that-nobody-logs';

const NAMES = Object.keys(OPERATIONS) as OperationName[];
const routeOf = (name: OperationName): Route => OPERATIONS[name];
const OPERATIONS_BY_IAM = NAMES.filter((name) => routeOf(name).auth === 'IAM') as JsonOperation[];
/** Resources are deleted last, for others work on them. */
const DELETES = /^Delete(WorkloadIdentity|\w+CredentialProvider)$/;
const IN_ORDER = [
  ...OPERATIONS_BY_IAM.filter((name) => !DELETES.test(name)),
  ...OPERATIONS_BY_IAM.filter((name) => DELETES.test(name)),
];

type Entry = Record<string, unknown>;

/** What a request needs beside its route. */
interface Input {
  readonly body?: object;
  readonly resourceArn?: string;
  readonly query?: Record<string, string>;
}

let world: World;
let agent: TestAgent;
let inputs: Record<JsonOperation, (unique: string) => Input>;
/** Nothing of these stands in the log. */
const secrets: string[] = [CLIENT_SECRET, API_KEY];
let workloadToken: string;

beforeAll(async () => {
  world = await World.start();
  agent = await world.agent();
  const apiKeyProvider = 'walked-key';
  await world
    .control()
    .send(new CreateApiKeyCredentialProviderCommand({ name: apiKeyProvider, apiKey: API_KEY }));
  const userToken = await world.issuer.token('ana');
  workloadToken = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(workloadToken);
  const returned = await agent.consent(authorizationUrl, 'ana');
  const sessionUri = returned.searchParams.get('session_id') ?? '';
  secrets.push(userToken, workloadToken, sessionUri, authorizationUrl ?? '', returned.search);
  const resourceArn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${agent.name}`;
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: ['arn:aws:iam::000000000000:role/agent'] },
        Action: ['bedrock-agentcore:GetWorkloadIdentity'],
        Resource: '*',
      },
    ],
  });
  const { clientId, discoveryUrl } = world.provider;
  const configured = (name: string) => ({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        clientId,
        clientSecret: CLIENT_SECRET,
        oauthDiscovery: { discoveryUrl },
      },
    },
  });
  const oauth2Token = {
    workloadIdentityToken: workloadToken,
    resourceCredentialProviderName: agent.providerName,
    scopes: ['openid', 'a'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
  };
  const [workload, provider, key] = [
    { name: agent.name },
    // Made by the walk itself: with another client secret the consent could not be completed.
    { name: 'by-agent-CreateOauth2CredentialProvider' },
    { name: apiKeyProvider },
  ];
  const minted = { workloadName: agent.name };
  // Each operation of the registry: one that is added and not walked is missing here.
  inputs = {
    CreateWorkloadIdentity: (name) => ({ body: { name } }),
    GetWorkloadIdentity: () => ({ body: workload }),
    UpdateWorkloadIdentity: () => ({
      body: { ...workload, allowedResourceOauth2ReturnUrls: [RETURN_URL, 'https://app.example/'] },
    }),
    DeleteWorkloadIdentity: () => ({ body: workload }),
    ListWorkloadIdentities: () => ({ body: {} }),
    CreateOauth2CredentialProvider: (name) => ({ body: configured(name) }),
    GetOauth2CredentialProvider: () => ({ body: provider }),
    UpdateOauth2CredentialProvider: () => ({ body: configured(provider.name) }),
    DeleteOauth2CredentialProvider: () => ({ body: provider }),
    ListOauth2CredentialProviders: () => ({ body: {} }),
    CreateApiKeyCredentialProvider: (name) => ({ body: { name, apiKey: API_KEY } }),
    GetApiKeyCredentialProvider: () => ({ body: key }),
    UpdateApiKeyCredentialProvider: () => ({ body: { ...key, apiKey: API_KEY } }),
    DeleteApiKeyCredentialProvider: () => ({ body: key }),
    ListApiKeyCredentialProviders: () => ({ body: {} }),
    GetTokenVault: () => ({ body: {} }),
    SetTokenVaultCMK: () => ({ body: { kmsConfiguration: { keyType: 'ServiceManagedKey' } } }),
    TagResource: () => ({ resourceArn, body: { tags: { team: 'travel' } } }),
    UntagResource: () => ({ resourceArn, query: { tagKeys: 'team' } }),
    ListTagsForResource: () => ({ resourceArn }),
    PutResourcePolicy: () => ({ resourceArn, body: { policy } }),
    GetResourcePolicy: () => ({ resourceArn }),
    DeleteResourcePolicy: () => ({ resourceArn }),
    GetWorkloadAccessToken: () => ({ body: minted }),
    GetWorkloadAccessTokenForJWT: () => ({ body: { ...minted, userToken } }),
    GetWorkloadAccessTokenForUserId: () => ({ body: { ...minted, userId: 'ana' } }),
    GetResourceApiKey: () => ({
      body: { workloadIdentityToken: workloadToken, resourceCredentialProviderName: apiKeyProvider },
    }),
    GetResourceOauth2Token: () => ({ body: oauth2Token }),
    CompleteResourceTokenAuth: () => ({ body: { sessionUri, userIdentifier: { userId: 'ana' } } }),
    RejectResourceOauth2Token: () => ({ body: { ...oauth2Token, rejectedAccessToken: 'refused' } }),
  };
});
afterAll(() => world.stop());

async function call(
  name: JsonOperation,
  principal: PrincipalName,
  { body, resourceArn = '', query }: Input,
): Promise<Answer> {
  const { method, path } = routeOf(name);
  const { accessKeyId, secretAccessKey } = world.local.principals[principal];
  const { host } = new URL(world.local.endpoint);
  return send(
    await signed(host, {
      method,
      path: path.replace('{resourceArn+}', encodeURIComponent(resourceArn)),
      body: body ? JSON.stringify(body) : '',
      headers: { 'user-agent': USER_AGENT },
      credentials: { accessKeyId, secretAccessKey },
      ...(query && { query }),
    }),
  );
}

/** The one entry of a request, and no entry of another has its id. */
async function entryOf(requestId: unknown): Promise<Entry> {
  const entries = (await world.audit()).filter((entry) => entry.requestId === requestId);
  expect(entries).toHaveLength(1);
  return entries[0] ?? {};
}

const outcomeOf = ({ status = 0 }: Pick<Answer, 'status'>): string =>
  status < 400 ? 'allowed' : status < 500 ? 'denied' : 'failed';

/** @returns its entry */
async function expectEntry(name: string, answer: Answer): Promise<Entry> {
  const entry = await entryOf(answer.headers['x-amzn-requestid']);
  expect(entry).toMatchObject({
    operation: name,
    outcome: outcomeOf(answer),
    sourceIp: '127.0.0.1',
    userAgent: USER_AGENT,
  });
  return entry;
}

it('the walk knows each operation of the registry', () => {
  expect(Object.keys(inputs).sort()).toEqual([...OPERATIONS_BY_IAM].sort());
});

describe.each(IN_ORDER)('%s has an entry', (name) => {
  it('when its request does not fit the schema, with names of the schema alone', async () => {
    const { body, ...input } = inputs[name]('walked-schema');
    const answer = await call(name, 'agent', { ...input, body: { ...body, 'chosen-by-the-caller': 'x' } });
    expect(answer.status).toBe(400);
    const entry = await expectEntry(name, answer);
    expect(entry).toMatchObject({
      principal: 'arn:aws:iam::000000000000:role/agent',
      error: 'ValidationException',
      reason: 'schema: the request',
    });
  });

  it('when it is asked by another principal, however that ends', async () => {
    const answer = await call(name, 'stranger', inputs[name](`by-stranger-${name}`));
    const entry = await expectEntry(name, answer);
    expect(String(entry.principal)).toContain('stranger');
    if (entry.outcome === 'denied') expect(entry.reason).toEqual(expect.any(String));
  });

  it('when it is allowed', async () => {
    const answer = await call(name, 'agent', inputs[name](`by-agent-${name}`));
    expect([name, answer.status, answer.status === 200 ? '' : answer.body]).toEqual([
      name,
      routeOf(name).status,
      expect.any(String),
    ]);
    await expectEntry(name, answer);
  });

  it('when something fails that nobody foresaw', async () => {
    const userArn = 'arn:aws:iam::000000000000:user/operator';
    const requestId = `broken-${name}`;
    const { statusCode } = await invoke(routeOf(name), { requestId, userArn, body: { not: 'text' } });
    expect(statusCode).toBe(500);
    expect(await entryOf(requestId)).toMatchObject({
      operation: name,
      outcome: 'failed',
      principal: userArn,
      error: 'InternalServerException',
      reason: 'internal error',
    });
  });

  it('when the principal is of a kind that cannot act', async () => {
    const userArn = 'arn:aws:sts::000000000000:federated-user/somebody';
    const requestId = `federated-${name}`;
    const { statusCode } = await invoke(routeOf(name), { requestId, userArn });
    expect(statusCode).toBe(403);
    expect(await entryOf(requestId)).toMatchObject({
      operation: name,
      outcome: 'denied',
      principal: userArn,
      error: 'AccessDeniedException',
      reason: 'caller ARN of an unknown kind',
    });
  });
});

/** The function of a route, invoked as API Gateway does, with an event of the test's making. */
function invoke(
  { group, method, path }: Route,
  how: { requestId: string; userArn?: string; userAgent?: string; resource?: string; body?: unknown },
): Promise<APIGatewayProxyResult> {
  const load = createRequire(__filename);
  const { handler } = load(`../../lambda/handlers/${group}`) as {
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
      requestContext: { requestId, identity: { userArn, userAgent, sourceIp: '192.0.2.1' } },
    } as unknown as APIGatewayProxyEvent,
    {},
  );
}

describe('the entries say', () => {
  const last = async (operation: string): Promise<Entry> => {
    const entries = await world.audit();
    return entries.findLast((entry) => entry.operation === operation && entry.outcome === 'allowed') ?? {};
  };

  it('which workload access token was issued, and which one was presented', async () => {
    const another = await world.agent();
    const token = await another.token({ userId: 'ben' });
    const { jti } = decodeJwt(token);
    expect(await last('GetWorkloadAccessTokenForUserId')).toMatchObject({ jti });
    await another.ask(token);
    expect(await last('GetResourceOauth2Token')).toMatchObject({ jti });
  });

  it('each of the hundred scopes that a request can name, and custom parameters by name', async () => {
    const scopes = Array.from({ length: 100 }, (_, index) => `s${index}`);
    const { body } = inputs.GetResourceOauth2Token('');
    const customParameters = { login_hint: 'the-hint-that-nobody-logs', user_scope: 'chat:write' };
    const answer = await call('GetResourceOauth2Token', 'agent', {
      body: { ...body, scopes, customParameters },
    });
    const entry = await entryOf(answer.headers['x-amzn-requestid']);
    expect(entry).toMatchObject({
      scopes,
      customParameters: ['login_hint', 'user_scope'],
      customParameterScopes: ['chat:write'],
    });
    expect(JSON.stringify(entry)).not.toContain('the-hint-that-nobody-logs');
  });

  it.each([
    ['UpdateWorkloadIdentity', ['allowedResourceOauth2ReturnUrls']],
    ['UpdateOauth2CredentialProvider', ['clientSecret']],
    ['UpdateApiKeyCredentialProvider', ['apiKey']],
  ])('what %s changed, by name', async (operation, changed) => {
    expect(await last(operation)).toMatchObject({ changed });
  });
});

describe('a browser route', () => {
  const open = NAMES.filter((name) => routeOf(name).auth === 'NONE');
  const decides = (name: OperationName): boolean => routeOf(name).metadata !== true;

  it.each(open.filter(decides))(
    '%s has an entry with the address and the browser, without the query',
    async (name) => {
      const { host } = new URL(world.local.endpoint);
      const path = routeOf(name).path.replace('{callbackId}', 'none');
      const answer = await send({
        host,
        method: 'GET',
        path: `${path}?state=secret-state&code=secret-code&request_uri=secret-uri`,
        headers: { host, 'user-agent': USER_AGENT },
        body: '',
      });
      await expectEntry(name, answer);
      expect((await world.logLines()).join()).not.toMatch(/secret-(state|code|uri)/);
    },
  );

  it('that publishes metadata decides nothing and has none', async () => {
    const before = (await world.audit()).length;
    for (const name of open.filter((one) => !decides(one))) {
      const answer = await fetch(world.local.endpoint + routeOf(name).path);
      expect(answer.status).toBe(200);
    }
    expect(await world.audit()).toHaveLength(before);
  });
});

it('an event for a route that the function does not serve has an entry, which does not repeat it', async () => {
  const requestId = 'no-such-route';
  const resource = '/chosen-by-the-caller';
  const { statusCode } = await invoke(routeOf('GetWorkloadIdentity'), { requestId, resource });
  expect(statusCode).toBe(404);
  const entry = await entryOf(requestId);
  expect(entry).toMatchObject({ operation: 'UnknownRoute', outcome: 'denied', sourceIp: '192.0.2.1' });
  expect(JSON.stringify(entry)).not.toContain('chosen-by-the-caller');
});

it.each(['key-rotation', 'provider-client'])('an event that %s refuses has an entry', async (group) => {
  const { handler } = createRequire(__filename)(`../../lambda/handlers/${group}`) as {
    handler: (event: unknown, context: object) => Promise<unknown>;
  };
  const awsRequestId = `refused-by-${group}`;
  const context = { awsRequestId, invokedFunctionArn: `arn:aws:lambda:::function:${group}` };
  await expect(handler({ secret: 'chosen-by-the-caller' }, context)).rejects.toThrow();
  expect(await entryOf(awsRequestId)).toEqual({
    operation: 'Invoke',
    outcome: 'denied',
    error: 'ValidationException',
    reason: 'the function does not serve such an event',
    resource: context.invokedFunctionArn,
    requestId: awsRequestId,
  });
});

it('requests at the same time have entries of their own', async () => {
  const calls = Array.from({ length: 20 }, (_, index) =>
    call('GetWorkloadIdentity', 'agent', { body: { name: `nobody-${index}` } }),
  );
  for (const [index, answer] of (await Promise.all(calls)).entries()) {
    const entry = await expectEntry('GetWorkloadIdentity', answer);
    expect(entry.workloadIdentity).toContain(`/nobody-${index}`);
  }
});

it('a user agent forges neither a field nor a metric nor a line, and is bounded', async () => {
  const requestId = 'forger';
  const forged = '","outcome":"allowed"}}\n{"_aws":{"CloudWatchMetrics":[]},"audit":{"operation":"Forged"}}';
  const userAgent = `\u001b[2J\u202e${forged}${'x'.repeat(10_000)}`;
  const lines = (await world.logLines()).length;
  await invoke(routeOf('GetWorkloadIdentity'), { requestId, userAgent });
  const written = (await world.logLines()).slice(lines - 1).filter(Boolean);
  expect(written).toHaveLength(1);
  expect(JSON.parse(written[0] ?? '')).not.toHaveProperty('_aws');
  const entry = await entryOf(requestId);
  expect(entry.outcome).toBe('denied');
  expect(entry.userAgent).toMatch(/^[\x20-\x7e]{256}$/);
});

it('a flood of junk in a request makes no longer entry', async () => {
  const junk = Object.fromEntries(
    Array.from({ length: 2000 }, (_, index) => [`junk-${index}`, 'x'.repeat(100)]),
  );
  const answer = await call('GetWorkloadIdentity', 'agent', { body: junk });
  expect(answer.status).toBe(400);
  const entry = await expectEntry('GetWorkloadIdentity', answer);
  expect(JSON.stringify(entry).length).toBeLessThan(600);
});

it('nothing secret is in the log', async () => {
  const log = (await world.logLines()).join('\n');
  for (const secret of secrets) expect(log.includes(secret)).toBe(false);
});
