/** The clients of DynamoDB and KMS: that of the AWS SDK, and that of the functions for which agents wait. */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { crc32 } from 'node:zlib';
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  type PutItemCommandInput,
  type PutItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import {
  DecryptCommand,
  KMSClient,
  type DecryptCommandInput,
  type DecryptCommandOutput,
} from '@aws-sdk/client-kms';
import { isAwsError } from '../../lambda/adapters/aws/aws-error';
import { endpointOf } from '../../lambda/adapters/aws/endpoint';
import { createJsonClient, DYNAMODB, KMS } from '../../lambda/adapters/aws/json-client';
import { createSdkClient } from '../../lambda/adapters/aws/sdk-client';
import type { ServiceClient } from '../../lambda/adapters/aws/service-client';

const TIMEOUTS = { connectionTimeout: 1_000, socketTimeout: 300 };
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SESSION = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}
type Respond = (response: ServerResponse, request: Received) => void;

const received: Received[] = [];
/** What the server does with the next requests. The last one remains. */
let responses: Respond[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    received.push({ headers: request.headers, body });
    const [respond] = responses.length > 1 ? responses.splice(0, 1) : responses;
    respond?.(response, { headers: request.headers, body });
  });
});

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Respond =>
  (response) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'x-amz-crc32': String(crc32(text)), 'x-amzn-requestid': 'R1', ...headers });
    response.end(text);
  };
const fault = (type: string, status = 400, headers = {}): Respond =>
  json(status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'what happened' }, headers);
const reset: Respond = (response) => response.destroy();
const item = json(200, { Item: { pk: { S: 'a' } } });

interface DynamoDb {
  readonly [operation: string]: readonly [object, object];
  readonly GetItem: readonly [GetItemCommandInput, GetItemCommandOutput];
  readonly PutItem: readonly [PutItemCommandInput, PutItemCommandOutput];
}
interface Kms {
  readonly [operation: string]: readonly [object, object];
  readonly Decrypt: readonly [DecryptCommandInput, DecryptCommandOutput];
}

const CLIENTS: readonly [
  string,
  { readonly dynamodb: () => ServiceClient<DynamoDb>; readonly kms: () => ServiceClient<Kms> },
][] = [
  [
    'of this service',
    {
      dynamodb: () => createJsonClient<DynamoDb>(DYNAMODB, TIMEOUTS),
      kms: () => createJsonClient<Kms>(KMS, TIMEOUTS),
    },
  ],
  [
    'of the AWS SDK',
    {
      dynamodb: () =>
        createSdkClient<DynamoDb>(new DynamoDBClient({ requestHandler: TIMEOUTS }), {
          GetItem: GetItemCommand,
          PutItem: PutItemCommand,
        }),
      kms: () =>
        createSdkClient<Kms>(new KMSClient({ requestHandler: TIMEOUTS }), { Decrypt: DecryptCommand }),
    },
  ],
];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: SESSION,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  received.length = 0;
  jest.spyOn(Math, 'random').mockReturnValue(0);
});

