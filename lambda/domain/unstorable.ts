/** A store throws it for a record that the database never accepts, so that a retry cannot succeed. */
export class UnstorableError extends Error {
  constructor(cause: unknown) {
    super('the database does not accept the record', { cause });
    this.name = 'UnstorableError';
  }
}
