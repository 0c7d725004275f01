/**
 * The grant: what one agent holds for one user at one provider (and resources, audiences). One item, so that
 * every invariant is one conditional write. A grant also remembers the consent session under way, whether or
 * not it has tokens yet.
 */
import { createHash } from 'node:crypto';
import type { SealingContext } from '../sealing/sealing';

export interface GrantTokens {
  /** JWE of {@link SealedTokens}. */
  readonly sealed: string;
  /** What the provider granted. */
  readonly scopes: readonly string[];
  /** What was asked at that consent: providers grant less, or do not name all that they grant. */
  readonly requestedScopes: readonly string[];
  /** Scopes that custom parameters asked for at that consent; absent where there are none, or none were kept. */
  readonly parameterScopes?: readonly string[];
  /** Epoch seconds; absent when the provider did not say. */
  readonly expiresAt?: number;
  /** Epoch seconds. */
  readonly obtainedAt: number;
  readonly refreshable: boolean;
  /** Epoch seconds at which the refresh token itself ends; absent when the provider did not say. */
  readonly refreshExpiresAt?: number;
  /** Digest of the client and server that they were granted to: those of another configuration do not count. */
  readonly client: string;
}

/** What lies inside the seal. */
export interface SealedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
}

/** The consent session under way for a grant. */
export interface PendingConsent {
  readonly sessionHash: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Who may obtain the next tokens: nobody else until the deadline. */
export interface Lease {
  readonly holder: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  /**
   * Epoch milliseconds; set by the write just before the request leaves. A lease that was left behind with it says
   * that the provider may have answered somebody who could not write the answer down.
   */
  readonly sentAt?: number;
}

/** What became of the last try to obtain tokens, when it failed. */
export interface RenewalFailure {
  /** OAuth error code, or one of ours. */
  readonly code: string;
  /** Whether the provider could not be had, rather than refused. */
  readonly unavailable: boolean;
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Epoch milliseconds before which nobody tries again. */
  readonly notBefore: number;
  /** A holder had sent its request, and its answer was not stored: the refresh token might be redeemed already. */
  readonly lostAnswer?: true;
}

export interface GrantId {
  readonly workloadId: string;
  readonly subjectHash: string;
  readonly target: string;
}

export interface Grant extends GrantId {
  /** The provider's unique id: a provider that was deleted and created again does not inherit grants. */
  readonly providerId: string;
  /** Counts the times that the tokens changed. */
  readonly generation: number;
  /** Counts the times that it was forgotten (forceAuthentication): what began before does not count after. */
  readonly epoch: number;
  readonly tokens?: GrantTokens;
  /** The generation whose token the resource did not take (see rejected-token.ts). */
  readonly rejected?: number;
  readonly consent?: PendingConsent;
  readonly lease?: Lease;
  readonly lastFailure?: RenewalFailure;
}

/**
 * Where grants are kept. Each method is one conditional write and says whether its condition held. Counters begin
 * again when a grant is deleted and made again, so what was seen of a grant includes its provider's id.
 */
export interface GrantStore {
  get(id: GrantId): Promise<Grant | undefined>;
  /**
   * Notes the session under way, if the grant is still this provider's, at this epoch, and names the session that
   * was seen (or none). With `forget`, drops the tokens and goes to the next epoch in the same write.
   */
  openConsent(
    id: GrantId,
    change: { providerId: string; consent: PendingConsent; seen: Grant | undefined; forget: boolean },
  ): Promise<boolean>;
  /**
   * Puts in tokens that a consent session of this epoch obtained, if the grant is there and the provider's: lease,
   * journal and rejection are past. The session's beginning made the grant, so none means that it was deleted.
   */
  putTokens(
    id: GrantId,
    change: { providerId: string; tokens: GrantTokens; epoch: number },
  ): Promise<boolean>;
  /**
   * Takes the lease, if the grant is still of the provider, generation and epoch that were seen and the lease the one
   * that was seen, or none. No clocks are compared here: whether a lease was left behind is for who saw it to judge. Makes
   * the grant where none was seen; drops the tokens of another provider of this name.
   *
   * @param change.endsAt epoch seconds from which the grant may vanish by itself
   */
  takeLease(
    id: GrantId,
    change: { providerId: string; seen: Grant | undefined; lease: Lease; endsAt?: number | undefined },
  ): Promise<boolean>;
  /** Renews the lease and notes that the request leaves now, if the lease is still this holder's. */
  markSent(id: GrantId, lease: Lease): Promise<boolean>;
  /**
   * Puts in the tokens obtained, if the lease is still this holder's and the epoch this one.
   *
   * @throws UnstorableError for tokens that no further try stores
   */
  putRenewed(id: GrantId, change: { holder: string; epoch: number; tokens: GrantTokens }): Promise<boolean>;
  /** Gives the lease back, with a note of what went wrong; drops the tokens too when they are gone for good. */
  releaseLease(
    id: GrantId,
    change: { holder: string; lastFailure?: RenewalFailure; dropTokens: boolean },
  ): Promise<boolean>;
  /** Marks the tokens as not taken by the resource, if they are still of this provider and generation. */
  reject(id: GrantId, seen: Pick<Grant, 'providerId' | 'generation'>): Promise<boolean>;
  /** Removes the grant with all that it holds, if it is this provider's. */
  remove(id: GrantId, providerId: string): Promise<boolean>;
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

/** What a grant is for, beside agent and user: the flow, the provider, and what narrows the token. */
export interface GrantTarget {
  readonly flow: 'USER_FEDERATION' | 'M2M' | 'ON_BEHALF_OF_TOKEN_EXCHANGE';
  readonly providerName: string;
  /** RFC 8707 resource indicators. */
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  /** For the flows whose tokens are cached by scope; what a user has consented to is not. */
  readonly scopes: readonly string[];
  /** For on-behalf-of exchange: what the token is obtained by, and what else was asked of the provider. */
  readonly exchanged?: ExchangedFor | undefined;
}

export interface ExchangedFor {
  /** Hash of the user's own token. */
  readonly subjectTokenHash: string;
  readonly customParameters: Readonly<Record<string, string>>;
}

/** The grant's sort key: the same for the same asked-for things in any order. */
export function grantTarget(target: GrantTarget): string {
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
  const { exchanged } = target;
  const narrowed = [
    sorted(target.resources),
    sorted(target.audiences),
    target.flow === 'USER_FEDERATION' ? [] : sorted(target.scopes),
    ...(exchanged ? [exchanged.subjectTokenHash, Object.entries(exchanged.customParameters).sort()] : []),
  ];
  return `${target.flow}#${target.providerName}#${digest(narrowed)}`;
}

export const grantContext = (id: GrantId, providerId: string, workloadArn: string): SealingContext => ({
  purpose: 'grant',
  ownerId: id.workloadId,
  ownerArn: workloadArn,
  binding: { user: id.subjectHash, target: id.target, provider: providerId },
});

/**
 * Whether the stored tokens answer for the scopes asked: any subset, in any order (RFC 6749 section 3.3).
 * Scopes that were asked at the consent count although the provider did not name them back: it has decided
 * on them, and asking the user again would not change its mind.
 */
export function covers(tokens: GrantTokens, scopes: readonly string[]): boolean {
  const known = new Set([...tokens.scopes, ...tokens.requestedScopes]);
  return scopes.every((scope) => known.has(scope));
}

/** All scopes that policies are asked about before these tokens are handed out. */
export const scopesHeld = ({
  scopes,
  requestedScopes,
  parameterScopes = [],
}: Pick<GrantTokens, 'scopes' | 'requestedScopes' | 'parameterScopes'>): readonly string[] => [
  ...new Set([...scopes, ...requestedScopes, ...parameterScopes]),
];

/** Seconds before its end at which a token is no longer handed out, for the agent needs time to use it; */
export const EXPIRY_MARGIN = 30;

/** and at most this part of its life, for one that lives but briefly. */
export const EXPIRY_MARGIN_PART = 1 / 20;

/** Seconds before its end at which a token is renewed while it is still handed out; */
export const SOFT_WINDOW = 300;

/** and at most this part of its life. */
export const SOFT_WINDOW_PART = 1 / 10;

function endsWithin(
  { expiresAt = Infinity, obtainedAt }: Pick<GrantTokens, 'expiresAt' | 'obtainedAt'>,
  now: number,
  [seconds, part]: readonly [number, number],
): boolean {
  return expiresAt - Math.min(seconds, (expiresAt - obtainedAt) * part) <= now;
}

/** @param now epoch seconds */
export const isFresh = (tokens: GrantTokens, now: number): boolean =>
  !endsWithin(tokens, now, [EXPIRY_MARGIN, EXPIRY_MARGIN_PART]);

/** Whether fresh tokens are to be renewed already. @param now epoch seconds */
export const inSoftWindow = (tokens: GrantTokens, now: number): boolean =>
  endsWithin(tokens, now, [SOFT_WINDOW, SOFT_WINDOW_PART]);

/** Whether there is a refresh token that may still be good. @param now epoch seconds */
export const isRefreshable = ({ refreshable, refreshExpiresAt }: GrantTokens, now: number): boolean =>
  refreshable && (refreshExpiresAt === undefined || refreshExpiresAt > now);
