/** Wrapped vault keys in the keys table: versions of one owner's key for one purpose. */
import * as v from 'valibot';
import { vaultKeyKey, vaultKeyPartition } from './keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

export interface VaultKeyRecord {
  readonly version: string;
  /** The data key under KMS, base64. */
  readonly wrapped: string;
}

/** Whose key, for what. */
export interface VaultKeyOwner {
  readonly purpose: string;
  readonly ownerId: string;
}

export interface VaultKeyStore {
  get(owner: VaultKeyOwner, version: string): Promise<VaultKeyRecord | undefined>;
  /** The version with the highest name. */
  latest(owner: VaultKeyOwner): Promise<VaultKeyRecord | undefined>;
  create(owner: VaultKeyOwner, record: VaultKeyRecord): Promise<void>;
}

const VaultKeyItem = v.object({ version: v.string(), wrapped: v.string() });

const parse = (item: unknown): VaultKeyRecord | undefined => parseRecord(VaultKeyItem, item);

export const createVaultKeyStore = (keys: Table): VaultKeyStore => ({
  get: async ({ purpose, ownerId }, version) => parse(await keys.get(vaultKeyKey(purpose, ownerId, version))),
  async latest({ purpose, ownerId }) {
    const [item] = await keys.query(vaultKeyPartition(purpose, ownerId), { limit: 1, newestFirst: true });
    return parse(item);
  },
  async create({ purpose, ownerId }, record) {
    if (!(await keys.put(vaultKeyKey(purpose, ownerId, record.version), versioned(record), ABSENT))) {
      throw new Error('a vault key version came up twice');
    }
  },
});
