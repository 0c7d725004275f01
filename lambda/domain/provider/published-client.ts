/**
 * Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document-02): a client whose ID is the URL of a
 * document that this service publishes. An authorization server reads the document instead of registering the client.
 *
 * The last segment of the URL is that of the provider's callback URL: random, and in each authorization request anyway.
 * So the document tells nothing that the request does not, and a URL cannot be guessed. The record of a document is apart
 * from its provider, because the public function that publishes documents cannot read providers.
 */
import type { Registration } from '../../model/provider/record';
import type { PublishedClient } from '../../model/records/published-client';
import { epochSeconds, type System } from '../system';
import { isMetadataDocument } from './provided-client';

/** Stores documents by the last segment of their URLs. */
export interface ClientMetadataStore {
  get(callbackId: string): Promise<PublishedClient | undefined>;
  /** Stores a document, unless one of a later revision of the provider is stored. */
  put(callbackId: string, client: PublishedClient, revision: number): Promise<void>;
  remove(callbackId: string): Promise<void>;
  /** Removes a document of an earlier revision of the provider. */
  removeBefore(callbackId: string, revision: number): Promise<void>;
}

/** Seconds for which a deleted provider's document stays: the authorization server reads it to revoke the tokens. */
const KEPT_FOR_REVOCATIONS = 24 * 3600;

const FOLDER = '/identities/oauth2/client-metadata/';

/** Returns the URL of the document, which is the client ID. */
export const clientMetadataUrl = (baseUrl: string, callbackId: string): string =>
  `${baseUrl}${FOLDER}${callbackId}`;

/** Returns the path that a server could read: servers decode paths, more than once, and merge their slashes. */
function asRead(path: string): string {
  let read = path;
  for (let before = ''; before !== read;) {
    before = read;
    read = read.replace(/%([0-9a-f]{2})/gi, (_escape, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
  }
  return read
    .toLowerCase()
    .replace(/;[^/\\]*/g, '')
    .replace(/[/\\]+/g, '/');
}

/**
 * Returns whether a client ID is the URL of a document of this service, in any spelling that could lead there, and at any
 * host, because the service can have several names. Only the service gives such an ID to a provider: the document of another
 * provider describes a client with another key and callback URL.
 */
export const isClientMetadataUrl = (clientId: string): boolean =>
  URL.canParse(clientId) && asRead(new URL(clientId).pathname).includes(FOLDER);

/** The provider, as far as its document is concerned. */
interface Describing {
  readonly name: string;
  readonly callbackId: string;
  readonly revision: number;
  readonly registration?: Registration | undefined;
}

/**
 * Publishes the document of a provider that was changed, or withdraws it if the provider has another client now. Also
 * withdraws it if a concurrent request deleted the provider, or gave it another client.
 *
 * @param before last segment of the callback URL before the change
 */
export async function publish(
  {
    clientMetadata,
    providers,
  }: {
    readonly clientMetadata: Pick<ClientMetadataStore, 'put' | 'remove' | 'removeBefore'>;
    readonly providers: { get(name: string): Promise<Describing | undefined> };
  },
  { name, callbackId, revision, registration }: Describing,
  before: string,
): Promise<void> {
  if (before !== callbackId) await clientMetadata.removeBefore(before, revision);
  if (!registration?.metadataDocument) {
    await clientMetadata.removeBefore(callbackId, revision);
    return;
  }
  await clientMetadata.put(callbackId, registration.metadataDocument, revision);
  const provider = await providers.get(name);
  if (provider?.callbackId === callbackId && isMetadataDocument(provider)) return;
  await clientMetadata.remove(callbackId);
}

/**
 * Withdraws the document of a deleted provider.
 *
 * @param revoked number of grants whose tokens the authorization server must still revoke. It can read the document of a
 *   public client for each revocation, and revocations are tried for a day
 */
export async function withdraw(
  { clientMetadata, system }: { readonly clientMetadata: ClientMetadataStore; readonly system: System },
  { callbackId, revision, registration }: Describing,
  revoked: number,
): Promise<void> {
  if (!isMetadataDocument({ registration })) return;
  const published = await clientMetadata.get(callbackId);
  // An earlier attempt at the deletion can have found the grants.
  if (revoked === 0 && published?.expiresAt === undefined) await clientMetadata.remove(callbackId);
  if (revoked === 0 || !published || published.expiresAt !== undefined) return;
  const expiresAt = epochSeconds(system) + KEPT_FOR_REVOCATIONS;
  await clientMetadata.put(callbackId, { ...published, expiresAt }, revision);
}
