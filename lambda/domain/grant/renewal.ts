/**
 * Renewal without races: any number of requests obtain the next tokens of a grant once, in processes that share only the
 * grant. So a provider that rotates refresh tokens never sees one twice, which it would treat as theft (RFC 9700 section
 * 4.14.2), and a provider that issues tokens by client credentials gets one request.
 *
 *     take the lease ──▶ decrypt the secrets ──▶ mark as sent ──▶ send ──▶ write tokens, next generation
 *      one write on                               one write on            one write on holder and epoch
 *      the read grant                             the holder
 *
 * After a lost write, after the last write, and after a wait, the service reads the directory again: it returns nothing
 * for an agent or a provider that was deleted, or an agent or a user that was suspended, during the request
 * (deletion-check.ts).
 *
 * The other requests wait for the next generation or for a failure. The abandoned lease of a dead process can be taken
 * over after its deadline. Then the service tries the old refresh token once more.
 */
import { epochSeconds, type System } from '../system';
import { ProviderFailure } from '../oauth/provider-failure';
import type { DpopKey } from '../oauth/dpop-key';
import type { ObtainedTokens } from '../oauth/token-request';
import { ServiceError } from '../service-error';
import { UnstorableError } from '../unstorable';
import { stopIfDeleted, type DeletionCheckDependencies } from './deletion-check';
import {
  isFresh,
  scopesHeld,
  type Grant,
  type GrantStore,
  type GrantTokens,
  type RenewalFailure,
} from './grant';
import { isFree, LEASE, observe } from './lease';
import { backsOff, providerFailureOf, renewalFailureOf } from './renewal-failure';
import type { Seal } from '../sealing/sealing';
import {
  detailsOf,
  openTokens,
  sealTokens,
  tokensOf,
  tokenOrigin,
  type RequestedScopes,
  type TokenOwner,
} from './tokens';

/** Milliseconds for a request and the following write: no request is sent if less of the lease remains. */
const REDEMPTION = 6_500;

/**
 * Milliseconds that a request without the lease waits in total, and between its reads: longer each time, to spare the
 * table.
 */
const PATIENCE = 10_000;
const FIRST_PAUSE = 100;
const MAX_PAUSE = 800;

/** Milliseconds between two attempts to store tokens that a provider issued. */
const WRITE_PAUSE = 250;

/** The tokens can no longer be renewed: the user must consent again. */
export const CONSENT_NEEDED = Symbol('consent needed');

export interface RenewalDependencies extends Pick<
  DeletionCheckDependencies,
  'directory' | 'revocationQueue'
> {
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly system: System;
}

/** A token request that is ready to be sent. */
export interface PreparedRequest extends RequestedScopes {
  /** The refresh token that the request presents, if any. */
  readonly refreshToken?: string;
  /** Sends the request once. */
  send(): Promise<ObtainedTokens>;
}

/** The source of a grant's next tokens: a refresh token, client credentials, or a user token. */
export interface TokenSource {
  /** Prepares the request: decrypts every secret that it needs. */
  prepare(seen: Grant | undefined): Promise<PreparedRequest>;
  /** Whether `invalid_grant` means that the user must consent again. */
  readonly endsWithGrant: boolean;
}

export interface Renewal {
  readonly owner: TokenOwner;
  readonly source: TokenSource;
  /** The grant as it was read; its tokens cannot be used. */
  readonly seen: Grant | undefined;
}

/** A token that this call or a concurrent call obtained. */
export interface Renewed {
  readonly accessToken: string;
  /** The scopes that the provider granted. */
  readonly scopes: readonly string[];
  /** All scopes that policies evaluate before the token is returned. */
  readonly held: readonly string[];
  /** The key that the token is bound to (RFC 9449); absent for a bearer token. */
  readonly dpopKey?: DpopKey | undefined;
}

/** Returns the grant's tokens, if they can be returned to a caller. @param now epoch seconds */
export function usableTokens(
  grant: Grant | undefined,
  owner: TokenOwner,
  now: number,
): GrantTokens | undefined {
  if (!grant || grant.rejected === grant.generation) return undefined;
  const tokens = tokensOf(grant, owner.provider);
  return tokens && isFresh(tokens, now) ? tokens : undefined;
}

