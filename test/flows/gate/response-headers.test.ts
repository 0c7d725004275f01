/**
 * Agent responses with headers that the gateway would reject: the caller gets an error that the AWS SDK client does not
 * retry, so the agent is invoked once.
 */
import { MAX_HEADER_CHARACTERS } from '../../../lambda/domain/gate/response-fields';
import { DELIMITER, WITH_METADATA } from '../../../lambda/gate/response-stream';
import { startRawServer, switchProtocols, type RawServer } from '../support/raw-server';
import { World } from '../support/world';
import { awsClient, openEndpoint, type Opened } from './endpoints';

const FUNCTION = 'travel-agent';

let world: World;
let server: RawServer;
let overHttp: Opened;
let overLambda: Opened;
const failures: unknown[] = [];

beforeAll(async () => {
  [world, server] = await Promise.all([World.start(), startRawServer()]);
  const { region, accountId, principals } = world.local;
  const inbound = { kind: 'IAM' as const, userIdPrincipals: [principals.operator.arn] };
  const reportFailure = (failure: unknown) => failures.push(failure);
  const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${FUNCTION}`;
  overHttp = await openEndpoint(world, { inbound, target: { kind: 'url', url: server.url }, reportFailure });
  overLambda = await openEndpoint(world, { inbound, target: { kind: 'lambda', functionArn }, reportFailure });
});
afterAll(async () => {
  await Promise.all([overHttp.close(), overLambda.close()]);
  await Promise.all([server.close(), world.stop()]);
});
beforeEach(() => {
  server.requests.length = 0;
});

/** One call by the AWS SDK client, which retries a 502. */
const invoke = ({ baseUrl, agentRuntimeArn }: Opened) =>
  awsClient(world, { baseUrl }).invokeAgentRuntime({ agentRuntimeArn, payload: Buffer.from('{}') });

async function refused(at: Opened, reason: string): Promise<void> {
  await expect(invoke(at)).rejects.toMatchObject({
    name: 'RuntimeClientError',
    $metadata: { httpStatusCode: 424, attempts: 1 },
  });
  const last = (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime').at(-1);
  expect(last).toMatchObject({ outcome: 'failed', reason });
  // The gateway never received the response, so the gateway did not fail.
  expect(failures).toEqual([]);
}

describe.each([
  ['streams', true],
  ['returns one object', false],
])('a Lambda function that %s', (_how, streams) => {
  let runs: number;
  function deploy(headers: Record<string, string>): void {
    runs = 0;
    world.local.functions.set(
      FUNCTION,
      streams
        ? {
            streaming: (_event, stream) => {
              runs += 1;
              stream.setContentType(WITH_METADATA);
              stream.write(
                Buffer.concat([Buffer.from(JSON.stringify({ statusCode: 200, headers })), DELIMITER]),
              );
              stream.end('{}');
              return Promise.resolve();
            },
          }
        : () => {
            runs += 1;
            return Promise.resolve({ statusCode: 200, headers, body: '{}' });
          },
    );
  }

  it.each([
    ['content-type', 'text/plain\r\nset-cookie: a=1'],
    ['content-type', 'text/plain\n'],
    ['Content-Type', 'text/\u0000plain'],
    ['content-type', 'text/plän'],
    ['content-encoding', 'gzip\r'],
    ['mcp-session-id', 'ключ'],
    ['tracestate', 'a=\u007f'],
  ])('is invoked once if its header %s has the value %j', async (name, value) => {
    deploy({ [name]: value });
    await refused(overLambda, `agent: invalid value in header ${name.toLowerCase()}`);
    expect(runs).toBe(1);
  });

  it('is invoked once if its headers are longer than the gateway reads', async () => {
    deploy({ baggage: '"'.repeat(MAX_HEADER_CHARACTERS + 1) });
    await refused(overLambda, 'agent: headers are too long');
    expect(runs).toBe(1);
  });

  it('can return the longest headers that are allowed', async () => {
    deploy({ 'content-type': 'application/json', baggage: '"'.repeat(MAX_HEADER_CHARACTERS - 16) });
    expect((await invoke(overLambda)).statusCode).toBe(200);
    expect(runs).toBe(1);
  });
});

it.each([
  ['bytes outside ASCII', 'text/pl\u00e4in', 'agent: invalid value in header content-type'],
  ['a folded header line', 'text/plain;\r\n a=b', 'agent: no response (HPE_INVALID_HEADER_TOKEN)'],
])('an agent over HTTP is invoked once if its response has %s', async (_what, type, reason) => {
  server.behavior = (connection) =>
    connection.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: 2\r\n\r\n{}`, 'latin1');
  await refused(overHttp, reason);
  expect(server.requests).toHaveLength(1);
});

it('an agent over HTTP is invoked once if it switches protocols', async () => {
  server.behavior = switchProtocols;
  await refused(overHttp, 'agent: no response (the server switched protocols)');
  expect(server.requests).toHaveLength(1);
});
