/** The requests of operators. */
import * as v from 'valibot';
import { providerName, workloadName } from './names';
import type { Of } from './of';
import { grantId, listing, ownedResourceArn, principalArn, reason, userSelector } from './request-values';

/** Names, and a user. Present filters must all match. */
export const grantFilters = {
  workloadName: v.exactOptional(workloadName),
  providerName: v.exactOptional(providerName),
  user: v.exactOptional(userSelector),
};
export interface GrantFilters extends Of<v.StrictObjectSchema<typeof grantFilters, undefined>> {}

export const revokedGrants = v.strictObject({ grantId: v.exactOptional(grantId), ...grantFilters, reason });
export interface RevokeGrantsInput extends Of<typeof revokedGrants> {}

export const resourcesOfOwner = v.strictObject({
  ...listing(100).entries,
  owner: v.exactOptional(principalArn),
});
export interface OperatorListInput extends Of<typeof resourcesOfOwner> {}

export const transfer = v.strictObject({ resourceArn: ownedResourceArn, newOwner: principalArn });
export interface TransferInput extends Of<typeof transfer> {}

/** The name of an agent, and a reason for operators and the audit log. */
export const agent = v.strictObject({ name: workloadName, reason });
export interface AgentInput extends Of<typeof agent> {}

/** A user, and a reason for operators and the audit log. */
export const user = v.strictObject({ user: userSelector, reason });
export interface UserInput extends Of<typeof user> {}

export const resumedUser = v.strictObject({
  ...user.entries,
  /** Whether to lift the suspension by the identity provider too: an emergency. */
  liftIssuerSuspension: v.exactOptional(v.boolean()),
});
export interface ResumeUserInput extends Of<typeof resumedUser> {}
