/** Stores a provider's encrypted secret: a client secret or an API key. */
export interface SecretStore {
  /**
   * Stores the secret of this revision of the provider, unless the secret of a later revision is stored: of two updates,
   * the secret of the later one stays, in any order of writes.
   */
  put(providerId: string, sealed: string, revision: number): Promise<void>;
  get(providerId: string): Promise<string | undefined>;
  remove(providerId: string): Promise<void>;
  /** Removes the secret of an earlier revision of the provider, but not of a later one. */
  removeBefore(providerId: string, revision: number): Promise<void>;
}
