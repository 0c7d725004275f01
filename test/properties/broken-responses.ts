/** Responses of third parties that are broken in any way: their status, header, body, and the end of the connection. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { REDIRECTED, type Replacement, type Received, type ValidResponse } from './responding-server';
import { bodyChange, changed, changedText, nested, ODD_JSON, type Change } from './broken-values';
import { MARKER } from './request-values';

/** Lifetimes of tokens, and other numbers. */
const NUMBERS = [
  ...['-1', '-0.5', '0', '0.5', '1', '59.999', '599.5', '3600', '4294967296', '1e300', '1e-300', '1e999'],
  ...[
    '"3600"',
    '"-1"',
    '"1e300"',
    '"Infinity"',
    '"NaN"',
    '"0x10"',
    '"3600 "',
    '"0.5"',
    '""',
    'true',
    '[600]',
  ],
];

const TEXTS = [
  ...['"a\\u0000b"', '"a\\r\\nx-injected: 1"', '"a b"', '"\\ud800"', '"\\ufeffa"', '"é"', '"\\u202ea"'],
  ...['"bearer"', '"BEARER"', '"DPoP"', '"mac"', '"N_A"', '"*"', '"a,b"', '"a\\tb"', '"a  b "', '["a","b"]'],
  `"${'a'.repeat(9000)}"`,
  `"${'a '.repeat(20_000)}"`,
  `"${'a'.repeat(200_000)}"`,
  `"access-${MARKER}-other"`,
];

const change = changed(fc.constantFrom(...ODD_JSON, ...NUMBERS, ...TEXTS));

/** What is sent instead of the document. */
type Body = (valid: ValidResponse, received: Received) => string | Buffer;

/** The changes are in the report of a failure. */
const changedBody = (changes: readonly Change[]): Body =>
  Object.assign(({ document = {} }: ValidResponse) => changedText(document, changes), {
    [fc.toStringMethod]: () => `changed by ${JSON.stringify(changes).slice(0, 2000)}`,
  });

const asForm = ({ document = {} }: ValidResponse): string =>
  new URLSearchParams(
    Object.entries(document).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();

/** The audit log has the description. Nothing has any other member. */
const errorOf = (error: unknown): Body =>
  Object.assign(() => JSON.stringify({ error, error_description: 'described', message: MARKER }), {
    [fc.toStringMethod]: () => `error ${JSON.stringify(error)}`,
  });

const ERROR_CODES = [
  ...[
    'invalid_grant',
    'invalid_client',
    'invalid_request',
    'invalid_token',
    'invalid_scope',
    'invalid_target',
  ],
  ...['unauthorized_client', 'unsupported_grant_type', 'unsupported_token_type', 'access_denied'],
  ...['temporarily_unavailable', 'server_error', 'slow_down', 'use_dpop_nonce', 'invalid_dpop_proof'],
  ...['interaction_required', 'invalid_redirect_uri', 'invalid_client_metadata', 'invalid_request_uri'],
];

const ODD_ERRORS: readonly unknown[] = [
  ...['', ' ', '__proto__', 'constructor', 'toString', 'a\r\nb', 'a\u0000', '\u202e', 'é', 'a'.repeat(5000)],
  ...['Ignore your instructions', 0, 1e300, true, null, [], ['invalid_grant'], { code: 'invalid_grant' }],
];

/** Repeats the secrets of the request, as some servers do in their errors. */
const echo =
  (as: (secret: string) => object): Body =>
  (_valid, { form, credentials }) => {
    const secrets = ['refresh_token', 'code', 'client_secret', 'assertion', 'subject_token', 'token'];
    const sent = secrets.flatMap((name) => form[name] ?? []);
    const password = decodeURIComponent(credentials.slice(credentials.indexOf(':') + 1));
    return JSON.stringify(as([...sent, password].find((secret) => secret !== '') ?? 'none'));
  };

const body: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map(changedBody),
  },
  {
    weight: 2,
    arbitrary: bodyChange.map(
      (change) =>
        ({ document = {} }: ValidResponse) =>
          change(Buffer.from(JSON.stringify(document))),
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom(...ERROR_CODES).map((code) => errorOf(code)) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_ERRORS).map((code) => errorOf(code)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Body>(
      echo((secret) => ({ error: secret })),
      echo((secret) => ({ error: 'invalid_request', error_description: secret, error_uri: secret })),
      echo((secret) => ({ error: 'invalid_request', [secret]: secret })),
      echo((secret) => ({ error: `invalid_${secret}`, message: secret })),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Body>(
      asForm,
      (valid) => `${asForm(valid)}&expires_in=1&expires_in=2`,
      (valid) => asForm(valid).replace(/expires_in=\d+/, 'expires_in=-1'),
      ({ document = {} }) => gzipSync(JSON.stringify(document)),
      ({ document = {} }) => `${JSON.stringify(document)}${' '.repeat(300_000)}`,
      ({ document = {} }) => `<html><body>${MARKER} ${JSON.stringify(document)}</body></html>`,
      ({ document = {} }) => `)]}'\n${JSON.stringify(document)}`,
      () => `eyJhbGciOiJub25lIn0.${Buffer.from(`{"a":"${MARKER}"}`).toString('base64url')}.`,
      () => '{}',
      () => '""',
    ),
  },
);

const CONTENT_TYPES: readonly (string | undefined)[] = [
  ...['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=utf-16', 'text/html'],
  ...['text/plain', 'application/x-www-form-urlencoded', 'application/jwt', 'application/jwk-set+json', ''],
  ...['application/json, application/json', 'multipart/form-data; boundary=a', '; charset=', undefined],
];

const ODD_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ...['-1', '0', '1.5', '1e9', '999999999999', 'soon', 'Fri, 31 Dec 9999 23:59:59 GMT', '120'].map(
    (value) => ['retry-after', value] as const,
  ),
  ['date', 'Fri, 31 Dec 9999 23:59:59 GMT'],
  ['date', 'yesterday'],
  ['www-authenticate', 'Bearer error="invalid_token"'],
  ['www-authenticate', `Basic realm="${MARKER}", DPoP algs="ES256", error="use_dpop_nonce"`],
  ['www-authenticate', 'Bearer realm="'],
  ['dpop-nonce', MARKER],
  ['dpop-nonce', 'a b'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br, unknown'],
  ['set-cookie', `a=${MARKER}`],
  ['x-long', 'a'.repeat(20_000)],
  ['x-odd', '\u00e9\u00ff'],
  ['content-length', '3'],
  ['content-length', '-1'],
  ['transfer-encoding', 'chunked'],
  ['transfer-encoding', 'gzip, chunked'],
  ['cache-control', 'no-store'],
];

/** Other statuses than that of the valid response. */
const STATUSES = [
  ...[200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 307, 308],
  ...[400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 429, 451, 500, 501, 502, 503, 504, 599, 600, 999],
];

/** How the connection ends. */
const ENDINGS = ['whole', 'cut in the header', 'cut in the body', 'reset', 'twice', 'hints before'] as const;

export interface BrokenResponse {
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Body;
  readonly ending: (typeof ENDINGS)[number];
}

export const brokenResponse: fc.Arbitrary<BrokenResponse> = fc.record({
  status: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(400) },
    { weight: 2, arbitrary: fc.constantFrom(...STATUSES) },
  ),
  contentType: fc.oneof(
    { weight: 6, arbitrary: fc.constant('application/json') },
    { weight: 2, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
  ),
  headers: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...ODD_HEADERS), { minLength: 1, maxLength: 2 }) },
  ),
  body,
  ending: fc.oneof(
    { weight: 12, arbitrary: fc.constant('whole' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...ENDINGS) },
  ),
});

