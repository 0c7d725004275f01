/**
 * Disconnecting in a portal: one account, or all accounts of an agent. The audit log has an entry RevokeResourceGrant with
 * the ID of the revocation (steps.ts), RevokeGrant for each grant that loses its tokens (../revocation/select.ts), and
 * RevokeAtProvider for each end at a provider (../revocation/end.ts).
 */
import type { Annotate } from '../audit';
import { derivedId } from '../digest';
import { beginRevocation, type BeginRevocationDependencies } from '../revocation/begin';
import type { RevocationFilter } from '../../model/records/revocation-outbox';
import { ownerMay, type Person } from './person';
import { PortalRefusal, requireConnection } from './refusal';
import { annotateRow, type Row } from './row';
import { rowWithKey, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

const notAllowed = (): PortalRefusal =>
  new PortalRefusal('not-allowed', 'the owner is not authorized to call RevokeResourceGrant');

/** Returns the row if the person can disconnect it. @throws PortalRefusal */
export function disconnectable(row: Row | undefined, annotate: Annotate): Row {
  const found = requireConnection(row);
  annotateRow(annotate, found);
  if (!found.grant) throw new PortalRefusal('no-such-connection', 'the account is not connected');
  if (!found.connection.canDisconnect) throw notAllowed();
  return found;
}

export type DisconnectDependencies = RowDependencies & BeginRevocationDependencies;

interface Begun {
  readonly revocationId: string;
}

async function beginDisconnection(
  deps: BeginRevocationDependencies,
  { owner }: ServedPortal,
  { annotate, ...request }: { filter: RevocationFilter; revocationId?: string; annotate: Annotate },
): Promise<Begun> {
  const requestedBy = owner.arn;
  const { revocationId } = await beginRevocation(deps, { requestedBy, cause: 'user', ...request });
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
  return beginDisconnection(deps, served, { filter: { grantId }, annotate });
}

/**
 * Revokes every grant that an agent holds for the person, also those that have no row. An agent can store so many that a
 * person cannot disconnect each one.
 *
 * @param agentName name of the workload identity
 * @param clientToken of the request: a repeated request has the same one. The ID of the revocation is derived from it
 * @throws PortalRefusal
 */
export async function disconnectAgent(
  deps: BeginRevocationDependencies,
  served: ServedPortal,
  person: Person,
  {
    agentName,
    clientToken,
    annotate,
  }: { readonly agentName: string; readonly clientToken: string; readonly annotate: Annotate },
): Promise<Begun> {
  const { identity } = requireConnection(person.agents.find((agent) => agent.identity.name === agentName));
  annotate({ workloadIdentity: identity.arn });
  if (!ownerMay(served, 'RevokeResourceGrant', { identity })) throw notAllowed();
  const { userHash } = person;
  // Derived, so that a caller cannot choose the ID of another revocation, which this one would take the place of.
  const revocationId = derivedId('portal', served.owner.arn, identity.id, userHash, clientToken);
  const filter = { workloadId: identity.id, userHash };
  return beginDisconnection(deps, served, { filter, revocationId, annotate });
}
