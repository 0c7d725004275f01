/**
 * Requests to AWS services for the calls that agents wait for. The parts of the AWS SDK sign a request and decide whether it
 * is repeated, and `node:http` sends it. The generated clients of the AWS SDK, and its HTTP handler, are most of a cold
 * start and of the CPU time of a call (docs/engineering/performance.md).
 */
import { createHash, createHmac, type BinaryLike } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { crc32 } from 'node:zlib';
import { HttpRequest } from '@smithy/core/protocols';
import type { Hash } from '@smithy/core/serde';
import { isThrottlingError, isTransientError, StandardRetryStrategy } from '@smithy/core/retry';
import { SignatureV4 } from '@smithy/signature-v4';
import { parseJsonObject } from '../../domain/json-object';
import type { AwsError } from './aws-error';

export interface Timeouts {
  /** Milliseconds that a request waits for a connection. */
  readonly connectionTimeout: number;
  /** Milliseconds that a request waits for the next bytes. */
  readonly socketTimeout: number;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface RequestSettings extends Timeouts {
  readonly signingName: string;
  readonly endpoint: URL;
  readonly region: string;
  /** @default - those of the environment, at each request */
  readonly credentials?: Credentials | undefined;
  /** Attempts at a request, with the first one. */
  readonly maxAttempts: number;
}

export interface SignedRequest {
  /** Below the endpoint, with a slash at the beginning. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request, with its repetitions. */
  readonly signal?: AbortSignal | undefined;
}

export interface SignedRequests {
  /**
   * Sends a POST request and returns the response, with a status of 2xx. It repeats the request after throttling, a 5xx, and a broken
   * connection, as the AWS SDK does: the request must be one that can be repeated.
   *
   * @throws AwsError for an error response; Error if there was no response
   */
  send(request: SignedRequest): Promise<Response>;
}

interface Metadata {
  readonly httpStatusCode: number;
  readonly requestId?: string;
  readonly clockSkewCorrected?: true;
}

/** An error response. Its name is that of the service's error. */
export class ErrorResponse extends Error implements AwsError {
  constructor(
    override readonly name: string,
    message: string,
    readonly $metadata: Metadata,
    readonly Item: AwsError['Item'],
    /** Of the response. */
    readonly headers: Response['headers'],
  ) {
    super(message);
  }
}

/** The response is not what the service sent. */
class DamagedResponseError extends Error {
  /** The AWS SDK repeats a request after such an error. */
  readonly $retryable = {};
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** A difference of the clocks for which AWS rejects a signature is 5 minutes. */
const MAX_SKEW_MS = 240_000;

/** The names of errors whose messages repeat the request with its session token. */
const SIGNATURE_ERRORS = [
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
];

/** What the signer hashes with: an HMAC, if it has a secret. */
export class Sha256 {
  private readonly hash;

  constructor(secret?: ConstructorParameters<typeof Hash>[1]) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike);
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
}

/** Returns the Region of the environment. */
export function environmentRegion(env = process.env): string {
  const { AWS_REGION: region } = env;
  if (!region) throw new Error('AWS_REGION is not set');
  return region;
}

/** Returns the credentials of the environment, which change while a function's instance lives. */
function environmentCredentials(env = process.env): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) throw new Error('the environment has no AWS credentials');
  const { AWS_SESSION_TOKEN: sessionToken } = env;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

/** AWS X-Ray's context, with which Lambda recognizes functions that invoke each other without end. */
function traceHeader(env = process.env): Record<string, string> {
  const { AWS_LAMBDA_FUNCTION_NAME: name, _X_AMZN_TRACE_ID: trace } = env;
  return name && trace ? { 'x-amzn-trace-id': trace } : {};
}

/** @throws DamagedResponseError for a body that is not the one for which the service states the checksum */
function checkBody({ headers, body }: Response): void {
  const stated = headers['x-amz-crc32'];
  if (stated !== undefined && Number(stated) !== crc32(body)) {
    throw new DamagedResponseError('the checksum of the response is wrong');
  }
}

function errorOf({ status, headers, body }: Response, clockSkewCorrected: boolean): ErrorResponse {
  const { __type, message, Message, Item } = parseJsonObject(body.toString('utf8')) ?? {};
  const type = headers['x-amzn-errortype'] ?? (typeof __type === 'string' ? __type : `HTTP status ${status}`);
  const name = type.split('#').at(-1)?.split(':')[0] ?? type;
  const text = [message, Message].find((each) => typeof each === 'string') ?? name;
  const requestId = headers['x-amzn-requestid'];
  return new ErrorResponse(
    name,
    SIGNATURE_ERRORS.includes(name) ? 'the signature of the request was rejected' : text,
    {
      httpStatusCode: status,
      ...(requestId !== undefined && { requestId }),
      ...(clockSkewCorrected && { clockSkewCorrected }),
    },
    Item as AwsError['Item'],
    headers,
  );
}

