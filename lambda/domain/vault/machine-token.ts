/** The agent's own token, by client credentials (RFC 6749 section 4.4). */
import { exchangedToken, type HandedOut } from './held-token';
import type { Admitted, RetrievePorts } from './retrieval';
import { clientCredentialsOf } from './token-sources';

/** @throws ProviderFailure; ThrottlingException where asking again shortly will help */
export function machineToken(
  ports: RetrievePorts,
  { principal, input, identity, owner, grant }: Admitted,
): Promise<HandedOut> {
  const { scopes, forceAuthentication = false } = input;
  const { resources, audiences } = owner;
  const holding = {
    owner,
    grant,
    scopes,
    source: clientCredentialsOf(ports, owner, scopes),
    ahead: {
      principal,
      workloadName: identity.name,
      providerName: owner.provider.name,
      flow: 'M2M' as const,
      scopes,
      resources,
      audiences,
    },
  };
  return exchangedToken(ports, holding, forceAuthentication);
}
