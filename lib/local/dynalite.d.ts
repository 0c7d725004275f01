/** The parts of dynalite 4 that the embedded cloud and the benchmark use. The package contains no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Folder of the LevelDB store. */
    path: string;
    /** Milliseconds that a new table stays in CREATING. */
    createTableMs?: number;
  }

  /** DynamoDB over HTTP. Closing the server closes its store. */
  export default function dynalite(options: DynaliteOptions): Server;
}

declare module 'dynalite/db' {
  type Done<T> = (error: Error | null, value?: T) => void;

  export interface StoredTable {
    TableName: string;
    TableStatus: string;
    GlobalSecondaryIndexes?: readonly { readonly IndexName: string }[];
  }

  /** An item in the form of the DynamoDB API. */
  export type StoredItem = Readonly<Record<string, object>>;

  /** Writes that are applied together. */
  export type Batch = { readonly type: 'put'; readonly key: string; readonly value: StoredItem }[];

  interface ItemStore {
    readonly get: (key: string, done: Done<StoredItem>) => void;
    readonly batch: (writes: Batch, done: Done<void>) => void;
  }

  /** Writes of the whole store, whose keys begin with the kind of their records. */
  export type StoreWrite =
    | { readonly type: 'put'; readonly key: string; readonly value: StoredItem }
    | { readonly type: 'del'; readonly key: string };

  export interface Store {
    readonly db: {
      open(): Promise<void>;
      close(): Promise<void>;
      /** @throws Error if the store has no such key */
      get(key: string): Promise<StoredItem>;
      batch(writes: readonly StoreWrite[]): Promise<void>;
      /** How LevelDB reads for `get`, and for `getSync`. */
      _get(key: string, options: object): Promise<unknown>;
      _getSync(key: string, options: object): unknown;
      iterator(range: { readonly gte: string; readonly lt: string }): AsyncIterable<[string, StoredItem]>;
    };
    readonly tableDb: {
      readonly get: (name: string, done: Done<StoredTable>) => void;
      readonly put: (name: string, table: StoredTable, done: Done<void>) => void;
    };
    getItemDb(table: string): ItemStore;
    getIndexDb(kind: 'Global', table: string, index: string): ItemStore;
  }

  /** Opens the store of a dynalite server with the same path. */
  export function create(options: { path: string }): Store;

  /** Returns the key of an item in the store of its table. */
  export function createKey(item: StoredItem, table: StoredTable): string;

  /** Returns the entries of a new item in the indexes of its table. */
  export function getIndexActions(
    indexes: readonly { readonly IndexName: string }[],
    before: undefined,
    item: StoredItem,
    table: StoredTable,
  ): { readonly puts: { readonly index: string; readonly key: string; readonly item: StoredItem }[] };

  /** The functions that dynalite itself calls through its module, so that they can be replaced. */
  const db: {
    /** Returns the error of a write whose condition does not hold. */
    checkConditional: (
      write: Readonly<Record<string, unknown>>,
      item: StoredItem | undefined,
    ) => { readonly body: { Item?: StoredItem } } | null | undefined;
  };
  export default db;
}

declare module 'dynalite/validations/*' {
  /** The members of an operation's request. */
  const validation: {
    readonly types: Record<string, { readonly type: string; readonly enum: readonly string[] }>;
  };
  export default validation;
}
