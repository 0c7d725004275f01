import type { PrivateAuthorities } from '../provider/private-authorities';
import { ProviderFailure } from './provider-failure';

/** @param url of the request that was sent; absent if none was, because that server has done nothing wrong */
const outOfTime = (cause: unknown, url?: string): ProviderFailure =>
  new ProviderFailure('timeout', 'the requests took too long in total', { unavailable: true, cause, url });

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

/**
 * Returns a transport whose requests end when the deadline aborts, and which begins none after that. A request also ends
 * when the signal of its caller aborts.
 */
export const withDeadline =
  (transport: Transport, deadline: AbortSignal): Transport =>
  async (url, init) => {
    if (deadline.aborted) throw outOfTime(deadline.reason);
    const signal = init.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
    try {
      return await transport(url, { ...init, signal });
    } catch (error) {
      throw deadline.aborted ? outOfTime(error, url) : error;
    }
  };

/**
 * Returns a transport that calls the check before each request.
 *
 * @param check throws if the request must not be sent
 */
export const checkedBefore =
  (transport: Transport, check: () => void): Transport =>
  async (url, init) => {
    check();
    return transport(url, init);
  };

/** Returns a transport for one server's requests, which trust these authorities. */
export const trusting = (transport: Transport, authorities: PrivateAuthorities | undefined): Transport =>
  authorities ? (url, init) => transport(url, { ...init, authorities }) : transport;