/** What the AWS SDK's strategy decides by. */
function retryInfo(error: unknown): Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>[1] {
  const known = error as Parameters<typeof isTransientError>[0];
  if (isThrottlingError(known)) return { error: known, errorType: 'THROTTLING' };
  return { error: known, errorType: isTransientError(known) ? 'TRANSIENT' : 'CLIENT_ERROR' };
}

/** No connection, or no bytes, within the time. The AWS SDK repeats a request after an error of this name. */
class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** As many as the AWS SDK opens. */
const CONNECTIONS = { keepAlive: true, maxSockets: 50 };

interface Connections extends Timeouts, Pick<http.RequestOptions, 'hostname' | 'port'> {
  readonly agent: http.Agent;
}

/** Sends a request once, and returns the response with any status. */
const exchange = (
  { protocol, method, path, headers, body }: HttpRequest,
  { agent, hostname, port, connectionTimeout, socketTimeout }: Connections,
  signal: AbortSignal | undefined,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const sent = (protocol === 'https:' ? https : http).request({
      agent,
      hostname,
      port,
      method,
      path,
      headers,
      timeout: socketTimeout,
      ...(signal && { signal }),
    });
    sent.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => {
        sent.destroy(new TimeoutError('no connection within the time'));
      }, connectionTimeout);
      const end = () => clearTimeout(timer);
      socket.once('connect', end).once('close', end);
    });
    sent.on('timeout', () => sent.destroy(new TimeoutError('no bytes within the time')));
    sent.on('error', reject);
    // AWS switches no protocols. Without a listener, the request would wait forever.
    sent.on('upgrade', (_message, socket) => {
      socket.destroy();
      reject(new Error('the service switched protocols'));
    });
    sent.on('response', (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () =>
        resolve({
          status: message.statusCode ?? 0,
          headers: message.headers as Response['headers'],
          body: Buffer.concat(chunks),
        }),
      );
      message.on('error', reject);
    });
    sent.end(body);
  });

export function createSignedRequests({
  signingName,
  endpoint,
  region,
  credentials,
  maxAttempts,
  ...timeouts
}: RequestSettings): SignedRequests {
  const { hostname, port } = urlToHttpOptions(endpoint);
  const connections = {
    hostname,
    port,
    ...timeouts,
    agent: endpoint.protocol === 'https:' ? new https.Agent(CONNECTIONS) : new http.Agent(CONNECTIONS),
  };
  const basePath = endpoint.pathname.replace(/\/$/, '');
  const retries = new StandardRetryStrategy({ maxAttempts });
  const signer = new SignatureV4({
    service: signingName,
    region,
    credentials: () => Promise.resolve(credentials ?? environmentCredentials()),
    sha256: Sha256,
    // The signature covers the body without a header for its hash, too.
    applyChecksum: false,
  });
  /** Milliseconds by which the clock of the service is ahead. */
  let clockOffset = 0;

  function readClock({ date, age }: Response['headers']): void {
    // Another server on the way repeated the response.
    if (age !== undefined) return;
    const offset = Date.parse(date ?? '') - Date.now();
    if (Math.abs(offset - clockOffset) >= MAX_SKEW_MS) clockOffset = offset;
  }

  async function attempt({ path, headers, body, signal }: SignedRequest): Promise<Response> {
    const offset = clockOffset;
    const request = new HttpRequest({
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      path: `${basePath}${path}`,
      headers: {
        'user-agent': 'agent-identity',
        ...headers,
        ...traceHeader(),
        host: endpoint.host,
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    });
    const signed = await signer.sign(request, { signingDate: new Date(Date.now() + offset) });
    const received = await exchange(signed as HttpRequest, connections, signal);
    readClock(received.headers);
    if (received.status >= 200 && received.status < 300) {
      checkBody(received);
      return received;
    }
    // Another request can have corrected the clock in the meantime.
    throw errorOf(received, clockOffset !== offset);
  }

  return {
    async send(request) {
      let token = await retries.acquireInitialRetryToken(signingName);
      for (;;) {
        try {
          const response = await attempt(request);
          retries.recordSuccess(token);
          return response;
        } catch (error) {
          token = await retries
            .refreshRetryTokenForRetry(token, retryInfo(error))
            // No attempt is left.
            .catch(() => Promise.reject(error as Error));
          request.signal?.throwIfAborted();
        }
      }
    },
  };
}
