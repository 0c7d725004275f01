/** Client ID metadata documents in the directory table. */
import * as v from 'valibot';
import type { ClientMetadataStore } from '../../domain/provider/published-client';
import { clientMetadataKey, PARTITION_KEY } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

/** The public half only: whatever else a record has is not published. */
export const PublishedKeyRecord = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  kid: v.string(),
});

const ClientMetadataRecord = v.object({
  refreshes: v.boolean(),
  publishedKey: v.exactOptional(PublishedKeyRecord),
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
