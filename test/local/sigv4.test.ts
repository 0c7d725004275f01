/** Signature Version 4 at the gateway: valid requests, and every known way to bypass it. */
import { agent, GatewayUnderTest } from './gateway-under-test';
import {
  inAuthorization,
  PATH,
  presigned,
  send,
  signed,
  withHeader,
  withoutHeader,
  type Handmade,
} from './handmade-request';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

let gateway: GatewayUnderTest;

const minutesFromNow = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

beforeAll(async () => {
  gateway = await GatewayUnderTest.start();
});

afterAll(() => gateway.close());

beforeEach(() => {
  gateway.reset({});
});

describe('a request made by hand', () => {
  it('is authenticated by its signature, even without x-amz-content-sha256', async () => {
    expect((await send(await signed(gateway.host))).status).toBe(200);
    const bare = await signed(gateway.host, { applyChecksum: false });
    expect(bare.headers['x-amz-content-sha256']).toBeUndefined();
    expect((await send(bare)).status).toBe(200);
  });

  it('can have a signed query', async () => {
    expect(
      (await send(await signed(gateway.host, { query: { a: ['2', '1'], 'b c': 'd+e/f' } }))).status,
    ).toBe(200);
    expect(gateway.events[0]?.event.multiValueQueryStringParameters).toEqual({
      a: ['2', '1'],
      'b c': ['d+e/f'],
    });
  });

  it('can name its user in a signed header, and have an unsigned trace header', async () => {
    const user = { 'x-amzn-bedrock-agentcore-runtime-user-id': 'ana' };
    const request = await signed(gateway.host, { headers: user });
    expect(String(request.headers.authorization)).toContain('x-amzn-bedrock-agentcore-runtime-user-id');
    expect((await send(withHeader(request, 'X-Amzn-Trace-Id', 'Root=1-0'))).status).toBe(200);
    expect((await send(withHeader(request, Object.keys(user)[0] ?? '', 'ben'))).status).toBe(403);
  });

  const refused: [string, () => Promise<Handmade>, RegExp][] = [
    ['no signature', async () => withoutHeader(await signed(gateway.host), 'authorization'), /not signed/],
    [
      'a changed body',
      async () => ({ ...(await signed(gateway.host, { applyChecksum: false })), body: '{}' }),
      /does not match/,
    ],
    [
      'a changed body and its hash unchanged',
      async () => ({ ...(await signed(gateway.host)), body: '{}' }),
      /SHA-256 of the body/,
    ],
    [
      'a changed body and its hash changed',
      async () =>
        withHeader({ ...(await signed(gateway.host)), body: '' }, 'x-amz-content-sha256', EMPTY_SHA256),
      /does not match/,
    ],
    [
      'a changed path',
      async () => ({ ...(await signed(gateway.host)), path: '/identities/oauth2/token' }),
      /does not match/,
    ],
    [
      'an added query',
      async () => ({ ...(await signed(gateway.host)), path: `${PATH}?a=b` }),
      /does not match/,
    ],
    [
      'a changed header',
      async () => withHeader(await signed(gateway.host), 'content-type', 'text/plain'),
      /does not match/,
    ],
    [
      'an x-amz header that is not signed',
      async () => withHeader(await signed(gateway.host), 'X-Amz-Meta', '1'),
      /x-amz-/,
    ],
    [
      'a user id that is not signed',
      async () =>
        withHeader(await signed(gateway.host), 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id', 'a-user-to-keep'),
      /starts with x-amzn-bedrock-agentcore- is not signed/,
    ],
    [
      'a session id that is not signed',
      async () =>
        withHeader(await signed(gateway.host), 'x-amzn-bedrock-agentcore-runtime-session-id', 'a-session'),
      /starts with x-amzn-bedrock-agentcore- is not signed/,
    ],
    [
      'a signed header twice',
      async () => withHeader(await signed(gateway.host), 'content-type', ['a/b', 'a/b']),
      /exactly once/,
    ],
    [
      'a wrong x-amz-content-sha256, itself signed',
      () => signed(gateway.host, { headers: { 'x-amz-content-sha256': EMPTY_SHA256 } }),
      /SHA-256 of the body/,
    ],
    [
      'UNSIGNED-PAYLOAD',
      () => signed(gateway.host, { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
      /SHA-256 of the body/,
    ],
    [
      'a date six minutes ago',
      () => signed(gateway.host, { signingDate: minutesFromNow(-6) }),
      /five minutes/,
    ],
    [
      'a date that is 6 minutes ahead',
      () => signed(gateway.host, { signingDate: minutesFromNow(6) }),
      /five minutes/,
    ],
    [
      'another day in its credential scope',
      async () => inAuthorization(await signed(gateway.host), /\/\d{8}\//, '/20200101/'),
      /day/,
    ],
    ['another region', () => signed(gateway.host, { region: 'eu-west-1' }), /region/],
    ['another service', () => signed(gateway.host, { service: 's3' }), /service/],
    [
      'an unknown key',
      () => signed(gateway.host, { credentials: { ...agent, accessKeyId: 'AKIABBBBBBBBBBBBBBBB' } }),
      /not known/,
    ],
    [
      'a wrong secret',
      () => signed(gateway.host, { credentials: { ...agent, secretAccessKey: 'x' } }),
      /does not match/,
    ],
    [
      'host not signed',
      async () => inAuthorization(await signed(gateway.host), 'host;', ''),
      /host must be signed/,
    ],
    [
      'x-amz-date not signed',
      async () => inAuthorization(await signed(gateway.host), ';x-amz-date', ''),
      /x-amz-date must be/,
    ],
    [
      'x-amz-date missing',
      async () => withoutHeader(await signed(gateway.host), 'x-amz-date'),
      /exactly once/,
    ],
    [
      'half a signature',
      async () => inAuthorization(await signed(gateway.host), /[0-9a-f]{32}$/, ''),
      /all its parts/,
    ],
    [
      'a bearer token',
      async () => withHeader(await signed(gateway.host), 'authorization', 'Bearer abc'),
      /all its parts/,
    ],
    [
      'two Authorization headers',
      async () => {
        const request = await signed(gateway.host);
        return withHeader(request, 'authorization', [String(request.headers.authorization), 'Bearer abc']);
      },
      /repeated/,
    ],
    ['a presigned URL', () => presigned(gateway.host), /query string/],
  ];

  it.each(refused)('is rejected with %s', async (_name, make, reason) => {
    const request = await make();
    const { status, headers, body } = await send(request);
    expect(status).toBe(403);
    expect(headers['x-amzn-errortype']).toBe('AccessDeniedException');
    const { __type, message } = JSON.parse(body) as Record<string, string>;
    expect(__type).toBe('AccessDeniedException');
    expect(message).toMatch(reason);
    // Clients would take the word "expired" for an expired workload access token.
    expect(body).not.toMatch(/expired/i);
    expect(body).not.toMatch(/[0-9a-f]{64}/);
    expect(gateway.events).toHaveLength(0);
  });
});
