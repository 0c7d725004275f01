/**
 * The grant: the stored tokens of one agent for one user at one provider (with resources and audiences). It is one
 * item, so that one conditional write keeps every invariant. A grant also contains the open consent session, with or
 * without tokens.
 */
import type {
  GrantTokens,
  PendingConsent,
  Lease,
  RenewalFailure,
  GrantDetails,
  Grant,
} from '../../model/records/grant';
import { hash } from 'node:crypto';
import type { Flow } from '../../model/flow';
import type { GrantId } from '../../model/grant-id';
import type { SealingContext } from '../sealing/sealing';

/**
 * Stores grants. Each method is one conditional write and returns whether its condition held. Counters restart when a
 * grant is deleted and created again, so conditions on a grant that was read include its provider's ID.
 */
export interface GrantStore {
  get(id: GrantId): Promise<Grant | undefined>;
  /**
   * Stores the open session, if the grant still has the provider, the epoch, and the session (or none) that were read.
   * With `forget`, drops the tokens and increments the epoch in the same write. With `forget` or `endsAt`, only if the
   * generation is the one that was read too: tokens that were not read must not be lost.
   *
   * @param change.endsAt epoch seconds from which the grant can be deleted automatically, unless tokens are stored
   */
  openConsent(
    id: GrantId,
    change: {
      providerId: string;
      details: GrantDetails;
      consent: PendingConsent;
      seen: Grant | undefined;
      forget: boolean;
      endsAt?: number | undefined;
    },
  ): Promise<boolean>;
  /**
   * Stores tokens of a consent session of this epoch, if the grant exists and belongs to the provider. Removes the lease,
   * the last failure, the rejection, and the end. Starting the session created the grant, and an end comes after that of
   * the session, so a missing grant was deleted.
   */
  putTokens(
    id: GrantId,
    change: { providerId: string; tokens: GrantTokens; epoch: number },
  ): Promise<boolean>;
  /**
   * Takes the lease, if the grant still has the provider, the generation, the epoch, the lease (or none), and the last
   * failure (or none) that were read. No clocks are compared here: the caller decides whether a lease is abandoned.
   * Creates the grant if none was read. Drops the tokens of another provider of this name.
   *
   * @param change.endsAt epoch seconds from which the grant can be deleted automatically; absent for a grant that does not
   *   end by itself
   */
  takeLease(
    id: GrantId,
    change: {
      providerId: string;
      details: GrantDetails;
      seen: Grant | undefined;
      lease: Lease;
      endsAt?: number | undefined;
    },
  ): Promise<boolean>;
  /**
   * Replaces the lease by one that says that the request is sent now, if the holder still has the lease.
   *
   * @param change.lease with another holder, so that only one of two processes with the same lease sends a request
   */
  markSent(id: GrantId, change: { holder: string; lease: Lease }): Promise<boolean>;
  /**
   * Stores the obtained tokens, if the holder still has the lease and the epoch is unchanged.
   *
   * @param change.endsAt as for {@link takeLease}
   * @throws UnstorableError for tokens that no retry can store
   */
  putRenewed(
    id: GrantId,
    change: { holder: string; epoch: number; tokens: GrantTokens; endsAt?: number | undefined },
  ): Promise<boolean>;
  /** Releases the lease, with the failure if there is one. Drops the tokens if they can no longer be renewed. */
  releaseLease(
    id: GrantId,
    change: { holder: string; lastFailure?: RenewalFailure; dropTokens: boolean },
  ): Promise<boolean>;
  /** Marks the tokens as rejected by the resource, if they still have this provider and generation. */
  reject(id: GrantId, seen: Pick<Grant, 'providerId' | 'generation'>): Promise<boolean>;
  /**
   * Records the day of use of a grant that belongs to the provider and has tokens, if it is later than the recorded one.
   */
  markUsed(id: GrantId, use: { readonly providerId: string; readonly date: string }): Promise<boolean>;
  /**
   * Removes the tokens and everything that a later write could build on: the lease, the open session, the last failure,
   * and the rejection. Increments the generation and the epoch, so that no renewal and no consent that is in progress can
   * write. Only if the grant still has the provider, the generation, and the epoch that were read.
   */
  revoke(id: GrantId, seen: Pick<Grant, 'providerId' | 'generation' | 'epoch'>): Promise<boolean>;
  /** Removes the grant and its tokens, if it belongs to this provider. */
  remove(id: GrantId, providerId: string): Promise<boolean>;
  /**
   * Removes the grant, if it still has the provider, the generation, and the lease (or none) that were read. The caller
   * decides whether a lease is abandoned, as for {@link takeLease}.
   */
  removeIdle(id: GrantId, seen: Pick<Grant, 'providerId' | 'generation' | 'lease'>): Promise<boolean>;
}

