/** Where a provider's sealed secret is kept: a client secret or an API key. */
export interface SecretStore {
  /**
   * Keeps the secret that came with this revision of the provider, unless a later one's is there already: of two
   * updates, the secret of the later stays, whichever is written last.
   */
  put(providerId: string, sealed: string, revision: number): Promise<void>;
  get(providerId: string): Promise<string | undefined>;
  remove(providerId: string): Promise<void>;
  /** Removes the secret of an earlier revision of the provider; that of a later one stays. */
  removeBefore(providerId: string, revision: number): Promise<void>;
}
