/**
 * An authorization server that binds tokens to keys (DPoP, RFC 9449). Its resource, the userinfo endpoint, verifies the
 * proofs and requires a nonce; other resources find the key of a token by introspection (RFC 7662).
 */
import { randomBytes } from 'node:crypto';
import { startLoopbackProvider } from './loopback-provider.mjs';

const USERINFO = '/me';

/** @param callbacks prefix of every redirect URI */
export function startDpopProvider(callbacks) {
  const dPoP = {
    enabled: true,
    nonceSecret: randomBytes(32),
    requireNonce: ({ path }) => path === USERINFO,
  };
  const features = { dPoP, introspection: { enabled: true } };
  return startLoopbackProvider(callbacks, 'bound', { dpop_bound_access_tokens: true }, { features });
}
