/**
 * An authorization server whose tokens expire within seconds, so that clients in other processes, whose clock
 * a test cannot change, can test a refresh and its rejection.
 */
import { startLoopbackProvider } from './loopback-provider.mjs';

/** Lifetimes in seconds. */
const ACCESS_TOKEN = 3;
const REFRESH_TOKEN = 10;

/** @param callbacks prefix of every redirect URI */
export async function startShortLivedProvider(callbacks) {
  const ttl = {
    AccessToken: ACCESS_TOKEN,
    RefreshToken: REFRESH_TOKEN,
    Grant: 3600,
    Session: 3600,
    Interaction: 600,
  };
  const started = await startLoopbackProvider(callbacks, 'short-lived', {}, { ttl });
  return { ...started, refreshTokenSeconds: REFRESH_TOKEN };
}
