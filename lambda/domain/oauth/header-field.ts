/** The text of an answer's header field; empty for one that is not there: no number, no date, no media type. */
export const headerField = ({ headers }: Response, name: string): string => headers.get(name) ?? '';
