/** Encrypts and decrypts a grant's tokens. */
import { type System, epochSeconds } from '../system';
import type { Narrowing } from '../oauth/provider-parameters';
import type { ObtainedTokens } from '../oauth/token-request';
import { resourcesAt } from '../provider/discovery';
import type { Oauth2Provider } from '../../model/provider/record';
import { clientBindingDigest } from '../provider/oauth2-provider';
import type { UserTokenFacts } from '../identity/user-token';
import { nameIn } from '../owned-resource';
import { grantContext, targetParts } from './grant';
import {
  type Grant,
  type GrantDetails,
  type GrantTokens,
  type SealedTokens,
  SealedTokensSchema,
} from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import { parseSealed } from '../sealing/sealed-json';
import type { Seal, SealingContext } from '../sealing/sealing';
import type { TokensToRevoke } from '../../model/events/revocation';
import type { Workload } from '../identity/workload-identity';

/** The user of a request. Without a user in the grant, it is still the user whose restrictions apply. */
export interface RequestUser {
  readonly userHash: string;
  /** The user token that the workload access token was issued for, if any. */
  readonly userToken: UserTokenFacts | undefined;
  /** The agents before the agent of the request, if any. */
  readonly chain?: readonly Workload[] | undefined;
}

/** The user and the agent that tokens are for, and the members that narrow the tokens. */
export interface TokenHolder extends Narrowing {
  readonly grantId: GrantId;
  readonly provider: Pick<Oauth2Provider, 'id' | 'name' | 'revision' | 'vendor' | 'clientId' | 'discovery'>;
  readonly workloadArn: string;
  /** Epoch seconds at which the grant expires, independent of its tokens; absent if it does not expire. */
  readonly endsAt?: number | undefined;
  /** Absent if no user's request waits for the tokens. */
  readonly requestUser?: RequestUser | undefined;
}

/** Seconds that a grant of an agent for itself is stored without a token, for its last failure. */
const KEPT_WITHOUT_TOKEN = 24 * 3600;

const isMachineGrant = ({ grantId }: Pick<TokenHolder, 'grantId'>): boolean =>
  targetParts(grantId.target).flow === 'M2M';

/**
 * Returns the end of a grant with these tokens, in epoch seconds; undefined if it does not end. An agent's grant for itself
 * ends with its token, because the next request gets another one. A token without a stated end can stay valid, and its
 * revocation needs the grant.
 */
export function grantEnd(
  tokenHolder: Pick<TokenHolder, 'grantId' | 'endsAt'>,
  { expiresAt }: Pick<GrantTokens, 'expiresAt'>,
): number | undefined {
  return isMachineGrant(tokenHolder) ? expiresAt : tokenHolder.endsAt;
}

/** Returns the end of a grant whose tokens are about to be obtained, as {@link grantEnd}. @param now epoch seconds */
export function grantEndDuringRenewal(
  tokenHolder: Pick<TokenHolder, 'grantId' | 'endsAt'>,
  seen: Pick<Grant, 'tokens'> | undefined,
  now: number,
): number | undefined {
  if (!isMachineGrant(tokenHolder)) return tokenHolder.endsAt;
  const end = seen?.tokens ? grantEnd(tokenHolder, seen.tokens) : now;
  return end === undefined ? undefined : Math.max(end, now + KEPT_WITHOUT_TOKEN);
}

/** Returns what a listing says about the holder's grant. */
export const detailsOf = ({
  workloadArn,
  resources,
  audiences,
  provider: { discovery },
}: TokenHolder): GrantDetails => ({
  workloadName: nameIn(workloadArn),
  resources: resourcesAt(discovery, resources),
  audiences,
});

/**
 * Returns the encryption context. It includes the client and its authorization server, so that no reconfiguration sends
 * a refresh token elsewhere.
 */
function contextOf({ grantId, provider, workloadArn }: TokenHolder): SealingContext {
  const context = grantContext(grantId, provider.id, workloadArn);
  return { ...context, binding: { ...context.binding, client: clientBindingDigest(provider) } };
}

/** The scopes requested from the provider, in addition to the granted ones. */
export type RequestedScopes = Pick<GrantTokens, 'requestedScopes' | 'parameterScopes'>;

export async function sealTokens(
  deps: { readonly seal: Pick<Seal, 'seal'>; readonly system: System },
  tokenHolder: TokenHolder,
  obtained: ObtainedTokens,
  { requestedScopes, parameterScopes = [] }: RequestedScopes,
): Promise<GrantTokens> {
  const { accessToken, refreshToken, scopes, expiresAt, refreshExpiresAt, dpopKey } = obtained;
  return {
    sealed: await deps.seal.seal(
      contextOf(tokenHolder),
      JSON.stringify({ accessToken, refreshToken, dpopKey }),
    ),
    scopes,
    requestedScopes,
    ...(parameterScopes.length > 0 && { parameterScopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    obtainedAt: epochSeconds(deps.system),
    refreshable: refreshToken !== undefined,
    ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    client: clientBindingDigest(tokenHolder.provider),
  };
}

export async function openTokens(
  seal: Pick<Seal, 'open'>,
  tokenHolder: TokenHolder,
  tokens: GrantTokens,
): Promise<SealedTokens> {
  return parseSealed(SealedTokensSchema, await seal.open(contextOf(tokenHolder), tokens.sealed));
}

/** Returns what the revocation queue stores of the holder of tokens. */
export const tokenOrigin = ({
  grantId: { workloadId, userHash, target },
  provider: { id, name },
  workloadArn,
}: Pick<TokenHolder, 'grantId' | 'workloadArn'> & {
  readonly provider: Pick<Oauth2Provider, 'id' | 'name'>;
}): Pick<TokensToRevoke, 'grantId' | 'provider' | 'workloadArn'> => ({
  grantId: { workloadId, userHash, target },
  provider: { id, name },
  workloadArn,
});

/**
 * Returns the grant's tokens if they belong to this provider. Tokens of an earlier provider of its name, or of another
 * client or server, are ignored. They could not be decrypted either.
 */
export const tokensOf = (
  grant: Grant | undefined,
  provider: TokenHolder['provider'],
): GrantTokens | undefined =>
  grant?.providerId === provider.id && grant.tokens?.client === clientBindingDigest(provider)
    ? grant.tokens
    : undefined;
