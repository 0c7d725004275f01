/** One request to a server of another party, whose response is passed on as it arrives. */

/** A response that has started. */
export interface StreamedResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Yields the body as the server sends it, and throws if the server ends it early. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The server could not be reached, or ended the response early. The error contains nothing that the server sent. */
export class ExchangeFailure extends Error {
  /** @param detail what happened, for the operator */
  constructor(
    readonly detail: string,
    cause?: unknown,
  ) {
    super(detail, { cause });
    this.name = 'ExchangeFailure';
  }
}
