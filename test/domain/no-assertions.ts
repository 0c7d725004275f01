/** For tests whose clients authenticate by a secret: nobody is to sign, nor to ask AWS who it is. */
import type { ProviderClientDependencies } from '../../lambda/domain/oauth/provider-client';

export const NO_ASSERTIONS: Pick<ProviderClientDependencies, 'assertionKeys' | 'webIdentityTokens'> = {
  assertionKeys: { sign: () => Promise.reject(new Error('no key is to sign')) },
  webIdentityTokens: { get: () => Promise.reject(new Error('AWS is not to be asked')) },
};
