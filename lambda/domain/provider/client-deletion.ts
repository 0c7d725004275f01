/**
 * The port to the outbox of clients that the service registered (RFC 7591) and that must be deleted at their server
 * (RFC 7592). The outbox survives a failure of the server or of the service, and knows when the client is not needed any
 * more: it authenticates the revocation of the tokens that it was issued.
 */
import type { Oauth2Discovery, SealedManagement } from '../../model/provider/record';
import type { ClientDeletion } from '../../model/events/revocation';
import { hashOf } from '../digest';
import { issuerOf, withoutTrailingSlash } from '../../model/discovery-url';
import type { SealingContext } from '../sealing/sealing';

/** The provider whose client it is, as a ciphertext names it. */
export interface ClientHolder {
  readonly id: string;
  readonly arn: string;
}

/** A client, which the service has registered if it has a registration. */
export interface Registered {
  readonly clientId: string;
  readonly discovery: Oauth2Discovery;
  readonly registration?:
    | {
        readonly management?: SealedManagement | undefined;
        readonly metadataDocument?: object | undefined;
      }
    | undefined;
}

/** Returns the issuer of a client's server, in the same form for each way to configure the server. */
function issuerAt({
  discoveryUrl,
  protectedResource,
  authorizationServerMetadata: stated,
}: Oauth2Discovery): string {
  if (protectedResource) return withoutTrailingSlash(protectedResource.issuer);
  return discoveryUrl === undefined ? withoutTrailingSlash(stated.issuer) : issuerOf({ discoveryUrl });
}

/**
 * Returns the hashes by which a client is known: that of its ID at its server, and that of the address at which it is
 * deleted. A server can give several providers one ID or one address, and an owner can configure the ID by hand.
 */
export const clientHashes = ({
  clientId,
  discovery,
  registration,
}: Registered): readonly [id: string, ...address: string[]] => {
  const id = hashOf(JSON.stringify([issuerAt(discovery), clientId]));
  const clientUri = registration?.management?.clientUri;
  return clientUri === undefined ? [id] : [id, hashOf(clientUri)];
};

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
