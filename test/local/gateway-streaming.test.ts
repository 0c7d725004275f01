/** The gateway in front of an endpoint: it calls the authorizer and streams as API Gateway does. */
import { createServer } from 'node:http';
import type { APIGatewayAuthorizerResult, APIGatewayProxyEvent } from 'aws-lambda';
import { DELIMITER, WITH_METADATA, type ResponseStream } from '../../lambda/gate/response-stream';
import type { FunctionFailure } from '../../lib/local/function-failure';
import { createGateway } from '../../lib/local/gateway';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';

const allow = (methodArn: string, effect: 'Allow' | 'Deny' = 'Allow'): APIGatewayAuthorizerResult => ({
  principalId: 'ana',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: effect, Action: 'execute-api:Invoke', Resource: methodArn }],
  },
  context: { team: 'blue' },
});

const refusal = { type: 'InternalServerException', message: 'not checked' } as const;

let listening: Listening;
let asked = 0;
const events: APIGatewayProxyEvent[] = [];
const failures: FunctionFailure[] = [];
let authorizer: (methodArn: string) => Promise<APIGatewayAuthorizerResult>;
let streaming: (stream: ResponseStream) => unknown;

beforeAll(async () => {
  const gateway = createGateway({
    accountId: LOCAL_ACCOUNT,
    region: LOCAL_REGION,
    binary: true,
    routes: [
      { method: 'POST', path: '/runtimes/{agentRuntimeArn+}', auth: 'JWT', group: 'gate' },
      { method: 'GET', path: '/open', auth: 'NONE', group: 'gate' },
    ],
    handlers: {
      gate: {
        streaming(event, stream) {
          events.push(event);
          streaming(stream);
          return Promise.resolve();
        },
      },
    },
    authorizer: {
      handler(event) {
        asked += 1;
        return authorizer(event.methodArn);
      },
      refusals: {
        UNAUTHORIZED: { type: 'UnauthorizedException', message: 'no', wwwAuthenticate: 'Bearer a="b"' },
        ACCESS_DENIED: { type: 'AccessDeniedException', message: 'denied', wwwAuthenticate: 'Bearer c="d"' },
        AUTHORIZER_FAILURE: refusal,
        AUTHORIZER_CONFIGURATION_ERROR: refusal,
      },
    },
    principals: [],
    reportFailure: (failure) => failures.push(failure),
  });
  listening = await listenOnLoopback(createServer(gateway), 0);
});
afterAll(() => listening.close());
beforeEach(() => {
  asked = 0;
  events.length = 0;
  failures.length = 0;
  authorizer = (arn) => Promise.resolve(allow(arn));
  streaming = (stream) => answer(stream, { statusCode: 200 }).end('{}');
});

function answer(stream: ResponseStream, metadata: object): ResponseStream {
  stream.setContentType(WITH_METADATA);
  stream.write(Buffer.concat([Buffer.from(JSON.stringify(metadata)), DELIMITER]));
  return stream;
}

const base = () => `http://127.0.0.1:${listening.port}`;
const post = (init: RequestInit = { headers: { authorization: 'Bearer a' } }) =>
  fetch(`${base()}/runtimes/a%2Fb/invocations`, { method: 'POST', body: 'hello', ...init });

