/** Objects with certificates, read by the AWS SDK client from an HTTP server with the responses of Amazon S3. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createCertificateObjects } from '../../lambda/adapters/s3/certificate-objects';
import { listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { holdDeadlines } from '../flows/support/deadlines';

const ACCOUNT = '123456789012';
const PLACE = { bucket: 'authorities', key: 'of agents/ca+1.pem' };
const OTHER_REGION = 'eu-central-1';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

let respond: Respond;
let requests: IncomingMessage[];
let listening: Listening;

beforeAll(async () => {
  const server = createServer((request, response) => {
    requests.push(request);
    respond(request, response);
  });
  listening = await listenOnLoopback(server, 0);
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${listening.port}`,
    AWS_MAX_ATTEMPTS: '1',
  });
});
beforeEach(() => {
  requests = [];
});
afterAll(() => listening.close());

const objects = () => createCertificateObjects(ACCOUNT);

const xml =
  (status: number, body: string, headers: Record<string, string> = {}): Respond =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body);
const error = (status: number, code: string, headers?: Record<string, string>): Respond =>
  xml(status, `<Error><Code>${code}</Code><Message>refused</Message></Error>`, headers);
const text =
  (body: string): Respond =>
  (_request, response) =>
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
const NO_TAGS = '<Tagging><TagSet></TagSet></Tagging>';
const TAGS =
  '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>agent-identity:owner</Key><Value>certificates/arn</Value></Tag><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>';

it('asks for the object by its name, in a bucket of this account only', async () => {
  respond = xml(200, TAGS);
  expect(await objects().tags(PLACE)).toEqual({ 'agent-identity:owner': 'certificates/arn', a: '1' });
  respond = text('certificates');
  expect(await objects().text(PLACE)).toBe('certificates');
  expect(requests.map(({ method, url }) => [method, url?.replace(/x-id=\w+/, '')])).toEqual([
    ['GET', '/authorities/of%20agents/ca%2B1.pem?tagging='],
    ['GET', '/authorities/of%20agents/ca%2B1.pem?'],
  ]);
  for (const { headers } of requests) expect(headers['x-amz-expected-bucket-owner']).toBe(ACCOUNT);
});

it('returns no tags for an object without tags', async () => {
  respond = xml(200, NO_TAGS);
  expect(await objects().tags(PLACE)).toEqual({});
});

it('follows a bucket to its Region', async () => {
  respond = (request, response) => {
    const here = request.headers.authorization?.includes(`/${OTHER_REGION}/s3/`) === true;
    const moved = error(301, 'PermanentRedirect', { 'x-amz-bucket-region': OTHER_REGION });
    (here ? xml(200, TAGS) : moved)(request, response);
  };
  expect(await objects().tags(PLACE)).toMatchObject({ a: '1' });
  expect(requests).toHaveLength(2);
});

it.each([
  [403, 'AccessDenied'],
  [404, 'NoSuchKey'],
  [404, 'NoSuchBucket'],
  [400, 'KMS.DisabledException'],
  [403, 'InvalidObjectState'],
  [405, 'MethodNotAllowed'],
  [400, 'InvalidToken'],
  [403, 'InvalidAccessKeyId'],
  [400, 'InvalidURI'],
  [301, 'PermanentRedirect'],
])('counts an object as absent after %i %s', async (status, code) => {
  respond = error(status, code);
  expect(await objects().tags(PLACE)).toBeUndefined();
  expect(await objects().text(PLACE)).toBeUndefined();
});

it('counts an object as absent after a refusal without a code', async () => {
  respond = xml(400, '');
  expect(await objects().tags(PLACE)).toBeUndefined();
  expect(await objects().text(PLACE)).toBeUndefined();
});

it.each([
  [503, 'SlowDown'],
  [500, 'InternalError'],
  [403, 'SignatureDoesNotMatch'],
  [403, 'RequestTimeTooSkewed'],
  [400, 'ExpiredToken'],
])('fails after %i %s, which says nothing about the object', async (status, code) => {
  respond = error(status, code);
  await expect(objects().tags(PLACE)).rejects.toMatchObject({ name: code });
  await expect(objects().text(PLACE)).rejects.toMatchObject({ name: code });
});

it('reads an object of 65,536 bytes, and none of a larger one', async () => {
  const most = 'a'.repeat(65_536);
  respond = text(most);
  expect(await objects().text(PLACE)).toBe(most);
  let sent = 0;
  const closed = new Promise<void>((done) => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-length': 1e12 });
      const send = () => {
        while (response.writable && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', send).on('close', done);
      send();
    };
  });
  expect(await objects().text(PLACE)).toBeUndefined();
  await closed;
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

it('reads nothing of an object whose size the response does not name', async () => {
  respond = (_request, response) => void response.writeHead(200).end('certificates');
  expect(await objects().text(PLACE)).toBeUndefined();
});

it.each<[string, Respond]>([
  ['no response', () => undefined],
  [
    'an object that never ends',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 60_000 }).write('c');
    },
  ],
])('gives up after five seconds with %s', async (_what, answer) => {
  const deadlines = holdDeadlines();
  const closed: Promise<unknown>[] = [];
  respond = (request, response) => {
    closed.push(once(response, 'close'));
    answer(request, response);
  };
  let over = 0;
  const givenUp = [objects().tags(PLACE), objects().text(PLACE)].map((read) =>
    expect(read.finally(() => (over += 1))).rejects.toMatchObject({
      name: expect.stringMatching(/^(Abort|Timeout)Error$/) as string,
    }),
  );
  while (requests.length < 2) await new Promise(setImmediate);
  deadlines.advance(4_999);
  await new Promise((later) => setTimeout(later, 50));
  expect(over).toBe(0);
  deadlines.advance(1);
  await Promise.all(givenUp);
  await Promise.all(closed);
});
