/**
 * Deletes clients that the service registered at their server (RFC 7592), from the outbox: after the revocations that the
 * client authenticates, and only if no provider has the client.
 */
import type { AuditTrail } from '../audit';
import { hashOf } from '../digest';
import { deleteClient } from '../oauth/register-client';
import { ProviderFailure, type OwnCode } from '../oauth/provider-failure';
import type { Transport } from '../oauth/transport';
import type { ClientDeletion } from '../../model/events/revocation';
import { clientHashes, registrationContext } from '../provider/client-deletion';
import {
  CLIENT_DELETION_CAUSES,
  type ClientDeletionCause,
  type OutboxItem,
} from '../../model/records/revocation-outbox';
import { ClientManagementSchema } from '../../model/records/outbox-content';
import type { RegisteredClients } from '../provider/registered-clients';
import type { Oauth2ProviderStore } from '../provider/oauth2-provider';
import { parseSealed } from '../sealing/sealed-json';
import { ShreddedError, UnreadableError, type Seal } from '../sealing/sealing';
import { epochSeconds, type System } from '../system';
import type { AttemptResult } from './attempt';
import { advanceItem, createEndedItem } from './end';
import { ended, failed, postponed, RETRIED_FOR, waiting } from './item';
import { openText, sealText, type OutboxContentDependencies } from './outbox-content';
import { isSelectionComplete, type ClientItem, type RevocationStore } from './outbox';
import { LONGEST_REQUEST_MS } from '../../model/time-limits';

export interface ClientDeletionDependencies extends OutboxContentDependencies {
  readonly revocations: Pick<
    RevocationStore,
    'get' | 'items' | 'createItem' | 'getItem' | 'advanceItem' | 'removeItem'
  >;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly registeredClients: Pick<RegisteredClients, 'providersOf'>;
  readonly transport: Transport;
  readonly audit: AuditTrail;
  readonly system: System;
}

const itemIdOf = (cause: ClientDeletionCause, providerId: string, clientHash: string): string =>
  hashOf(JSON.stringify([cause, providerId, clientHash]));

/** The client belongs to no grant. */
const NO_GRANT = { workloadId: '', userHash: '', target: '' };

/** Why a client stays registered whose registration access token cannot be decrypted. */
const UNREADABLE = 'registration_unreadable' satisfies OwnCode;

const isUnreadable = (error: unknown): boolean =>
  error instanceof ShreddedError || error instanceof UnreadableError;

/** Items of a revocation to read at a time. */
const PAGE = 100;

/**
 * Milliseconds before the first attempt. By then, the request that queued a client has stored its provider, or failed. Revocations that a replaced client authenticates are given up by then.
 */
const DELAY: Readonly<Record<ClientDeletionCause, number>> = {
  'unused-client': LONGEST_REQUEST_MS,
  'replaced-client': RETRIED_FOR + LONGEST_REQUEST_MS,
  'deleted-provider': 0,
};

/**
 * Stores the deletion of a client, unless it is stored. The token is encrypted again, under a key that outlives the provider.
 *
 * @throws Error if it could not be stored; a repetition is safe
 */
export async function enqueueClientDeletion(
  deps: ClientDeletionDependencies & { readonly seal: Seal },
  { provider, clientUri, sealedToken, clientHash, cause }: ClientDeletion,
): Promise<void> {
  const tokensHash = hashOf(clientUri);
  const itemId = itemIdOf(cause, provider.id, tokensHash);
  // A repeated deletion of the provider finds no key any more.
  if (await deps.revocations.getItem(itemId)) return;
  const item: Omit<ClientItem, 'sealed' | 'dueAt'> = {
    itemId,
    cause,
    grantId: NO_GRANT,
    workloadArn: '',
    provider: { name: provider.name, id: provider.id },
    tokensHash,
    clientHash,
    state: 'PENDING',
    attempts: 0,
    createdTime: epochSeconds(deps.system),
    revision: 1,
  };
  let accessToken: string;
  try {
    accessToken = await deps.seal.open(registrationContext(provider, clientUri), sealedToken);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    // It must not prevent the deletion of its provider.
    await createEndedItem(deps, { ...item, state: 'UNCONFIRMED', lastError: UNREADABLE });
    return;
  }
  const sealed = await sealText(deps, item, JSON.stringify({ clientUri, accessToken }));
  await deps.revocations.createItem({ ...item, sealed, dueAt: deps.system.now() + DELAY[cause] });
}

