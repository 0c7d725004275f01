/** Sends one request to an external server. It has the signature of oauth4webapi's `customFetch`. */
export type Transport = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: URLSearchParams | string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Response>;
