/**
 * Amazon S3 of the embedded cloud: GetObject and GetObjectTagging, which the service uses, and PutObject and DeleteObject
 * for its objects (REST and XML, with the bucket in the path). Each name of a bucket is a bucket of the local account.
 * Source: Amazon S3 API reference, the operations of these names, and "Error responses".
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { placeOf, type ObjectPlace } from '../../lambda/domain/provider/certificate-object';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { listenOnLoopback, LOOPBACK, type DerivedPort, type Listening } from './loopback-server';
import { openObjectsFile, type LocalObject, type ObjectsFile } from './objects-file';
import { isAllowed, type PrincipalAccess } from './principal-access';
import { claimedPrincipal, verifyPrincipal } from './principal-signature';
import { LOCAL_ACCOUNT, type Principals } from './principals';
import { readBody } from './request-body';
import type { SettingNames } from './setting-names';
import { SignatureError } from './sigv4';

/** Certificates have up to 64 KiB. There is room for objects that the service must reject. */
const MAX_OBJECT_BYTES = 1024 * 1024;

type Operation = 'GetObject' | 'GetObjectTagging' | 'PutObject' | 'DeleteObject';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET ': 'GetObject',
  'GET tagging': 'GetObjectTagging',
  'PUT ': 'PutObject',
  'DELETE ': 'DeleteObject',
};

/** Operations that create and manage objects. Only the functions read the content. */
const PRINCIPALS_OPERATIONS: ReadonlySet<string> = new Set<Operation>([
  'PutObject',
  'GetObjectTagging',
  'DeleteObject',
]);

/** Headers that make another operation of a request, or another body. */
const OTHER_HEADERS = ['x-amz-copy-source', 'content-encoding', 'if-match', 'if-none-match', 'range'];

/** An error with the code that S3 gives it. Codes and messages contain nothing that XML must escape. */
class S3Error extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const NOT_IMPLEMENTED = 'The local service does not have this operation.';

interface S3Request {
  readonly operation: Operation;
  readonly place: ObjectPlace;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', 'The path is not percent-encoded UTF-8.');
  }
}

/** @throws S3Error for another operation, or a path without bucket and key */
function parseRequest({ method = '', url = '', headers }: IncomingMessage): S3Request {
  const [, path = '', query = ''] = /^\/([^?]*)\??(.*)$/s.exec(url) ?? [];
  // The SDKs name the operation in the query, too.
  const resources = query.split('&').filter((part) => part !== '' && !part.startsWith('x-id='));
  const operation = OPERATIONS[`${method} ${resources.map((part) => part.replace(/=$/, '')).join('&')}`];
  const place = placeOf(`s3://${decoded(path)}`);
  if (!operation || !place || OTHER_HEADERS.some((name) => headers[name] !== undefined)) {
    throw new S3Error(501, 'NotImplemented', NOT_IMPLEMENTED);
  }
  return { operation, place };
}

/** @throws S3Error for a key that occurs twice: the owner tag must have one meaning */
function tagsIn(header: string | string[] | undefined): Record<string, string> {
  const tags = [...new URLSearchParams(header?.toString() ?? '')];
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new S3Error(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key');
  }
  return Object.fromEntries(tags);
}

const escaped = (text: string): string => text.replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const taggingXml = ({ tags }: LocalObject): string =>
  `<Tagging xmlns="${NAMESPACE}"><TagSet>${Object.entries(tags)
    .map(([key, value]) => `<Tag><Key>${escaped(key)}</Key><Value>${escaped(value)}</Value></Tag>`)
    .join('')}</TagSet></Tagging>`;

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;

export interface LocalS3Options {
  /** Path of the file of objects. */
  readonly path: string;
  /** What clients must present. */
  readonly credentials: EmulatorCredentials;
  /** Can manage objects too; none by default. */
  readonly principals?: Principals | undefined;
  /** By default, a free port. */
  readonly port?: DerivedPort | undefined;
  /** Of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames | undefined;
}

export interface LocalS3 extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

/** @throws StartError when the file of objects is damaged */
export async function startS3({
  path,
  credentials,
  principals,
  port,
  names,
}: LocalS3Options): Promise<LocalS3> {
  const objects = await openObjectsFile(path, names);
  const access = principals && accessTo(objects, principals);
  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request, MAX_OBJECT_BYTES);
      if (!body) throw new S3Error(400, 'EntityTooLarge', 'The object is too large.');
      const parsed = parseRequest(request);
      if (!mayCallEmulator(request, credentials)) await checkPrincipal(access, request, parsed, body);
      checkBucketOwner(request);
      await operate(parsed, request, body, response);
    } catch (error) {
      const known = error instanceof S3Error;
      const { status, code, message } = known
        ? error
        : { status: 500, code: 'InternalError', message: 'The request failed.' };
      response
        .writeHead(status, { 'content-type': 'application/xml' })
        .end(
          `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${randomUUID()}</RequestId></Error>`,
        );
    }
  }

  async function operate(
    { operation, place }: S3Request,
    { headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    if (operation === 'PutObject') {
      const tags = tagsIn(headers['x-amz-tagging']);
      await objects.put({ ...place, tags, body: body.toString('base64') });
      response.writeHead(200, { etag: etagOf(body) }).end();
      return;
    }
    if (operation === 'DeleteObject') {
      await objects.remove(place);
      response.writeHead(204).end();
      return;
    }
    const object = objects.find(place);
    if (!object) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
    if (operation === 'GetObjectTagging') {
      response.writeHead(200, { 'content-type': 'application/xml' }).end(taggingXml(object));
      return;
    }
    const content = Buffer.from(object.body, 'base64');
    response.writeHead(200, { 'content-length': content.length, etag: etagOf(content) }).end(content);
  }

  const listening = await listenOnLoopback(server, port ?? 0, names);
  return { endpoint: `http://${LOOPBACK}:${listening.port}`, close: listening.close };
}

const accessTo = (objects: ObjectsFile, principals: Principals): PrincipalAccess => ({
  principals,
  service: 's3',
  operations: PRINCIPALS_OPERATIONS,
  resourceOf(input) {
    const object = objects.find(input as ObjectPlace);
    return object && { tags: object.tags, internal: false };
  },
});

/** @throws S3Error for a request that no local principal signed and is allowed to send */
async function checkPrincipal(
  access: PrincipalAccess | undefined,
  request: IncomingMessage,
  { operation, place }: S3Request,
  body: Buffer,
): Promise<void> {
  const principal = claimedPrincipal(access, request);
  if (!access || !principal) throw new S3Error(403, 'AccessDenied', 'Access denied.');
  try {
    await verifyPrincipal(access, principal, request, body);
  } catch (error) {
    if (error instanceof SignatureError) throw new S3Error(403, 'SignatureDoesNotMatch', error.message);
    throw error;
  }
  if (!isAllowed(access, principal, operation, place)) {
    throw new S3Error(
      403,
      'AccessDenied',
      `User: ${principal.arn} is not authorized to perform: s3:${operation} on this resource`,
    );
  }
}

/** @throws S3Error if the client expects that another account owns the bucket */
function checkBucketOwner({ headers }: IncomingMessage): void {
  const expected = headers['x-amz-expected-bucket-owner'];
  if (expected !== undefined && expected !== LOCAL_ACCOUNT) {
    throw new S3Error(403, 'AccessDenied', 'Access denied.');
  }
}
