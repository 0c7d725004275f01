/** The users of email addresses in the directory table: an item for each, with two hashes. */
import * as v from 'valibot';
import { userEmailKey, userEmailPartition } from '../../contract/table-keys';
import type { UserEmailStore } from '../../domain/restriction/user-emails';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

const UserEmailRecord = v.object({ userHash: v.string() });

export const createUserEmailStore = (directory: Table): UserEmailStore => ({
  async usersOf(emailHash) {
    const items = await directory.query(userEmailPartition(emailHash));
    return items.map((item) => parseRecord(UserEmailRecord, item)!.userHash);
  },
  has: async (emailHash, userHash) => (await directory.get(userEmailKey(emailHash, userHash))) !== undefined,
  async add(emailHash, userHash) {
    await directory.put(userEmailKey(emailHash, userHash), versioned({ userHash }));
  },
});
