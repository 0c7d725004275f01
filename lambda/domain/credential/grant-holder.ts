/**
 * Whose grants a request uses: those of the agent in the workload access token. A gateway uses those of the agent that calls
 * it, so no agent reaches the grants of another one through a gateway. If a user calls the gateway without an agent, it
 * uses its own.
 */
import type { AuditEntry } from '../audit';
import type { Caller } from '../principal';
import type { Workload } from '../identity/workload-identity';
import type { Delegation } from '../workload-token/claims';
import { delegationEntry } from '../workload-token/audit';

export interface GrantHolder {
  readonly workload: Workload;
  /** The agents before it. Absent if there are none. */
  readonly chain?: readonly Workload[] | undefined;
  /** The gateway that sends the request for it, if one does. */
  readonly gateway?: Workload;
  /** The IAM principal that called the gateway as the agent; undefined if the gateway accepts user tokens. */
  readonly presenter?: Caller | undefined;
}

/** @param delegation of a verified workload access token */
export function grantHolderOf({
  workload,
  chain,
  gateway,
}: Pick<Delegation, 'workload' | 'chain' | 'gateway'>): GrantHolder {
  const [agent, ...before] = chain ?? [];
  if (!gateway || !agent) return { workload, chain };
  const { presenter } = gateway;
  return { workload: agent, ...(before.length > 0 && { chain: before }), gateway: workload, presenter };
}

/** Returns the other agents whose identities and restrictions a request depends on: the gateway, and those before. */
export const linksOf = ({ gateway, chain }: GrantHolder): readonly Workload[] | undefined =>
  gateway ? [gateway, ...(chain ?? [])] : chain;

/** Returns the members of an entry that name the token, the agents, and the user. */
export const holderEntry = (
  { tokenId, user }: Delegation,
  { workload, chain, gateway }: GrantHolder,
): Partial<AuditEntry> => ({
  ...delegationEntry({ tokenId, user, workload, chain }),
  ...(gateway && { gateway: gateway.arn }),
});
