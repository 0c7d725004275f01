/** What a signed-in person sees in a portal. */
import { namedOf, type Named } from '../display-name';
import type { Connection } from './connection';
import { targetsOf } from '../grant/grant';
import { holdsAccess } from './held-grants';
import { ownerMay, type Person } from './person';
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
  /** Number of agents that the portal cannot show, and that hold tokens for the person; absent if there are none. */
  readonly hiddenAgents?: number;
}

/**
 * Returns the agents of the person with their rows.
 *
 * @param after `next` of an agent: only its rows from there on are returned
 */
export async function viewOf(
  deps: RowDependencies,
  served: ServedPortal,
  person: Person,
  after: string | undefined,
): Promise<PortalView> {
  const { userHash, hiddenIds } = person;
  const found = await rowsOf(deps, served, person, { after });
  const holds = (workloadId: string, targets?: string) =>
    holdsAccess(deps.grantIndex, { workloadId, userHash, targets });
  const viewed = found.agents.map(async (agent): Promise<AgentView> => {
    const { identity, suspended } = agent;
    const next = found.after.get(identity.id);
    const connections = found.rows
      .filter((row) => row.agent.identity.id === identity.id)
      .map(({ connection }) => connection);
    const isMoreThanOneRow =
      found.isContinued ||
      next !== undefined ||
      connections.filter(({ canDisconnect }) => canDisconnect).length > 1 ||
      (await holds(identity.id, targetsOf('ON_BEHALF_OF_TOKEN_EXCHANGE')));
    return {
      ...namedOf(identity),
      suspended,
      connections,
      ...(next !== undefined && { next }),
      canDisconnectAll: isMoreThanOneRow && ownerMay(served, 'RevokeResourceGrant', agent),
    };
  });
  const { isContinued } = found;
  const holders = isContinued ? [] : await Promise.all(hiddenIds.map((workloadId) => holds(workloadId)));
  const hiddenAgents = holders.filter(Boolean).length;
  const agents = await Promise.all(viewed);
  return { agents, isContinued, ...(hiddenAgents > 0 && { hiddenAgents }) };
}
