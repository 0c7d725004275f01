import { ProviderFailure } from './provider-failure';
import type { ServerConnection } from '../server-connection';
import type { ServerResponse } from './server-response';

/** @param url of the request that was sent; absent if none was, because that server has done nothing wrong */
const outOfTime = (cause: unknown, url?: string): ProviderFailure =>
  new ProviderFailure('timeout', 'the requests took too long in total', { unavailable: true, cause, url });

/** Sends one request to an external server. */
export type Transport = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: URLSearchParams | string | undefined;
    readonly signal?: AbortSignal | undefined;
    /** How the server is reached; by default, as a public server. */
    readonly connection?: ServerConnection | undefined;
  },
) => Promise<ServerResponse>;

/** The statuses of responses without a body, for which the Fetch API accepts none. */
const BODILESS: readonly number[] = [204, 205, 304];

/** Returns the transport as oauth4webapi's `customFetch`. */
export const asFetch =
  (transport: Transport): ((...request: Parameters<Transport>) => Promise<Response>) =>
  async (url, init) => {
    const response = await transport(url, init);
    const { status, headers } = response;
    const body = BODILESS.includes(status) ? null : await response.arrayBuffer();
    return new Response(body, { status, headers: [...headers] });
  };

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

/** Returns a transport for the requests to one server. */
export const connectedBy =
  (transport: Transport, connection: ServerConnection): Transport =>
  (url, init) =>
    transport(url, { ...init, connection });
