/** The gateway with AWS SDK clients, and its behavior like API Gateway. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { UNKNOWN_TO_SIGNERS } from '../../lambda/domain/gate/gateway-refusals';
import { OPERATIONS } from '../../lambda/operations';
import { LOCAL_REGION } from '../../lib/local/principals';
import { agent, GatewayUnderTest } from './gateway-under-test';
import { BODY, jwksRequest, PATH, send, signed } from './handmade-request';

let gateway: GatewayUnderTest;

beforeAll(async () => {
  gateway = await GatewayUnderTest.start();
});

afterAll(() => gateway.close());

beforeEach(() => {
  gateway.reset({ workloadAccessToken: 'token' });
});

describe('AWS SDK clients', () => {
  const settings = () => ({ region: LOCAL_REGION, endpoint: gateway.endpoint, credentials: agent });

  it.each([
    ['with their own signing name', {}],
    ['with the signing name of API Gateway', { signingName: 'execute-api' }],
  ])('are authenticated %s', async (_name, extra) => {
    const client = new BedrockAgentCore({ ...settings(), ...extra });
    const { workloadAccessToken } = await client.getWorkloadAccessToken({ workloadName: 'my-agent' });
    client.destroy();

    expect(workloadAccessToken).toBe('token');
    expect(gateway.events).toHaveLength(1);
    expect(gateway.events[0]?.event).toMatchObject({
      resource: PATH,
      path: PATH,
      httpMethod: 'POST',
      body: BODY,
      pathParameters: null,
      queryStringParameters: null,
      requestContext: {
        stage: '',
        identity: {
          userArn: agent.arn,
          caller: `${agent.id}:local`,
          user: `${agent.id}:local`,
          sourceIp: '127.0.0.1',
        },
      },
    });
    expect(Object.keys(gateway.events[0]?.event.headers ?? {})).not.toContain('authorization');
    expect(gateway.events[0]?.context.invokedFunctionArn).toContain('function:agent-identity-token-exchange');
  });

  it('can have an endpoint that ends with a slash', async () => {
    const client = new BedrockAgentCoreControl({ ...settings(), endpoint: `${gateway.endpoint}/` });
    gateway.reset({ name: 'x', workloadIdentityArn: 'arn' }, 201);
    await client.createWorkloadIdentity({ name: 'my-agent' });
    client.destroy();
    expect(gateway.events[0]?.event.path).toBe('/identities/CreateWorkloadIdentity');
  });

  it.each([
    ['a wrong secret key', { ...agent, secretAccessKey: 'wrong' }],
    ['an unknown access key', { ...agent, accessKeyId: 'AKIABBBBBBBBBBBBBBBB' }],
    ['a session token', { ...agent, sessionToken: 'token' }],
  ])('are rejected with %s, and do not retry', async (_name, credentials) => {
    const client = new BedrockAgentCore({ ...settings(), credentials });
    const call = client.getWorkloadAccessToken({ workloadName: 'my-agent' });
    await expect(call).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403, attempts: 1 },
    });
    client.destroy();
    expect(gateway.events).toHaveLength(0);
  });
});

describe('the gateway', () => {
  it('serves exactly the routes of the registry, with their authorization', async () => {
    const { host } = gateway;
    for (const { method, path, auth } of Object.values(OPERATIONS)) {
      const concrete = path.replace('{callbackId}', 'an%20id');
      const unsigned = await send({ host, method, path: concrete, headers: { host }, body: '' });
      expect([concrete, unsigned.status]).toEqual([concrete, auth === 'IAM' ? 403 : 200]);
      const wrongMethod = await send({
        host,
        method: 'OPTIONS',
        path: concrete,
        headers: { host },
        body: '',
      });
      expect(wrongMethod.headers['x-amzn-errortype']).toBe('AccessDeniedException');
    }
    const open = Object.values(OPERATIONS).filter(({ auth }) => auth === 'NONE');
    expect(gateway.events.map(({ event }) => event.resource)).toEqual(open.map(({ path }) => path));
    expect(gateway.events.every(({ event }) => event.requestContext.identity.userArn === null)).toBe(true);
    expect(
      gateway.events.find(({ event }) => event.resource === OPERATIONS.Callback.path)?.event.pathParameters,
    ).toEqual({
      callbackId: 'an id',
    });
  });

  it('returns a 403 for a path that exists with another method', async () => {
    const { status, body } = await send(await signed(gateway.host, { path: '/' }));
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ __type: 'AccessDeniedException' });
    expect(gateway.events).toHaveLength(0);
  });

  it.each([
    ['without a signature', {}, UNKNOWN_TO_SIGNERS.MISSING_AUTHENTICATION_TOKEN],
    ['with a bearer token', { authorization: 'Bearer x' }, UNKNOWN_TO_SIGNERS.INVALID_SIGNATURE],
    [
      'with a signature',
      { authorization: 'AWS4-HMAC-SHA256 Credential=x' },
      UNKNOWN_TO_SIGNERS.MISSING_AUTHENTICATION_TOKEN,
    ],
  ])('returns the text of the API for a method that does not exist, %s', async (_how, headers, refusal) => {
    const { host } = gateway;
    const { body } = await send({
      host,
      method: 'DELETE',
      path: PATH,
      headers: { host, ...headers },
      body: '',
    });
    expect(JSON.parse(body)).toEqual({
      __type: refusal.type,
      message: refusal.message,
      problem: refusal.problem,
    });
  });

  it.each([
    ['GET', ['/identities', '/identities/Nothing', '/portals', '/wp-login.php']],
    ['POST', ['/identities', '/identities/Nothing', '/identities/oauth2/callback/a/b', `/x/..${PATH}`]],
  ])('serves a %s request to an unknown path by the route for unknown paths', async (method, paths) => {
    const { host } = gateway;
    for (const path of paths) {
      expect((await send({ host, method, path, headers: { host }, body: '' })).status).toBe(200);
    }
    expect(gateway.events.map(({ event }) => [event.httpMethod, event.resource])).toEqual(
      paths.map(() => [method, OPERATIONS.NotFound.path]),
    );
  });

  it.each(['evil.example', 'evil.example:4600', '127.0.0.1', 'localhost.evil.example'])(
    'rejects the host name %s',
    async (name) => {
      const { status } = await send({ ...jwksRequest(gateway.host), headers: { host: name } });
      expect(status).toBe(403);
      expect(gateway.events).toHaveLength(0);
    },
  );

  it('accepts the port of the load balancer in front of it, and no other', async () => {
    const behind = await GatewayUnderTest.start(4600);
    const status = async (port: number): Promise<number | undefined> => {
      const request = await signed(`127.0.0.1:${port}`);
      return (await send({ ...request, host: behind.host })).status;
    };
    expect(await status(4600)).toBe(200);
    expect(await status(behind.port)).toBe(403);
    await behind.close();
  });

  it('accepts localhost and the IPv6 loopback address', async () => {
    for (const name of ['localhost', '[::1]', 'LOCALHOST']) {
      const { status } = await send({
        ...jwksRequest(gateway.host),
        headers: { host: `${name}:${gateway.port}` },
      });
      expect(status).toBe(200);
    }
  });

  it('responds to /ping itself', async () => {
    const { status, body } = await send({ ...jwksRequest(gateway.host), path: '/ping' });
    expect([status, body]).toEqual([200, '{"status":"healthy"}']);
    expect(gateway.events).toHaveLength(0);
  });

  it('returns several cookies, a redirect, and bytes', async () => {
    gateway.answer = () =>
      Promise.resolve({
        statusCode: 302,
        headers: { Location: 'https://example.com/', 'Content-Type': 'image/png' },
        multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
        body: Buffer.from([0x89, 0x50]).toString('base64'),
        isBase64Encoded: true,
      });
    const { status, headers, bytes } = await send(jwksRequest(gateway.host));
    expect(status).toBe(302);
    expect(headers).toMatchObject({
      location: 'https://example.com/',
      'content-type': 'image/png',
      'set-cookie': ['a=1', 'b=2'],
    });
    expect(bytes).toEqual(Buffer.from([0x89, 0x50]));
  });

  it('passes repeated headers to the function, and decodes the query as a form', async () => {
    await send({
      ...jwksRequest(gateway.host),
      path: '/.well-known/jwks.json?a=1&a=2+3',
      headers: { host: gateway.host, 'X-A': ['1', '2'] },
    });
    expect(gateway.events[0]?.event).toMatchObject({
      headers: { 'X-A': '2' },
      multiValueHeaders: { 'X-A': ['1', '2'] },
      queryStringParameters: { a: '2 3' },
      multiValueQueryStringParameters: { a: ['1', '2 3'] },
      body: null,
    });
  });

  it('renames WWW-Authenticate, as API Gateway does', async () => {
    gateway.answer = () =>
      Promise.resolve({ statusCode: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: '' });
    const { headers } = await send(jwksRequest(gateway.host));
    expect(headers['www-authenticate']).toBeUndefined();
    expect(headers['x-amzn-remapped-www-authenticate']).toBe('Bearer');
  });

  it('limits the headers to 10,240 bytes', async () => {
    const room = 10_240 - `GET${jwksRequest(gateway.host).path}${gateway.host}close`.length;
    const fits = { host: gateway.host, connection: 'close', 'x-long': 'a'.repeat(room) };
    expect((await send({ ...jwksRequest(gateway.host), headers: fits })).status).toBe(200);
    const { status, body } = await send({
      ...jwksRequest(gateway.host),
      headers: { ...fits, 'x-long': `${fits['x-long']}a` },
    });
    expect([status, JSON.parse(body)]).toMatchObject([400, { __type: 'ValidationException' }]);
  });

  it('limits the body to 10 MB', async () => {
    const limit = 10 * 1024 * 1024;
    expect((await send(await signed(gateway.host, { body: 'a'.repeat(limit) }))).status).toBe(200);
    const { status, body } = await send(await signed(gateway.host, { body: 'a'.repeat(limit + 1) }));
    expect([status, JSON.parse(body)]).toMatchObject([400, { __type: 'ValidationException' }]);
    expect(gateway.events).toHaveLength(1);
  });

  it('limits the time of a function', async () => {
    gateway.answer = () => new Promise(() => undefined);
    const { status, body } = await send(jwksRequest(gateway.host));
    expect([status, JSON.parse(body)]).toMatchObject([504, { __type: 'InternalServerException' }]);
    expect(gateway.events[0]?.context.getRemainingTimeInMillis()).toBe(0);
  });

  const broken: [string, () => Promise<APIGatewayProxyResult>][] = [
    ['throws', () => Promise.reject(new Error('a private detail'))],
    // As JSON, each quotation mark has two bytes.
    ['returns more than 6 MB', () => Promise.resolve({ statusCode: 200, body: '"'.repeat(3_145_765) })],
    ['returns no status', () => Promise.resolve({ body: '' } as APIGatewayProxyResult)],
    [
      'returns a header with a line break',
      () => Promise.resolve({ statusCode: 200, headers: { 'x-a': 'b\r\nset-cookie: c=d' }, body: '' }),
    ],
  ];

  it.each(broken)(
    'returns a generic error and reports the cause when a function %s',
    async (_name, result) => {
      gateway.answer = result;
      const { status, headers, body } = await send(jwksRequest(gateway.host));
      expect(status).toBe(502);
      expect(headers['x-amzn-errortype']).toBe('InternalServerException');
      expect(JSON.parse(body)).toEqual({
        __type: 'InternalServerException',
        message: 'Internal server error',
      });
      expect(gateway.failures).toMatchObject([
        { resource: '/.well-known/jwks.json', requestId: headers['x-amzn-requestid'] },
      ]);
    },
  );
});
