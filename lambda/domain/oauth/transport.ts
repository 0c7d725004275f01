import type { PrivateAuthorities } from '../provider/private-authorities';
import { ProviderFailure } from './provider-failure';

const outOfTime = (url: string, cause: unknown): ProviderFailure =>
  new ProviderFailure('timeout', 'the time for all requests was over', { unavailable: true, cause, url });

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

/** Returns a transport whose requests end when the signal aborts, and which begins none after that. */
export const until =
  (transport: Transport, signal: AbortSignal): Transport =>
  async (url, init) => {
    if (signal.aborted) throw outOfTime(url, signal.reason);
    try {
      return await transport(url, { ...init, signal });
    } catch (error) {
      throw signal.aborted ? outOfTime(url, error) : error;
    }
  };

/** Returns a transport for one server's requests, which trust these authorities. */
export const trusting = (transport: Transport, authorities: PrivateAuthorities | undefined): Transport =>
  authorities ? (url, init) => transport(url, { ...init, authorities }) : transport;
