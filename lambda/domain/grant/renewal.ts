/**
 * Renewal without races: the next tokens of a grant are obtained once, however many ask, in whatever processes,
 * that share nothing but the grant. So a provider that rotates refresh tokens never sees one twice, which it would
 * take for theft (RFC 9700 section 4.14.2), and one that gives tokens by client credentials is asked once.
 *
 *     take the lease ──▶ open what is needed ──▶ mark as sent ──▶ send ──▶ write tokens, next generation
 *      one write on                               one write on            one write on holder and epoch
 *      what was seen                              the holder
 *
 * When a write is lost, and after the last one, the directory is read again: nothing is obtained for an agent or a
 * provider that was deleted meanwhile (deletion-check.ts).
 *
 * The others wait for the next generation, or for the journal to say why there is none. A lease that was left
 * behind by a process that died is taken over after its time; then the old refresh token is tried once more.
 */
import { epochSeconds, type System } from '../system';
import { ProviderFailure } from '../oauth/provider-failure';
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
  type Lease,
} from './grant';
import type { Seal } from '../sealing/sealing';
import { openTokens, sealTokens, tokensOf, type RequestedScopes, type TokenOwner } from './tokens';

/**
 * Milliseconds that a lease lasts, from when it was taken and again from when the request was sent: longer than the
 * provider may take (5 s, the transport's bound) and the write behind it with its retries.
 */
export const LEASE = 8_000;

/** Milliseconds that a request and the write behind it may take: with less of the lease left, nothing is sent. */
const REDEMPTION = 6_500;

/** Milliseconds that the clocks of two processes may differ. */
const CLOCK_SKEW = 120_000;

/** Milliseconds that a loser waits at most, and between its looks: longer each time, to spare the table. */
const PATIENCE = 10_000;
const FIRST_PAUSE = 100;
const MAX_PAUSE = 800;

/** Milliseconds between two tries to write down tokens that a provider has given. */
const WRITE_PAUSE = 250;

/** Milliseconds of the back-off, beyond what a provider asks for: at first, doubled each time; and at most in all. */
const FIRST_BACK_OFF = 1_000;
const MAX_BACK_OFF = 60_000;
const MAX_RETRY_AFTER = 15 * 60_000;

/** The tokens are gone for good: the user must consent again. */
export const CONSENT_NEEDED = Symbol('consent needed');

export interface RenewalDependencies extends Pick<DeletionCheckDependencies, 'directory'> {
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly system: System;
}

/** A request for tokens that has all that it needs. */
export interface PreparedRequest extends RequestedScopes {
  /** Sends it, once. */
  send(): Promise<ObtainedTokens>;
}

/** Where a grant's next tokens come from: a refresh token, client credentials, the user's own token. */
export interface TokenSource {
  /** Opens all that the request needs. */
  prepare(seen: Grant | undefined): Promise<PreparedRequest>;
  /** Whether `invalid_grant` means that the user must consent again. */
  readonly endsWithGrant: boolean;
}

export interface Renewal {
  readonly owner: TokenOwner;
  readonly source: TokenSource;
  /** The grant as it was read; its tokens will not do. */
  readonly seen: Grant | undefined;
}

/** A token that was obtained by this call or, meanwhile, by another. */
export interface Renewed {
  readonly accessToken: string;
  /** What the provider granted with it. */
  readonly scopes: readonly string[];
  /** All scopes that policies are asked about before it is handed out. */
  readonly held: readonly string[];
}

/** The grant's tokens, if they may be handed out. @param now epoch seconds */
export function usableTokens(
  grant: Grant | undefined,
  owner: TokenOwner,
  now: number,
): GrantTokens | undefined {
  if (!grant || grant.rejected === grant.generation) return undefined;
  const tokens = tokensOf(grant, owner.provider);
  return tokens && isFresh(tokens, now) ? tokens : undefined;
}

/** Whether a lease's time is over by any clock. One that just ended by this clock is watched instead. */
export const isLongPast = (lease: Lease, now: number): boolean => lease.deadline + CLOCK_SKEW < now;

