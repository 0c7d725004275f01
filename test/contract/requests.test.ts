/**
 * Each request has one audit entry with the context of the request, whatever runs concurrently, and however the
 * request ends.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createRequests } from '../../lambda/adapters/log/requests';
import { requestContextOf } from '../../lambda/api/request-context';
import type { AuditEntry } from '../../lambda/domain/audit';
import { accessDenied } from '../../lambda/domain/service-error';

let own: AuditEntry[];
let fallback: AuditEntry[];
let requests: ReturnType<typeof createRequests>;
let audit: ReturnType<typeof requests.trail>;
beforeEach(() => {
  own = [];
  fallback = [];
  requests = createRequests({ record: (entry) => void fallback.push(entry) });
  audit = requests.trail({ record: (entry) => void own.push(entry) });
});

const context = { requestId: 'a', sourceIp: '192.0.2.1', userAgent: 'agent' };
const operation = 'SomeOperation';

const ensured = (work: () => Promise<unknown>, auditSuccess = true) =>
  requests.within(context, () => requests.ensureEntry({ operation, auditSuccess }, work));

it('a request whose work records an entry gets no other entry', async () => {
  const entry = { operation, outcome: 'allowed' } as const;
  await ensured(() => Promise.resolve(audit.record(entry)));
  expect([own, fallback]).toEqual([[{ ...entry, ...context }], []]);
});

it('an entry that repeats another one is not written, and only a success can repeat one', async () => {
  await ensured(() => Promise.resolve(audit.record({ operation, outcome: 'allowed', repeated: true })));
  expect([own, fallback]).toEqual([[], []]);
  await ensured(() => Promise.resolve(audit.record({ operation, outcome: 'denied', repeated: true })));
  expect(own).toMatchObject([{ outcome: 'denied' }]);
});

it('a request whose work records no entry gets one', async () => {
  await ensured(() => Promise.resolve());
  expect(fallback).toEqual([{ operation, outcome: 'allowed', ...context }]);
});

it('a success gets no entry if auditSuccess is false', async () => {
  await ensured(() => Promise.resolve(), false);
  expect(fallback).toEqual([]);
});

it.each([
  ['a denial', accessDenied('No.', 'the reason'), 'denied', 'the reason', 'AccessDeniedException'],
  ['an internal error', new TypeError('secret'), 'failed', 'internal error', 'InternalServerException'],
])('%s without an entry gets one, whatever auditSuccess is', async (_, error, outcome, reason, type) => {
  for (const auditSuccess of [true, false]) {
    fallback.length = 0;
    await expect(ensured(() => Promise.reject(error), auditSuccess)).rejects.toBe(error);
    expect(fallback).toEqual([{ operation, outcome, reason, error: type, ...context }]);
  }
});

it('the entry contains what the work learned before it failed', async () => {
  const principal = 'arn:aws:sts::000000000000:federated-user/ana';
  const work = requests.ensureEntry({ operation }, (annotate) => {
    annotate({ principal });
    return Promise.reject(accessDenied('No.', 'the reason'));
  });
  await expect(work).rejects.toThrow('No.');
  expect(fallback).toEqual([expect.objectContaining({ principal })]);
});

it('concurrent requests have separate entries, and so does work that continues after the response', async () => {
  const late: Promise<void>[] = [];
  const one = (requestId: string, milliseconds: number) =>
    requests.within({ requestId }, () =>
      requests.ensureEntry({ operation }, async () => {
        await pause(milliseconds);
        audit.record({ operation: `${requestId} answers`, outcome: 'allowed' });
        late.push(
          pause(20).then(() => {
            audit.record({ operation: `${requestId} streams`, outcome: 'failed' });
          }),
        );
      }),
    );
  await Promise.all([one('slow', 20), one('quick', 1)]);
  await Promise.all(late);
  expect(own.map(({ requestId, operation: of }) => of.startsWith(`${String(requestId)} `))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(fallback).toEqual([]);
});

it.each([
  ['from API Gateway', { requestContext: { requestId: 'gateway', identity: {} } }, { requestId: 'gateway' }],
  ['of an unknown form', {}, { requestId: 'lambda' }],
  ['without a request context', undefined, { requestId: 'lambda' }],
  [
    'whose members are not strings',
    { requestContext: { requestId: {}, identity: { sourceIp: 1, userAgent: null } } },
    { requestId: 'lambda' },
  ],
])('an event %s gets a request ID', (_, event, expected) => {
  expect(requestContextOf(event, { awsRequestId: 'lambda' })).toEqual(expected);
});
