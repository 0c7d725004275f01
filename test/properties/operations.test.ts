/**
 * Every operation, with requests of the described shape and with broken ones: none fails unexpectedly, each response has
 * its documented form, no secret is in a response or in the log, and the state stays readable.
 */
import fc from 'fast-check';
import type { JsonOperationName, OperationName } from '../../lambda/operations';
import { pathMembers } from '../../lambda/operations/operation';
import { requestSchema } from '../../scripts/openapi/request-schemas';
import {
  AuditedService,
  IN_ORDER,
  OPERATIONS_BY_IAM,
  principalFor,
  routeOf,
  type Input,
} from '../flows/support/audited-service';
import { World, type PrincipalName } from '../flows/support/world';
import { AUDIENCE } from '../flows/support/transmitter';
import { bodyChange, change, changedText, MARKED_NAME, type Change } from './broken-values';
import { expectDocumentedForm, expectNoFailure, Secrets } from './expected-response';
import { invoke, LogReader } from './in-process';
import { expectReadableState } from './readable-state';
import { PUBLIC_ROUTES, publicCase, type PublicCase, type PublicValues } from './public-routes';
import { KnownValue, MARKER, valueOf } from './request-values';
import { secretPart } from '../secrets/secret-part';
import { casesOf, report, TIMEOUT_MS } from './runs';

/** Cases after which the resources are new: earlier cases have changed and deleted them. */
const RENEWAL = 400;

let service: AuditedService;
let log: LogReader;
let preparations = 0;
const secrets = new Secrets();
/** Values of members with which an operation succeeds, by member. */
const known = new Map<string, unknown[]>();

function collect(value: unknown, member: string): void {
  if (Array.isArray(value)) for (const each of value) collect(each, member);
  else if (typeof value === 'object' && value !== null)
    for (const [name, each] of Object.entries(value)) collect(each, name);
  else if (typeof value === 'string') known.set(member, [...new Set([value, ...(known.get(member) ?? [])])]);
}

/** Deletes what earlier cases left, because a principal can have a limited number of each. */
async function deleteLeftovers(): Promise<void> {
  const kinds = [
    ['ConsentPortals', 'ConsentPortal', 'consentPortals', 'consentPortalId', 'consentPortalIdentifier'],
    ['Oauth2CredentialProviders', 'Oauth2CredentialProvider', 'credentialProviders', 'name', 'name'],
    ['ApiKeyCredentialProviders', 'ApiKeyCredentialProvider', 'credentialProviders', 'name', 'name'],
  ] as const;
  for (const [plural, kind, member, id, parameter] of kinds) {
    const { body } = await world.post(`List${plural}`, { maxResults: 20 });
    const items = (JSON.parse(body) as Record<string, Record<string, string>[]>)[member] ?? [];
    for (const item of items) await world.post(`Delete${kind}`, { [parameter]: item[id] });
  }
}

async function prepare(): Promise<void> {
  if (preparations > 0) await deleteLeftovers();
  preparations += 1;
  for (const userId of ['ana', 'revoked-user']) await world.operate('ResumeUser', { user: { userId } });
  await world.operate('ResumeUser', { user: { issuer: world.issuer.issuer, subject: 'ana' } });
  service = await AuditedService.prepare(world, preparations === 1 ? '' : `-${preparations}`);
  const provider = service.inputs.CreateOauth2CredentialProvider('by-agent-CreateOauth2CredentialProvider');
  await service.call('CreateOauth2CredentialProvider', 'agent', provider);
  known.clear();
  for (const name of OPERATIONS_BY_IAM) {
    const { body = {}, resourceArn, labels, query = {} } = service.inputs[name](`made-${preparations}`);
    collect({ ...body, ...labels, ...(resourceArn !== undefined && { resourceArn }), ...query }, '');
  }
  for (const secret of [...service.secrets, world.provider.clientSecret])
    secrets.add(secretPart(secret), 'a secret in use');
}

// The first cases can take longer than the minute for which codes are valid by default.
const world = World.ofFile({ ttl: { AuthorizationCode: 600 } }, ({ issuer, discoveryUrl, audience }) => [
  {
    discoveryUrl,
    allowedAudience: [audience],
    securityEvents: {
      id: 'people',
      transmitter: { issuer, jwksUri: `${issuer}/jwks`, audience: [AUDIENCE] },
      backChannelLogout: { clientIds: ['assistant'] },
      globalTokenRevocation: { issuer, jwksUri: `${issuer}/jwks` },
    },
  },
]);
beforeAll(async () => {
  log = new LogReader(world);
  secrets.add(MARKER, 'a secret of the request');
  secrets.addToLog(MARKED_NAME, 'the name of an unknown member');
  await prepare();
});
afterAll(() => {
  log.close();
});

const resolve = (value: unknown): unknown => {
  if (value instanceof KnownValue) {
    const values = known.get(value.member) ?? ['unknown'];
    return values[value.choice % values.length];
  }
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each)]));
};

/** Instead of generated members: a request that succeeds. */
const ACCEPTED = Symbol('accepted');

