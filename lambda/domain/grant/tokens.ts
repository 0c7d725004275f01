/** Tokens into and out of the seal. */
import { type System, epochSeconds } from '../system';
import type { Narrowing, ObtainedTokens } from '../oauth/token-request';
import { clientBindingDigest, type Oauth2Provider } from '../provider/oauth2-provider';
import { grantContext, type Grant, type GrantId, type GrantTokens, type SealedTokens } from './grant';
import type { Seal, SealingContext } from '../sealing/sealing';

/** Whose tokens they are, and what narrows them. */
export interface TokenOwner extends Narrowing {
  readonly grantId: GrantId;
  readonly provider: Pick<Oauth2Provider, 'id' | 'name' | 'vendor' | 'clientId' | 'discovery'>;
  readonly workloadArn: string;
  /** Epoch seconds at which the grant is over, whatever its tokens; absent for one that stays. */
  readonly endsAt?: number | undefined;
}

/** Bound to the client at its server too, so that no change of configuration sends a refresh token elsewhere. */
function contextOf({ grantId, provider, workloadArn }: TokenOwner): SealingContext {
  const context = grantContext(grantId, provider.id, workloadArn);
  return { ...context, binding: { ...context.binding, client: clientBindingDigest(provider) } };
}

/** What was asked of the provider, beside what it says that it granted. */
export type RequestedScopes = Pick<GrantTokens, 'requestedScopes' | 'parameterScopes'>;

export async function sealTokens(
  deps: { readonly seal: Pick<Seal, 'seal'>; readonly system: System },
  owner: TokenOwner,
  obtained: ObtainedTokens,
  { requestedScopes, parameterScopes = [] }: RequestedScopes,
): Promise<GrantTokens> {
  const { accessToken, refreshToken, scopes, expiresAt, refreshExpiresAt } = obtained;
  return {
    sealed: await deps.seal.seal(contextOf(owner), JSON.stringify({ accessToken, refreshToken })),
    scopes,
    requestedScopes,
    ...(parameterScopes.length > 0 && { parameterScopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    obtainedAt: epochSeconds(deps.system),
    refreshable: refreshToken !== undefined,
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    client: clientBindingDigest(owner.provider),
  };
}

export async function openTokens(
  seal: Pick<Seal, 'open'>,
  owner: TokenOwner,
  tokens: GrantTokens,
): Promise<SealedTokens> {
  return JSON.parse(await seal.open(contextOf(owner), tokens.sealed)) as SealedTokens;
}

/**
 * The grant's tokens, if they are this provider's: what was stored for an earlier one of its name, or for another
 * client or server, does not count, nor would it open.
 */
export const tokensOf = (
  grant: Grant | undefined,
  provider: TokenOwner['provider'],
): GrantTokens | undefined =>
  grant?.providerId === provider.id && grant.tokens?.client === clientBindingDigest(provider)
    ? grant.tokens
    : undefined;
