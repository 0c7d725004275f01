/** An issuer of user tokens, as an identity provider publishes itself: metadata, keys, JWTs of any shape. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  base64url,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';

const ALGORITHMS = ['RS256', 'ES256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

type Claims = Readonly<Record<string, unknown>>;

interface Header {
  readonly alg?: Algorithm;
  readonly kid?: string | undefined;
  /** A header parameter that every reader must understand (RFC 7515 section 4.1.11), made up. */
  readonly critical?: string;
}

/** How a token differs from one that the issuer would sign. */
export type Forgery =
  'unsigned' | 'public key as secret' | 'signed by somebody else' | 'under an unknown key';

export const FORGERIES = [
  'unsigned',
  'public key as secret',
  'signed by somebody else',
  'under an unknown key',
] as const satisfies Forgery[];

export interface TestIssuer {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly audience: string;
  /** A token for this user; a member of `claims` or `header` overrides, `undefined` leaves it out. */
  token(subject: string, claims?: Claims, header?: Header): Promise<string>;
  /** A token that this issuer did not sign, although it says so. */
  forged(forgery: Forgery, subject: string): Promise<string>;
  /** Publishes one of its keys no more. */
  withdraw(algorithm: Algorithm): void;
  close(): Promise<void>;
}

const kidOf = (algorithm: string): string => `user-tokens-${algorithm}`;

async function newKey(algorithm: Algorithm) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: kidOf(algorithm), alg: algorithm, use: 'sig' };
  return { publicKey, privateKey, jwk };
}

export async function startIssuer(): Promise<TestIssuer> {
  const keys = { RS256: await newKey('RS256'), ES256: await newKey('ES256') };
  const published = new Set<Algorithm>(ALGORITHMS);
  let issuer = '';
  const documents = (): Record<string, object> => ({
    '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks` },
    '/jwks': { keys: [...published].map((algorithm) => keys[algorithm].jwk) },
  });
  const server = createServer((request, response) => {
    const document = documents()[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const audience = 'https://assistant.example';

  const claimsOf = (subject: string, claims: Claims = {}): JWTPayload => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, sub: subject, aud: audience, iat: now, exp: now + 3600, ...claims };
  };

  return {
    issuer,
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    audience,
    token(subject, claims, { alg = 'RS256', critical, ...header } = {}) {
      const extension = critical === undefined ? {} : { crit: [critical], [critical]: 'made up' };
      const parameters = { kid: kidOf(alg), ...header, ...extension, alg };
      return new SignJWT(claimsOf(subject, claims))
        .setProtectedHeader(parameters as JWTHeaderParameters)
        .sign(keys[alg].privateKey, critical === undefined ? {} : { crit: { [critical]: false } });
    },
    async forged(forgery, subject) {
      const token = new SignJWT(claimsOf(subject));
      const kid = kidOf('RS256');
      switch (forgery) {
        case 'unsigned': {
          // A signature of some kind, for without one the request is not even well formed.
          const parts = [{ alg: 'none', kid }, claimsOf(subject)].map((part) => JSON.stringify(part));
          return [...parts.map((part) => base64url.encode(part)), 'AAAA'].join('.');
        }
        case 'public key as secret': {
          const secret = new TextEncoder().encode(await exportSPKI(keys.RS256.publicKey));
          return token.setProtectedHeader({ alg: 'HS256', kid }).sign(secret);
        }
        case 'signed by somebody else':
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
}
