/** An issuer of user tokens, as an identity provider publishes itself: metadata, keys, JWTs of any shape. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';

export interface TestIssuer {
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly audience: string;
  /** A token for this user; a member of `claims` overrides, `undefined` leaves it out. */
  token(subject: string, claims?: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'user-tokens', alg: 'RS256', use: 'sig' };
  let issuer = '';
  const documents = (): Record<string, object> => ({
    '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks` },
    '/jwks': { keys: [jwk] },
  });
  const server = createServer((request, response) => {
    const document = documents()[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const audience = 'https://assistant.example';
  return {
    issuer,
    discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    audience,
    token(subject, claims = {}) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, sub: subject, aud: audience, iat: now, exp: now + 3600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'user-tokens' })
        .sign(privateKey);
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
