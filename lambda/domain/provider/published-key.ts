/**
 * The signing key of a client that a metadata document of this service describes. The document publishes the public half.
 * The private half is stored as a client secret is, and never returned.
 */
import type { PublishedKey, SigningKey } from '../../model/provider/published-key';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** Keycloak and oidc-provider accept it, and its key is short: some servers limit documents to 5 KB. */
export const PUBLISHED_KEY_ALGORITHM = 'ES256';

export interface NewSigningKey {
  readonly published: PublishedKey;
  /** JSON of the private JWK, to be encrypted. */
  readonly secret: string;
}

export async function newSigningKey(): Promise<NewSigningKey> {
  const { privateKey } = await generateKeyPair(PUBLISHED_KEY_ALGORITHM, { extractable: true });
  const { x = '', y = '', d = '' } = await exportJWK(privateKey);
  const publicPart = { kty: 'EC', crv: 'P-256', x, y } as const;
  const published: PublishedKey = { ...publicPart, kid: await calculateJwkThumbprint(publicPart) };
  return { published, secret: JSON.stringify({ ...published, d } satisfies SigningKey) };
}
