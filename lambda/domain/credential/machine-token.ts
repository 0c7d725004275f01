/** The agent's own access token, by client credentials (RFC 6749 section 4.4). */
import { targetsOf } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import {
  exchangedToken,
  type HeldTokenDependencies,
  type Holding,
  type ReturnedToken,
} from '../grant/held-token';
import { isLongPast } from '../grant/lease';
import { isUnreadable } from '../grant/unreadable';
import { pagesOf, type GrantIndex } from '../grant/selection';
import {
  clientCredentialsOf,
  type RequestHolder,
  type TokenSourceDependencies,
} from '../grant/token-sources';
import { grantEnd } from '../grant/tokens';
import { ServiceError } from '../service-error';
import { epochSeconds, type System } from '../system';
import { backgroundRenewalOf, type Admitted } from './oauth2-token-request';

export type MachineTokenDependencies = HeldTokenDependencies &
  Pick<TokenSourceDependencies, 'providerClients'> & {
    readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  };

/** The agent and the token that it can get, as {@link Admitted}. */
export interface MachineTokenRequest
  extends
    Pick<Admitted, 'principal' | 'identity' | 'tokenHolder' | 'grant'>,
    Pick<Holding, 'use' | 'annotate'> {
  readonly scopes: readonly string[];
  /** Default: false. True if the stored token must be replaced. */
  readonly forceAuthentication?: boolean | undefined;
}

/**
 * Tokens of an agent for itself at one provider, for different scopes, resources, and audiences. An agent chooses these, and
 * each token is stored. Concurrent requests do not see each other's grants, so they can exceed the number.
 */
export const MAX_MACHINE_GRANTS = 100;

/** Returns whether no tokens can be in use: DynamoDB deletes grants up to days after their end. */
const isPast = (grant: Grant, { now }: Pick<System, 'now'>): boolean =>
  grant.tokens === undefined ||
  (grantEnd({ grantId: grant }, grant.tokens) ?? Infinity) <= epochSeconds({ now });

const backOffOf = ({ lastFailure }: Grant): number => lastFailure?.notBefore ?? 0;

/**
 * Makes room for another grant of the agent for itself. Grants in back-off are removed last: without its grant, a request
 * does not wait for the end of the back-off.
 *
 * @throws ValidationException if the agent has {@link MAX_MACHINE_GRANTS} at the provider
 */
async function makeRoom(
  { grants, grantIndex, system }: MachineTokenDependencies,
  { grantId: { workloadId, userHash }, provider }: RequestHolder,
): Promise<void> {
  const past: Grant[] = [];
  let count = 0;
  const agent = { workloadId, userHash, targets: targetsOf('M2M', provider.name) };
  for await (const found of pagesOf(grantIndex, agent)) {
    count += found.length;
    past.push(...found.filter((grant): grant is Grant => !isUnreadable(grant) && isPast(grant, system)));
  }
  for (const grant of past.sort((a, b) => backOffOf(a) - backOffOf(b))) {
    if (count < MAX_MACHINE_GRANTS) return;
    const isRenewing = grant.lease && !isLongPast(grant.lease, system.now());
    if (!isRenewing && (await grants.removeIdle(grant, grant))) count -= 1;
  }
  if (count < MAX_MACHINE_GRANTS) return;
  throw new ServiceError(
    'ValidationException',
    `The agent has ${count} tokens for itself at the credential provider "${provider.name}", with different scopes, resources, and audiences. Request one of these combinations again, or revoke tokens with RevokeResourceGrant. A token that expires also makes room.`,
  );
}

/**
 * Returns the agent's own access token.
 *
 * @throws ProviderFailure; ThrottlingException if an immediate retry can succeed; ValidationException if the agent has too
 *   many
 */
export async function machineToken(
  deps: MachineTokenDependencies,
  request: MachineTokenRequest,
): Promise<ReturnedToken> {
  const { tokenHolder, grant, use, annotate, scopes, forceAuthentication = false } = request;
  if (!grant) await makeRoom(deps, tokenHolder);
  const backgroundRenewal = backgroundRenewalOf(request, 'M2M', scopes);
  const source = clientCredentialsOf(deps, tokenHolder, scopes);
  return exchangedToken(deps, {
    tokenHolder,
    grant,
    scopes,
    source,
    use,
    annotate,
    backgroundRenewal,
    forceAuthentication,
  });
}
