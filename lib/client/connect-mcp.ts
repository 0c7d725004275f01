/** An MCP client whose requests have an access token of this service. */
import { getAccessToken, replaceAccessToken, type AccessTokenOptions } from './access-token';
import { isSecure } from './endpoint';
import {
  AccessTokenRejectedError,
  ConfigurationError,
  McpRedirectError,
  ReplacementTokenRejectedError,
} from './errors';
import { missingScopesIn } from './scope-challenge';

/** `fetch`, as both versions of the MCP SDK call it. */
export type McpFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** The class of either SDK: `StreamableHTTPClientTransport`. */
export type McpTransportClass = new (url: URL, options: { fetch: McpFetch }) => object;

/** The client of either SDK. */
export interface McpClient {
  connect(transport: never): Promise<void>;
}

export interface ConnectMcpOptions<Client extends McpClient> extends Omit<
  AccessTokenOptions,
  'forceAuthentication' | 'resourceServerUrl'
> {
  /** A client that is not connected yet, with its capabilities and handlers. */
  readonly client: Client;
  /** `StreamableHTTPClientTransport` of the same SDK. */
  readonly Transport: McpTransportClass;
  /**
   * Whether to request the scopes that the server names in a 403 response (`insufficient_scope`), next to those of
   * `scopes`. The server decides what it names; a user who consents sees it.
   * @default true for USER_FEDERATION, otherwise false
   */
  readonly stepUp?: boolean | undefined;
}

/** @throws ConfigurationError for an address to which a token must not be sent */
function parsedServerUrl(url: string | URL): URL {
  const server = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (!server || !isSecure(server) || server.username || server.password) {
    throw new ConfigurationError(
      'The URL of the MCP server must be an https URL, or an http URL on loopback, without credentials.',
    );
  }
  return server;
}

/**
 * Maximum replacements of rejected tokens, and requests for more scopes, for each connection: each is work for the
 * authorization server or for the user, and the server of the connection decides how often it is needed.
 */
const MAX_REPLACEMENTS = 5;
const MAX_STEP_UPS = 3;

/** Sends requests to one origin, with an access token. */
class AuthorizedFetch {
  #options: AccessTokenOptions;
  readonly #origin: string;
  #replacements = MAX_REPLACEMENTS;
  #stepUps: number;

  constructor(server: URL, options: AccessTokenOptions, stepUp: boolean) {
    this.#origin = server.origin;
    this.#options = options;
    this.#stepUps = stepUp ? MAX_STEP_UPS : 0;
  }

  /**
   * A token that the server rejects is replaced once, and missing scopes are requested once, so no server can keep this
   * in a loop. After the maximum of the connection, the response goes to the SDK as it is.
   */
  readonly fetch: McpFetch = async (url, init = {}) => {
    const options = { ...this.#options, signal: init.signal ?? this.#options.signal };
    let accessToken = await getAccessToken(options);
    let response = await this.#send(url, init, accessToken);
    if (response.status === 401) {
      if (this.#replacements === 0) return response;
      this.#replacements -= 1;
      accessToken = await replaceAccessToken(options, accessToken);
      response = await this.#again(response, url, init, accessToken);
    }
    if (response.status === 401) {
      await response.body?.cancel();
      throw new ReplacementTokenRejectedError(options.providerName, new AccessTokenRejectedError());
    }
    const missing = this.#stepUps > 0 ? missingScopesIn(response, options.scopes) : [];
    if (missing.length === 0) return response;
    this.#stepUps -= 1;
    // The union: the challenge need not name scopes that other requests need.
    const scopes = [...new Set([...this.#options.scopes, ...options.scopes, ...missing])];
    const wider = await getAccessToken({ ...options, scopes });
    this.#options = { ...this.#options, scopes };
    return this.#again(response, url, init, wider);
  };

  async #again(previous: Response, url: string | URL, init: RequestInit, token: string): Promise<Response> {
    await previous.body?.cancel();
    return this.#send(url, init, token);
  }

  async #send(url: string | URL, init: RequestInit, accessToken: string): Promise<Response> {
    const target = new URL(url);
    if (target.origin !== this.#origin) throw new McpRedirectError();
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${accessToken}`);
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      await response.body?.cancel();
      throw new McpRedirectError();
    }
    return response;
  }
}

/**
 * Connects an MCP client to a server that requires OAuth. Each HTTP request gets its access token from the token vault,
 * so a suspension or a revocation applies to the next request.
 *
 * - When the server responds with 401, the token is reported and replaced, once for each request.
 * - When it responds with 403 and `insufficient_scope` (RFC 6750 section 3.1), a token with the union of the scopes is
 *   requested, once for each request.
 * - When the user must consent, `onAuthUrl` receives the URL and the request waits; without `onAuthUrl`, the call throws
 *   a ConsentRequiredError.
 * - On one connection, up to 5 tokens are replaced and more scopes are requested up to 3 times. Then the response goes to
 *   the SDK.
 * - The token is sent to the origin of the URL only. Redirects are not followed. The service rejects the request for a
 *   token if the credential provider is for another server.
 *
 * @param url of the server: https, or http on loopback
 * @returns the connected client; close it after use
 * @throws ConfigurationError, McpRedirectError; the errors of `getAccessToken` and of the SDK
 */
export async function connectMcp<Client extends McpClient>(
  url: string | URL,
  { client, Transport, stepUp, ...options }: ConnectMcpOptions<Client>,
): Promise<Client> {
  const server = parsedServerUrl(url);
  const token: AccessTokenOptions = {
    ...options,
    resourceServerUrl: server.href,
    forceAuthentication: undefined,
  };
  // Before the SDK sends a request: the SDK can wrap an error of a request in its own.
  await getAccessToken(token);
  const authorized = new AuthorizedFetch(server, token, stepUp ?? options.authFlow === 'USER_FEDERATION');
  await client.connect(new Transport(server, { fetch: authorized.fetch }) as never);
  return client;
}
