/** The bucket of the audit trail, as far as digests need it. */

/** One version of an object, or a delete marker, which hides the versions before it. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  /** Epoch milliseconds, by the clock of Amazon S3. */
  readonly lastModified: number;
  readonly deleteMarker: boolean;
}

export interface TrailReader {
  /**
   * Returns all versions of the objects whose keys begin with the prefix, by key, and of one key the newest first.
   *
   * @param after only keys that sort after this text
   */
  list(prefix: string, after: string): AsyncIterable<ObjectVersion>;
  /** Returns the content; undefined if the version does not exist. */
  read(version: Pick<ObjectVersion, 'key' | 'versionId'>): Promise<Uint8Array | undefined>;
}

export interface TrailWriter extends TrailReader {
  readonly name: string;
  /**
   * Creates an object whose version is locked.
   *
   * @param until epoch milliseconds
   * @returns false if there is an object with this key already
   */
  create(key: string, text: string, until: number): Promise<boolean>;
  /** Locks a version, unless it is locked. @param until epoch milliseconds */
  lock(version: Pick<ObjectVersion, 'key' | 'versionId'>, until: number): Promise<void>;
}