interface Case {
  readonly operation: JsonOperationName;
  readonly principal: PrincipalName;
  readonly members: object | typeof ACCEPTED;
  readonly unique: string;
  readonly changes: readonly Change[];
  readonly changeBody: ((body: Buffer) => Buffer) | undefined;
  readonly headers: readonly [string, string][];
  readonly binary: boolean;
  readonly path: string | undefined;
  readonly query: string | undefined;
}

const ODD_HEADERS: [string, string][] = [
  ['content-type', 'application/xml'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', ''],
  ['content-encoding', 'gzip'],
  ['content-length', '-1'],
  ['x-amz-target', '__proto__'],
  ['__proto__', 'a'],
  ['x-forwarded-for', "1.1.1.1, ' or 1=1"],
  ['user-agent', 'a'.repeat(4000)],
  ['user-agent', '\u{1f511}\u0000'],
  ['authorization', `Bearer ${MARKER}`],
  ['cookie', `a=${MARKER}; __Host-consent=${MARKER}`],
  ['x-amz-security-token', MARKER],
  ['x-amzn-trace-id', `Root=${MARKER}`],
];

const ODD_PARAMETERS = [
  ...[
    '',
    '%',
    '%00',
    '\u0000',
    '__proto__',
    '../..',
    'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default',
  ],
  ...['arn%3Aaws', 'arn:aws:iam::000000000000:role/agent', 'a'.repeat(2000), '\u{1f511}', '\ud800'],
];

const ODD_QUERIES = [
  '',
  'a=b',
  'tagKeys=',
  'tagKeys=a&tagKeys=a',
  'tagKeys=%00',
  'tagKeys=%ff',
  '__proto__=a',
  '%',
  '&&=&',
];

const members = (operation: JsonOperationName): fc.Arbitrary<object> =>
  valueOf(requestSchema(operation), new Set(known.keys()), '') as fc.Arbitrary<object>;

const rarely = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 10, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values });

const caseOf = (operation: JsonOperationName): fc.Arbitrary<Case> =>
  fc.record({
    operation: fc.constant(operation),
    principal: fc.oneof(
      { weight: 8, arbitrary: fc.constant<PrincipalName>(principalFor(operation)) },
      { weight: 1, arbitrary: fc.constantFrom<PrincipalName>('operator', 'gate', 'stranger', 'partner') },
    ),
    members: fc.oneof(
      { weight: 1, arbitrary: fc.constant(ACCEPTED) },
      { weight: 2, arbitrary: members(operation) },
    ),
    unique: fc.stringMatching(/^[a-z]{4,8}$/),
    changes: fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
    ),
    changeBody: rarely(bodyChange),
    headers: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom(...ODD_HEADERS), { minLength: 1, maxLength: 3 }) },
    ),
    binary: fc.boolean(),
    path: rarely(fc.constantFrom(...ODD_PARAMETERS)),
    query: rarely(fc.constantFrom(...ODD_QUERIES)),
  });

/** Returns the members that a request carries in its path and query, and those of its body. */
function partsOf(operation: JsonOperationName, all: Record<string, unknown>) {
  const route = routeOf(operation);
  const inPath = pathMembers(route);
  const inQuery = Object.keys(route.query ?? {});
  const named = (names: readonly string[]) => names.filter((name) => all[name] !== undefined);
  const valuesOf = (name: string): [string, string][] =>
    [all[name]].flat().map((value): [string, string] => [name, String(value)]);
  const isInBody = ([name]: readonly [string, unknown]) => ![...inPath, ...inQuery].includes(name);
  return {
    parameters: Object.fromEntries(named(inPath).map((name) => [name, String(all[name])])),
    query: new URLSearchParams(named(inQuery).flatMap(valuesOf)).toString(),
    body: Object.fromEntries(Object.entries(all).filter(isInBody)),
  };
}

function acceptedMembers({ operation, unique }: Case): Record<string, unknown> {
  const { body = {}, resourceArn, labels, query = {} }: Input = service.inputs[operation](unique);
  return { ...body, ...labels, ...(resourceArn !== undefined && { resourceArn }), ...query };
}

/** The first case of each operation: a request that succeeds. */
const FIRST = IN_ORDER.map((operation): Case => ({
  operation,
  principal: principalFor(operation),
  members: ACCEPTED,
  unique: operation === 'CreateOauth2CredentialProvider' ? 'first' : `by-agent-${operation}`.slice(0, 40),
  changes: [],
  changeBody: undefined,
  headers: [],
  binary: false,
  path: undefined,
  query: undefined,
}));

/** Accepted and rejected cases of each operation. */
const outcomes = new Map<JsonOperationName, [accepted: number, rejected: number]>();
let count = 0;

