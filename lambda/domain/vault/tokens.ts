/** Tokens into and out of the seal. */
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import type { Narrowing, ObtainedTokens } from '../grants/token-request';
import { clientAtServer, type Oauth2Provider } from '../provider/oauth2-provider';
import { grantContext, type GrantId, type GrantTokens, type SealedTokens } from './grant';
import type { Seal, SealingContext } from './sealing';

/** Whose tokens they are, and what narrows them. */
export interface TokenOwner extends Narrowing {
  readonly grantId: GrantId;
  readonly provider: Pick<Oauth2Provider, 'id' | 'vendor' | 'clientId' | 'discovery'>;
  readonly workloadArn: string;
}

/** Bound to the client at its server too, so that no change of configuration sends a refresh token elsewhere. */
function contextOf({ grantId, provider, workloadArn }: TokenOwner): SealingContext {
  const context = grantContext(grantId, provider.id, workloadArn);
  return { ...context, binding: { ...context.binding, client: clientAtServer(provider) } };
}

/** @param requestedScopes what was asked of the provider, beside what it says that it granted */
export async function sealTokens(
  ports: { readonly seal: Pick<Seal, 'seal'>; readonly ambient: Ambient },
  owner: TokenOwner,
  obtained: ObtainedTokens,
  requestedScopes: readonly string[],
): Promise<GrantTokens> {
  const { accessToken, refreshToken, scopes, expiresAt } = obtained;
  const plain: SealedTokens = { accessToken, ...(refreshToken !== undefined && { refreshToken }) };
  return {
    sealed: await ports.seal.seal(contextOf(owner), JSON.stringify(plain)),
    scopes,
    requestedScopes,
    ...(expiresAt !== undefined && { expiresAt }),
    obtainedAt: epochSeconds(ports.ambient),
    refreshable: refreshToken !== undefined,
    client: clientAtServer(owner.provider),
  };
}

export async function openTokens(
  seal: Pick<Seal, 'open'>,
  owner: TokenOwner,
  tokens: GrantTokens,
): Promise<SealedTokens> {
  return JSON.parse(await seal.open(contextOf(owner), tokens.sealed)) as SealedTokens;
}
