/** The authorization server that a provider of a protected resource is bound to (RFC 9728). */

/** What audit entries say about the server that a provider of a protected resource is bound to. */
export interface BoundServer {
  /** Identifier of the protected resource, such as an MCP server (RFC 9728). */
  readonly protectedResource: string;
  /** Issuer identifier of its authorization server. */
  readonly authorizationServer: string;
  /** Origins of the endpoints of this server. */
  readonly endpointOrigins: readonly string[];
}