/** Not broken. */
export const VALID: BrokenResponse = {
  status: undefined,
  contentType: 'application/json',
  headers: [],
  body: ({ document = {} }) => JSON.stringify(document),
  ending: 'whole',
};

/** A list of great depth. */
export const DEEP = nested(20_000);

/** A valid response with another value of one member. @param json text of the member's value */
export const withMember = (name: string, json: string): BrokenResponse => ({
  ...VALID,
  body: ({ document = {} }) => {
    const others = Object.entries(document).filter(([member]) => member !== name);
    return JSON.stringify({ ...Object.fromEntries(others), [name]: 0 }).replace(
      `"${name}":0`,
      () => `"${name}":${json}`,
    );
  },
});

/** Returns the body of a response. */
export const contentOf = (
  { body: bodyOf }: BrokenResponse,
  valid: ValidResponse,
  received: Received,
): Buffer => Buffer.from(bodyOf(valid, received) as string);

/**
 * Returns what writes the response. A redirect leads to a path of the same server that nothing asks for.
 *
 * @param sent receives the content
 */
export const replacementFor =
  (response: BrokenResponse, sent: (content: string) => void): Replacement =>
  (connection, valid, received) => {
    const { status, contentType, headers, ending } = response;
    const content = contentOf(response, valid, received);
    sent(content.toString());
    const code = status ?? valid.status;
    const lines = [
      ...(contentType === undefined ? [] : [`content-type: ${contentType}`]),
      ...(code >= 300 && code < 400 ? [`location: ${REDIRECTED}`] : []),
      ...(headers.some(([name]) => /^(content-length|transfer-encoding)$/.test(name))
        ? []
        : [`content-length: ${content.length}`]),
      ...headers.map(([name, value]) => `${name}: ${value}`),
      'connection: close',
    ];
    const head = Buffer.from(`HTTP/1.1 ${code} Answer\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    const whole = Buffer.concat([head, content]);
    // The client can reset a connection whose response it does not want.
    connection.on('error', () => undefined);
    switch (ending) {
      case 'whole':
        connection.end(whole);
        break;
      case 'cut in the header':
        connection.end(head.subarray(0, Math.floor(head.length / 2)));
        break;
      case 'cut in the body':
        connection.end(whole.subarray(0, head.length + Math.floor(content.length / 2)));
        break;
      case 'reset':
        connection.resetAndDestroy();
        break;
      case 'twice':
        connection.end(Buffer.concat([whole, whole]));
        break;
      case 'hints before':
        connection.end(Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'), whole]));
        break;
    }
  };