/**
 * Returns a token of a later generation than the one that was read, or {@link CONSENT_NEEDED} if there will be none.
 *
 * @param until epoch milliseconds until which the call waits for another holder of the lease
 * @throws ProviderFailure if the provider rejected the request or was unavailable, now or at a recent attempt
 * @throws ThrottlingException if an immediate retry can succeed
 * @throws UnauthorizedException, ResourceNotFoundException, AccessDeniedException as {@link stopIfDeleted}
 */
export async function renewTokens(
  deps: RenewalDependencies,
  renewal: Renewal,
  until = deps.system.now() + PATIENCE,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const { owner, seen: first } = renewal;
  const { grantId, provider, endsAt } = owner;
  const { system, grants } = deps;
  const holder = system.randomUUID();
  let seen = first;
  let observed = observe(undefined, seen?.lease, system.now());
  let known = first && provider.id;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
    const now = system.now();
    // The grant was deleted, or belongs to another provider of this name: an earlier one, or one created after a deletion.
    if (seen?.providerId !== known && seen?.providerId !== provider.id) await stopIfDeleted(deps, owner);
    known = seen?.providerId;
    if (isForgotten(renewal, seen)) return CONSENT_NEEDED;
    const tokens =
      seen?.generation === first?.generation ? undefined : usableTokens(seen, owner, epochSeconds(system));
    if (tokens) {
      const { accessToken, dpopKey } = await openTokens(deps.seal, owner, tokens);
      await stopIfDeleted(deps, owner);
      return { accessToken, dpopKey, scopes: tokens.scopes, held: scopesHeld(tokens) };
    }
    if (
      seen?.lastFailure &&
      (backsOff(seen, provider, now) || seen.lastFailure.at !== first?.lastFailure?.at)
    ) {
      throw providerFailureOf(seen.lastFailure, now);
    }
    if (isFree(observed, now)) {
      const lease = { holder, deadline: now + LEASE };
      const taken = { providerId: provider.id, details: detailsOf(renewal.owner), seen, lease, endsAt };
      if (await grants.takeLease(grantId, taken)) {
        return renewWithLease(deps, { ...renewal, seen }, holder, until);
      }
    } else if (now >= until) {
      throw new BeingRenewed();
    } else {
      await system.wait(pause);
    }
    seen = await grants.get(owner.grantId);
    // If the response to a write is lost, the SDK retries the write, which then finds its own lease.
    if (seen?.lease?.holder === holder) {
      await stopIfDeleted(deps, owner);
      return renewWithLease(deps, { ...renewal, seen }, holder, until);
    }
    observed = observe(observed, seen?.lease, system.now());
  }
}

/** Another request renews the tokens, or can do so immediately. */
export class BeingRenewed extends ServiceError {
  constructor() {
    super('ThrottlingException', 'The token is being renewed. Try again shortly.', {
      outcome: 'provider-unavailable',
    });
  }
}

/** Returns whether the tokens to renew no longer exist: rejected permanently, or dropped (forceAuthentication). */
const isForgotten = ({ owner, seen: first }: Renewal, seen: Grant | undefined): boolean =>
  first !== undefined &&
  (seen?.epoch !== first.epoch ||
    (tokensOf(first, owner.provider) !== undefined && seen.tokens === undefined));

/**
 * Renews the tokens as the holder of the lease.
 *
 * @param renewal with the grant as it was when the lease was taken
 * @param until epoch milliseconds until which the call waits for a request that takes the lease over
 */
