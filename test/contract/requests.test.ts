/** Each request has an entry, and each entry its request: whatever is at work at the same time, and however it ends. */
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

it('a request whose work records an entry has no other', async () => {
  const entry = { operation, outcome: 'allowed' } as const;
  await ensured(() => Promise.resolve(audit.record(entry)));
  expect([own, fallback]).toEqual([[{ ...entry, ...context }], []]);
});

it('a request whose work records none has one all the same', async () => {
  await ensured(() => Promise.resolve());
  expect(fallback).toEqual([{ operation, outcome: 'allowed', ...context }]);
});

it('a success that decides nothing has none', async () => {
  await ensured(() => Promise.resolve(), false);
  expect(fallback).toEqual([]);
});

it.each([
  ['a refusal', accessDenied('No.', 'the reason'), 'denied', 'the reason', 'AccessDeniedException'],
  ['a defect', new TypeError('secret'), 'failed', 'internal error', 'InternalServerException'],
])(
  '%s that nothing recorded is recorded, whatever auditSuccess says',
  async (_, error, outcome, reason, type) => {
    for (const auditSuccess of [true, false]) {
      fallback.length = 0;
      await expect(ensured(() => Promise.reject(error), auditSuccess)).rejects.toBe(error);
      expect(fallback).toEqual([{ operation, outcome, reason, error: type, ...context }]);
    }
  },
);

it('what is learned on the way is in the entry', async () => {
  const principal = 'arn:aws:sts::000000000000:federated-user/somebody';
  const work = requests.ensureEntry({ operation }, (annotate) => {
    annotate({ principal });
    return Promise.reject(accessDenied('No.', 'the reason'));
  });
  await expect(work).rejects.toThrow('No.');
  expect(fallback).toEqual([expect.objectContaining({ principal })]);
});

it('requests at the same time do not mix, nor does what continues after the answer', async () => {
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
  ['of API Gateway', { requestContext: { requestId: 'gateway', identity: {} } }, { requestId: 'gateway' }],
  ['that no one foresaw', {}, { requestId: 'lambda' }],
  ['without a request context', undefined, { requestId: 'lambda' }],
  [
    'whose members are no text',
    { requestContext: { requestId: {}, identity: { sourceIp: 1, userAgent: null } } },
    { requestId: 'lambda' },
  ],
])('an event %s has a request id', (_, event, expected) => {
  expect(requestContextOf(event, { awsRequestId: 'lambda' })).toEqual(expected);
});
