/** An MCP client whose requests have an access token of this service. */
import {
  issuedToken,
  RESOURCE_TOKEN,
  type AccessTokenOptions,
  type ResourceTokenOptions,
} from './access-token';
import { AuthorizedFetch, parsedResourceUrl, type ResourceFetch } from './authorized-fetch';
import { McpRedirectError } from './errors';
import { callback, checkOptions, flag, objectWith, optional, type Requirements } from './options';

/** `fetch`, as both versions of the MCP SDK call it. */
export type McpFetch = ResourceFetch;

/** The class of either SDK: `StreamableHTTPClientTransport`. */
export type McpTransportClass = new (url: URL, options: { fetch: McpFetch }) => object;

/** The client of either SDK. */
export interface McpClient {
  connect(transport: never): Promise<void>;
}

export interface ConnectMcpOptions<Client extends McpClient> extends ResourceTokenOptions {
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

/** An MCP server behind a gateway, which attaches the credential. */
export interface GatewayMcpOptions<Client extends McpClient> extends Pick<
  ConnectMcpOptions<Client>,
  'client' | 'Transport'
> {
  /** What `gatewayFetch` returns. */
  readonly gateway: ResourceFetch;
}

const REQUIREMENTS: Requirements<ConnectMcpOptions<McpClient>> = {
  client: objectWith(
    ['connect'],
    `a client of the MCP SDK that is not connected: new Client({ name: 'agent', version: '1.0.0' })`,
  ),
  Transport: { ...callback(''), description: 'the class StreamableHTTPClientTransport of the MCP SDK' },
  ...RESOURCE_TOKEN,
  stepUp: optional(flag),
};

const GATEWAY_REQUIREMENTS: Requirements<GatewayMcpOptions<McpClient>> = {
  client: REQUIREMENTS.client,
  Transport: REQUIREMENTS.Transport,
  gateway: { ...callback(''), description: 'the function that gatewayFetch returns' },
};

/**
 * Maximum replacements of rejected tokens, and requests for more scopes, for each connection: each is work for the
 * authorization server or for the user, and the server of the connection decides how often it is needed.
 */
const MAX_REPLACEMENTS = 5;
const MAX_STEP_UPS = 3;

const isThroughGateway = <Client extends McpClient>(
  options: ConnectMcpOptions<Client> | GatewayMcpOptions<Client>,
): options is GatewayMcpOptions<Client> => Object.hasOwn(Object(options) as object, 'gateway');

/**
 * Connects an MCP client to a server that requires OAuth.
 *
 * With the option `gateway`, the server is a target of a gateway: no access token reaches the agent, and the requests are
 * those of `gatewayFetch`. Otherwise, each HTTP request gets its access token from the token vault,
 * so a suspension or a revocation applies to the next request.
 *
 * - A token that is bound to a key (DPoP, RFC 9449) is sent with a proof for each request.
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
 * @throws ConfigurationError, McpRedirectError; the errors of `getAccessToken`, of `gatewayFetch`, and of the SDK
 */
export async function connectMcp<Client extends McpClient>(
  url: string | URL,
  options: ConnectMcpOptions<Client> | GatewayMcpOptions<Client>,
): Promise<Client> {
  const server = parsedResourceUrl(url, 'MCP server');
  if (isThroughGateway(options)) {
    checkOptions('connectMcp', options, GATEWAY_REQUIREMENTS);
    await options.client.connect(new options.Transport(server, { fetch: options.gateway }) as never);
    return options.client;
  }
  checkOptions('connectMcp', options, REQUIREMENTS);
  const { client, Transport, stepUp, ...tokenOptions } = options;
  const token: AccessTokenOptions = { ...tokenOptions, resourceServerUrl: server.href };
  // Before the SDK sends a request: the SDK can wrap an error of a request in its own.
  await issuedToken(token);
  const authorized = new AuthorizedFetch(server, token, {
    replacements: MAX_REPLACEMENTS,
    stepUps: (stepUp ?? options.authFlow === 'USER_FEDERATION') ? MAX_STEP_UPS : 0,
    redirected: () => new McpRedirectError(),
  });
  await client.connect(new Transport(server, { fetch: authorized.fetch }) as never);
  return client;
}