describe('the authorizer', () => {
  it('is called for each request, and its context reaches the function', async () => {
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(200);
    expect(asked).toBe(2);
    expect(events[0]).toMatchObject({
      pathParameters: { agentRuntimeArn: 'a/b/invocations' },
      headers: { authorization: 'Bearer a' },
      requestContext: { authorizer: { principalId: 'ana', team: 'blue' }, identity: { userArn: null } },
      body: Buffer.from('hello').toString('base64'),
      isBase64Encoded: true,
    });
  });

  it('is not called without its identity source', async () => {
    const { status, headers } = await post({});
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer a="b"']);
    expect([asked, events]).toEqual([0, []]);
  });

  it.each([
    ['without a token', {}],
    ['with a token', { authorization: 'Bearer a' }],
  ])(
    'is not called for a method that does not exist, whose text is about the path: %s',
    async (_how, headers) => {
      const answers = [
        await fetch(`${base()}/elsewhere`, { headers }),
        await fetch(`${base()}/open`, { method: 'DELETE', headers }),
      ];
      for (const { status, text } of await Promise.all(
        answers.map(async (each) => ({ status: each.status, text: await each.text() })),
      )) {
        expect(status).toBe(403);
        expect(JSON.parse(text)).toEqual({
          __type: 'AccessDeniedException',
          message: 'The operation does not exist. Check the method and the path.',
          problem: { code: 'UnknownOperation', values: {} },
        });
      }
      expect([asked, events]).toEqual([0, []]);
    },
  );

  it('is not called for a public route', async () => {
    expect((await fetch(`${base()}/open`)).status).toBe(200);
    expect([asked, events[0]?.requestContext.authorizer]).toEqual([0, undefined]);
  });

  it.each<[what: string, says: typeof authorizer, status: number, challenge: string | null]>([
    ['throws "Unauthorized"', () => Promise.reject(new Error('Unauthorized')), 401, 'Bearer a="b"'],
    ['throws another error', () => Promise.reject(new Error('unauthorized')), 500, null],
    ['denies', (arn) => Promise.resolve(allow(arn, 'Deny')), 403, 'Bearer c="d"'],
    ['allows another resource', (arn) => Promise.resolve(allow(`${arn}x`)), 403, 'Bearer c="d"'],
  ])('rejects the request when it %s', async (_what, says, status, challenge) => {
    authorizer = says;
    const { status: got, headers } = await post();
    expect([got, headers.get('www-authenticate')]).toEqual([status, challenge]);
    expect(events).toEqual([]);
  });
});

describe('a streamed response', () => {
  it('has its status and headers, with WWW-Authenticate renamed', async () => {
    const headers = { 'content-type': 'text/plain', 'WWW-Authenticate': 'Bearer' };
    streaming = (stream) => answer(stream, { statusCode: 404, headers }).end('not here');
    const got = await post();
    expect([got.status, got.headers.get('content-type'), await got.text()]).toEqual([
      404,
      'text/plain',
      'not here',
    ]);
    expect(got.headers.get('www-authenticate')).toBeNull();
    expect(got.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
  });

  it.each<[what: string, streamed: (stream: ResponseStream) => unknown]>([
    ['has no metadata', (stream) => stream.end('hello')],
    [
      'does not declare its metadata',
      (stream) => stream.end(Buffer.concat([Buffer.from('{"statusCode":200}'), DELIMITER])),
    ],
    ['has metadata without a status', (stream) => answer(stream, {}).end('hello')],
    ['has endless metadata', (stream) => stream.end('{'.padEnd(17 * 1024))],
    ['never begins', () => undefined],
    [
      'comes from a function that throws',
      () => {
        throw new Error('private');
      },
    ],
  ])('becomes an error when it %s', async (_what, streamed) => {
    streaming = streamed;
    const got = await post();
    expect([got.status, await got.json()]).toMatchObject([502, { __type: 'InternalServerException' }]);
    expect(failures).toHaveLength(1);
  });

  it('is cut off when the function does not end it', async () => {
    streaming = (stream) => answer(stream, { statusCode: 200 }).write('half');
    await expect((await post()).text()).rejects.toMatchObject({ message: 'terminated' });
    expect(failures).toHaveLength(1);
  });
});

it('rejects a request that is larger than Lambda accepts', async () => {
  const most = (6 * 1024 * 1024 * 3) / 4;
  const headers = { authorization: 'Bearer a' };
  expect((await post({ headers, body: 'a'.repeat(most) })).status).toBe(200);
  const got = await post({ headers, body: 'a'.repeat(most + 1) });
  expect([got.status, await got.json()]).toMatchObject([400, { __type: 'ValidationException' }]);
  expect(events).toHaveLength(1);
});
