/** The outbox of revocations, which a schedule continues. Each case begins and ends with an empty one. */
import * as v from 'valibot';
import { createRevocationStore } from '../../lambda/adapters/dynamodb/revocation-store';
import { createVaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { RevocationEvent } from '../../lambda/model/events/revocation';
import { OTHER_GRANTS, SUPERSEDED } from '../../lambda/domain/revocation/end';
import { isClientDeletion, isOfRevocation } from '../../lambda/domain/revocation/outbox';
import type { OutboxItem } from '../../lambda/model/records/revocation-outbox';
import { TOKEN_VAULT_ID } from '../../lambda/domain/token-vault/token-vault';
import { PARTITION_KEY, PREFIX, type Key } from '../../lambda/model/table-keys';
import { localTableName } from '../../lib/local/dynamodb';
import type { Touched } from './fault-proxy';
import { passTime } from './passing-time';
import type { Stage } from './stage';

/**
 * Seconds before each sweep: first a little more than a lease, so that tokens are still valid, then the longest pause, and
 * then the time after which attempts end.
 */
const PAUSES = [65, 65, 130, 600, 3601, 90_000, 3601];

/** Milliseconds, more than the time for which attempts are repeated. */
const TWO_DAYS = 2 * 86_400_000;

const SWEEP: RevocationEvent = { sweep: true };

const storeOf = (stage: Stage) => createRevocationStore(stage.role('Revocations'));

/** Whether revocations or their items are left. */
async function isEmpty(stage: Stage): Promise<boolean> {
  const store = storeOf(stage);
  const until = Date.now() + TWO_DAYS;
  return (await store.dueItems(until)).items.length === 0 && (await store.dueSelections(until)).length === 0;
}

/** Removes the vault key of the outbox, so that the next revocation creates one. */
async function forgetKey(stage: Stage): Promise<void> {
  const keys = createVaultKeyStore(stage.role('Keys'));
  const owner = { purpose: 'revocation', ownerId: TOKEN_VAULT_ID } as const;
  const key = await keys.latest(owner);
  if (key) await keys.remove(owner, key.version);
}

/**
 * Lets the schedule continue revocations until there are none. The clock moves, unless no function wrote to the outbox.
 *
 * @throws Error if some are left
 */
export async function emptyOutbox(stage: Stage): Promise<void> {
  if (!stage.faults.writtenTables.delete(localTableName('Revocations'))) return;
  for (const pause of PAUSES) {
    if (await isEmpty(stage)) break;
    passTime(pause);
    await stage.invoke('revocation', SWEEP);
    await stage.quiet();
  }
  await forgetKey(stage);
  stage.faults.writtenTables.delete(localTableName('Revocations'));
  if (!(await isEmpty(stage))) throw new Error('revocations are left in the outbox');
}

/** Returns the items of revocations among what a case wrote. */
export async function itemsIn(stage: Stage, touched: readonly Touched[]): Promise<readonly OutboxItem[]> {
  const store = storeOf(stage);
  const ids = touched
    .filter(({ pk }) => pk.startsWith(PREFIX.outboxItem))
    .map(({ pk }) => pk.slice(PREFIX.outboxItem.length));
  const items = await Promise.all(ids.map((id) => store.getItem(id)));
  return items.filter((item) => item !== undefined).filter(isOfRevocation);
}

const isOutboxItem = { condition: 'begins_with(#pk, :prefix)', names: { '#pk': PARTITION_KEY } } as const;
const Scanned = v.object({ pk: v.string() });

/** Every item in the outbox. */
async function* allItems(stage: Stage): AsyncGenerator<OutboxItem> {
  const table = stage.role('Revocations');
  let after: Key | undefined;
  do {
    const page = await table.scan(
      { ...isOutboxItem, values: { ':prefix': PREFIX.outboxItem } },
      { limit: 1000, ...(after && { after }) },
    );
    for (const found of page.items) {
      const id = v.parse(Scanned, found).pk.slice(PREFIX.outboxItem.length);
      const item = await storeOf(stage).getItem(id);
      if (item) yield item;
    }
    after = page.last;
  } while (after);
}

const Ended = v.object({
  audit: v.object({
    operation: v.literal('RevokeAtProvider'),
    user: v.string(),
    provider: v.string(),
    result: v.string(),
  }),
});

/** Returns what identifies the end of an item in the audit log. */
const endOf = (user: string, provider: string, result: string): string =>
  JSON.stringify([user, provider, result]);

/** Results in the audit log of tokens that were kept, in the place of the state. */
const KEPT: readonly string[] = [SUPERSEDED, OTHER_GRANTS];

/** @throws Error if the end of an item of tokens is not in the audit log; clients that were deleted are not looked for */
export async function expectRecorded(stage: Stage, log: string): Promise<void> {
  const entries = new Map<string, number>();
  for (const line of log.split('\n')) {
    if (!line.includes('RevokeAtProvider')) continue;
    const { user, provider, result } = v.parse(Ended, JSON.parse(line)).audit;
    const end = endOf(user, provider, result);
    entries.set(end, (entries.get(end) ?? 0) + 1);
  }
  for await (const item of allItems(stage)) {
    const { state, grantId, provider, lastError } = item;
    if (state === 'PENDING' || isClientDeletion(item)) continue;
    const result = lastError !== undefined && KEPT.includes(lastError) ? lastError : state;
    const end = endOf(grantId.userHash, provider.name, result);
    const left = entries.get(end) ?? 0;
    entries.set(end, left - 1);
    if (left > 0) continue;
    throw new Error(`an item ended as ${result}, and the audit log has no entry of it`);
  }
}