/** Whether the provider, or another one to which the server gave the same ID or address, has the client now. */
async function isInUse(
  { providers, registeredClients }: Pick<ClientDeletionDependencies, 'providers' | 'registeredClients'>,
  { provider: own, tokensHash, clientHash }: ClientItem,
): Promise<boolean> {
  const hashes = [tokensHash, clientHash];
  const given = await Promise.all(hashes.map((hash) => registeredClients.providersOf(hash)));
  for (const { name, id } of [own, ...given.flat()]) {
    const provider = await providers.get(name);
    if (provider?.id === id && clientHashes(provider).some((hash) => hashes.includes(hash))) return true;
  }
  return false;
}

/** Whether the client's provider was stored: the request that took the client from it has queued the client, too. */
async function wasUsed(
  { revocations }: Pick<ClientDeletionDependencies, 'revocations'>,
  { provider, tokensHash }: ClientItem,
): Promise<boolean> {
  const causes = CLIENT_DELETION_CAUSES.filter((cause) => cause !== 'unused-client');
  const items = await Promise.all(
    causes.map((cause) => revocations.getItem(itemIdOf(cause, provider.id, tokensHash))),
  );
  return items.some((item) => item !== undefined);
}

/** Whether revocations of the deleted provider's tokens are left, which the client authenticates. */
async function hasRevocations(
  { revocations, system }: Pick<ClientDeletionDependencies, 'revocations' | 'system'>,
  { provider, createdTime }: ClientItem,
): Promise<boolean> {
  // The revocation of a deletion has the ID of what was deleted.
  const revocation = await revocations.get(provider.id);
  if (!revocation || (isSelectionComplete(revocation) && revocation.matched === 0)) return false;
  // The index has all items by then.
  if (!isSelectionComplete(revocation) || system.now() < createdTime * 1000 + LONGEST_REQUEST_MS) return true;
  let after: string | undefined;
  do {
    const page = await revocations.items(provider.id, { limit: PAGE, ...(after !== undefined && { after }) });
    if (page.items.some(({ state }) => state === 'PENDING')) return true;
    after = page.next;
  } while (after !== undefined);
  return false;
}

/** What to do instead of an attempt; undefined to send the request. */
async function reconciled(
  deps: ClientDeletionDependencies,
  item: ClientItem,
): Promise<{ readonly next: OutboxItem } | 'remove' | undefined> {
  const now = deps.system.now();
  if (await isInUse(deps, item)) {
    const requestEndsAt = item.createdTime * 1000 + LONGEST_REQUEST_MS;
    return now < requestEndsAt ? { next: postponed(item, requestEndsAt) } : 'remove';
  }
  if (item.cause === 'unused-client' && (await wasUsed(deps, item))) return 'remove';
  if (item.cause !== 'deleted-provider' || !(await hasRevocations(deps, item))) return undefined;
  return { next: waiting(item, now) };
}

/**
 * Performs one attempt and writes the item's next state.
 *
 * @throws Error if the attempt fails unexpectedly; another worker takes the item after its lease
 */
export async function attemptClientDeletion(
  deps: ClientDeletionDependencies,
  item: ClientItem,
): Promise<AttemptResult> {
  const { sealed } = item;
  if (sealed === undefined) throw new Error('a pending item has no client');
  const reconciliation = await reconciled(deps, item);
  if (reconciliation === 'remove') {
    await deps.revocations.removeItem(item);
    return 'ended';
  }
  if (reconciliation) {
    await advanceItem(deps, reconciliation.next);
    return 'ended';
  }
  try {
    const text = await openText(deps, { ...item, sealed });
    await deleteClient(deps, parseSealed(ClientManagementSchema, text));
    await advanceItem(deps, ended(item, 'CONFIRMED'));
    return 'ended';
  } catch (error) {
    const now = deps.system.now();
    if (isUnreadable(error)) {
      await advanceItem(deps, failed(item, { code: UNREADABLE }, now));
      return 'ended';
    }
    if (!(error instanceof ProviderFailure)) throw error;
    const { code, unavailable, retryAfter } = error;
    await advanceItem(
      deps,
      unavailable ? failed(item, { code, retryAfter }, now) : ended(item, 'UNCONFIRMED', code),
    );
    return unavailable ? { code, retryAfter } : 'ended';
  }
}
