/** Who acts for whom by a workload access token, in audit entries. */
import type { AuditEntry } from '../audit';
import { userHashOf } from '../../model/user';
import type { Workload } from '../identity/workload-identity';
import type { Delegation } from './claims';

/** What an entry names of a token. */
type Named = Pick<Delegation, 'tokenId' | 'workload' | 'user'> & {
  readonly chain?: readonly Workload[] | undefined;
};

/** Returns the member of an entry that names the agents before an agent, if there are any. */
export const chainEntry = (chain: readonly Workload[] = []): Pick<AuditEntry, 'chain'> =>
  chain.length > 0 ? { chain: chain.map(({ arn }) => arn) } : {};

/** Returns the members of an entry that name the token, its agents, and its user. */
export const delegationEntry = ({ tokenId, workload, chain, user }: Named): Partial<AuditEntry> => ({
  jti: tokenId,
  workloadIdentity: workload.arn,
  ...chainEntry(chain),
  user: userHashOf(user),
});
