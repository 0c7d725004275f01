/** How `npm run revoke:many` counts writes to the partitions of an index, as DynamoDB bills and limits them. */
import { marshall } from '@aws-sdk/util-dynamodb';
import { localTableName } from '../../lib/local/dynamodb';
import { DatabaseTraffic } from '../../scripts/revoke-many/database-traffic';

const TableName = localTableName('Revocations');
const item = { pk: 'REVOKED-GRANT#1', sk: 'RECORD', revocationShard: 'r#1', state: 'PENDING', attempts: 0 };

/** Writes the attributes, one request after the other. Returns the writes by place. */
function written(versions: readonly object[], status = 200): Record<string, number> {
  const traffic = new DatabaseTraffic();
  for (const version of versions) {
    const body = JSON.stringify({ TableName, Item: marshall({ ...item, ...version }) });
    traffic.observe({ operation: 'PutItem', body }, { status, bytes: 2 });
  }
  return Object.fromEntries(traffic.writes.map(({ place, total }) => [place, total]));
}

it('an item of the outbox is written 3 times, 4 times in the index of due items, and 3 times in that of its revocation', () => {
  const due = { dueShard: 'DUE#1', dueAt: '000000000000001' };
  const taken = { ...due, dueAt: '000000000000002', attempts: 1 };
  const ended = { state: 'CONFIRMED', attempts: 1 };
  expect(written([due, taken, ended])).toEqual({
    Revocations: 3,
    'Revocations, byDue': 4,
    'Revocations, byRevocation': 3,
  });
});

it('a write that changes no attribute of an index is no write to the index', () => {
  expect(written([{}, { revision: 2 }])).toEqual({ Revocations: 2, 'Revocations, byRevocation': 1 });
});

it('a write whose condition does not hold is no write to an index', () => {
  expect(written([{}], 400)).toEqual({ Revocations: 1 });
});

it('a read of an index consumes half of the units, of the partition that the query names', () => {
  const traffic = new DatabaseTraffic();
  const body = JSON.stringify({
    TableName,
    IndexName: 'byDue',
    ExpressionAttributeValues: marshall({ ':partition': 'DUE#1' }),
  });
  traffic.observe({ operation: 'Query', body }, { status: 200, bytes: 8192 });
  expect(traffic.reads).toEqual([
    { place: 'Revocations, byDue', partitions: 1, total: 1, busiest: 1, kind: 'DUE#' },
  ]);
});
