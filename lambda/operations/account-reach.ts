/**
 * What principals of other accounts can call, if the deployment accepts their account at all. The API's resource policy
 * and the local gateway both follow it.
 *
 * An agent only needs the operations of agents. The operations of the control plane create resources of their caller and
 * read secrets, so they need a second decision. The operators' plane and the key of the token vault belong to the
 * deployment: IAM alone authorizes them, and no setting opens them to another account.
 */
import type { RoutedGroup } from './groups';
import type { Route } from './operation';

const AGENT_GROUPS: ReadonlySet<RoutedGroup> = new Set(['token-exchange', 'credential-retrieval', 'grants']);

/** What another account can call: what agents call, or also what manages resources. */
export type AccountReach = 'agents' | 'agents-and-resources';

/** Returns whether a route that requires a signature is open to an account with this reach. */
export const isWithinReach = ({ group }: Pick<Route, 'group'>, reach: AccountReach): boolean =>
  AGENT_GROUPS.has(group) || (reach === 'agents-and-resources' && group === 'control-plane');
