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
import { isSelectionComplete, type ItemState, type RevocationStore } from '../revocation/revocation';
import { annotateRow, rowWithKey, type AgentAtProvider } from './connect';
import { namesOfProvider } from './configured-resources';
import type { Person } from './person';
import { PortalRefusal } from './refusal';
import type { Row, RowDependencies } from './rows';
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

/** Returns the row if the person can disconnect it. @throws PortalRefusal */
async function rowToDisconnect(
  deps: RowDependencies,
  served: ServedPortal,
  person: Person,
  { key, annotate }: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly row: Row; readonly rows: readonly Row[] }> {
  const found = await rowWithKey(deps, served, person, key);
  annotateRow(annotate, found.row);
  if (!found.row.grant) throw new PortalRefusal('no-such-connection', 'the account is not connected');
  if (!found.row.connection.canDisconnect) {
    throw new PortalRefusal('not-allowed', 'the owner is not authorized to call RevokeResourceGrant');
  }
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
  target: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly reach: DisconnectionReach }> {
  const { row, rows } = await rowToDisconnect(deps, served, person, target);
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

/**
 * Revokes the row's grant. When it returns, no read returns the grant's tokens any more.
 *
 * @throws PortalRefusal
 */
export async function disconnect(
  deps: DisconnectDependencies,
  served: ServedPortal,
  person: Person,
  target: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly revocationId: string }> {
  const { row } = await rowToDisconnect(deps, served, person, target);
  const { revocationId } = await beginRevocation(deps, {
    requestedBy: served.owner.arn,
    cause: 'user',
    filter: { grantId: row.grantId },
  });
  target.annotate({ result: revocationId });
  return { revocationId };
}

export interface DisconnectionDependencies {
  readonly revocations: Pick<RevocationStore, 'get' | 'items'>;
  readonly providers: RowDependencies['providers'];
}

/** How far a disconnection is. */
export interface Disconnection {
  /** Absent if the portal does not show the agent any more. */
  readonly agent?: Named;
  readonly provider: Named;
  readonly status: 'IN_PROGRESS' | 'DONE';
  readonly state: ItemState;
  readonly lastError?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const noSuchDisconnection = (detail: string): PortalRefusal =>
  new PortalRefusal('no-such-connection', detail);

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
  const grantId = revocation?.filter.grantId;
  if (!revocation || !grantId) throw noSuchDisconnection('no such disconnection');
  if (revocation.cause !== 'user' || revocation.requestedBy !== served.owner.arn) {
    throw noSuchDisconnection('not a disconnection in a portal of this owner');
  }
  if (grantId.userHash !== person.userHash) throw noSuchDisconnection('the disconnection of another person');
  const agent = person.agents.find(({ identity }) => identity.id === grantId.workloadId);
  const name = targetParts(grantId.target).providerName;
  annotate({ ...(agent && { workloadIdentity: agent.identity.arn }), provider: name, result: revocationId });
  const provider = await deps.providers.get(name);
  const { items, unreadable } = await deps.revocations.items(revocationId, { limit: 10 });
  const [item] = items;
  const selected = isSelectionComplete(revocation);
  const pending =
    !selected || unreadable !== undefined || (item ? item.state === 'PENDING' : revocation.matched > 0);
  return {
    disconnection: {
      ...(agent && { agent: namedOf(agent.identity) }),
      provider: namesOfProvider(served.portal, { name, id: item?.provider.id }, provider),
      status: pending ? 'IN_PROGRESS' : 'DONE',
      // A grant without tokens leaves nothing that the provider could confirm.
      state: pending ? 'PENDING' : (item?.state ?? 'NOT_PROVABLE'),
      ...(item?.lastError !== undefined && { lastError: item.lastError }),
    },
  };
}