/** Whether nobody is to try yet, because the provider was unavailable. */
export const backsOff = ({ lastFailure }: Grant, now: number): boolean =>
  lastFailure !== undefined && lastFailure.notBefore > now;

/** What the journal says, with the time that is left until the provider may be asked again. */
const providerFailureOf = (
  { code, unavailable, notBefore }: RenewalFailure,
  now: number,
  cause?: ProviderFailure,
): ProviderFailure =>
  new ProviderFailure(code, cause?.detail ?? 'the failure of an earlier request', {
    unavailable,
    cause,
    retryAfter: unavailable ? Math.max(1, Math.ceil((notBefore - now) / 1000)) : undefined,
  });

/** The entry of a failure: when the provider may be asked again, by its own word or else longer each time. */
function renewalFailureOf(failure: ProviderFailure, seen: Grant | undefined, now: number): RenewalFailure {
  const { code, unavailable, retryAfter = 0 } = failure;
  const failures = (seen?.lastFailure?.failures ?? 0) + 1;
  const own = Math.min(FIRST_BACK_OFF * 2 ** (failures - 1), MAX_BACK_OFF);
  const wait = Math.max(own, Math.min(retryAfter * 1000, MAX_RETRY_AFTER));
  return {
    code,
    unavailable,
    failures,
    at: now,
    notBefore: unavailable ? now + wait : now,
    ...((seen?.lease?.sentAt !== undefined || seen?.lastFailure?.lostAnswer) && {
      lostAnswer: true as const,
    }),
  };
}

/**
 * The grant's next token.
 *
 * @param until epoch milliseconds up to which it waits for another who has the lease
 * @returns a token of a later generation than the one that was seen, or {@link CONSENT_NEEDED} when there will be none
 * @throws ProviderFailure when the provider refused or was not to be had, now or a moment ago
 * @throws ThrottlingException where asking again shortly will help
 * @throws UnauthorizedException, ResourceNotFoundException when the agent or the provider was deleted meanwhile
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
    // It vanished, or is of another provider of this name: an earlier one, or one that came after a deletion.
    if (seen?.providerId !== known && seen?.providerId !== provider.id) await stopIfDeleted(deps, owner);
    known = seen?.providerId;
    if (isForgotten(renewal, seen)) return CONSENT_NEEDED;
    const tokens =
      seen?.generation === first?.generation ? undefined : usableTokens(seen, owner, epochSeconds(system));
    if (tokens) {
      const { accessToken } = await openTokens(deps.seal, owner, tokens);
      return { accessToken, scopes: tokens.scopes, held: scopesHeld(tokens) };
    }
    if (seen?.lastFailure && (backsOff(seen, now) || seen.lastFailure.at !== first?.lastFailure?.at)) {
      throw providerFailureOf(seen.lastFailure, now);
    }
    if (isFree(observed, now)) {
      const lease = { holder, deadline: now + LEASE };
      if (await grants.takeLease(grantId, { providerId: provider.id, seen, lease, endsAt })) {
        return renewWithLease(deps, { ...renewal, seen }, holder, until);
      }
    } else if (now >= until) {
      throw beingRenewed();
    } else {
      await system.wait(pause);
    }
    seen = await grants.get(owner.grantId);
    // A write whose answer was lost is tried again by the SDK, and then finds its own lease.
    if (seen?.lease?.holder === holder) {
      await stopIfDeleted(deps, owner);
      return renewWithLease(deps, { ...renewal, seen }, holder, until);
    }
    observed = observe(observed, seen?.lease, system.now());
  }
}

const beingRenewed = (): ServiceError =>
  new ServiceError('ThrottlingException', 'The token is being renewed. Try again shortly.', {
    outcome: 'provider-unavailable',
  });

/** Whether what was to be renewed is no more: refused for good, or forgotten (forceAuthentication). */
const isForgotten = ({ owner, seen: first }: Renewal, seen: Grant | undefined): boolean =>
  first !== undefined &&
  (seen?.epoch !== first.epoch ||
    (tokensOf(first, owner.provider) !== undefined && seen.tokens === undefined));