async function run(one: Case): Promise<void> {
  if (count === FIRST.length || (count > 0 && count % RENEWAL === 0)) {
    await expectReadableState(world);
    await prepare();
  }
  count += 1;
  const { operation, principal, headers, binary } = one;
  const all =
    one.members === ACCEPTED ? acceptedMembers(one) : (resolve(one.members) as Record<string, unknown>);
  const { parameters, query, body } = partsOf(operation, all);
  const { method } = routeOf(operation);
  const text = Buffer.from(changedText(body, one.changes));
  const empty =
    method !== 'POST' && method !== 'PUT' && Object.keys(body).length === 0 && one.changes.length === 0;
  const changed = one.changeBody ? one.changeBody(text) : empty ? Buffer.alloc(0) : text;
  log.next();
  const result = await invoke(world, {
    operation,
    principal,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, one.path ?? value]),
    ),
    query: one.query ?? query,
    headers,
    binary,
    body: changed,
  });
  expectNoFailure(result);
  expectDocumentedForm(operation, result);
  secrets.expectNone(operation, result, log.next());
  const [accepted, rejected] = outcomes.get(operation) ?? [0, 0];
  outcomes.set(operation, result.statusCode < 300 ? [accepted + 1, rejected] : [accepted, rejected + 1]);
}

it(
  'each operation responds to each request as documented, without a secret in the response or the log',
  async () => {
    // Built here, because the known members are those of the running service.
    const anyCase = fc.oneof(...OPERATIONS_BY_IAM.map(caseOf));
    await fc.assert(fc.asyncProperty(anyCase, run), {
      ...casesOf(0.5),
      examples: FIRST.map((each): [Case] => [each]),
    });
    await expectReadableState(world);
    const sum = (index: 0 | 1) => [...outcomes.values()].reduce((total, each) => total + each[index], 0);
    report(`${count} requests of ${outcomes.size} operations, ${sum(0)} accepted and ${sum(1)} rejected`);
    // The cases reach the operations, and not only their schemas.
    const never = OPERATIONS_BY_IAM.filter((name) => !outcomes.get(name)?.[0]);
    // It succeeds only after the key of the vault was deleted.
    expect(never).toEqual(['ResetTokenVaultKeyMaterial']);
  },
  TIMEOUT_MS,
);

/** Values of the running service: a consent that has begun in a browser, a portal, and a signed event. */
async function publicValues(): Promise<PublicValues> {
  const { authorizationUrl = '', sessionUri = '' } = await service.agent.ask(
    await service.agent.token({ userId: `reader-${preparations}` }),
  );
  const { search } = new URL(authorizationUrl);
  const begun = await invoke(world, { operation: 'Authorize', query: search.slice(1) });
  const cookie = [begun.multiValueHeaders?.['Set-Cookie'] ?? []]
    .flat()
    .map((line) => String(line).split(';')[0] ?? '');
  const location = String(begun.headers?.Location ?? begun.headers?.location ?? '');
  const state = location === '' ? [] : [world.provider.requestAt(location).get('state') ?? ''];
  const { body } = service.inputs.GetConsentPortal('');
  const { body: revocation } = service.inputs.GetRevocation('');
  const event = await world.issuer.token('ana', { aud: [AUDIENCE], events: {} }, { typ: 'secevent+jwt' });
  for (const secret of [...state, sessionUri, ...cookie.map((text) => text.slice(text.indexOf('=') + 1))])
    secrets.addToLog(secretPart(secret), 'a secret of a consent');
  return {
    portalId: [(body as { consentPortalIdentifier: string }).consentPortalIdentifier],
    callbackId: [service.agent.callbackUrl.split('/').at(-1) ?? ''],
    revocationId: [(revocation as { revocationId: string }).revocationId],
    issuerId: ['people'],
    unknown: ['favicon.ico', 'a/b'],
    request_uri: [sessionUri],
    state,
    cookie,
    iss: [world.provider.issuer],
    error: ['access_denied'],
    token: [event],
    logout_token: [event],
  };
}

it(
  'each public route responds to each request, without a secret of the request in the response or the log',
  async () => {
    const statuses = new Map<number, number>();
    const reached = new Set<OperationName>();
    let cases = 0;
    // The cases before have deleted the agent.
    await prepare();
    const values = await publicValues();
    const answer = async ({ changeBody, ...request }: PublicCase): Promise<void> => {
      cases += 1;
      log.next();
      const body = changeBody ? changeBody(request.body ?? Buffer.alloc(0)) : request.body;
      const result = await invoke(world, { ...request, ...(body && { body }) });
      expectNoFailure(result);
      secrets.expectNone(request.operation, result, log.next());
      statuses.set(result.statusCode, (statuses.get(result.statusCode) ?? 0) + 1);
      reached.add(request.operation);
    };
    await fc.assert(fc.asyncProperty(publicCase(values), answer), {
      ...casesOf(0.2),
      examples: PUBLIC_ROUTES.map((operation): [PublicCase] => [{ operation, changeBody: undefined }]),
    });
    const counted = [...statuses].sort().map(([status, number]) => `${number} × ${status}`);
    report(`${cases} requests of ${reached.size} public routes, ${counted.join(', ')}`);
    expect([...reached].sort()).toEqual([...PUBLIC_ROUTES].sort());
  },
  TIMEOUT_MS,
);
