/** A store for `oidc-provider` without a limit. Its default store keeps 1,000 records. */
import type { Adapter, AdapterPayload } from 'oidc-provider';

export class ProviderRecords {
  readonly #records = new Map<string, AdapterPayload>();
  /** Keys of the records of each grant. */
  readonly #grants = new Map<string, Set<string>>();

  /** Keys of the records that have another identifier, such as sessions. */
  readonly #uids = new Map<string, string>();

  /** Returns the store of one kind of record, as the configuration of the server requires. */
  readonly adapter = (model: string): Adapter => {
    const keyOf = (id: string): string => `${model}:${id}`;
    return {
      upsert: (id, payload) => {
        this.#records.set(keyOf(id), payload);
        if (payload.uid !== undefined) this.#uids.set(keyOf(payload.uid), keyOf(id));
        if (payload.grantId !== undefined) {
          const keys = this.#grants.get(payload.grantId) ?? new Set<string>();
          this.#grants.set(payload.grantId, keys.add(keyOf(id)));
        }
        return Promise.resolve(undefined);
      },
      find: (id) => Promise.resolve(this.#records.get(keyOf(id))),
      findByUserCode: () => Promise.resolve(undefined),
      findByUid: (uid) => Promise.resolve(this.#records.get(this.#uids.get(keyOf(uid)) ?? '')),
      consume: (id) => {
        const payload = this.#records.get(keyOf(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
        return Promise.resolve(undefined);
      },
      destroy: (id) => {
        this.#records.delete(keyOf(id));
        return Promise.resolve(undefined);
      },
      revokeByGrantId: (grantId) => {
        for (const key of this.#grants.get(grantId) ?? []) this.#records.delete(key);
        this.#grants.delete(grantId);
        return Promise.resolve(undefined);
      },
    };
  };

  /** @param model kind of record, such as `RefreshToken` */
  count(model: string): number {
    return this.#of(model).length;
  }

  /** Returns how many records of a kind are neither used nor expired. */
  countLive(model: string): number {
    const now = Date.now() / 1000;
    return this.#of(model).filter(({ consumed, exp = Infinity }) => consumed === undefined && exp > now)
      .length;
  }

  #of(model: string): AdapterPayload[] {
    return [...this.#records].filter(([key]) => key.startsWith(`${model}:`)).map(([, record]) => record);
  }
}
