/**
 * Which providers have a client that a server registered (RFC 7591), by the address at which it is deleted (RFC 7592). A
 * server can state one address for the clients of several providers, also of other owners: the client of one of them must
 * then not be deleted with another one.
 */

export interface ClientProvider {
  readonly name: string;
  readonly id: string;
}

export interface RegisteredClients {
  /** @param clientHash hash of the client configuration endpoint's URL */
  add(clientHash: string, provider: ClientProvider): Promise<void>;
  remove(clientHash: string, provider: ClientProvider): Promise<void>;
  /** Returns the providers that were given this client. They can have been deleted, or have another client now. */
  providersOf(clientHash: string): Promise<readonly ClientProvider[]>;
}
