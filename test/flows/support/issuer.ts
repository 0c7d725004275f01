/** An issuer of user tokens that publishes metadata and keys like an identity provider, and signs JWTs of any shape. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  base64url,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  SignJWT,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import type { IssuedCertificate } from './certificates';
import type { Extension } from './provider';

/** Two common algorithms, the algorithms of FAPI 2.0, and the algorithm of RFC 8037. */
const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'PS384', 'PS512', 'EdDSA'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

type Claims = Readonly<Record<string, unknown>>;

interface Header {
  readonly alg?: Algorithm;
  readonly kid?: string | undefined;
  /** Any JSON value. */
  readonly typ?: unknown;
  /** An invented critical header parameter (RFC 7515 section 4.1.11). */
  readonly critical?: string;
}

/** How a forged token differs from a genuine one. */
export type Forgery =
  'unsigned' | 'public key as secret' | 'signed with another key' | 'under an unknown key';

export const FORGERIES = [
  'unsigned',
  'public key as secret',
  'signed with another key',
  'under an unknown key',
] as const satisfies Forgery[];

export interface TestIssuer {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly audience: string;
  /** A token for this user; members of `claims` and `header` override, and `undefined` removes one. */
  token(subject: string, claims?: Claims, header?: Header): Promise<string>;
  /** A token that names this issuer, which did not sign it. */
  forged(forgery: Forgery, subject: string, claims?: Claims): Promise<string>;
  /** The response to each token request, as an identity provider of any behavior. */
  tokenResponse: (request: URLSearchParams) => Promise<{ readonly status?: number; readonly body: object }>;
  /** The body of the response with the keys, with the status 200; undefined for the published keys. */
  keysBody: string | undefined;
  /** A path whose responses have the status 503. */
  failingPath: string | undefined;
  /** Stops publishing one of its keys. */
  withdraw(algorithm: Algorithm): void;
  close(): Promise<void>;
}

const kidOf = (algorithm: string): string => `user-tokens-${algorithm}`;

async function newKey(algorithm: Algorithm) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: kidOf(algorithm), alg: algorithm, use: 'sig' };
  return { publicKey, privateKey, jwk };
}

/** The same RSA key with another key ID and algorithm: only the issuer's metadata distinguishes the two. */
async function sameKeyFor(
  { publicKey, privateKey }: Awaited<ReturnType<typeof newKey>>,
  algorithm: Algorithm,
): Promise<Awaited<ReturnType<typeof newKey>>> {
  const imported = async (key: CryptoKey) =>
    (await importJWK({ ...(await exportJWK(key)), ext: true }, algorithm)) as CryptoKey;
  const jwk = { ...(await exportJWK(publicKey)), kid: kidOf(algorithm), alg: algorithm, use: 'sig' };
  return { publicKey: await imported(publicKey), privateKey: await imported(privateKey), jwk };
}

async function newKeys() {
  const [RS256, ES256, EdDSA] = await Promise.all([newKey('RS256'), newKey('ES256'), newKey('EdDSA')]);
  const [PS256, PS384, PS512] = await Promise.all(
    (['PS256', 'PS384', 'PS512'] as const).map((algorithm) => sameKeyFor(RS256, algorithm)),
  );
  return { RS256, ES256, EdDSA, PS256: PS256!, PS384: PS384!, PS512: PS512! };
}

type Keys = Awaited<ReturnType<typeof newKeys>>;

/** The key set of an issuer that publishes the keys of these algorithms, and two keys without an algorithm. */
function keySet(keys: Keys, published: Iterable<Algorithm>): { keys: object[] } {
  const anyAlgorithm = [keys.RS256, keys.ES256].map(({ jwk }) => ({
    ...jwk,
    kid: `any-${jwk.kty}`,
    alg: undefined,
  }));
  return { keys: [...[...published].map((algorithm) => keys[algorithm].jwk), ...anyAlgorithm] };
}

