/** Providers' sealed secrets in the vault table. */
import * as v from 'valibot';
import type { SecretStore } from '../../domain/sealing/secret-store';
import { apiKeyKey, clientSecretKey, PARTITION_KEY, type Key } from '../../model/table-keys';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

const SecretRecord = v.object({ sealed: v.string(), revision: v.number() });

/** @param record undefined if there is none */
export const parseSecret = (record: unknown): string | undefined => parseRecord(SecretRecord, record)?.sealed;

const createSecretStore = (vault: Table, keyOf: (providerId: string) => Key): SecretStore => ({
  async put(providerId, sealed, revision) {
    await vault.put(keyOf(providerId), versioned({ sealed, revision }), {
      condition: `attribute_not_exists(${PARTITION_KEY}) OR revision < :revision`,
      values: { ':revision': revision },
    });
  },
  get: async (providerId) => parseSecret(await vault.get(keyOf(providerId))),
  async remove(providerId) {
    await vault.remove(keyOf(providerId));
  },
  async removeBefore(providerId, revision) {
    await vault.remove(keyOf(providerId), {
      condition: 'revision < :revision',
      values: { ':revision': revision },
    });
  },
});

export const createClientSecretStore = (vault: Table): SecretStore =>
  createSecretStore(vault, clientSecretKey);

export const createApiKeyStore = (vault: Table): SecretStore => createSecretStore(vault, apiKeyKey);
