/** How far a disconnection in a portal is, also at the providers. */
import type { Annotate } from '../audit';
import { namedOf, type Named } from '../display-name';
import { targetParts } from '../grant/grant';
import { isSelectionComplete, type RevocationStore } from '../revocation/outbox';
import type { ItemState, ItemSummary, Revocation } from '../../model/records/revocation-outbox';
import { onBehalfOfConfigOf } from '../provider/on-behalf-of';
import { vendorOf } from '../provider/vendors';
import { namesOfProvider } from './configured-resources';
import { canHaveAccessAtProvider, hasAccess, type AccessDependencies } from './held-grants';
import type { Person } from './person';
import { PortalRefusal } from './refusal';
import type { Providers } from './row';
import { providersOf, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

export interface DisconnectionDependencies extends AccessDependencies {
  readonly revocations: Pick<RevocationStore, 'get' | 'items'>;
  readonly providers: RowDependencies['providers'];
}

/** How far a disconnection is. */
export type Disconnection = {
  /** Absent if the portal does not show the agent any more. */
  readonly agent?: Named;
  /** `SELECTING`: the agent might still have access. */
  readonly status: 'SELECTING' | 'IN_PROGRESS' | 'DONE';
  /** Whether access tokens can work until they expire, although a provider confirmed the end; absent if not. */
  readonly accessTokensLive?: true;
} & (
  | {
      readonly provider: Named;
      readonly state: ItemState;
      readonly lastError?: string;
      /** Whether the agent can have access to the provider: other access, or such that the person gave again. */
      readonly hasAccess: boolean;
      /** Whether the agent can get access there by the person's sign-in, without a consent; absent if not. */
      readonly canReturn?: true;
    }
  /** Of all of the agent's accounts: the providers that did not prove that the access ended there. */
  | {
      readonly unproven: readonly Named[];
      /** Whether there are more accounts than were read for this; absent if not. */
      readonly isPartial?: true;
      /** Accounts whose access ended: none if an earlier disconnection ended it. */
      readonly accounts: number;
      /** Whether the agent has access that it got since then. */
      readonly hasAccess: boolean;
    }
);

/** Items of one read, and of all reads for a page. */
const READ_LIMIT = 100;
const MAX_ITEMS = 1_000;

interface ReadItems {
  readonly items: readonly ItemSummary[];
  readonly hasUnreadable: boolean;
  /** Whether there are further items. */
  readonly isPartial: boolean;
}

async function readItems(
  revocations: Pick<RevocationStore, 'items'>,
  revocationId: string,
): Promise<ReadItems> {
  const items: ItemSummary[] = [];
  let hasUnreadable = false;
  let after: string | undefined;
  do {
    const page = await revocations.items(revocationId, {
      limit: READ_LIMIT,
      ...(after !== undefined && { after }),
    });
    items.push(...page.items);
    hasUnreadable ||= page.unreadable !== undefined;
    after = page.next;
  } while (after !== undefined && items.length < MAX_ITEMS);
  return { items, hasUnreadable, isPartial: after !== undefined };
}

/** The items appear in the index after the revocation has counted their grants. */
function statusOf(
  revocation: Revocation,
  { items, hasUnreadable, isPartial }: ReadItems,
): Disconnection['status'] {
  if (!isSelectionComplete(revocation)) return 'SELECTING';
  const areIndexed = isPartial || items.length >= revocation.matched;
  const areEnded = !hasUnreadable && items.every(({ state }) => state !== 'PENDING');
  return areIndexed && areEnded ? 'DONE' : 'IN_PROGRESS';
}

/** Returns the member that says so if a vendor confirmed the end, and ends access tokens only when they expire. */
function accessTokensLive(
  items: readonly ItemSummary[],
  providers: Providers,
): Pick<Disconnection, 'accessTokensLive'> {
  const areAlive = items.some(({ state, provider: { name, id } }) => {
    const provider = providers.get(name);
    return (
      state === 'CONFIRMED' &&
      provider?.id === id &&
      vendorOf(provider.vendor).revocation.accessTokenLives === true
    );
  });
  return areAlive ? { accessTokensLive: true } : {};
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const noSuchDisconnection = (detail: string): PortalRefusal =>
  new PortalRefusal('no-such-connection', detail);

/**
 * Returns the progress of a disconnection that this person requested in a portal of this owner.
 *
 * @throws PortalRefusal `no-such-connection` for every other revocation
 */
export async function disconnection(
  deps: DisconnectionDependencies,
  served: ServedPortal,
  person: Person,
  { revocationId, annotate }: { readonly revocationId: string; readonly annotate: Annotate },
): Promise<{ readonly disconnection: Disconnection }> {
  if (!UUID.test(revocationId)) throw noSuchDisconnection('not the ID of a revocation');
  const revocation = await deps.revocations.get(revocationId);
  if (!revocation) throw noSuchDisconnection('no such disconnection');
  if (revocation.cause !== 'user' || revocation.requestedBy !== served.owner.arn) {
    throw noSuchDisconnection('not a disconnection in a portal of this owner');
  }
  const { grantId } = revocation.filter;
  const { workloadId, userHash } = grantId ?? revocation.filter;
  if (workloadId === undefined || userHash !== person.userHash) {
    throw noSuchDisconnection('not the disconnection of an agent from this person');
  }
  const shown = person.agents.find(({ identity }) => identity.id === workloadId);
  const agent = shown && { agent: namedOf(shown.identity) };
  annotate({ ...(shown && { workloadIdentity: shown.identity.arn }), result: revocationId });
  const read = await readItems(deps.revocations, revocationId);
  const progress = { ...agent, status: statusOf(revocation, read) };
  if (!grantId) {
    const names = read.items.map(({ provider }) => provider.name);
    const providers = await providersOf(deps, names);
    const unproven = read.items.filter(({ state }) => state !== 'CONFIRMED' && state !== 'PENDING');
    const distinct = new Map(unproven.map(({ provider }) => [provider.id, provider]));
    return {
      disconnection: {
        ...progress,
        unproven: [...distinct.values()].map((each) =>
          namesOfProvider(served.portal, each, providers.get(each.name)),
        ),
        // Of two disconnections at the same time, one can have stored what the other one counted.
        accounts: Math.max(revocation.matched, read.items.length),
        ...(read.isPartial && { isPartial: true }),
        ...accessTokensLive(read.items, providers),
        // The disconnection ended the access in all records, so those that are not read give none.
        hasAccess: (await hasAccess(deps, { workloadId, userHash })) === true,
      },
    };
  }
  const { providerName: name } = targetParts(grantId.target);
  annotate({ provider: name });
  const providers = await providersOf(deps, [name]);
  const [item] = read.items;
  const provider = providers.get(name);
  return {
    disconnection: {
      ...progress,
      provider: namesOfProvider(served.portal, { name, id: item?.provider.id }, provider),
      // A grant without tokens leaves nothing that the provider could confirm.
      state: progress.status === 'DONE' ? (item?.state ?? 'NOT_PROVABLE') : 'PENDING',
      ...(item?.lastError !== undefined && { lastError: item.lastError }),
      ...accessTokensLive(read.items, providers),
      ...(provider && onBehalfOfConfigOf(provider) && { canReturn: true }),
      // The ended grant has no tokens, unless the person connected the account again.
      hasAccess: await canHaveAccessAtProvider(deps, grantId),
    },
  };
}
