/**
 * The signing key of a client that a metadata document of this service describes. The document publishes the public half.
 * The private half is stored as a client secret is, and never returned.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import * as v from 'valibot';

/** Keycloak and oidc-provider accept it, and its key is short: some servers limit documents to 5 KB. */
export const PUBLISHED_KEY_ALGORITHM = 'ES256';

/** The public half as a JWK (RFC 7518 section 6.2). Its `kid` is its thumbprint (RFC 7638). */
export interface PublishedKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
}

/** The private half as a JWK (RFC 7518 section 6.2). */
export const SigningKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  kid: v.string(),
  d: v.string(),
});
export type SigningKey = Readonly<v.InferOutput<typeof SigningKeySchema>>;

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
