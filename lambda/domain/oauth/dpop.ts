/**
 * Access tokens that are bound to a key (DPoP, RFC 9449). Each grant has a key, which never leaves the service: it signs
 * the proofs of token requests here, and one proof for each request of the agent (credential/dpop-proof.ts).
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey } from 'jose';
import * as oauth from 'oauth4webapi';
import { hash, type KeyObject } from 'node:crypto';
import { es256PrivateKeyOfJwk, signEs256 } from '../es256';
import type { ExpiringCache } from '../expiring-cache';
import { epochSeconds, type System } from '../system';
import { oauthClientOf } from './client-authentication';
import type { DpopKey } from '../../model/dpop-key';
import { DPOP_NONCE } from '../../model/dpop-nonce';
import type { Metadata } from './provider-metadata';
import { ProviderFailure } from './provider-failure';
import { headerField } from './server-response';
import type { Transport } from './transport';

/** Every server that has DPoP accepts it; RSA proofs are too long for some header limits. */
const ALGORITHM = 'ES256';

/** The last nonce of each authorization server, by provider ID: 5 minutes, up to 500. */
export const NONCE_CACHE = { milliseconds: 300_000, maxEntries: 500 };

export type DpopNonces = ExpiringCache<string>;

/** What token requests to one server need for proofs by one key. */
export interface DpopBinding {
  readonly key: DpopKey;
  readonly handle: oauth.DPoPHandle;
  /** Returns a transport that remembers the server's nonces. */
  readonly observing: (transport: Transport) => Transport;
}

export async function newDpopKey(): Promise<DpopKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const { x = '', y = '', d = '' } = await exportJWK(privateKey);
  return { kty: 'EC', crv: 'P-256', x, y, d };
}

const publicPart = ({ kty, crv, x, y }: DpopKey) => ({ kty, crv, x, y });

/** Returns the JWK thumbprint of the key, for `dpop_jkt` (RFC 9449 section 10). */
export const thumbprintOf = (key: DpopKey): Promise<string> => calculateJwkThumbprint(publicPart(key));

const imported = async (jwk: Omit<DpopKey, 'd'> & { readonly d?: string }): Promise<CryptoKey> => {
  const key = await importJWK({ ...jwk }, ALGORITHM, { extractable: jwk.d === undefined });
  if (key instanceof Uint8Array) throw new Error('not a key of a pair');
  return key;
};

/** @throws ProviderFailure for a server that states other algorithms (RFC 9449 section 5.1) */
export function checkDpopAlgorithm({ dpop_signing_alg_values_supported: supported }: Metadata): void {
  if (supported === undefined || supported.includes(ALGORITHM)) return;
  throw new ProviderFailure(
    'invalid_metadata',
    `the server accepts no DPoP proofs that are signed with ${ALGORITHM}`,
  );
}

/**
 * Returns the binding for token requests to one server. Nonces are remembered between requests, so that a server that
 * requires them gets one request for each token.
 *
 * @param key the key of the grant, which signs the proofs
 */
export async function dpopBinding(
  key: DpopKey,
  {
    provider,
    nonces,
  }: {
    readonly provider: { readonly id: string; readonly clientId: string };
    readonly nonces?: DpopNonces | undefined;
  },
  system: System,
): Promise<DpopBinding> {
  const [privateKey, publicKey] = await Promise.all([imported(key), imported(publicPart(key))]);
  const handle = oauth.DPoP(
    oauthClientOf(provider),
    { privateKey, publicKey },
    {
      [oauth.modifyAssertion](_header, payload) {
        payload.iat = epochSeconds(system);
        payload.jti = system.randomUUID();
        const nonce = payload.nonce ?? nonces?.get(provider.id);
        if (nonce === undefined) return;
        if (typeof nonce !== 'string' || !DPOP_NONCE.test(nonce)) {
          throw new ProviderFailure('invalid_response', 'token endpoint: the DPoP nonce is not valid');
        }
        payload.nonce = nonce;
      },
    },
  );
  const observing =
    (transport: Transport): Transport =>
    async (url, init) => {
      const response = await transport(url, init);
      const nonce = headerField(response, 'dpop-nonce');
      if (DPOP_NONCE.test(nonce)) nonces?.set(provider.id, nonce);
      return response;
    };
  return { key, handle, observing };
}

/** One request to a resource. */
export interface ProvenRequest {
  readonly httpMethod: string;
  /** Without a query and a fragment. */
  readonly httpUri: string;
  /** The resource's nonce, if it has given one. */
  readonly nonce?: string | undefined;
  /** RFC 9530 `Content-Digest` of the body, for the claim `content_digest` (MCP extension for DPoP, draft). */
  readonly contentDigest?: string | undefined;
}

/** Imported keys, by their private member. An import costs more than a signature: 5 minutes, up to 500. */
export const PROOF_KEYS = { milliseconds: 300_000, maxEntries: 500 };

export type ProofKeys = ExpiringCache<KeyObject>;

function importedOnce(proofKeys: ProofKeys, key: DpopKey): KeyObject {
  const known = proofKeys.get(key.d);
  if (known) return known;
  const privateKey = es256PrivateKeyOfJwk(key);
  proofKeys.set(key.d, privateKey);
  return privateKey;
}

/** Returns a proof for one request with this access token (RFC 9449 section 4.2). */
export function dpopProof(
  { system, proofKeys }: { readonly system: System; readonly proofKeys: ProofKeys },
  key: DpopKey,
  accessToken: string,
  { httpMethod, httpUri, nonce, contentDigest }: ProvenRequest,
): string {
  const claims = {
    jti: system.randomUUID(),
    htm: httpMethod,
    htu: httpUri,
    iat: epochSeconds(system),
    ath: hash('sha256', accessToken, 'base64url'),
    ...(nonce !== undefined && { nonce }),
    ...(contentDigest !== undefined && { content_digest: contentDigest }),
  };
  return signEs256({ typ: 'dpop+jwt', jwk: publicPart(key) }, claims, importedOnce(proofKeys, key));
}
