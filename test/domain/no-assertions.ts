/**
 * For tests whose clients authenticate with a secret: fails if a client signs an assertion or requests a token from
 * AWS.
 */
import type { ProviderClientDependencies } from '../../lambda/domain/oauth/provider-client';

export const NO_ASSERTIONS: Pick<ProviderClientDependencies, 'assertionKeys' | 'webIdentityTokens'> = {
  assertionKeys: { sign: () => Promise.reject(new Error('no key is to sign')) },
  webIdentityTokens: { get: () => Promise.reject(new Error('AWS is not to be asked')) },
};
