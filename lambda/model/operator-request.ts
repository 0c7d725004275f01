/** The requests of operators. */
import * as v from 'valibot';
import { matching } from './constraints';
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

export const RevokeGrantsInputSchema = v.strictObject({
  grantId: v.exactOptional(grantId),
  ...grantFilters,
  reason,
});
export interface RevokeGrantsInput extends Of<typeof RevokeGrantsInputSchema> {}

export const OperatorListInputSchema = v.strictObject({
  ...listing(100).entries,
  owner: v.exactOptional(principalArn),
});
export interface OperatorListInput extends Of<typeof OperatorListInputSchema> {}

export const TransferInputSchema = v.strictObject({ resourceArn: ownedResourceArn, newOwner: principalArn });
export interface TransferInput extends Of<typeof TransferInputSchema> {}

/** The name of an agent, and a reason for operators and the audit log. */
export const AgentInputSchema = v.strictObject({ name: workloadName, reason });
export interface AgentInput extends Of<typeof AgentInputSchema> {}

/** A user, and a reason for operators and the audit log. */
export const UserInputSchema = v.strictObject({ user: userSelector, reason });
export interface UserInput extends Of<typeof UserInputSchema> {}

export const ResumeUserInputSchema = v.strictObject({
  ...UserInputSchema.entries,
  /** Whether to lift the suspension by the identity provider too: an emergency. */
  liftIssuerSuspension: v.exactOptional(v.boolean()),
});
export interface ResumeUserInput extends Of<typeof ResumeUserInputSchema> {}

export const revocationId = matching(
  36,
  36,
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'must be the revocationId of a response',
);
