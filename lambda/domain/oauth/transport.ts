/** The way out: sends one request to somebody else's server. Shaped as oauth4webapi's `customFetch`. */
export type Transport = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: URLSearchParams | string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Response>;
