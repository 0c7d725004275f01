import type { PrivateAuthorities } from '../provider/private-authorities';

/** Sends one request to an external server. It has the signature of oauth4webapi's `customFetch`. */
export type Transport = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: URLSearchParams | string | undefined;
    readonly signal?: AbortSignal | undefined;
    /** What the server's certificate must be issued by; absent for the public authorities. */
    readonly authorities?: PrivateAuthorities | undefined;
  },
) => Promise<Response>;

/** Returns a transport for one server's requests, which trust these authorities. */
export const trusting = (transport: Transport, authorities: PrivateAuthorities | undefined): Transport =>
  authorities ? (url, init) => transport(url, { ...init, authorities }) : transport;
