/** Thrown by a store for a record that the database never accepts, however often it is written. */
export class UnstorableError extends Error {
  constructor(cause: unknown) {
    super('the database does not accept the record', { cause });
    this.name = 'UnstorableError';
  }
}
