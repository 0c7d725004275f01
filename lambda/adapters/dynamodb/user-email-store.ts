/** The users of email addresses in the directory table, each an item with two hashes. */
import * as v from 'valibot';
import { userEmailKey } from '../../contract/table-keys';
import type { UserEmailStore } from '../../domain/restriction/user-emails';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

const UserEmailRecord = v.object({ userHash: v.string() });

export const createUserEmailStore = (directory: Table): UserEmailStore => ({
  userOf: async (emailHash) =>
    parseRecord(UserEmailRecord, await directory.get(userEmailKey(emailHash)))?.userHash,
  async put(emailHash, userHash) {
    await directory.put(userEmailKey(emailHash), versioned({ userHash }));
  },
});
