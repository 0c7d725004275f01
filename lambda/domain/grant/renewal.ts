/**
 * Renewal without races: any number of requests obtain the next tokens of a grant once, in processes that share only the
 * grant. So a provider that rotates refresh tokens never sees one twice, which it would treat as theft (RFC 9700 section
 * 4.14.2), and a provider that issues tokens by client credentials gets one request.
 *
 *     decrypt the secrets ──▶ take the lease ──▶ send ──▶ write tokens, next generation
 *                             one write on                one write on holder and epoch
 *                             the read grant
 *
 * A source whose preparation sends requests takes the lease first, and so does background renewal, which is dispatched
 * by the holder of a lease. The lease is then taken over, as one that is sent, by one more write on its holder.
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
import type { DpopKey } from '../../model/dpop-key';
import type { ObtainedTokens } from '../oauth/token-request';
import { ServiceError } from '../service-error';
import { UnstorableError } from '../unstorable';
import { stopIfDeleted, type DeletionCheckDependencies } from './deletion-check';
import { isFresh, scopesHeld, type GrantStore } from './grant';
import type { Grant, GrantTokens, Lease } from '../../model/records/grant';
import { isFree, LEASE, observe } from './lease';
import { backsOff, providerFailureOf, renewalFailureOf } from './renewal-failure';
import type { Seal } from '../sealing/sealing';
import {
  detailsOf,
  grantEndDuringRenewal,
  grantEnd,
  openTokens,
  sealTokens,
  tokensOf,
  tokenOrigin,
  type RequestedScopes,
  type TokenHolder,
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
  /**
   * Sends the request once.
   *
   * @param check called when the request is complete, with the client's assertion, which another service can sign; throws
   *   if it is too late to send it
   */
  send(check: () => void): Promise<ObtainedTokens>;
}

/** The source of a grant's next tokens: a refresh token, client credentials, or a user token. */
export interface TokenSource {
  /** Prepares the request: decrypts every secret that it needs. */
  prepare(seen: Grant | undefined): Promise<PreparedRequest>;
  /** Whether `invalid_grant` means that the user must consent again. */
  readonly endsWithGrant: boolean;
  /**
   * Whether preparation only reads. Concurrent requests can then prepare theirs before one of them gets the lease, which
   * saves a write. Otherwise, the lease precedes the preparation.
   */
  readonly preparesByReading: boolean;
}

/** A request that can be sent, or the error of its preparation. */
type Preparation = { readonly request: PreparedRequest } | { readonly error: unknown };

