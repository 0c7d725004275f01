/** Performs one case: a request with one fault, the retry without it, and the checks of both. */
import { ERROR_STATUS } from '../../lambda/domain/service-error';
import type { OutboxItem } from '../../lambda/model/records/revocation-outbox';
import { documentedStatuses, expectDocumented } from '../flows/support/documented-responses';
import type { HttpResponse } from '../local/handmade-request';
import { nameOf, type Site } from './calls';
import { faultName, isPerformed, isRetried, type Armed, type Fault, type Kind } from './fault-kinds';
import { emptyOutbox, itemsIn } from './outbox';
import { passTime } from './passing-time';
import type { Part, Prepared, Scenario } from './scenario';
import type { Stage } from './stage';
import { inventoryOf, type Inventory } from './state';

/** What the scenario does without a fault. */
export interface Recording {
  readonly calls: readonly Site[];
  readonly inventory: Inventory;
}

/** The call did not occur in this run: another process, or a cache, was faster. */
export class NotReached extends Error {}

/** Seconds for leases and pauses after a failure to end. */
const BETWEEN_TRIES = 120;
const TRIES = 4;

/**
 * Kinds of items whose number can differ from the number without a fault: they expire, or the next request uses them. The
 * others must not exist twice.
 */
const TEMPORARY: ReadonlySet<string> = new Set(['SESSION', 'PORTAL-SESSION', 'SIGNING-KEY', 'UNAPPLIED']);

const succeeded = ({ isSuccess = ({ status = 0 }) => status < 400 }: Prepared, response: HttpResponse) =>
  isSuccess(response);

/** @returns what the scenario does without a fault */
export async function record(stage: Stage, scenario: Scenario): Promise<Recording> {
  await emptyOutbox(stage);
  const prepared = await scenario.prepare(stage);
  await stage.quiet();
  stage.faults.begin();
  const response = await prepared.act();
  await stage.quiet();
  const calls = [...stage.faults.calls];
  expectModelled(scenario, response);
  if (!succeeded(prepared, response)) {
    const { status, headers, body } = response;
    throw new Error(`without a fault: ${status} ${headers.location ?? ''} ${body.slice(0, 300)}`);
  }
  await emptyOutbox(stage);
  await prepared.verify?.();
  stage.secrets.expectDirected();
  stage.presented.expectOnce();
  return { calls, inventory: await inventoryOf(stage, stage.faults.touched) };
}

/**
 * @throws NotReached if the call did not occur
 * @throws Error with what is wrong
 */
export async function perform(
  stage: Stage,
  scenario: Scenario,
  { site, fault }: Armed,
  { inventory }: Recording,
): Promise<void> {
  await emptyOutbox(stage);
  const prepared = await scenario.prepare(stage);
  await stage.quiet();
  stage.faults.begin({ site, fault });
  const response = await prepared.act();
  await stage.quiet();
  if (stage.faults.disarm() === 0) throw new NotReached();
  expectModelled(scenario, response);
  const success =
    succeeded(prepared, response) ||
    (isRepeated({ site, fault }) && prepared.isRepetitionResponse?.(response) === true);
  if (!success && isCovered(site, fault) && response.status !== 429) {
    throw new Error(
      `the AWS SDK retries, and the request failed: ${response.status} ${response.body.slice(0, 200)}`,
    );
  }
  if (!success && !prepared.ends?.(response, site)) expectTransient({ site, fault }, response);
  const { survived, requests } =
    success && !prepared.repeatable
      ? { survived: true, requests: 1 }
      : await retry(stage, scenario, prepared, site);
  await emptyOutbox(stage);
  if (survived) await prepared.verify?.(site);
  else scenario.forget();
  const found = await inventoryOf(stage, stage.faults.touched);
  expectSame(found, inventory, {
    exact: prepared.exact === true && !looksAbsent({ site, fault }),
    requests,
    part: scenario.part,
    prepared,
  });
  expectRevoked({ site, fault }, await itemsIn(stage, stage.faults.touched));
  // What it writes is not part of the inventory.
  if (!survived) await prepared.expectWayOn?.();
  stage.secrets.expectDirected();
  stage.presented.expectOnce();
}

interface Retried {
  /** False if the user must consent again, because the provider has used up the only refresh token. */
  readonly survived: boolean;
  /** Requests with the one that had the fault. */
  readonly requests: number;
}

async function retry(stage: Stage, scenario: Scenario, prepared: Prepared, site: Site): Promise<Retried> {
  const { again = prepared.act, performed = [] } = prepared;
  let response: HttpResponse | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) passTime(BETWEEN_TRIES);
    response = await again();
    await stage.quiet();
    expectModelled(scenario, response);
    const requests = attempt + 2;
    if (succeeded(prepared, response) || performed.includes(response.status ?? 0)) {
      return { survived: true, requests };
    }
    if (prepared.ends?.(response, site)) {
      return { survived: false, requests };
    }
  }
  throw new Error(`the retry failed: ${response?.status} ${response?.body.slice(0, 300)}`);
}

/** One failed attempt, which the AWS SDK repeats: the request must succeed, or be throttled for a moment. */
const isCovered = ({ dependency }: Site, { kind, always }: Fault): boolean =>
  dependency !== 'OAuth servers' &&
  !always &&
  (isRetried(kind) || kind === 'twice') &&
  // The whole invocation has one deadline.
  !(dependency === 'Lambda' && kind === 'silent');

