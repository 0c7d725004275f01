/**
 * One attempt to revoke the tokens of an item at their provider, by the worker that has taken the item. An attempt first
 * makes sure that the grant does not have the tokens any more: the request that stored the item might have stopped
 * before it dropped them.
 */
import type { AuditTrail } from '../audit';
import { hashOf } from '../digest';
import type { GrantStore } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import { changedConcurrently } from '../resource-write';
import { isCredentialError } from '../oauth/client-secret';
import type { ProviderClients } from '../oauth/provider-client';
import { ProviderFailure, type OwnCode } from '../oauth/provider-failure';
import { NotRevoked, revokeTokens, type RevocationOutcome } from '../oauth/revoke-tokens';
import type { ProviderClient } from '../oauth/token-request';
import { clientBindingDigest, type Oauth2ProviderStore } from '../provider/oauth2-provider';
import { hasStoredCredential } from '../provider/vendor';
import { endsOtherGrants } from '../provider/revocation-reach';
import { reachOf } from '../provider/vendors';
import { KeyMaterialResetError, ShreddedError, UnreadableError } from '../sealing/sealing';
import type { System } from '../system';
import { advanceItem, OTHER_GRANTS, SUPERSEDED } from './end';
import { ended, failed, itemIdOf, postponed } from './item';
import { isOfRevocation, type RevocationStore } from './outbox';
import type { OutboxItem } from '../../model/records/revocation-outbox';
import { openContent, sealContent, type OutboxContentDependencies } from './outbox-content';
import type { OutboxContent } from '../../model/records/outbox-content';
import { LONGEST_REQUEST_MS } from '../../model/time-limits';

export interface AttemptDependencies extends OutboxContentDependencies {
  readonly revocations: Pick<RevocationStore, 'advanceItem' | 'createItem' | 'removeItem'>;
  readonly grants: Pick<GrantStore, 'get' | 'revoke'>;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly providerClients: ProviderClients;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** Attempts at a grant that other requests change. */
const ATTEMPTS = 10;

const hasTokensOf = (grant: Grant | undefined, { tokensHash }: OutboxItem): grant is Grant =>
  grant?.tokens !== undefined && hashOf(grant.tokens.sealed) === tokensHash;

/** Takes the item's tokens out of their grant, if they are still in it. Returns the grant without them. */
async function withoutTokens(
  { grants }: Pick<AttemptDependencies, 'grants'>,
  item: OutboxItem,
  read: Grant | undefined,
): Promise<Grant | undefined> {
  let grant = read;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (!hasTokensOf(grant, item)) return grant;
    await grants.revoke(grant, grant);
    grant = await grants.get(item.grantId);
  }
  throw changedConcurrently();
}

/** What to do with an item before the request to its provider; undefined to send the request. */
type Reconciliation = { readonly write: OutboxItem } | 'remove' | undefined;

/** Reconciles the item with its grant. */
async function reconcileWithGrant(deps: AttemptDependencies, item: OutboxItem): Promise<Reconciliation> {
  const grant = await deps.grants.get(item.grantId);
  if (isOfRevocation(item)) {
    await withoutTokens(deps, item, grant);
    return undefined;
  }
  if (!hasTokensOf(grant, item)) return undefined;
  // By then, the request has dropped or stored the tokens that it queued, or failed.
  const requestEndsAt = item.createdTime * 1000 + LONGEST_REQUEST_MS;
  if (deps.system.now() < requestEndsAt) return { write: postponed(item, requestEndsAt) };
  // Tokens that were not replaced, or were stored after all, are in use.
  if (item.cause !== 'forced') return 'remove';
  await withoutTokens(deps, item, grant);
  return undefined;
}

/**
 * Returns why tokens that left their grant without a revocation must stay valid at the provider: their revocation would
 * end what no one asked to end. An agent could otherwise cut off other agents with `forceAuthentication`.
 */
async function reasonToKeep(
  { grants }: AttemptDependencies,
  item: OutboxItem,
  { provider }: OutboxContent,
): Promise<string | undefined> {
  if (isOfRevocation(item)) return undefined;
  const reach = reachOf(provider.vendor);
  if (endsOtherGrants(reach)) return OTHER_GRANTS;
  if (reach === 'token') return undefined;
  // The user has granted access again, and the revocation would end the new tokens too.
  return (await grants.get(item.grantId))?.tokens === undefined ? undefined : SUPERSEDED;
}

/** Returns the failure to get the metadata of the provider, which got no request to revoke: a retry can succeed. */
const beforeRequest = (failure: ProviderFailure): ProviderFailure => {
  const { code, detail, retryAfter } = failure;
  return new ProviderFailure(code, detail, { unavailable: true, cause: failure, retryAfter });
};

/**
 * Returns the failure for an error of the client's credential. The provider got no request, and a retry can succeed: the
 * owner can make the credential available again.
 *
 * @throws the error itself if it has another cause
 */
function credentialFailure(cause: unknown, code: OwnCode): ProviderFailure {
  if (cause instanceof ProviderFailure) return cause;
  if (!isCredentialError(cause)) throw cause;
  return new ProviderFailure(code, "the client's credential is unavailable", { unavailable: true, cause });
}

/**
 * Returns the client for the request: the one of the provider as it is now, if it is still the same client at the same
 * server, because its secret might have been replaced. Otherwise, the client of the time when the tokens were enqueued.
 *
 * @throws ProviderFailure
 */