describe.each(CLIENTS)('the client %s', (_whose, { dynamodb, kms }) => {
  const get = (client = dynamodb()) => client.send('GetItem', { TableName: 't', Key: { pk: { S: 'a' } } });
  const failure = () =>
    get().then(
      () => undefined,
      (error: unknown) => error,
    );

  it('sends a signed request, and returns the output', async () => {
    responses = [item];
    expect(await get()).toMatchObject({ Item: { pk: { S: 'a' } } });
    const [{ headers, body } = { headers: {}, body: {} }] = received;
    expect(body).toEqual({ TableName: 't', Key: { pk: { S: 'a' } } });
    expect(headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'x-amz-security-token': SESSION,
    });
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, SignedHeaders=\S*host;\S*x-amz-date;x-amz-security-token;x-amz-target\S*, Signature=[0-9a-f]{64}$/,
    );
  });

  it('converts the members that are bytes', async () => {
    responses = [json(200, { KeyId: 'k', Plaintext: Buffer.from('key').toString('base64') })];
    const { KeyId, Plaintext } = await kms().send('Decrypt', { CiphertextBlob: Buffer.from('wrapped') });
    expect([KeyId, Buffer.from(Plaintext ?? []).toString()]).toEqual(['k', 'key']);
    expect(received[0]?.body).toEqual({ CiphertextBlob: Buffer.from('wrapped').toString('base64') });
  });

  it.each<[string, Respond]>([
    ['throttling', fault('ProvisionedThroughputExceededException')],
    ['an internal error', fault('InternalServerError', 500)],
    ['a page of a proxy', (response) => response.writeHead(503).end('<html>')],
    ['a broken connection', reset],
    [
      'a response that breaks off',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"Item":');
        setImmediate(() => response.destroy());
      },
    ],
    ['no response within the time', () => undefined],
  ])('repeats a request after %s', async (_what, respond) => {
    responses = [respond, item];
    expect(await get()).toMatchObject({ Item: { pk: { S: 'a' } } });
    expect(received.map(({ body }) => body)).toEqual([received[0]?.body, received[0]?.body]);
  });

  it.each(['ConditionalCheckFailedException', 'ValidationException', 'AccessDeniedException'])(
    'does not repeat a request after %s, and throws it with the ID of the request',
    async (name) => {
      responses = [fault(name)];
      const error = await failure();
      expect(isAwsError(error, name)).toBe(true);
      expect(error).toMatchObject({ name, message: 'what happened', $metadata: { requestId: 'R1' } });
      expect(received).toHaveLength(1);
    },
  );

  it('stops after four attempts at a request of DynamoDB', async () => {
    responses = [fault('InternalServerError', 500)];
    expect(await failure()).toMatchObject({ name: 'InternalServerError' });
    expect(received).toHaveLength(4);
  });

  it('corrects its clock by that of the service, and keeps the correction', async () => {
    const date = new Date(Date.now() + 3_600_000);
    responses = [
      fault('InvalidSignatureException', 400, { date: date.toUTCString() }),
      json(200, {}, { date: date.toUTCString() }),
    ];
    const client = dynamodb();
    await get(client);
    await get(client);
    const signedAt = received.map(({ headers }) => String(headers['x-amz-date']).slice(0, 11));
    const corrected = date.toISOString().replace(/[-:]/g, '').slice(0, 11);
    expect(signedAt.slice(1)).toEqual([corrected, corrected]);
  });

  it('passes the trace of the invocation on', async () => {
    responses = [item];
    Object.assign(process.env, { AWS_LAMBDA_FUNCTION_NAME: 'f', _X_AMZN_TRACE_ID: 'Root=1-2-3' });
    try {
      await get();
    } finally {
      delete process.env.AWS_LAMBDA_FUNCTION_NAME;
      delete process.env._X_AMZN_TRACE_ID;
    }
    expect(received[0]?.headers['x-amzn-trace-id']).toBe('Root=1-2-3');
  });

  it('rejects a response that is not JSON', async () => {
    responses = [(response) => response.writeHead(200).end('<html>')];
    expect(await failure()).toBeInstanceOf(Error);
  });

  it.each<[string, Respond]>([
    ['an error response', fault('AccessDeniedException')],
    ['a broken connection', reset],
    ['no response', () => undefined],
  ])('has no secret in the error for %s', async (_what, respond) => {
    responses = [respond];
    const error = await failure();
    expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
  });
});