const digest = (value: unknown): string => hash('sha256', JSON.stringify(value), 'base64url');

/** The purpose of a grant, in addition to agent and user: the flow, the provider, and the members that narrow the token. */
export interface GrantTarget {
  readonly flow: Flow;
  readonly providerName: string;
  /** RFC 8707 resource indicators. */
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  /** For flows whose tokens are cached by scope. Tokens that a user consented to are not. */
  readonly scopes: readonly string[];
  /** For on-behalf-of exchange: the subject token, and what else is requested from the provider. */
  readonly exchanged?: ExchangedFor | undefined;
}

export interface ExchangedFor {
  /** Hash of the user token. */
  readonly subjectTokenHash: string;
  readonly customParameters: Readonly<Record<string, string>>;
}

/** Returns the text with which the targets of a flow begin; with a provider, those at the provider. */
export const targetsOf = (flow: Flow, providerName?: string): string =>
  providerName === undefined ? `${flow}#` : `${flow}#${providerName}#`;

/** Returns the flow and the name of the provider in a grant's sort key. */
export function targetParts(target: string): Pick<GrantTarget, 'flow' | 'providerName'> {
  const [flow, providerName = ''] = target.split('#');
  return { flow: flow as Flow, providerName };
}

/** Returns the grant's sort key. The order of values does not matter. */
export function grantTarget(target: GrantTarget): string {
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
  const { exchanged } = target;
  const narrowed = [
    sorted(target.resources),
    sorted(target.audiences),
    target.flow === 'USER_FEDERATION' ? [] : sorted(target.scopes),
    ...(exchanged ? [exchanged.subjectTokenHash, Object.entries(exchanged.customParameters).sort()] : []),
  ];
  return targetsOf(target.flow, target.providerName) + digest(narrowed);
}

export const grantContext = (id: GrantId, providerId: string, workloadArn: string): SealingContext => ({
  purpose: 'grant',
  ownerId: id.workloadId,
  ownerArn: workloadArn,
  binding: { user: id.userHash, target: id.target, provider: providerId },
});

/**
 * Returns whether the stored tokens cover the requested scopes: any subset, in any order (RFC 6749 section 3.3).
 * Scopes that were requested at the consent are covered even if the provider did not return them: the provider has
 * decided, and another consent would not change its decision.
 */
export function covers(tokens: GrantTokens, scopes: readonly string[]): boolean {
  const known = new Set([...tokens.scopes, ...tokens.requestedScopes]);
  return scopes.every((scope) => known.has(scope));
}

/** Returns all scopes that policies evaluate before these tokens are returned. */
export const scopesHeld = ({
  scopes,
  requestedScopes,
  parameterScopes = [],
}: Pick<GrantTokens, 'scopes' | 'requestedScopes' | 'parameterScopes'>): readonly string[] => [
  ...new Set([...scopes, ...requestedScopes, ...parameterScopes]),
];

/** Seconds before its expiry at which a token is no longer returned, because the agent needs time to use it. */
export const EXPIRY_MARGIN = 30;

/** Maximum expiry margin as a part of the token's lifetime, for short-lived tokens. */
const EXPIRY_MARGIN_PART = 1 / 20;

/** Seconds before its expiry at which background renewal starts while the token is still returned. */
export const SOFT_WINDOW = 300;

/** Maximum soft window as a part of the token's lifetime. */
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

/** Returns whether background renewal of fresh tokens must start. @param now epoch seconds */
export const inSoftWindow = (tokens: GrantTokens, now: number): boolean =>
  endsWithin(tokens, now, [SOFT_WINDOW, SOFT_WINDOW_PART]);

/** Returns whether there is a refresh token that can still be valid. @param now epoch seconds */
export const isRefreshable = ({ refreshable, refreshExpiresAt }: GrantTokens, now: number): boolean =>
  refreshable && (refreshExpiresAt === undefined || refreshExpiresAt > now);
