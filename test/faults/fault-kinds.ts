/** The faults, and how each server reports them. */
import type { Dependency, Site } from './calls';

/**
 * What happens to one request. The server performs a request that is `lost`, `cut`, or `twice`, and one whose response has
 * content that is not valid. It does not receive the others.
 */
export const KINDS = [
  'throttled',
  'unavailable',
  'silent',
  'dropped',
  'lost',
  'cut',
  'twice',
  'HTML',
  'not JSON',
  'another shape',
  'empty',
  'too long',
  'redirected',
] as const;

export type Kind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: Kind;
  /** Whether every attempt has the fault, or only the first. */
  readonly always: boolean;
}

/** A fault, and the call that has it. */
export interface Armed {
  readonly site: Site;
  readonly fault: Fault;
}

export const faultName = ({ kind, always }: Fault): string => (always ? `${kind}, always` : kind);

/** Faults after which the AWS SDK sends a request again. */
const RETRIED: readonly Kind[] = ['throttled', 'unavailable', 'silent', 'dropped', 'lost', 'cut'];

export const isRetried = (kind: Kind): boolean => RETRIED.includes(kind);

/** Requests to servers outside AWS are sent once. Only those servers can name another address. */
export const faultsOf = (dependency: Dependency): Fault[] =>
  dependency === 'OAuth servers'
    ? KINDS.map((kind) => ({ kind, always: false }))
    : [
        ...KINDS.filter((kind) => kind !== 'redirected').map((kind) => ({ kind, always: false })),
        ...RETRIED.map((kind) => ({ kind, always: true })),
      ];

export interface Content {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const amzJson = (status: number, type: string, message: string): Content => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: type, message }),
});

const restJson = (status: number, type: string, body: object): Content => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': type },
  body: JSON.stringify(body),
});

const xml = (status: number, code: string, root: (error: string) => string): Content => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: root(`<Code>${code}</Code><Message>${code}</Message>`),
});

const ofS3 = (error: string): string => `<Error>${error}</Error>`;
const ofQuery = (error: string): string => `<ErrorResponse><Error>${error}</Error></ErrorResponse>`;

const DYNAMODB = 'com.amazonaws.dynamodb.v20120810#';

/** The errors of each service for a caller that is too fast, and for its own failure, from its API reference. */
const ERRORS: Readonly<Record<Dependency, readonly [throttled: Content, unavailable: Content]>> = {
  DynamoDB: [
    amzJson(
      400,
      `${DYNAMODB}ProvisionedThroughputExceededException`,
      'The level of configured provisioned throughput for the table was exceeded.',
    ),
    amzJson(500, `${DYNAMODB}InternalServerError`, 'The request could not be processed.'),
  ],
  KMS: [
    amzJson(400, 'ThrottlingException', 'You have exceeded the rate at which you may call KMS.'),
    amzJson(500, 'KMSInternalException', 'The request could not be processed.'),
  ],
  'Secrets Manager': [
    amzJson(400, 'ThrottlingException', 'Rate exceeded'),
    amzJson(500, 'InternalServiceError', 'The request could not be processed.'),
  ],
  Lambda: [
    restJson(429, 'TooManyRequestsException', {
      Reason: 'ConcurrentInvocationLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    }),
    restJson(500, 'ServiceException', { Type: 'Service', Message: 'The request failed.' }),
  ],
  S3: [xml(503, 'SlowDown', ofS3), xml(500, 'InternalError', ofS3)],
  STS: [xml(400, 'Throttling', ofQuery), xml(500, 'InternalFailure', ofQuery)],
  'OAuth servers': [
    {
      status: 429,
      headers: { 'content-type': 'application/json', 'retry-after': '1' },
      body: '{"error":"too_many_requests"}',
    },
    { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>Service Unavailable</h1>' },
  ],
};

const JSON_CONTENT = { 'content-type': 'application/json' };

/** More than the service reads of a response, and more than an AWS service sends. */
const TOO_LONG_BYTES = 3 * 1024 * 1024;

/** By kind, a response in place of the server's. The others have none. */
const RESPONSES: Readonly<Partial<Record<Kind, (dependency: Dependency, elsewhere: string) => Content>>> = {
  throttled: (dependency) => ERRORS[dependency][0],
  unavailable: (dependency) => ERRORS[dependency][1],
  HTML: () => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><title>Sign in</title><h1>Welcome to the network</h1>',
  }),
  'not JSON': () => ({ status: 200, headers: JSON_CONTENT, body: '{"Item":{"pk":' }),
  'another shape': () => ({
    status: 200,
    headers: JSON_CONTENT,
    body: '{"unexpected":[{"access_token":7}]}',
  }),
  empty: () => ({ status: 200, headers: JSON_CONTENT, body: '' }),
  'too long': () => ({
    status: 200,
    headers: JSON_CONTENT,
    body: `{"padding":"${'x'.repeat(TOO_LONG_BYTES)}"}`,
  }),
  redirected: (_, elsewhere) => ({ status: 307, headers: { location: elsewhere }, body: '' }),
};

/**
 * Returns the response in place of the server's; undefined for a fault without a response.
 *
 * @param elsewhere where a redirect leads to
 */
export const responseOf = (kind: Kind, dependency: Dependency, elsewhere: string): Content | undefined =>
  RESPONSES[kind]?.(dependency, elsewhere);

/** Kinds that the server does not receive. */
const NOT_PERFORMED: ReadonlySet<Kind> = new Set([
  'throttled',
  'unavailable',
  'silent',
  'dropped',
  'redirected',
]);

export const isPerformed = (kind: Kind): boolean => !NOT_PERFORMED.has(kind);