export interface Renewal {
  readonly tokenHolder: TokenHolder;
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
  tokenHolder: TokenHolder,
  now: number,
): GrantTokens | undefined {
  if (!grant || grant.rejected === grant.generation) return undefined;
  const tokens = tokensOf(grant, tokenHolder.provider);
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
  const { tokenHolder, source, seen: first } = renewal;
  const { grantId, provider } = tokenHolder;
  const { system, grants } = deps;
  const holder = system.randomUUID();
  let seen = first;
  let observed = observe(undefined, seen?.lease, system.now());
  let known = first && provider.id;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
    const now = system.now();
    // The grant was deleted, or belongs to another provider of this name: an earlier one, or one created after a deletion.
    if (seen?.providerId !== known && seen?.providerId !== provider.id)
      await stopIfDeleted(deps, tokenHolder);
    known = seen?.providerId;
    if (isForgotten(renewal, seen)) return CONSENT_NEEDED;
    const tokens =
      seen?.generation === first?.generation
        ? undefined
        : usableTokens(seen, tokenHolder, epochSeconds(system));
    if (tokens) {
      const { accessToken, dpopKey } = await openTokens(deps.seal, tokenHolder, tokens);
      await stopIfDeleted(deps, tokenHolder);
      return { accessToken, dpopKey, scopes: tokens.scopes, held: scopesHeld(tokens) };
    }
    if (
      seen?.lastFailure &&
      (backsOff(seen, provider, now) || seen.lastFailure.at !== first?.lastFailure?.at)
    ) {
      throw providerFailureOf(seen.lastFailure, now);
    }
    let begin: (() => ReturnType<typeof renewTokens>) | undefined;
    if (isFree(observed, now)) {
      const current = { ...renewal, seen };
      const preparation = source.preparesByReading ? await prepare(deps, current) : undefined;
      if (preparation && isUnexpected(preparation)) {
        await stopIfDeleted(deps, tokenHolder);
        throw preparation.error;
      }
      const lease = leaseOf(holder, system, preparation);
      begin = async () => {
        // A lease that created the grant, or took it from an earlier provider of the name, can come after a deletion.
        if (current.seen?.providerId !== provider.id) await stopIfDeleted(deps, tokenHolder);
        return preparation
          ? renewWithLease(deps, current, lease, { preparation, isExtended: false }, until)
          : prepareWithLease(deps, current, lease, until);
      };
      const endsAt = grantEndDuringRenewal(tokenHolder, seen, epochSeconds(system));
      const taken = { providerId: provider.id, details: detailsOf(tokenHolder), seen, lease, endsAt };
      if (await grants.takeLease(grantId, taken)) return begin();
    } else if (now >= until) {
      throw new BeingRenewed();
    } else {
      await system.wait(pause);
    }
    seen = await grants.get(grantId);
    // If the response to a write is lost, the SDK retries the write, which then finds its own lease.
    if (begin && seen?.lease?.holder === holder) {
      await stopIfDeleted(deps, tokenHolder);
      return begin();
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
const isForgotten = ({ tokenHolder, seen: first }: Renewal, seen: Grant | undefined): boolean =>
  first !== undefined &&
  (seen?.epoch !== first.epoch ||
    (tokensOf(first, tokenHolder.provider) !== undefined && seen.tokens === undefined));

/** Prepares the request, and the key that will encrypt its response. */
async function prepare(
  deps: RenewalDependencies,
  { tokenHolder, source, seen }: Renewal,
): Promise<Preparation> {
  try {
    const request = await source.prepare(seen);
    // Get the key first, so that a KMS error cannot lose the response.
    await sealTokens(deps, tokenHolder, { accessToken: '', scopes: [] }, request);
    return { request };
  } catch (error) {
    return { error };
  }
}

/** Returns whether the preparation failed, and not because of the provider, whose failure the grant stores. */
const isUnexpected = (preparation: Preparation): preparation is { readonly error: unknown } =>
  'error' in preparation && !(preparation.error instanceof ProviderFailure);

/** Returns a lease from now on. It says that the request is sent, if there is one. */
function leaseOf(holder: string, system: System, preparation: Preparation | undefined): Lease {
  const now = system.now();
  const isReady = preparation !== undefined && 'request' in preparation;
  return { holder, deadline: now + LEASE, ...(isReady && { sentAt: now }) };
}

/**
 * Prepares the request as the holder of the lease, and renews the tokens. The request gets another holder: only one of
 * two invocations for one dispatch sends it, because Lambda can deliver an event twice.
 *
 * @param renewal with the grant as it was when the lease was taken
 * @param until epoch milliseconds until which the call waits for a request that takes the lease over
 */
export async function prepareWithLease(
  deps: RenewalDependencies,
  renewal: Renewal,
  held: Pick<Lease, 'holder'>,
  until?: number,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const preparation = await prepare(deps, renewal);
  return 'error' in preparation
    ? failed(deps, renewal, held, preparation.error, until)
    : takeOver(deps, renewal, held, { preparation, isExtended: false }, until);
}

/** What a lease is held for. */
interface Attempt {
  readonly preparation: Preparation;
  /** Whether the lease began again, because the write of the first one took long. */
  readonly isExtended: boolean;
}

/** Takes the lease over from its holder, for a request that is ready, and renews the tokens. */
async function takeOver(
  deps: RenewalDependencies,
  renewal: Renewal,
  held: Pick<Lease, 'holder'>,
  attempt: Attempt,
  until: number | undefined,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const { grantId } = renewal.tokenHolder;
  const { system, grants } = deps;
  const lease = leaseOf(system.randomUUID(), system, attempt.preparation);
  const isMarked =
    (await grants.markSent(grantId, { holder: held.holder, lease })) ||
    // If the response to the write is lost, the SDK retries it in vain.
    (await grants.get(grantId))?.lease?.holder === lease.holder;
  return isMarked
    ? renewWithLease(deps, renewal, lease, attempt, until)
    : afterLostLease(deps, renewal, until);
}

/** Waits for the tokens of the request that has the lease now, unless the agent or the provider was deleted. */
async function afterLostLease(
  deps: RenewalDependencies,
  renewal: Renewal,
  until: number | undefined,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  await stopIfDeleted(deps, renewal.tokenHolder);
  return renewTokens(deps, renewal, until);
}

/**
 * Ends an attempt as the holder of the lease: stores a provider's failure, and drops the tokens if the rejection is
 * permanent.
 */
async function failed(
  deps: RenewalDependencies,
  renewal: Renewal,
  { holder }: Pick<Lease, 'holder'>,
  error: unknown,
  until: number | undefined,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const {
    tokenHolder: { grantId, provider },
    source,
    seen,
  } = renewal;
  const { system, grants } = deps;
  if (!(error instanceof ProviderFailure)) {
    await grants.releaseLease(grantId, { holder, dropTokens: false });
    await stopIfDeleted(deps, renewal.tokenHolder);
    throw error;
  }
  const dropTokens = source.endsWithGrant && error.code === 'invalid_grant' && !error.unavailable;
  const lastFailure = renewalFailureOf(error, provider, seen, system.now());
  const released = await grants.releaseLease(grantId, { holder, lastFailure, dropTokens });
  await stopIfDeleted(deps, renewal.tokenHolder);
  if (!dropTokens) throw providerFailureOf(lastFailure, system.now(), error);
  // Without the lease, the provider rejected a refresh token that another request has redeemed.
  return released ? CONSENT_NEEDED : renewTokens(deps, renewal, until);
}

/**
 * Ends an attempt whose tokens are lost. The provider is in back-off, because each attempt redeems the old refresh token.
 */
async function notStored(
  { system, grants }: RenewalDependencies,
  { tokenHolder: { grantId, provider }, seen }: Renewal,
  { holder }: Pick<Lease, 'holder'>,
  error: unknown,
): Promise<never> {
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
    ...renewalFailureOf(failure, provider, seen, system.now()),
    lostResponse: true as const,
  };
  // If no write succeeds, this one does not either, and the lease ends at its deadline.
  await grants.releaseLease(grantId, { holder, lastFailure, dropTokens: false }).catch(() => false);
  throw rejected ? providerFailureOf(lastFailure, system.now(), failure) : error;
}

/**
 * Renews the tokens as the holder of the lease.
 *
 * @param renewal with the grant as it was when the lease was taken
 * @param lease says that the request is sent, unless its preparation failed. If too little of it is left, it begins again
 *   once
 * @param until epoch milliseconds until which the call waits for a request that takes the lease over
 */
async function renewWithLease(
  deps: RenewalDependencies,
  renewal: Renewal,
  lease: Lease,
  { preparation, isExtended }: Attempt,
  until: number | undefined,
): Promise<Renewed | typeof CONSENT_NEEDED> {
  const { tokenHolder, seen } = renewal;
  const { system, grants } = deps;
  const { grantId } = tokenHolder;
  const { holder } = lease;
  if ('error' in preparation) return failed(deps, renewal, lease, preparation.error, until);
  const { request } = preparation;
  // The lease could end during the request, and another request could redeem this refresh token.
  const isTooLate = (): boolean => system.now() + REDEMPTION > lease.deadline;
  // The write of the lease took long: without a response, the client repeats it.
  if (isTooLate() && !isExtended) {
    return takeOver(deps, renewal, lease, { preparation, isExtended: true }, until);
  }
  const check = (): void => {
    if (isTooLate()) throw new BeingRenewed();
  };
  let obtained;
  try {
    check();
    obtained = await request.send(check);
  } catch (error) {
    return failed(deps, renewal, lease, error, until);
  }
  let tokens, written;
  try {
    tokens = await sealTokens(deps, tokenHolder, obtained, request);
    const change = { holder, epoch: seen?.epoch ?? 0, tokens, endsAt: grantEnd(tokenHolder, tokens) };
    written = await writeDown(deps, () => grants.putRenewed(grantId, change), lease.deadline);
  } catch (error) {
    return notStored(deps, renewal, lease, error);
  }
  // After forceAuthentication, this token must not be returned. After a consent, the newer token is returned.
  if (!written && !(await isStored(deps, tokenHolder, tokens))) {
    await enqueueUnstored(deps, tokenHolder, obtained, request);
    return afterLostLease(deps, renewal, until);
  }
  await stopIfDeleted(deps, tokenHolder);
  const { accessToken, dpopKey, scopes } = obtained;
  return { accessToken, dpopKey, scopes, held: scopesHeld(tokens) };
}

/** Returns whether the grant has the tokens. If the response to a write is lost, the SDK retries it in vain. */
const isStored = async (
  { grants }: Pick<RenewalDependencies, 'grants'>,
  { grantId }: TokenHolder,
  { sealed }: GrantTokens,
): Promise<boolean> => (await grants.get(grantId))?.tokens?.sealed === sealed;

/**
 * Queues the revocation of obtained tokens that are in no grant. The grant, or the revocation that dropped it, has the
 * presented refresh token: it is queued only if the provider issued another one.
 */
async function enqueueUnstored(
  deps: RenewalDependencies,
  tokenHolder: TokenHolder,
  { refreshToken, ...obtained }: ObtainedTokens,
  request: PreparedRequest,
): Promise<void> {
  const issued =
    refreshToken === undefined || refreshToken === request.refreshToken
      ? obtained
      : { ...obtained, refreshToken };
  await deps.revocationQueue.enqueue({
    ...tokenOrigin(tokenHolder),
    tokens: await sealTokens(deps, tokenHolder, issued, request),
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
