/** Responses of the operators' plane: times in epoch seconds, and never a token. */
import type { WorkloadIdentity } from '../domain/identity/workload-identity';
import type { Suspension } from '../domain/restriction/restriction';

/** Without the members of an identity if no identity has the name now. The suspension applies to a later one. */
export const agentSuspended = (
  name: string,
  {
    suspension,
    identity,
  }: { readonly suspension: Suspension; readonly identity: WorkloadIdentity | undefined },
) => ({
  name,
  ...(identity && { workloadIdentityArn: identity.arn, owner: identity.owner }),
  suspension,
});

/** Without a member if there was no suspension. */
export const suspensionLifted = (suspension: Suspension | undefined) =>
  suspension ? { liftedSuspension: suspension } : {};
