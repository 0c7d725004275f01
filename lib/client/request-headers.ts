/** The headers of a request, in each form that servers have. */

interface HeaderList {
  get(name: string): string | null;
}

/** The headers as `fetch`, Node.js, or an MCP SDK represents them. */
export type RequestHeaders = HeaderList | Readonly<Record<string, string | readonly string[] | undefined>>;

const isHeaderList = (headers: RequestHeaders): headers is HeaderList => typeof headers.get === 'function';

/** Returns the value of a header, whatever the case of its name. */
export function header(headers: RequestHeaders, name: string): string | undefined {
  if (isHeaderList(headers)) return headers.get(name) ?? undefined;
  const values = Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name.toLowerCase())
    .flatMap(([, value]) => value ?? []);
  // A repeated header is ignored: it is unknown which value is the gate's.
  return values.length === 1 ? values[0] : undefined;
}