async function clientOf(
  deps: AttemptDependencies,
  { workloadArn }: OutboxItem,
  { provider, clientSecret }: OutboxContent,
): Promise<ProviderClient> {
  const live = await deps.providers.get(provider.name);
  if (live?.id === provider.id && clientBindingDigest(live) === clientBindingDigest(provider)) {
    try {
      return await deps.providerClients.of(live, workloadArn, 'revocation');
    } catch (error) {
      // The secret can be deleted or replaced at this moment, or made unavailable by its owner.
      if (error instanceof ProviderFailure || clientSecret === undefined) {
        throw credentialFailure(error, 'client_secret_unavailable');
      }
    }
  }
  if (!hasStoredCredential(provider.clientAuthenticationMethod)) {
    return deps.providerClients.of(provider, workloadArn, 'revocation');
  }
  if (clientSecret === undefined) {
    throw new ProviderFailure('client_secret_unavailable', 'the client secret could not be read', {
      unavailable: true,
    });
  }
  return deps.providerClients.withSecret(provider, clientSecret);
}

/** `lastError` of an item whose provider received the revocation, and cannot prove the end. */
const ACCEPTED = 'accepted' satisfies OwnCode;

/** Returns the item with the end that the outcome means. */
function endedBy(item: OutboxItem, { state, detail }: RevocationOutcome): OutboxItem {
  if (state === 'CONFIRMED') return ended(item, 'CONFIRMED');
  return ended(item, 'NOT_PROVABLE', state === 'ACCEPTED' ? ACCEPTED : detail);
}

/** Tokens that the provider issued in an attempt, for the next one. */
const replaced = (content: OutboxContent, { replacement }: NotRevoked): OutboxContent | undefined =>
  replacement && {
    ...content,
    tokens: {
      accessToken: replacement.accessToken,
      ...(replacement.refreshToken !== undefined && { refreshToken: replacement.refreshToken }),
      ...(replacement.dpopKey && { dpopKey: replacement.dpopKey }),
    },
  };

/** Writes the item, with the tokens that the attempt obtained. They get a separate item if another worker has this one. */
async function writeWithReplacement(
  deps: AttemptDependencies,
  item: OutboxItem,
  failure: NotRevoked,
  content: OutboxContent,
): Promise<void> {
  const now = deps.system.now();
  const sealed = await sealContent(deps, item, content);
  if (await advanceItem(deps, failed(item, { code: failure.code, sealed }, now))) return;
  const itemId = itemIdOf(item.grantId, sealed, item.revocationId);
  const other = { ...item, itemId, revision: 1, tokensHash: hashOf(sealed), dueAt: now };
  await deps.revocations.createItem({ ...other, sealed: await sealContent(deps, other, content) });
}

/** The provider did not evaluate the request. Its other items would fail in the same way now. */
export interface Unavailable {
  readonly code: string;
  readonly retryAfter?: number | undefined;
}

/** `ended` is also the result if nothing was left to do. */
export type AttemptResult = 'ended' | 'not-revoked' | Unavailable;

/**
 * Performs one attempt and writes the item's next state.
 *
 * @param item as {@link taken} returned and stored it
 * @throws Error if the attempt fails unexpectedly; another worker takes the item after its lease
 */
export async function attemptRevocation(deps: AttemptDependencies, item: OutboxItem): Promise<AttemptResult> {
  const { revocations, system } = deps;
  const write = (next: OutboxItem) => advanceItem(deps, next);
  const { sealed } = item;
  if (sealed === undefined) throw new Error('a pending item has no tokens');

  const reconciliation = await reconcileWithGrant(deps, item);
  if (reconciliation === 'remove') {
    await revocations.removeItem(item);
    return 'ended';
  }
  if (reconciliation) {
    await write(reconciliation.write);
    return 'ended';
  }
  let content;
  try {
    content = await openContent(deps, { ...item, sealed });
  } catch (error) {
    if (!(error instanceof ShreddedError || error instanceof UnreadableError)) throw error;
    const code = 'tokens_unreadable';
    // No deletion shreds the outbox's vault key. A missing record can be restored, or reach this Region's replica late.
    await write(
      error instanceof KeyMaterialResetError
        ? ended(item, 'UNCONFIRMED', code)
        : failed(item, { code }, system.now()),
    );
    return 'ended';
  }
  const keeping = await reasonToKeep(deps, item, content);
  if (keeping !== undefined) {
    await write(ended(item, 'UNCONFIRMED', keeping));
    return 'ended';
  }
  try {
    const client = await clientOf(deps, item, content).catch((error: unknown) => {
      throw error instanceof ProviderFailure ? beforeRequest(error) : error;
    });
    await write(endedBy(item, await revokeTokens(client, content.tokens)));
    return 'ended';
  } catch (error) {
    // An assertion is signed when the request is sent.
    const failure = credentialFailure(error, 'client_assertion_unavailable');
    const { code, unavailable, retryAfter } = failure;
    if (failure instanceof NotRevoked) {
      const replacement = replaced(content, failure);
      if (replacement) await writeWithReplacement(deps, item, failure, replacement);
      else await write(failed(item, { code }, system.now()));
      return 'not-revoked';
    }
    await write(
      unavailable ? failed(item, { code, retryAfter }, system.now()) : ended(item, 'UNCONFIRMED', code),
    );
    return unavailable ? { code, retryAfter } : 'ended';
  }
}
