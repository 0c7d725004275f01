/**
 * The seal on everything secret. A sealed text opens only under the context that it was sealed under:
 * the owner's vault key for one purpose, and the binding (agent, user, provider, session) in the protected
 * header. A record copied to another agent, user or provider does not open.
 */

/** Which vault key; the function groups' KMS permissions are by purpose. */
export const SEALING_PURPOSES = ['grant', 'consent', 'client-secret', 'api-key', 'subject-token'] as const;
export type SealingPurpose = (typeof SEALING_PURPOSES)[number];

export interface SealingContext {
  readonly purpose: SealingPurpose;
  /** The workload identity's or provider's unique id: deleting its vault key shreds what it sealed. */
  readonly ownerId: string;
  readonly ownerArn: string;
  /** What exactly is sealed, checked again on opening. */
  readonly binding: Readonly<Record<string, string>>;
}

/** The owner's vault key was deleted with its owner: what it sealed can never be opened again. */
export class ShreddedError extends Error {
  override readonly name = 'ShreddedError';
}

export interface Seal {
  /**
   * @returns compact JWE (RFC 7516)
   * @throws ShreddedError where no vault key may be made and there is none
   */
  seal(context: SealingContext, plaintext: string): Promise<string>;
  /**
   * @throws ShreddedError when the vault key is gone; Error when it was not sealed under this very context, or was
   *   changed; the caller learns no more
   */
  open(context: SealingContext, sealed: string): Promise<string>;
}
