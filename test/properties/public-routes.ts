/** Requests to the routes without authorization: what browsers, resource servers, and identity providers send, and anything else. */
import fc from 'fast-check';
import { NAMES, routeOf } from '../flows/support/audited-service';
import type { OperationName } from '../../lambda/operations';
import { bodyChange } from './broken-values';
import type { InProcessRequest } from './in-process';
import { MARKER } from './request-values';

export const PUBLIC_ROUTES = NAMES.filter((name) => routeOf(name).auth === 'NONE');

/** Values of the running service, by the name of the parameter, cookie, or form field. */
export type PublicValues = Readonly<Record<string, readonly string[]>>;

const NAMES_OF_FIELDS = [
  ...[
    'code',
    'state',
    'iss',
    'error',
    'error_description',
    'error_uri',
    'request_uri',
    'client_id',
    'session_id',
  ],
  ...[
    'response',
    'token',
    'logout_token',
    'SAMLResponse',
    'agent',
    'provider',
    'workload',
    'connection',
    'csrf',
  ],
  ...[
    'confirm',
    'answer',
    'sessionUri',
    'grantId',
    'revocationId',
    'next',
    'login',
    '__proto__',
    'constructor',
    '',
  ],
];

const ODD_TEXTS = [
  MARKER,
  `urn:ietf:params:oauth:request_uri:${MARKER}`,
  `${MARKER}.${MARKER}`,
  `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.${MARKER}`,
  `https://${MARKER}.example/`,
  `"><script>${MARKER}</script>`,
  `${MARKER}\r\nset-cookie: a=b`,
  ...[
    '',
    ' ',
    '\u0000',
    '%',
    '%00',
    '%ff',
    '__proto__',
    '../..',
    '\u202e',
    '\u{1f511}',
    'a'.repeat(3000),
    '[]',
    '{}',
    '*',
  ],
];

/** The address of a page is no secret. */
const ODD_SEGMENTS = ODD_TEXTS.filter((text) => text !== '' && !text.includes(MARKER));

const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ['content-type', 'application/x-www-form-urlencoded'],
  ['content-type', 'application/json'],
  ['content-type', 'application/secevent+jwt'],
  ['content-type', 'multipart/form-data; boundary=a'],
  ['content-type', 'application/x-www-form-urlencoded; charset=utf-16'],
  ['authorization', `Bearer ${MARKER}`],
  ['authorization', 'Basic %%%'],
  ['authorization', ''],
  ['origin', 'null'],
  ['origin', `https://${MARKER}.example`],
  ['referer', `https://app.example/?code=${MARKER}`],
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-mode', 'navigate'],
  ['accept', 'application/json'],
  ['accept', 'text/html;q=a'],
  ['accept-language', '*;q=2, \u{1f511}'],
  ['cookie', `=; a=b; __Host-=${MARKER}; ; ${MARKER}`],
  ['cookie', 'a'.repeat(4000)],
  ['user-agent', `${'x'.repeat(1000)}`],
];

export interface PublicCase extends InProcessRequest {
  /** Changes the body after it was encoded. */
  readonly changeBody: ((body: Buffer) => Buffer) | undefined;
}

const value = (known: readonly string[] = []): fc.Arbitrary<string> =>
  known.length === 0
    ? fc.constantFrom(...ODD_TEXTS)
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, fc.constantFrom(...ODD_TEXTS));

/** A name can also be that of a property of every object. */
const valuesAt = (values: PublicValues, name: string): readonly string[] =>
  Object.hasOwn(values, name) ? (values[name] ?? []) : [];

const fields = (values: PublicValues): fc.Arbitrary<[string, string][]> =>
  fc.array(
    fc
      .oneof(fc.constantFrom(...Object.keys(values)), fc.constantFrom(...NAMES_OF_FIELDS))
      .chain((name) => fc.tuple(fc.constant(name), value(valuesAt(values, name)))),
    { maxLength: 6 },
  );

const encoded = (pairs: readonly (readonly [string, string])[]): string =>
  new URLSearchParams(pairs.map(([name, text]): [string, string] => [name, text])).toString();

const jsonOf = (pairs: readonly (readonly [string, string])[]): string =>
  JSON.stringify(Object.fromEntries(pairs));

const parametersOf = (
  operation: OperationName,
  values: PublicValues,
): fc.Arbitrary<Record<string, string>> => {
  const names = [...routeOf(operation).path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = '']) => name);
  return fc.record(
    Object.fromEntries(
      names.map((name) => [name, fc.constantFrom(...valuesAt(values, name), ...ODD_SEGMENTS)]),
    ),
  );
};

/** @param values of the running service, also for the parameters of paths, and `cookie` for whole cookie headers */
export const publicCase = (values: PublicValues): fc.Arbitrary<PublicCase> =>
  fc.constantFrom(...PUBLIC_ROUTES).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      parameters: parametersOf(operation, values),
      query: fc.oneof(
        { weight: 6, arbitrary: fields(values).map(encoded) },
        { weight: 1, arbitrary: fc.constantFrom('%', '&&=&', '%ff=%ff', `${MARKER}`, 'a'.repeat(5000)) },
      ),
      headers: fc
        .tuple(
          fc.array(fc.constantFrom(...ODD_HEADERS), { maxLength: 4 }),
          fc.array(fc.constantFrom(...(values.cookie ?? [''])), { maxLength: 1 }),
        )
        .map(([odd, cookies]) => [...odd, ...cookies.map((text) => ['cookie', text] as const)]),
      body: fc
        .oneof(fc.constant(''), fields(values).map(encoded), fields(values).map(jsonOf), value(values.token))
        .map((text) => Buffer.from(text)),
      changeBody: fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: bodyChange },
      ),
      binary: fc.boolean(),
    }),
  );
