/** The agent's own access token, by client credentials (RFC 6749 section 4.4). */
import { exchangedToken, type HeldTokenDependencies, type ReturnedToken } from '../grant/held-token';
import { backgroundRenewalOf, type Admitted } from './oauth2-token-request';
import { clientCredentialsOf, type TokenSourceDependencies } from '../grant/token-sources';

export type MachineTokenDependencies = HeldTokenDependencies &
  Pick<TokenSourceDependencies, 'providerClients'>;

/** The agent and the token that it can get, as {@link Admitted}. */
export interface MachineTokenRequest extends Pick<
  Admitted,
  'principal' | 'identity' | 'owner' | 'grant' | 'checkGrantedScopes'
> {
  readonly scopes: readonly string[];
  /** Default: false. True if the stored token must be replaced. */
  readonly force?: boolean | undefined;
}

/** Returns the agent's own access token. @throws ProviderFailure; ThrottlingException if an immediate retry can succeed */
export function machineToken(
  deps: MachineTokenDependencies,
  request: MachineTokenRequest,
): Promise<ReturnedToken> {
  const { owner, grant, checkGrantedScopes, scopes, force = false } = request;
  const backgroundRenewal = backgroundRenewalOf(request, 'M2M', scopes);
  const source = clientCredentialsOf(deps, owner, scopes);
  return exchangedToken(deps, { owner, grant, scopes, source, checkGrantedScopes, backgroundRenewal, force });
}
