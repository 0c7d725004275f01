/** The agent's own token, by client credentials (RFC 6749 section 4.4). */
import { exchangedToken, type ReturnedToken } from '../grant/held-token';
import type { Admitted, RetrieveDependencies } from './retrieval';
import { clientCredentialsOf } from '../grant/token-sources';

/**
 * @param force whether it must be another than the one that is stored
 * @throws ProviderFailure; ThrottlingException where asking again shortly will help
 */
export function machineToken(
  deps: RetrieveDependencies,
  admitted: Pick<Admitted, 'principal' | 'identity' | 'owner' | 'grant' | 'checkGrantedScopes'>,
  scopes: readonly string[],
  force: boolean,
): Promise<ReturnedToken> {
  const { principal, identity, owner, grant, checkGrantedScopes } = admitted;
  const { resources, audiences } = owner;
  const ahead = {
    principal: principal.arn,
    workloadName: identity.name,
    providerName: owner.provider.name,
    flow: 'M2M' as const,
    scopes,
    resources,
    audiences,
  };
  const source = clientCredentialsOf(deps, owner, scopes);
  return exchangedToken(deps, { owner, grant, scopes, source, checkGrantedScopes, ahead }, force);
}
