/** Responses of the operators' plane: times in epoch seconds, and never a token. */
import type { WorkloadIdentity } from '../model/records/workload-identity';
import type { ListedIdentity, ListedResource } from '../domain/operator/list-resources';
import type { ResumedUser } from '../domain/operator/suspend';
import type { Suspension } from '../model/records/restriction';

/** If no identity has the name now, the suspension applies to a later one. The name can also be misspelled. */
export const agentSuspended = (
  name: string,
  {
    suspension,
    identity,
  }: { readonly suspension: Suspension; readonly identity: WorkloadIdentity | undefined },
) => ({
  name,
  identityExists: identity !== undefined,
  ...(identity && { workloadIdentityArn: identity.arn, owner: identity.owner }),
  suspension,
});

/** Without a member if there was no suspension. */
export const suspensionLifted = (suspension: Suspension | undefined) =>
  suspension ? { liftedSuspension: suspension } : {};

/** A suspension by the identity provider that stays has a message that says how to lift it. */
export const userResumed = ({
  userHash,
  suspension,
  liftedIssuerSuspension,
  issuerSuspension,
}: ResumedUser) => ({
  userHash,
  ...suspensionLifted(suspension),
  ...(liftedIssuerSuspension && { liftedIssuerSuspension }),
  ...(issuerSuspension && {
    suspendedByIssuer: issuerSuspension,
    message:
      'The user stays suspended, because the identity provider reported the account as disabled or purged. It must report the account as enabled. In an emergency, repeat the request with "liftIssuerSuspension": true.',
  }),
});

const ownedListed = ({ owner, createdTime, lastUpdatedTime }: ListedResource) => ({
  owner,
  createdTime,
  lastUpdatedTime,
});

/** `suspension` is present if the agent is suspended. */
export const identityListed = ({ identity, suspension }: ListedIdentity) => ({
  name: identity.name,
  workloadIdentityArn: identity.arn,
  ...ownedListed(identity),
  suspended: suspension !== undefined,
  ...(suspension && { suspension }),
});

/** With the vendor of an OAuth 2.0 provider. */
export const providerListed = (provider: ListedResource) => ({
  name: provider.name,
  credentialProviderArn: provider.arn,
  ...(provider.vendor !== undefined && { credentialProviderVendor: provider.vendor }),
  ...ownedListed(provider),
});
