/**
 * What this service reads of a response. It is not a `Response` of the Fetch API, which Node.js loads on first use: that
 * takes a fifth of a cold start.
 */
export interface ServerResponse extends Pick<Response, 'status' | 'text' | 'arrayBuffer'> {
  readonly headers: Iterable<[name: string, value: string]> & {
    /** @param name in lower case */
    get(name: string): string | null | undefined;
  };
}

/** Returns the value of a response's header field; empty (no number, date, or media type) if it is missing. */
export const headerField = ({ headers }: Pick<ServerResponse, 'headers'>, name: string): string =>
  headers.get(name) ?? '';