/** Whether the AWS SDK, or the network, sends a request to a function again that was performed. */
const isRepeated = ({ site, fault }: Armed): boolean =>
  site.dependency === 'Lambda' && isCovered(site, fault) && isPerformed(fault.kind);

const typeOf = ({ headers }: HttpResponse): string => String(headers['x-amzn-errortype'] ?? '');

/** The response is a success or an error of the API's model, or a page. */
function expectModelled({ operation, part }: Scenario, response: HttpResponse): void {
  const { status = 0, body } = response;
  const statuses = documentedStatuses(operation);
  if (!statuses) {
    if (status === 0 || body.includes('node_modules')) throw new Error(`not a page: ${status}`);
    return;
  }
  expectDocumented({ name: operation }, status, body);
  if (status < 300) return;
  if (!statuses.includes(status)) throw new Error(`the status ${status} is not documented: ${body}`);
  // The receivers of events have the errors of their specifications.
  if (part === 'events') return;
  const { __type: type, message } = JSON.parse(body) as { __type: unknown; message: unknown };
  if (typeof type !== 'string' || typeof message !== 'string' || type !== typeOf(response)) {
    throw new Error(`not an error of the model: ${status} ${body}`);
  }
  if ((ERROR_STATUS as Record<string, number>)[type] !== status) {
    throw new Error(`the error ${type} has another status than ${status}`);
  }
}

/** Contents in which the AWS SDK finds none of the members that it knows. */
const WITHOUT_MEMBERS: readonly Kind[] = ['another shape', 'empty', 'too long'];

/** Whether the fault looks like the absence of an item: DynamoDB returns an empty object for it. */
const looksAbsent = ({ site: { dependency, label }, fault: { kind } }: Armed): boolean =>
  dependency === 'DynamoDB' && label.startsWith('GetItem') && WITHOUT_MEMBERS.includes(kind);

/** A caller that gets this error can send its request again, as AWS clients do. */
function expectTransient(armed: Armed, response: HttpResponse): void {
  const { status = 0, body } = response;
  if (status >= 500 || status === 429) return;
  if (armed.site.dependency === 'OAuth servers' || looksAbsent(armed)) return;
  throw new Error(`a fault became the caller's mistake: ${status} ${body.slice(0, 300)}`);
}

/**
 * Kinds of which each request can create an item. Each request to revoke is recorded. RevokeGrants, and a disconnection of all
 * accounts, also create an item for tokens that a grant still has: if the response to the write of the first item is lost,
 * the grant keeps its tokens, and the next request stores them again. Functions of the control plane cannot open a vault
 * key, and create one for each secret that they encrypt. The secret of a provider that was not created stays
 * (docs/engineering/architecture.md, "Deletion"). A rotation creates new keys each time.
 */
function ofEachRequest(part: Part, { storesTokensAgain = false }: Prepared): readonly string[] {
  if (part === 'operators' || storesTokensAgain) return ['REVOCATION', 'REVOKED-GRANT'];
  if (part === 'control plane') return ['REVOCATION', 'VAULT-KEY', 'CLIENT-SECRET', 'API-KEY'];
  return part === 'scheduled' ? ['REVOCATION', 'VAULT-KEY'] : ['REVOCATION'];
}

function expectSame(
  found: Inventory,
  expected: Inventory,
  {
    exact,
    requests,
    part,
    prepared,
  }: {
    readonly exact: boolean;
    readonly requests: number;
    readonly part: Part;
    readonly prepared: Prepared;
  },
): void {
  for (const kind of new Set([...Object.keys(found), ...Object.keys(expected)])) {
    if (TEMPORARY.has(kind)) continue;
    const [count, usual] = [found[kind] ?? 0, expected[kind] ?? 0];
    const isOfRequest = ofEachRequest(part, prepared).includes(kind);
    const most = Math.max(usual, 1) * (isOfRequest ? requests : 1);
    if (exact && !isOfRequest ? count === usual : count <= most) continue;
    throw new Error(`${count} items of the kind ${kind}, and ${usual} without a fault`);
  }
}

/**
 * Whether the proof of a revocation was not stored. The provider then gets the request again. A token that it does not
 * introspect as active before the request proves nothing.
 */
const isProofLost = ({ site: { label }, fault: { always } }: Armed): boolean =>
  always && label === 'PutItem Revocations REVOKED-GRANT';

/**
 * A provider confirms each revocation, unless its response was not valid, an item seemed not to exist, or the proof was not
 * stored.
 */
function expectRevoked(armed: Armed, items: readonly OutboxItem[]): void {
  if (armed.site.dependency === 'OAuth servers' || looksAbsent(armed)) return;
  const isEnd = ({ state, lastError }: OutboxItem): boolean =>
    state === 'CONFIRMED' || (isProofLost(armed) && state === 'NOT_PROVABLE' && lastError === 'accepted');
  const given = items.find((item) => !isEnd(item));
  if (given) throw new Error(`a revocation ended as ${given.state}: ${given.lastError}`);
}

export const caseName = ({ site, fault }: Armed): string => `${nameOf(site)}: ${faultName(fault)}`;
