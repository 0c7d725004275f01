/** The parts of dynalite 4 that the embedded cloud uses. The package contains no types. */
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
    TableStatus: string;
  }

  interface Store {
    readonly db: { open(): Promise<void>; close(): Promise<void> };
    readonly tableDb: {
      readonly get: (name: string, done: Done<StoredTable>) => void;
      readonly put: (name: string, table: StoredTable, done: Done<void>) => void;
    };
  }

  /** Opens the store of a dynalite server with the same path. */
  export function create(options: { path: string }): Store;
}