/** A lease, and since when it has been seen unchanged by this process's own clock. */
interface ObservedLease {
  readonly lease: Lease | undefined;
  readonly since: number;
}

const observe = (before: ObservedLease | undefined, lease: Lease | undefined, now: number): ObservedLease =>
  before?.lease?.holder === lease?.holder && before?.lease?.deadline === lease?.deadline
    ? (before ?? { lease, since: now })
    : { lease, since: now };

/** No lease, or one whose holder has let its whole time pass before this process's eyes. */
const isFree = ({ lease, since }: ObservedLease, now: number): boolean =>
  lease === undefined || isLongPast(lease, now) || now - since >= LEASE;

/**
 * The holder's part, from the lease on.
 *
 * @param renewal with the grant as it was when the lease was taken
 * @param until epoch milliseconds up to which it waits for whoever overtakes it
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
  const release = (lastFailure?: RenewalFailure, dropTokens = false) =>
    grants.releaseLease(grantId, { holder, dropTokens, ...(lastFailure && { lastFailure }) });
  /** Whoever has the lease now obtains the tokens that are handed out, as to any loser; if anybody is to have any. */
  async function afterLostLease(): Promise<typeof CONSENT_NEEDED | Renewed> {
    await stopIfDeleted(deps, owner);
    return renewTokens(deps, renewal, until);
  }
  /** A provider's refusal is noted, and ends the grant if it is one for good. */
  async function failed(error: unknown): Promise<typeof CONSENT_NEEDED | Renewed> {
    if (!(error instanceof ProviderFailure)) {
      await release();
      await stopIfDeleted(deps, owner);
      throw error;
    }
    const dropTokens = source.endsWithGrant && error.code === 'invalid_grant' && !error.unavailable;
    const lastFailure = renewalFailureOf(error, seen, system.now());
    const released = await release(lastFailure, dropTokens);
    await stopIfDeleted(deps, owner);
    if (!dropTokens) throw providerFailureOf(lastFailure, system.now(), error);
    // Who lost the lease meanwhile was refused for a token that another has redeemed.
    return released ? CONSENT_NEEDED : renewTokens(deps, renewal, until);
  }
  /** The tokens that came are lost. The provider is left alone for a while: each try redeems the old refresh token. */
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
    const lastFailure = { ...renewalFailureOf(failure, seen, system.now()), lostAnswer: true as const };
    // Where no write gets through, this one does not either, and the lease ends by its time.
    await release(lastFailure).catch(() => false);
    throw rejected ? providerFailureOf(lastFailure, system.now(), failure) : error;
  }

  // A lease that made the grant, or took it from an earlier provider of the name, may have come after a deletion.
  if (seen?.providerId !== owner.provider.id) await stopIfDeleted(deps, owner);
  let request;
  try {
    request = await source.prepare(seen);
    // The key that the answer will be sealed with is had before the question is asked.
    await sealTokens(deps, owner, { accessToken: '', scopes: [] }, request);
  } catch (error) {
    return failed(error);
  }
  const sentAt = system.now();
  const lease = { holder, deadline: sentAt + LEASE, sentAt };
  if (!(await grants.markSent(grantId, lease))) return afterLostLease();
  if (system.now() + REDEMPTION > lease.deadline) {
    // Held up so long that the lease may lapse on the way: another may redeem this refresh token by then.
    await release();
    throw beingRenewed();
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
  // Forgotten meanwhile (forceAuthentication), it is not handed out any more; overtaken by a consent, that is.
  if (!written) return afterLostLease();
  await stopIfDeleted(deps, owner);
  return { accessToken: obtained.accessToken, scopes: obtained.scopes, held: scopesHeld(tokens) };
}

/** A provider that rotates has already forgotten the old refresh token: the new one must get into the grant. */
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
