/**
 * Which providers were given a client that a server registered (RFC 7591). A server can give one client to several
 * providers, also of other owners: the client of one of them must then not be deleted with another one.
 */

export interface ClientProvider {
  readonly name: string;
  readonly id: string;
}

export interface RegisteredClients {
  /** @param clientHash one of `clientHashes` */
  add(clientHash: string, provider: ClientProvider): Promise<void>;
  remove(clientHash: string, provider: ClientProvider): Promise<void>;
  /** Returns the providers that were given this client. They can have been deleted, or have another client now. */
  providersOf(clientHash: string): Promise<readonly ClientProvider[]>;
}
