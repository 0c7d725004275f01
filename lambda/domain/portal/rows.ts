/**
 * The rows of a portal. All steps find a row by its key among the rows of the person's agents, so a key can name nothing
 * else.
 *
 * An agent decides how many grants it holds, and its providers how many scopes each has, also without the person. So the
 * rows of each agent are limited: one agent must not take the page, and with it the end of every access, from the person.
 */
import { targetParts } from '../grant/grant';
import { decodeGrantId, encodeGrantId, type GrantId } from '../../model/grant-id';
import type { GrantIndex } from '../grant/selection';
import { recordUnreadable, type UnreadableDependencies } from '../grant/unreadable';
import type { Oauth2ProviderStore } from '../provider/oauth2-provider';
import { epochSeconds, type System } from '../system';
import type { PortalConnection } from '../../model/records/consent-portal';
import { FurtherReads, grantsOfTargets, heldGrants, type HeldGrants } from './held-grants';
import type { Person, PortalAgent } from './person';
import {
  providerNameOf,
  rowsOfAgent,
  offeredTarget,
  union,
  type Providers,
  type Row,
  type AgentRecords,
} from './row';
import { ScopeBudget } from './scope-budget';
import type { ServedPortal } from './served-portal';

export interface RowDependencies extends UnreadableDependencies {
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  readonly system: System;
}

export async function providersOf(
  { providers }: Pick<RowDependencies, 'providers'>,
  names: readonly string[],
): Promise<Providers> {
  const distinct = [...new Set(names)];
  return new Map(await Promise.all(distinct.map(async (name) => [name, await providers.get(name)] as const)));
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Whether they follow those of an earlier page. */
  readonly isContinued: boolean;
  /** The agents whose rows they are. */
  readonly agents: readonly PortalAgent[];
  /** By the ID of the agent, the position after which it holds further grants for the person. */
  readonly after: ReadonlyMap<string, string>;
}

/** Which rows are returned. Both are keys of rows as the browser sent them. */
export interface RowSelection {
  /** A row that must be among them, if it is one of a grant that an agent holds for the person. */
  readonly key?: string | undefined;
  /** The position after which the grants of one agent are listed, without what its portal offers. */
  readonly after?: string | undefined;
}

/** Returns the grant that a key names, if it is one of the person that a row can have. */
function namedGrant(key: string | undefined, userHash: string): GrantId | undefined {
  const named = key === undefined ? undefined : decodeGrantId(key);
  return named?.userHash === userHash && targetParts(named.target).flow === 'USER_FEDERATION'
    ? named
    : undefined;
}

/** Returns the target of the grant, if the agent holds it. */
const targetAt = ({ identity }: PortalAgent, named: GrantId | undefined): readonly string[] =>
  named?.workloadId === identity.id ? [named.target] : [];

const offersTo = ({ portal }: ServedPortal, { identity }: PortalAgent): readonly PortalConnection[] =>
  portal.connections.filter(({ workloadName }) => workloadName === identity.name);

/** Returns the rows of what was read, in the same order. */
async function rowsOfAgents(
  deps: RowDependencies,
  served: ServedPortal,
  userHash: string,
  read: readonly AgentRecords[],
): Promise<readonly Row[]> {
  recordUnreadable(
    deps,
    read.flatMap(({ grants }) => grants),
  );
  const names = read.flatMap(({ grants, offers }) => [
    ...grants.map(providerNameOf),
    ...offers.map(({ credentialProviderName }) => credentialProviderName),
  ]);
  const providers = await providersOf(deps, names);
  const now = epochSeconds(deps.system);
  return read.flatMap((records) =>
    rowsOfAgent(served, records, { providers, userHash, now, budget: new ScopeBudget(read.length) }),
  );
}

/** Returns the rows of the person's agents, as they are now: of each agent as many as a page shows. */
export async function rowsOf(
  deps: RowDependencies,
  served: ServedPortal,
  { agents, userHash }: Pick<Person, 'agents' | 'userHash'>,
  { key, after }: RowSelection = {},
): Promise<Rows> {
  const [named, position] = [namedGrant(key, userHash), namedGrant(after, userHash)];
  const continued = agents.filter(({ identity }) => identity.id === position?.workloadId);
  const isContinued = continued.length > 0;
  const selected = isContinued ? continued : agents;
  const furtherReads = new FurtherReads();
  const read = await Promise.all(
    selected.map(async (agent): Promise<AgentRecords & HeldGrants> => {
      const offered = offersTo(served, agent);
      const [offers, except] = isContinued ? [[], offered.map(offeredTarget)] : [offered, []];
      const selection = {
        holder: { workloadId: agent.identity.id, userHash },
        wanted: union(targetAt(agent, named), offers.map(offeredTarget)),
        except,
        afterTarget: isContinued ? position?.target : undefined,
      };
      return { agent, offers, ...(await heldGrants(deps.grantIndex, selection, furtherReads)) };
    }),
  );
  return {
    isContinued,
    agents: selected,
    rows: await rowsOfAgents(deps, served, userHash, read),
    after: new Map(
      read.flatMap(({ agent: { identity }, lastTarget: target }): [string, string][] =>
        target === undefined
          ? []
          : [[identity.id, encodeGrantId({ workloadId: identity.id, userHash, target })]],
      ),
    ),
  };
}

/**
 * Returns the person's row with this key, as it is now; undefined if there is none. It reads only what the key can name: one
 * grant, or the offered connections.
 */
export async function rowWithKey(
  deps: RowDependencies,
  served: ServedPortal,
  { agents, userHash }: Pick<Person, 'agents' | 'userHash'>,
  key: string,
): Promise<Row | undefined> {
  const named = namedGrant(key, userHash);
  const holders = agents.filter(({ identity }) => identity.id === named?.workloadId);
  const read = await Promise.all(
    (holders.length > 0 ? holders : agents).map(async (agent): Promise<AgentRecords> => {
      const [target] = targetAt(agent, named);
      const offers = offersTo(served, agent).filter(
        (offer) => target === undefined || offeredTarget(offer) === target,
      );
      const holder = { workloadId: agent.identity.id, userHash };
      const wanted = target === undefined ? union(offers.map(offeredTarget)) : [target];
      return { agent, offers, ...(await grantsOfTargets(deps.grantIndex, { holder, wanted })) };
    }),
  );
  const rows = await rowsOfAgents(deps, served, userHash, read);
  return rows.find((row) => row.key === key);
}