export async function renewWithLease(
  deps: RenewalDependencies,
  renewal: Renewal,
  holder: string,
  until?: number,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const { owner, source, seen } = renewal;
  const { system, grants } = deps;
  const { grantId } = owner;
  const release = (change?: { readonly lastFailure: RenewalFailure; readonly dropTokens?: boolean }) =>
    grants.releaseLease(grantId, { holder, dropTokens: false, ...change });
  /** Waits for the tokens of the request that has the lease now, unless the agent or the provider was deleted. */
  async function afterLostLease(): Promise<typeof CONSENT_NEEDED | Renewed> {
    await stopIfDeleted(deps, owner);
    return renewTokens(deps, renewal, until);
  }
  /** Stores a provider's failure, and drops the tokens if the rejection is permanent. */
  async function failed(error: unknown): Promise<typeof CONSENT_NEEDED | Renewed> {
    if (!(error instanceof ProviderFailure)) {
      await release();
      await stopIfDeleted(deps, owner);
      throw error;
    }
    const dropTokens = source.endsWithGrant && error.code === 'invalid_grant' && !error.unavailable;
    const lastFailure = renewalFailureOf(error, owner.provider, seen, system.now());
    const released = await release({ lastFailure, dropTokens });
    await stopIfDeleted(deps, owner);
    if (!dropTokens) throw providerFailureOf(lastFailure, system.now(), error);
    // Without the lease, the provider rejected a refresh token that another request has redeemed.
    return released ? CONSENT_NEEDED : renewTokens(deps, renewal, until);
  }
  /** The issued tokens are lost. The provider is in back-off, because each attempt redeems the old refresh token. */
  async function notStored(error: unknown): Promise<never> {
    const rejected = error instanceof UnstorableError;
    const failure = rejected
      ? new ProviderFailure('invalid_response', 'the tokens cannot be stored', {
          unavailable: true,
          cause: error,
        })
      : new ProviderFailure('not_stored', 'the tokens could not be stored', {
          unavailable: true,
          cause: error,
        });
    const lastFailure = {
      ...renewalFailureOf(failure, owner.provider, seen, system.now()),
      lostResponse: true as const,
    };
    // If no write succeeds, this one does not either, and the lease ends at its deadline.
    await release({ lastFailure }).catch(() => false);
    throw rejected ? providerFailureOf(lastFailure, system.now(), failure) : error;
  }

  // A lease that created the grant, or took it from an earlier provider of the name, can come after a deletion.
  if (seen?.providerId !== owner.provider.id) await stopIfDeleted(deps, owner);
  let request;
  try {
    request = await source.prepare(seen);
    // Get the key first, so that a KMS error cannot lose the response.
    await sealTokens(deps, owner, { accessToken: '', scopes: [] }, request);
  } catch (error) {
    return failed(error);
  }
  const sentAt = system.now();
  const lease = { holder, deadline: sentAt + LEASE, sentAt };
  if (!(await grants.markSent(grantId, lease))) return afterLostLease();
  if (system.now() + REDEMPTION > lease.deadline) {
    // The lease could end during the request, and another request could redeem this refresh token.
    await release();
    throw new BeingRenewed();
  }
  let obtained;
  try {
    obtained = await request.send();
  } catch (error) {
    return failed(error);
  }
  let tokens, written;
  try {
    tokens = await sealTokens(deps, owner, obtained, request);
    const change = { holder, epoch: seen?.epoch ?? 0, tokens };
    written = await writeDown(deps, () => grants.putRenewed(grantId, change), lease.deadline);
  } catch (error) {
    return notStored(error);
  }
  // After forceAuthentication, this token must not be returned. After a consent, the newer token is returned.
  if (!written && !(await isStored(deps, owner, tokens))) {
    await enqueueUnstored(deps, owner, obtained, request);
    return afterLostLease();
  }
  await stopIfDeleted(deps, owner);
  const { accessToken, dpopKey, scopes } = obtained;
  return { accessToken, dpopKey, scopes, held: scopesHeld(tokens) };
}

/** Returns whether the grant has the tokens. If the response to a write is lost, the SDK retries it in vain. */
const isStored = async (
  { grants }: Pick<RenewalDependencies, 'grants'>,
  { grantId }: TokenOwner,
  { sealed }: GrantTokens,
): Promise<boolean> => (await grants.get(grantId))?.tokens?.sealed === sealed;

/**
 * Queues the revocation of obtained tokens that are in no grant. The grant, or the revocation that dropped it, has the
 * presented refresh token: it is queued only if the provider issued another one.
 */
async function enqueueUnstored(
  deps: RenewalDependencies,
  owner: TokenOwner,
  { refreshToken, ...obtained }: ObtainedTokens,
  request: PreparedRequest,
): Promise<void> {
  const issued =
    refreshToken === undefined || refreshToken === request.refreshToken
      ? obtained
      : { ...obtained, refreshToken };
  await deps.revocationQueue.enqueue({
    ...tokenOrigin(owner),
    tokens: await sealTokens(deps, owner, issued, request),
    cause: 'not-stored',
  });
}

/** Retries the write: a provider that rotates refresh tokens has invalidated the old one, so the new one must be stored. */
async function writeDown(
  { system }: RenewalDependencies,
  write: () => Promise<boolean>,
  deadline: number,
): Promise<boolean> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (error instanceof UnstorableError || system.now() + WRITE_PAUSE >= deadline) throw error;
      await system.wait(WRITE_PAUSE);
    }
  }
}
