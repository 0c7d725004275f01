/** Wrapped vault keys in the keys table: versions of one owner's key for one purpose. */
import type { SealingContext } from '../../domain/sealing/sealing';
import { vaultKeyKey, vaultKeyPartition, type Key } from '../../model/table-keys';
import { VaultKeySchema, type VaultKeyRecord } from '../../model/records/vault-key';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** The owner and purpose of a key. The ARN is part of the encryption context. */
export type VaultKeyId = Pick<SealingContext, 'purpose' | 'ownerId' | 'ownerArn'>;

/** Identifies one owner's keys for one purpose. */
export type VaultKeyOwner = Pick<SealingContext, 'purpose' | 'ownerId'>;

export interface VaultKeyPage {
  readonly keys: readonly VaultKeyRecord[];
  /** Start of the next page; absent on the last page. */
  readonly next?: Key;
}

export interface VaultKeyStore {
  get(owner: VaultKeyOwner, version: string): Promise<VaultKeyRecord | undefined>;
  /** Returns the version with the highest name. */
  latest(owner: VaultKeyOwner): Promise<VaultKeyRecord | undefined>;
  create(record: VaultKeyRecord): Promise<void>;
  remove(owner: VaultKeyOwner, version: string): Promise<void>;
  /**
   * Keys of all owners that an earlier revision of the token vault wrapped. Every key that was written before the
   * request for the first page is on a page.
   */
  wrappedBefore(vaultRevision: number, after?: Key): Promise<VaultKeyPage>;
  /**
   * Replaces the record, if its wrapped key is still the one that was read.
   *
   * @returns false if it was rewrapped or deleted since; then nothing was written
   */
  rewrap(read: VaultKeyRecord, rewrapped: VaultKeyRecord): Promise<boolean>;
}

/** Records to examine for one page. */
const PAGE = 250;

const parse = (item: unknown): VaultKeyRecord | undefined => parseRecord(VaultKeySchema, item);

const keyOf = ({ purpose, ownerId, version }: VaultKeyRecord): Key => vaultKeyKey(purpose, ownerId, version);

export const createVaultKeyStore = (keys: Table): VaultKeyStore => ({
  get: async ({ purpose, ownerId }, version) => parse(await keys.get(vaultKeyKey(purpose, ownerId, version))),
  async latest({ purpose, ownerId }) {
    const [item] = await keys.query(vaultKeyPartition(purpose, ownerId), { limit: 1, newestFirst: true });
    return parse(item);
  },
  async create(record) {
    if (!(await keys.put(keyOf(record), versioned(record), ABSENT))) {
      throw new Error('a vault key version was generated twice');
    }
  },
  async remove({ purpose, ownerId }, version) {
    await keys.remove(vaultKeyKey(purpose, ownerId, version));
  },
  async wrappedBefore(vaultRevision, after) {
    const { items, last } = await keys.scan(
      { condition: 'vaultRevision < :revision', values: { ':revision': vaultRevision } },
      { limit: PAGE, ...(after && { after }) },
    );
    return { keys: items.flatMap((item) => parse(item) ?? []), ...(last && { next: last }) };
  },
  rewrap: (read, rewrapped) =>
    keys.put(keyOf(read), versioned(rewrapped), {
      condition: '#wrapped = :wrapped',
      names: { '#wrapped': 'wrapped' },
      values: { ':wrapped': read.wrapped },
    }),
});
