/** Disconnecting an account in a portal: what it would end, the revocation, and its progress. */
import type { Annotate } from '../audit';
import { namedOf, type Named } from '../display-name';
import { targetParts } from '../grant/grant';
import { encodeGrantId } from '../grant/grant-id';
import type { GrantIndex } from '../grant/selection';
import type { MetadataReader } from '../oauth/provider-metadata';
import { ProviderFailure } from '../oauth/provider-failure';
import { revocationProspect } from '../oauth/revocation';
import { authoritiesOf, clientBindingDigest, type Oauth2Provider } from '../provider/oauth2-provider';
import { endsOtherGrants, type RevocationProspect } from '../provider/revocation-reach';
import { reachOf } from '../provider/vendors';
import { beginRevocation, type BeginRevocationDependencies } from '../revocation/begin';
import {
  isSelectionComplete,
  type ItemPage,
  type ItemState,
  type Revocation,
  type RevocationFilter,
  type RevocationStore,
} from '../revocation/revocation';
import { annotateRow, existing, type AgentAtProvider } from './connect';
import { namesOfProvider } from './configured-resources';
import { ownerMay, type Person } from './person';
import { PortalRefusal } from './refusal';
import type { Row } from './row';
import { rowsOf, rowWithKey, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';
import { epochSeconds } from '../system';

export interface ReachDependencies extends RowDependencies {
  readonly metadata: MetadataReader;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser' | 'page'>;
}

/** What a disconnection would end. */
export interface DisconnectionReach extends AgentAtProvider {
  readonly revocation: RevocationProspect;
  /** The person's other connections in this portal that the provider ends together with this one. */
  readonly alsoLose: readonly AgentAtProvider[];
  /**
   * Number of the person's other connections that end, too, and that the portal does not show. Their agents have no
   * names here: they can belong to owners of which this portal must not say anything.
   */
  readonly notShown: number;
  /** Whether there can be more of them, because the person has very many grants, or one that is not valid; absent if not. */
  readonly notShownIsMinimum?: true;
  /** Whether the tokens are those of a workspace or an account whose other users lose their access, too. */
  readonly shared: boolean;
}

const pairOf = ({ agent, provider }: Row): AgentAtProvider => ({
  agent: namedOf(agent.identity),
  provider: namedOf(provider),
});

const notAllowed = (): PortalRefusal =>
  new PortalRefusal('not-allowed', 'the owner is not authorized to call RevokeResourceGrant');

/** Returns the row if the person can disconnect it. @throws PortalRefusal */
function disconnectable(row: Row | undefined, annotate: Annotate): Row {
  const found = existing(row);
  annotateRow(annotate, found);
  if (!found.grant) throw new PortalRefusal('no-such-connection', 'the account is not connected');
  if (!found.connection.canDisconnect) throw notAllowed();
  return found;
}

/** Returns whether a revocation at the one provider ends tokens of the other one, too. */
function reaches(revoked: Oauth2Provider, other: Oauth2Provider): boolean {
  switch (reachOf(revoked.vendor)) {
    case 'user-and-client':
      return clientBindingDigest(revoked) === clientBindingDigest(other);
    case 'user-and-project':
    case 'installation':
      return revoked.vendor === other.vendor;
    case 'token':
    case 'grant':
    case 'none':
      return false;
  }
}

async function prospectOf(
  { metadata }: Pick<ReachDependencies, 'metadata'>,
  { provider, grant }: Row,
): Promise<RevocationProspect> {
  try {
    const refreshable = grant?.tokens?.refreshable ?? false;
    const described = await metadata.read(provider.discovery, authoritiesOf(provider), 'revocation');
    return revocationProspect({ provider, metadata: described }, refreshable);
  } catch (error) {
    // The provider gets the request when it is available again.
    if (error instanceof ProviderFailure) return 'not-provable';
    throw error;
  }
}

/**
 * Index entries of one read, and of all reads for one count, and the seconds after which no further read begins: an agent
 * decides how many grants a person has, and how large they are.
 */
const READ_LIMIT = 10;
const MAX_READ = 1_000;
const MAX_SECONDS = 2;

type NotShown = Pick<DisconnectionReach, 'notShown' | 'notShownIsMinimum'>;

/** Returns the number of the person's connections that are in no row, and that a revocation at the provider ends. */
async function countNotShown(
  { grantIndex, providers, system, report }: ReachDependencies,
  revoked: Oauth2Provider,
  { userHash, rows }: { readonly userHash: string; readonly rows: readonly Row[] },
): Promise<NotShown> {
  if (!endsOtherGrants(reachOf(revoked.vendor))) return { notShown: 0 };
  const shown = new Set(rows.map(({ grantId }) => encodeGrantId(grantId)));
  const found = new Map<string, Promise<Oauth2Provider | undefined>>();
  const providerOf = (name: string) => {
    const provider = found.get(name) ?? providers.get(name);
    found.set(name, provider);
    return provider;
  };
  let notShown = 0;
  let isMinimum = false;
  let read = 0;
  let after: string | undefined;
  const end = epochSeconds(system) + MAX_SECONDS;
  do {
    const page = await grantIndex
      .page({ userHash }, { limit: READ_LIMIT, after })
      .catch((error: unknown): undefined => {
        report(error);
      });
    // The person can disconnect without the number.
    if (!page) return { notShown, notShownIsMinimum: true };
    const { grants, unreadable = [], next } = page;
    for (const { grantId } of unreadable) {
      const provider = await providerOf(targetParts(grantId.target).providerName);
      // Nothing says whether it has tokens, so the page says that there might be more.
      if (provider && reaches(revoked, provider)) isMinimum = true;
    }
    for (const grant of grants) {
      if (!grant.tokens || shown.has(encodeGrantId(grant))) continue;
      const provider = await providerOf(targetParts(grant.target).providerName);
      if (provider?.id === grant.providerId && reaches(revoked, provider)) notShown += 1;
    }
    after = next;
    read += READ_LIMIT;
  } while (after !== undefined && read < MAX_READ && epochSeconds(system) < end);
  isMinimum ||= after !== undefined;
  return { notShown, ...(isMinimum && { notShownIsMinimum: true as const }) };
}

/** @throws PortalRefusal */
export async function disconnectionReach(
  deps: ReachDependencies,
  served: ServedPortal,
  person: Person,
  { key, annotate }: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly reach: DisconnectionReach }> {
  const { rows } = await rowsOf(deps, served, person, { key });
  const row = disconnectable(
    rows.find((each) => each.key === key),
    annotate,
  );
  const others = rows.filter(
    (other) => other.key !== row.key && other.grant?.tokens && reaches(row.provider, other.provider),
  );
  return {
    reach: {
      ...pairOf(row),
      revocation: await prospectOf(deps, row),
      alsoLose: others.map(pairOf),
      ...(await countNotShown(deps, row.provider, { userHash: person.userHash, rows })),
      shared: reachOf(row.provider.vendor) === 'installation',
    },
  };
}

export type DisconnectDependencies = RowDependencies & BeginRevocationDependencies;

interface Begun {
  readonly revocationId: string;
}

async function begun(
  deps: BeginRevocationDependencies,
  { owner }: ServedPortal,
  filter: RevocationFilter,
  annotate: Annotate,
): Promise<Begun> {
  const { revocationId } = await beginRevocation(deps, { requestedBy: owner.arn, cause: 'user', filter });
  annotate({ result: revocationId });
  return { revocationId };
}

/**
 * Revokes the row's grant. When it returns, no read returns the grant's tokens any more.
 *
 * @throws PortalRefusal
 */
export async function disconnect(
  deps: DisconnectDependencies,
  served: ServedPortal,
  person: Person,
  { key, annotate }: { readonly key: string; readonly annotate: Annotate },
): Promise<Begun> {
  const { grantId } = disconnectable(await rowWithKey(deps, served, person, key), annotate);
  return begun(deps, served, { grantId }, annotate);
}

/**
 * Revokes every grant that an agent holds for the person, also those that have no row. An agent can store so many that a
 * person cannot disconnect each one.
 *
 * @param target.agentName name of the workload identity
 * @throws PortalRefusal
 */
export async function disconnectAgent(
  deps: BeginRevocationDependencies,
  served: ServedPortal,
  person: Person,
  { agentName, annotate }: { readonly agentName: string; readonly annotate: Annotate },
): Promise<Begun> {
  const { identity } = existing(person.agents.find((agent) => agent.identity.name === agentName));
  annotate({ workloadIdentity: identity.arn });
  if (!ownerMay(served, 'RevokeResourceGrant', { identity })) throw notAllowed();
  return begun(deps, served, { workloadId: identity.id, userHash: person.userHash }, annotate);
}

export interface DisconnectionDependencies {
  readonly revocations: Pick<RevocationStore, 'get' | 'items'>;
  readonly providers: RowDependencies['providers'];
}

/** How far a disconnection is. */
export type Disconnection = {
  /** Absent if the portal does not show the agent any more. */
  readonly agent?: Named;
  /** `SELECTING`: the agent might still have access. */
  readonly status: 'SELECTING' | 'IN_PROGRESS' | 'DONE';
} & (
  | { readonly provider: Named; readonly state: ItemState; readonly lastError?: string }
  /** Of all of the agent's accounts: the providers that did not prove that the access ended there. */
  | {
      readonly unproven: readonly Named[];
      /** Whether there are more accounts than were read for this; absent if not. */
      readonly isPartial?: true;
    }
);

/** The items of a revocation appear in the index after the revocation has counted their grants. */
function statusOf(revocation: Revocation, { items, unreadable }: ItemPage): Disconnection['status'] {
  if (!isSelectionComplete(revocation)) return 'SELECTING';
  const areIndexed = items.length > 0 || revocation.matched === 0;
  const areEnded = unreadable === undefined && items.every(({ state }) => state !== 'PENDING');
  return areIndexed && areEnded ? 'DONE' : 'IN_PROGRESS';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const noSuchDisconnection = (detail: string): PortalRefusal =>
  new PortalRefusal('no-such-connection', detail);

/** Items of a revocation that are read for a page. */
const MAX_ITEMS = 100;

/**
 * Returns the progress of a disconnection that this person requested in a portal of this owner.
 *
 * @throws PortalRefusal `no-such-connection` for every other revocation
 */
export async function disconnectionProgress(
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
  if (userHash !== person.userHash) throw noSuchDisconnection('the disconnection of another person');
  const shown = person.agents.find(({ identity }) => identity.id === workloadId);
  const agent = shown && { agent: namedOf(shown.identity) };
  annotate({ ...(shown && { workloadIdentity: shown.identity.arn }), result: revocationId });
  const page = await deps.revocations.items(revocationId, { limit: MAX_ITEMS });
  const status = statusOf(revocation, page);
  const named = async ({ name, id }: { readonly name: string; readonly id?: string | undefined }) =>
    namesOfProvider(served.portal, { name, id }, await deps.providers.get(name));
  if (!grantId) {
    const unproven = page.items.filter(({ state }) => state !== 'CONFIRMED' && state !== 'PENDING');
    const distinct = new Map(unproven.map(({ provider }) => [provider.id, provider]));
    const providers = await Promise.all([...distinct.values()].map(named));
    const isPartial = page.next !== undefined && { isPartial: true as const };
    return { disconnection: { ...agent, status, unproven: providers, ...isPartial } };
  }
  const { providerName: name } = targetParts(grantId.target);
  annotate({ provider: name });
  const [item] = page.items;
  return {
    disconnection: {
      ...agent,
      provider: await named({ name, id: item?.provider.id }),
      status,
      // A grant without tokens leaves nothing that the provider could confirm.
      state: status === 'DONE' ? (item?.state ?? 'NOT_PROVABLE') : 'PENDING',
      ...(item?.lastError !== undefined && { lastError: item.lastError }),
    },
  };
}
