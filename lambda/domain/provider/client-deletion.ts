/**
 * The port to the outbox of clients that the service registered (RFC 7591) and that must be deleted at their server
 * (RFC 7592). The outbox survives a failure of the server or of the service, and knows when the client is not needed any
 * more: it authenticates the revocation of the tokens that it was issued.
 */
import type { SealingContext } from '../sealing/sealing';

/**
 * Why a client is deleted:
 * - `unused-client`: its provider might not be stored. Queued before the provider is, and dropped if it is
 * - `replaced-client`: an update configures another client, or another server
 * - `deleted-provider`
 */
export const CLIENT_DELETION_CAUSES = ['unused-client', 'replaced-client', 'deleted-provider'] as const;
export type ClientDeletionCause = (typeof CLIENT_DELETION_CAUSES)[number];

/** The provider whose client it is, as a ciphertext names it. */
export interface ClientHolder {
  readonly id: string;
  readonly arn: string;
}

/** How a client can be deleted, as a provider stores it. */
export interface SealedManagement {
  readonly clientUri: string;
  /** JWE of the registration access token. */
  readonly sealedToken: string;
}

/** A client that must be deleted. It contains no plain secret, so that it can be sent to a function. */
export interface ClientDeletion extends SealedManagement {
  readonly provider: ClientHolder & { readonly name: string };
  readonly cause: ClientDeletionCause;
}

export interface ClientDeletions {
  /**
   * Queues the deletion of a client. The same deletion can be queued more than once.
   *
   * @throws Error if it could not be queued
   */
  enqueueClient(deletion: ClientDeletion): Promise<void>;
}

/** The encryption context of a registration access token: it goes to no other address. */
export const registrationContext = (
  { id, arn }: ClientHolder,
  clientUri: string,
): SealingContext & { readonly purpose: 'client-secret' } => ({
  purpose: 'client-secret',
  ownerId: id,
  ownerArn: arn,
  binding: { provider: id, registration: clientUri },
});
