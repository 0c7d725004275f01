/** Who is suspended, and by whom: agents and users by operators, and users by their identity provider. */
import type { IssuerSuspension, ListedSuspension } from '../../model/responses';
import { audited, type AuditTrail } from '../audit';
import { openPage, type Listed, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import type { Caller } from '../principal';
import type { AgentRestriction, UserRestriction } from '../../model/records/restriction';

export interface SuspensionScan {
  /**
   * Returns restrictions that suspend, in the order of the directory. A page can have fewer than the limit, or none,
   * although more follow.
   */
  page(request: { readonly limit: number; readonly after?: string | undefined }): Promise<{
    readonly agents: readonly AgentRestriction[];
    readonly users: readonly UserRestriction[];
    readonly last?: string;
  }>;
}

export interface ListSuspensionsDependencies {
  readonly suspensionScan: SuspensionScan;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
}

/** Entries of a page if the caller does not set `maxResults`. */
const PAGE = 50;

/** Returns the suspension by the identity provider, if there is one. */
export function issuerSuspension({
  accountAtIssuer,
}: Pick<UserRestriction, 'accountAtIssuer'>): IssuerSuspension | undefined {
  if (!accountAtIssuer || accountAtIssuer.state === 'ENABLED') return undefined;
  const { state, since, trustedIssuer } = accountAtIssuer;
  return { state, since, ...(trustedIssuer !== undefined && { trustedIssuer }) };
}

const byOperator = ({ suspendedByOperator }: AgentRestriction | UserRestriction) =>
  suspendedByOperator && { suspendedByOperator };

function listedUser(user: UserRestriction): ListedSuspension {
  const suspendedByIssuer = issuerSuspension(user);
  return { userHash: user.userHash, ...byOperator(user), ...(suspendedByIssuer && { suspendedByIssuer }) };
}

/** Lists suspended agents and users. @throws ValidationException for a token of another listing */
export function listSuspensions(
  deps: ListSuspensionsDependencies,
  principal: Caller,
  { maxResults = PAGE, nextToken }: ListInput,
): Promise<Listed<ListedSuspension>> {
  return audited(deps.audit, { operation: 'ListSuspensions', principal }, async (_, call) => {
    const { after, seal } = await openPage(deps.pageTokens, call, nextToken);
    const { agents, users, last } = await deps.suspensionScan.page({ limit: maxResults, after });
    return {
      resources: [
        ...agents.map((agent) => ({ workloadName: agent.name, ...byOperator(agent) })),
        ...users.map(listedUser),
      ],
      ...(last !== undefined && { nextToken: await seal(last) }),
    };
  });
}
