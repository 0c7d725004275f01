/** The LevelDB store of the embedded DynamoDB: what happens to it before and after dynalite has it open. */
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { create as openStore, type Store } from 'dynalite/db';
import { repairIndexes } from './dynamodb-indexes';
import type { SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

/**
 * Marks a clean shutdown: the record exists only while no process has the store open. If it is missing at a start, the
 * last process was killed.
 */
export const CLEAN_SHUTDOWN = 'agent-identity-closed';

export async function markClosed(folder: string): Promise<void> {
  const { db } = openStore({ path: folder });
  await db.open();
  await db.batch([{ type: 'put', key: CLEAN_SHUTDOWN, value: {} }]);
  await db.close();
}

/** Files of LevelDB with records. It creates them after `CURRENT`, which names the list of them. */
const RECORD_FILE = /^\d+\.(ldb|sst|log)$/;

/**
 * Without `CURRENT`, LevelDB creates an empty store, and deletes the files of the earlier one.
 *
 * @throws StartError for a folder with records and without this file
 */
function checkComplete(folder: string, names: SettingNames): void {
  const files = readdirSync(folder);
  if (files.includes('CURRENT') || !files.some((file) => RECORD_FILE.test(file))) return;
  throw new StartError(
    `The database ${folder} has records, but its file CURRENT is missing. Restore the data folder from a backup. To begin with an empty one, move the data folder away, or set ${names.of('DATA_DIR')} to another folder.`,
  );
}

/**
 * Opens the store once before dynalite does. dynalite opens it at the first request, which would crash if another process
 * held the lock. This function also completes what a crash interrupted: tables, which dynalite would leave in CREATING,
 * and indexes.
 *
 * @param tables names of the tables, as in the store
 * @throws StartError for a store that cannot be opened
 */
export async function recoverStore(
  folder: string,
  tables: readonly string[],
  names: SettingNames,
): Promise<void> {
  const isNew = !existsSync(folder);
  if (!isNew) checkComplete(folder, names);
  const store = openStore({ path: folder });
  const { db, tableDb } = store;
  readInThisThread(db);
  try {
    await db.open();
  } catch (error) {
    throw storeError(folder, error, names);
  }
  const get = promisify(tableDb.get);
  const put = promisify(tableDb.put);
  const wasClosed = isNew || (await db.get(CLEAN_SHUTDOWN).catch(() => undefined)) !== undefined;
  for (const name of isNew ? [] : tables) {
    const table = await get(name).catch(() => undefined);
    if (table?.TableStatus === 'CREATING') await put(name, { ...table, TableStatus: 'ACTIVE' });
    if (!wasClosed) await repairIndexes(store, name);
  }
  await db.batch([{ type: 'del', key: CLEAN_SHUTDOWN }]);
  await db.close();
}

/**
 * Makes all stores of this process read in the thread of the caller. By default, each read goes to another thread and back,
 * which takes more time than the read: up to a sixth of a request's.
 */
function readInThisThread(db: Store['db']): void {
  const ofAllStores = Object.getPrototypeOf(db) as Store['db'];
  ofAllStores._get = function (key, options) {
    return Promise.resolve(this._getSync(key, options));
  };
}

/** Returns the error for a store that cannot be opened: what a person can do, by the cause that LevelDB has. */
function storeError(folder: string, error: unknown, names: SettingNames): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const reason = cause instanceof Error ? cause.message : '';
  const other = `set ${names.of('DATA_DIR')} to another folder`;
  switch (systemErrorCode(cause)) {
    case 'LEVEL_LOCKED':
      return new StartError(
        `The data folder is in use: another process has ${folder} open. Stop it, or ${other}.`,
      );
    case 'LEVEL_IO_ERROR':
      return new StartError(
        `The database ${folder} cannot be read or written: ${reason}. If the disk is full, free some space, and start again; otherwise, ${other}.`,
      );
    case 'LEVEL_CORRUPTION':
      return new StartError(
        `The database ${folder} is damaged: ${reason}. Restore the data folder from a backup, or ${other}.`,
      );
    case undefined:
    default:
      return error;
  }
}

/** Returns what a person can do if the store cannot be read or written; undefined for another error. */
export const ioFailure = (error: Error): string | undefined =>
  systemErrorCode(error) === 'LEVEL_IO_ERROR'
    ? `The data folder cannot be read or written, so the service has stopped: ${error.message}. If the disk is full, free some space. Then start the service again: it has kept every change for which it returned a response.`
    : undefined;