/**
 * @param certificate of the server, for an issuer at an https URL
 * @param behind returns the address of a proxy in front of the server, which is then the issuer; it can end with a slash
 */
export async function startIssuer(
  certificate?: IssuedCertificate,
  behind?: Extension['behind'],
): Promise<TestIssuer> {
  let created: Promise<Keys> | undefined;
  /** Creates the keys when they are first used, because an RSA key takes time, and many tests use no user token. */
  const issuerKeys = (): Promise<Keys> => (created ??= newKeys());
  const published = new Set<Algorithm>(ALGORITHMS);
  let issuer = '';
  let base = '';
  const documentAt = async (path: string | undefined): Promise<object | undefined> => {
    if (path === '/.well-known/openid-configuration') {
      return {
        issuer,
        jwks_uri: `${base}/jwks`,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        // It allows what no client should accept.
        id_token_signing_alg_values_supported: [...ALGORITHMS, 'HS256', 'none'],
      };
    }
    return path === '/jwks' ? keySet(await issuerKeys(), published) : undefined;
  };
  const respond: RequestListener = (request, response) => {
    if (request.url === '/token') {
      void text(request)
        .then((body) => testIssuer.tokenResponse(new URLSearchParams(body)))
        .then(({ status = 200, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify(body));
        });
      return;
    }
    if (request.url === '/jwks' && testIssuer.keysBody !== undefined) {
      response.end(testIssuer.keysBody);
      return;
    }
    if (request.url === testIssuer.failingPath) {
      response.writeHead(503).end();
      return;
    }
    void documentAt(request.url).then((document) => {
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
  };
  const server = certificate ? createTlsServer({ ...certificate }, respond) : createServer(respond);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = `${certificate ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  issuer = (await behind?.(address)) ?? address;
  base = issuer.replace(/\/$/, '');
  const audience = 'https://assistant.example';

  const claimsOf = (subject: string, claims: Claims = {}): JWTPayload => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, sub: subject, aud: audience, iat: now, exp: now + 3600, ...claims };
  };

  const testIssuer: TestIssuer = {
    tokenResponse: () => Promise.resolve({ status: 400, body: { error: 'invalid_grant' } }),
    keysBody: undefined,
    failingPath: undefined,
    issuer,
    discoveryUrl: `${base}/.well-known/openid-configuration`,
    audience,
    async token(subject, claims, { alg = 'RS256', critical, ...header } = {}) {
      const keys = await issuerKeys();
      const extension = critical === undefined ? {} : { crit: [critical], [critical]: 'made up' };
      const parameters = { kid: kidOf(alg), ...header, ...extension, alg };
      return new SignJWT(claimsOf(subject, claims))
        .setProtectedHeader(parameters as JWTHeaderParameters)
        .sign(keys[alg].privateKey, critical === undefined ? {} : { crit: { [critical]: false } });
    },
    async forged(forgery, subject, claims) {
      const keys = await issuerKeys();
      const token = new SignJWT(claimsOf(subject, claims));
      const kid = kidOf('RS256');
      switch (forgery) {
        case 'unsigned': {
          // Any signature, because the request is not well formed without one.
          const parts = [{ alg: 'none', kid }, claimsOf(subject, claims)].map((part) => JSON.stringify(part));
          return [...parts.map((part) => base64url.encode(part)), 'AAAA'].join('.');
        }
        case 'public key as secret': {
          const secret = new TextEncoder().encode(await exportSPKI(keys.RS256.publicKey));
          return token.setProtectedHeader({ alg: 'HS256', kid }).sign(secret);
        }
        case 'signed with another key':
          return token.setProtectedHeader({ alg: 'RS256', kid }).sign((await newKey('RS256')).privateKey);
        case 'under an unknown key':
          return token.setProtectedHeader({ alg: 'RS256', kid: 'unheard-of' }).sign(keys.RS256.privateKey);
      }
    },
    withdraw(algorithm) {
      published.delete(algorithm);
    },
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
  return testIssuer;
}