describe('the client of this service', () => {
  const get = () =>
    createJsonClient<DynamoDb>(DYNAMODB, TIMEOUTS).send('GetItem', { TableName: 't', Key: {} });

  it('repeats a request whose response has another checksum', async () => {
    responses = [json(200, { Item: {} }, { 'x-amz-crc32': '1' }), item];
    expect(await get()).toMatchObject({ Item: { pk: { S: 'a' } } });
  });

  it('repeats a request that gets no connection within the time', async () => {
    const neverConnected = Object.assign(new Socket(), { connecting: true });
    const connect = jest.spyOn(Agent.prototype, 'createConnection');
    connect.mockReturnValueOnce(neverConnected);
    responses = [item];
    const client = createJsonClient<DynamoDb>(DYNAMODB, { connectionTimeout: 50, socketTimeout: 60_000 });
    expect(await client.send('GetItem', { TableName: 't', Key: {} })).toMatchObject({ Item: {} });
    expect(neverConnected.destroyed).toBe(true);
    expect(connect).toHaveBeenCalledTimes(2);
  });

  it('does not wait for a service that switches protocols', async () => {
    responses = [
      (response) =>
        response.socket?.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
        ),
    ];
    await expect(get()).rejects.toThrow('switched protocols');
  });

  it('has neither the secret nor the session token in any error', async () => {
    for (const respond of [
      fault('AccessDeniedException'),
      reset,
      json(400, {
        __type: 'InvalidSignatureException',
        message: `The Canonical String should have been 'POST x-amz-security-token:${SESSION}'`,
      }),
    ]) {
      responses = [respond];
      const text = await get().then(String, (error: unknown) => inspect(error, { depth: 10 }));
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(SESSION);
    }
  });

  it('signs each request with the credentials of the environment', async () => {
    responses = [item];
    const client = createJsonClient<DynamoDb>(DYNAMODB, TIMEOUTS);
    await client.send('GetItem', { TableName: 't', Key: {} });
    process.env.AWS_SESSION_TOKEN = 'another';
    try {
      await client.send('GetItem', { TableName: 't', Key: {} });
    } finally {
      process.env.AWS_SESSION_TOKEN = SESSION;
    }
    expect(received.map(({ headers }) => headers['x-amz-security-token'])).toEqual([SESSION, 'another']);
  });

  it('sends no request without credentials', async () => {
    delete process.env.AWS_SECRET_ACCESS_KEY;
    try {
      await expect(get()).rejects.toThrow('the environment has no AWS credentials');
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = SECRET;
    }
    expect(received).toEqual([]);
  });
});

describe('the endpoint', () => {
  const REGIONS = [
    ...['us-east-1', 'eu-central-1', 'ap-southeast-5', 'il-central-1', 'mx-central-1'],
    ...['cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'us-gov-east-1', 'eusc-de-east-1'],
    ...['us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1'],
  ];
  const CHOICES = [
    {},
    { AWS_USE_FIPS_ENDPOINT: 'true' },
    { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
  ];

  it.each(REGIONS.flatMap((region) => CHOICES.map((env) => [region, env] as const)))(
    'in %s with %p is that of the AWS SDK',
    (region, env) => {
      for (const Client of [DynamoDBClient, KMSClient]) {
        const client = new Client({
          region,
          useFipsEndpoint: 'AWS_USE_FIPS_ENDPOINT' in env,
          useDualstackEndpoint: 'AWS_USE_DUALSTACK_ENDPOINT' in env,
        });
        const service = Client === DynamoDBClient ? DYNAMODB : KMS;
        const { url } = client.config.endpointProvider({
          Region: region,
          UseFIPS: 'AWS_USE_FIPS_ENDPOINT' in env,
          UseDualStack: 'AWS_USE_DUALSTACK_ENDPOINT' in env,
        });
        expect(endpointOf(service, region, env).href).toBe(url.href);
      }
    },
  );

  it.each([
    [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_KMS: 'http://b' }, 'http://b/'],
    [{ AWS_ENDPOINT_URL: 'http://a' }, 'http://a/'],
    [
      { AWS_ENDPOINT_URL_KMS: 'http://b', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      'https://kms.eu-west-1.amazonaws.com/',
    ],
  ])('with %p is that of the environment', (env, url) => {
    expect(endpointOf(KMS, 'eu-west-1', env).href).toBe(url);
  });
});
