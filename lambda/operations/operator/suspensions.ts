/** Suspended agents and users. */
import * as v from 'valibot';
import { AgentInputSchema, ResumeUserInputSchema, UserInputSchema } from '../../model/operator-request';
import {
  IssuerSuspensionSchema,
  ListedSuspensionSchema,
  nextToken,
  SuspensionSchema,
} from '../../model/responses';
import { operations, returns } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

const suspendedAgent = () =>
  v.object({
    name: v.string(),
    identityExists: v.boolean(),
    suspension: SuspensionSchema,
    workloadIdentityArn: v.exactOptional(v.string()),
    owner: v.exactOptional(v.string()),
  });
const resumedAgent = () =>
  v.object({ name: v.string(), liftedSuspension: v.exactOptional(SuspensionSchema) });
const suspendedUser = () => v.object({ userHash: v.string(), suspension: SuspensionSchema });
const resumedUser = () =>
  v.object({
    userHash: v.string(),
    liftedSuspension: v.exactOptional(SuspensionSchema),
    liftedIssuerSuspension: v.exactOptional(IssuerSuspensionSchema),
    suspendedByIssuer: v.exactOptional(IssuerSuspensionSchema),
    message: v.exactOptional(v.string()),
  });
const page = () => v.object({ suspensions: v.array(ListedSuspensionSchema), nextToken });

export const suspensions = operations('operator', '/operator', {
  SuspendWorkloadIdentity: { output: returns<typeof suspendedAgent>(), input: AgentInputSchema },
  ResumeWorkloadIdentity: { output: returns<typeof resumedAgent>(), input: AgentInputSchema },
  SuspendUser: { output: returns<typeof suspendedUser>(), input: UserInputSchema },
  ResumeUser: { output: returns<typeof resumedUser>(), input: ResumeUserInputSchema },
  ListSuspensions: { output: returns<typeof page>(), input: listing(100) },
});

export const reference: ReferenceOf<typeof suspensions> = {
  SuspendWorkloadIdentity: {
    output: suspendedAgent,
    does: 'Suspends every workload identity of this name, now and later, for all owners: the next call that acts as the agent gets an AccessDeniedException. Grants stay. The response has `suspension` (`since`, `by`, `reason`), and `identityExists`: true with the `workloadIdentityArn` and `owner` of the identity that has the name now; false if there is none, as for a misspelled name. A repeated call replaces the reason. Do not write secrets into `reason`: it is in the audit log. Agents and users do not see it.',
  },
  ResumeWorkloadIdentity: {
    output: resumedAgent,
    does: 'Lifts the suspension. The response has it as `liftedSuspension`; without this member, the name was not suspended.',
  },
  SuspendUser: {
    output: suspendedUser,
    does: 'Suspends a user for every agent: no agent gets a workload access token or a credential for this user. Grants stay. `issuer` and `subject` are the `iss` and `sub` of the user token, exactly as in the token (with a trailing slash, if there is one). `userHash` is the `user` of an audit entry. The response has `userHash` and `suspension` (`since`, `by`, `reason`). Compare `userHash` with the audit log: any user can be suspended, whether or not the service knows the user.',
  },
  ResumeUser: {
    output: resumedUser,
    does: 'Lifts the suspension by an operator. The response has `userHash`, and the suspension as `liftedSuspension`; without this member, no operator had suspended the user. It does not lift a suspension that the identity provider reported ([security events](identity-provider.md#receive-security-events)): then, the response has it as `suspendedByIssuer`, with a `message`. In an emergency, `liftIssuerSuspension: true` lifts it too, until the identity provider reports a later event; the response has `liftedIssuerSuspension`, and the `result` in the audit log is `issuer-suspension-lifted`.',
  },
  ListSuspensions: {
    output: page,
    does: 'Lists suspended agents and users, in no particular order, with the pages of ListAllWorkloadIdentities. Each entry of `suspensions` has `workloadName` or `userHash`, and `suspendedByOperator` (`since`, `by`, `reason`), `suspendedByIssuer` (`state`: `DISABLED` or `PURGED`; `since`; `trustedIssuer`: the `id` in its `securityEvents`), or both. A user whom a report names by an email address that no user token has contained yet has the hash of the address as `userHash`.',
  },
};
