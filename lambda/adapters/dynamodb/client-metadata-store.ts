/** Client ID metadata documents in the directory table. */
import * as v from 'valibot';
import type { ClientMetadataStore } from '../../domain/provider/published-client';
import { ClientMetadataSchema } from '../../model/provider/published-key';
import { clientMetadataKey, PARTITION_KEY } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

const ClientMetadataRecord = v.object({
  ...ClientMetadataSchema.entries,
  expiresAt: v.exactOptional(v.number()),
  revision: v.number(),
});

export const createClientMetadataStore = (directory: Table): ClientMetadataStore => ({
  get: async (callbackId) =>
    parseRecord(ClientMetadataRecord, await directory.get(clientMetadataKey(callbackId))),
  async put(callbackId, client, revision) {
    await directory.put(clientMetadataKey(callbackId), versioned({ ...client, revision }), {
      condition: `attribute_not_exists(${PARTITION_KEY}) OR revision <= :revision`,
      values: { ':revision': revision },
    });
  },
  async remove(callbackId) {
    await directory.remove(clientMetadataKey(callbackId));
  },
  async removeBefore(callbackId, revision) {
    await directory.remove(clientMetadataKey(callbackId), {
      condition: 'revision < :revision',
      values: { ':revision': revision },
    });
  },
});
