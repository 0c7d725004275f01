/**
 * The grant: what one agent holds for one user at one provider (and resources, audiences). One item, so that
 * every invariant is one conditional write. A grant also remembers the consent session under way, whether or
 * not it has tokens yet.
 */
import { createHash } from 'node:crypto';
import type { SealingContext } from './sealing';

export interface GrantTokens {
  /** JWE of {@link SealedTokens}. */
  readonly sealed: string;
  /** What the provider granted. */
  readonly scopes: readonly string[];
  /** What was asked at that consent: providers grant less, or do not name all that they grant. */
  readonly requestedScopes: readonly string[];
  /** Epoch seconds; absent when the provider did not say. */
  readonly expiresAt?: number;
  /** Epoch seconds. */
  readonly obtainedAt: number;
  readonly refreshable: boolean;
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

/** Who may redeem the refresh token now: nobody else until the deadline. */
export interface RefreshLease {
  readonly holder: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
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
  readonly consent?: PendingConsent;
  readonly lease?: RefreshLease;
}

/** Where grants are kept. Each method is one conditional write and says whether its condition held. */
export interface GrantStore {
  get(id: GrantId): Promise<Grant | undefined>;
  /**
   * Notes the session under way, if the grant is still at this epoch and names the session that was seen
   * (or none). With `forget`, drops the tokens and goes to the next epoch in the same write.
   */
  openConsent(
    id: GrantId,
    change: { providerId: string; consent: PendingConsent; seen: Grant | undefined; forget: boolean },
  ): Promise<boolean>;
  /** Puts in tokens that a consent session of this epoch, or a client-credentials request, obtained. */
  putTokens(
    id: GrantId,
    change: { providerId: string; tokens: GrantTokens; epoch: number },
  ): Promise<boolean>;
  /** Takes the lease, if the tokens are still of this generation and no live lease is held. */
  takeLease(id: GrantId, change: { generation: number; lease: RefreshLease; now: number }): Promise<boolean>;
  /** Puts in refreshed tokens, if the lease is still this holder's and the epoch this one. */
  putRefreshed(id: GrantId, change: { holder: string; epoch: number; tokens: GrantTokens }): Promise<boolean>;
  /** Gives the lease back; drops the tokens too when the provider refused them for good. */
  releaseLease(id: GrantId, change: { holder: string; dropTokens: boolean }): Promise<boolean>;
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

/** What a grant is for, beside agent and user: the flow, the provider, and what narrows the token. */
export interface GrantTarget {
  readonly flow: 'USER_FEDERATION' | 'M2M';
  readonly providerName: string;
  /** RFC 8707 resource indicators. */
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  /** For M2M, whose tokens are cached by scope; a user's grant is not. */
  readonly scopes: readonly string[];
}

/** The grant's sort key: the same for the same asked-for things in any order. */
export function grantTarget(target: GrantTarget): string {
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
  const narrowed = [
    sorted(target.resources),
    sorted(target.audiences),
    target.flow === 'M2M' ? sorted(target.scopes) : [],
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

/** Seconds before its end at which a token is no longer handed out, for the agent needs time to use it; */
export const EXPIRY_MARGIN = 30;

/** and at most this part of its life, for one that lives but briefly. */
export const EXPIRY_MARGIN_PART = 1 / 10;

export function isFresh({ expiresAt, obtainedAt }: GrantTokens, now: number): boolean {
  if (expiresAt === undefined) return true;
  return expiresAt - Math.min(EXPIRY_MARGIN, (expiresAt - obtainedAt) * EXPIRY_MARGIN_PART) > now;
}
