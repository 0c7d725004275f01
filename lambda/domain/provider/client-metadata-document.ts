/** The content of a client ID metadata document (draft-ietf-oauth-client-id-metadata-document-02, section 4). */
import type { ClientMetadata } from '../../model/provider/published-key';
import { epochSeconds, type System } from '../system';
import { clientMetadataUrl, type ClientMetadataStore } from './published-client';
import { callbackUrl } from './oauth2-provider';
import { CLIENT_NAME } from './provided-client';
import { PUBLISHED_KEY_ALGORITHM } from './published-key';

/** The last segment of a URL that this service created. */
const CALLBACK_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The members of RFC 7591 section 2 that authorization servers need. Keycloak rejects members that it does not know. */
export interface ClientMetadataDocument {
  readonly client_id: string;
  readonly client_name: string;
  readonly redirect_uris: readonly string[];
  readonly grant_types: readonly string[];
  readonly response_types: readonly string[];
  /** Always present: its default in RFC 7591 is `client_secret_basic`, which is not allowed here (section 4.1). */
  readonly token_endpoint_auth_method: 'none' | 'private_key_jwt';
  readonly token_endpoint_auth_signing_alg?: typeof PUBLISHED_KEY_ALGORITHM;
  readonly jwks?: { readonly keys: readonly object[] };
}

function authenticationOf({
  publishedKey: key,
}: ClientMetadata): Pick<
  ClientMetadataDocument,
  'token_endpoint_auth_method' | 'token_endpoint_auth_signing_alg' | 'jwks'
> {
  if (!key) return { token_endpoint_auth_method: 'none' };
  const { kty, crv, x, y, kid } = key;
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: PUBLISHED_KEY_ALGORITHM,
    jwks: { keys: [{ kty, crv, x, y, kid, alg: PUBLISHED_KEY_ALGORITHM, use: 'sig' }] },
  };
}

interface PublishDependencies {
  readonly clientMetadata: Pick<ClientMetadataStore, 'get'>;
  readonly system: System;
  /** Public address of the service. */
  readonly baseUrl: string;
}

/**
 * Returns the document; undefined if the service publishes none at this URL.
 *
 * @param callbackId last segment of the URL, in any form
 */
export async function publishedClient(
  { clientMetadata, system, baseUrl }: PublishDependencies,
  callbackId: string,
): Promise<ClientMetadataDocument | undefined> {
  if (!CALLBACK_ID.test(callbackId)) return undefined;
  const client = await clientMetadata.get(callbackId);
  if (!client || (client.expiresAt ?? Infinity) <= epochSeconds(system)) return undefined;
  return {
    client_id: clientMetadataUrl(baseUrl, callbackId),
    client_name: CLIENT_NAME,
    redirect_uris: [callbackUrl(baseUrl, callbackId)],
    grant_types: ['authorization_code', ...(client.refreshes ? ['refresh_token'] : [])],
    response_types: ['code'],
    ...authenticationOf(client),
  };
}
