/** What the tests of `agent-identity restore` do with the tables, and what they expect. */
import { randomUUID } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import { grantKey, type Key, type TableName } from '../../lambda/model/table-keys';
import type { Revocation } from '../../lambda/model/records/revocation-outbox';
import { localTableName } from '../../lib/local/dynamodb';
import type { Outcome } from './command-under-test';
import { TIMES, type RestoredTables } from './restored-tables';

interface Restored {
  readonly applied: boolean;
  readonly records: readonly Record<string, string>[];
  readonly notRestored: readonly { readonly record: string; readonly reason: string }[];
  readonly present: number;
}

export type World = Awaited<ReturnType<RestoredTables['world']>>;

export const resultOf = ({ status, stdout, stderr }: Outcome): Restored => {
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Restored;
};

export const reasons = ({ notRestored }: Restored): string[] => notRestored.map(({ reason }) => reason);

export const keyOfGrant = ({ grantId: { workloadId, userHash, target } }: World): Key =>
  grantKey(workloadId, userHash, target);

export function restoreSteps(tables: () => RestoredTables) {
  return {
    restore: async (source: string, into: string, ...options: string[]): Promise<Restored> =>
      resultOf(await tables().run(source, into, '--apply', '--json', ...options)),

    /** Loses an item without a request to the service, as a mistake in DynamoDB does. */
    lose: (table: TableName, { pk, sk }: Key) =>
      tables().client.deleteItem({ TableName: localTableName(table), Key: marshall({ pk, sk }) }),

    put: (TableName: string, item: object) =>
      tables().client.putItem({ TableName, Item: marshall(item, { removeUndefinedValues: true }) }),

    /** Deletes an agent as DeleteWorkloadIdentity does. */
    deleteAgent: async ({ identity }: World): Promise<void> => {
      const { identities, contents } = tables().stores;
      await identities.markDeleted(identity);
      await contents.shredKeys(identity.id);
      await contents.deleteGrantsOfWorkload(identity.id);
      await identities.remove(identity);
    },

    revoke: (change: Partial<Revocation>) =>
      tables().stores.revocations.create({
        revocationId: randomUUID(),
        cause: 'operator',
        filter: {},
        createdTime: TIMES.since,
        revision: 1,
        matched: 1,
        ...change,
      }),
  };
}
