/** What a signed-in person sees in a portal. */
import { namedOf, type Named } from '../display-name';
import type { Connection } from './connection';
import { holdsGrants } from './held-grants';
import { ownerMay, type Person } from './person';
import { rowsOf, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

/** An agent and its rows. */
export interface AgentView extends Named {
  readonly suspended: boolean;
  readonly connections: readonly Connection[];
  /** Where its further connections begin; absent if there are none. */
  readonly next?: string;
  /** Whether the person can disconnect all accounts together: there is more than one, and the owner is authorized. */
  readonly canDisconnectAll: boolean;
}

/** What a signed-in person sees. */
export interface PortalView {
  readonly agents: readonly AgentView[];
  /** Whether these are further connections of one agent. */
  readonly isContinued: boolean;
  /** Number of agents that the portal cannot show, and that hold grants for the person; absent if there are none. */
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
  const agents = found.agents.map((agent): AgentView => {
    const { identity, suspended } = agent;
    const next = found.after.get(identity.id);
    const connections = found.rows
      .filter((row) => row.agent.identity.id === identity.id)
      .map(({ connection }) => connection);
    const areSeveral =
      found.isContinued ||
      next !== undefined ||
      connections.filter(({ canDisconnect }) => canDisconnect).length > 1;
    return {
      ...namedOf(identity),
      suspended,
      connections,
      ...(next !== undefined && { next }),
      canDisconnectAll: areSeveral && ownerMay(served, 'RevokeResourceGrant', agent),
    };
  });
  const { isContinued } = found;
  const holders = isContinued
    ? []
    : await Promise.all(
        hiddenIds.map((workloadId) => holdsGrants(deps.grantIndex, { workloadId, userHash })),
      );
  const hiddenAgents = holders.filter(Boolean).length;
  return { agents, isContinued, ...(hiddenAgents > 0 && { hiddenAgents }) };
}
