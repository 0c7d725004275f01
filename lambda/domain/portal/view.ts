/** What a signed-in person sees in a portal. */
import { namedOf, type Named } from '../display-name';
import type { Connection } from './connection';
import { canHaveAccess } from './held-grants';
import { ownerMay, type Person, type PortalAgent } from './person';
import { rowsOf, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

/** An agent and its rows. */
export interface AgentView extends Named {
  readonly suspended: boolean;
  readonly connections: readonly Connection[];
  /** Where its further connections begin; absent if there are none. */
  readonly next?: string;
  /**
   * Whether the person can disconnect all accounts together: there is more than one, or access that has no row, and the
   * owner is authorized.
   */
  readonly canDisconnectAll: boolean;
}

/** What a signed-in person sees. */
export interface PortalView {
  readonly agents: readonly AgentView[];
  /** Whether these are further connections of one agent. */
  readonly isContinued: boolean;
  /** Number of agents that the portal cannot show, and that can have access for the person; absent if there are none. */
  readonly hiddenAgents?: number;
}

/**
 * Returns the agents of the person with their rows.
 *
 * @param after `next` of an agent: only its rows from there on are returned
 */
export async function view(
  deps: RowDependencies,
  served: ServedPortal,
  person: Person,
  after: string | undefined,
): Promise<PortalView> {
  const { userHash, hiddenIds } = person;
  const found = await rowsOf(deps, served, person, { after });
  const viewOfAgent = async (agent: PortalAgent): Promise<AgentView> => {
    const { identity, suspended } = agent;
    const next = found.after.get(identity.id);
    const rows = found.rows.filter((row) => row.agent.identity.id === identity.id);
    const [only, ...others] = rows.filter(({ connection }) => connection.canDisconnect);
    const holder = { workloadId: identity.id, userHash };
    const hasMoreThanOne =
      found.isContinued ||
      next !== undefined ||
      others.length > 0 ||
      (await canHaveAccess(deps, holder, only?.grantId.target));
    return {
      ...namedOf(identity),
      suspended,
      connections: rows.map(({ connection }) => connection),
      ...(next !== undefined && { next }),
      canDisconnectAll: hasMoreThanOne && ownerMay(served, 'RevokeResourceGrant', agent),
    };
  };
  const { isContinued } = found;
  const [agents, holders] = await Promise.all([
    Promise.all(found.agents.map(viewOfAgent)),
    Promise.all(
      isContinued ? [] : hiddenIds.map((workloadId) => canHaveAccess(deps, { workloadId, userHash })),
    ),
  ]);
  const hiddenAgents = holders.filter(Boolean).length;
  return { agents, isContinued, ...(hiddenAgents > 0 && { hiddenAgents }) };
}
