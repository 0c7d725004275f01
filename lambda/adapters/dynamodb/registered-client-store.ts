/** Which providers have a registered client, in the directory table: one partition for each client. */
import * as v from 'valibot';
import type { RegisteredClients } from '../../domain/provider/registered-clients';
import { registeredClientKey } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

const ClientProviderRecord = v.object({ name: v.string(), id: v.string() });

export const createRegisteredClientStore = (directory: Table): RegisteredClients => ({
  async add(clientHash, { name, id }) {
    await directory.put(registeredClientKey(clientHash, id), versioned({ name, id }));
  },
  async remove(clientHash, { id }) {
    await directory.remove(registeredClientKey(clientHash, id));
  },
  async providersOf(clientHash) {
    const items = await directory.query(registeredClientKey(clientHash, '').pk);
    return items.flatMap((item) => parseRecord(ClientProviderRecord, item) ?? []);
  },
});
