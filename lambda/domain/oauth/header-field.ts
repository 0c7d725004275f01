/** Returns the value of a response's header field; empty (no number, date, or media type) if it is missing. */
export const headerField = ({ headers }: Response, name: string): string => headers.get(name) ?? '';
