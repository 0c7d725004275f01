/**
 * Restrictions. The schemas are strict, because parsing must not drop a restriction that a later release wrote: a record
 * with a member that this code does not know cannot be read, and the requests that need it fail.
 */
import * as v from 'valibot';
import type { Of } from '../of';

const SuspensionSchema = v.strictObject({
  /** Epoch seconds. */
  since: v.number(),
  /** ARN of the operator. */
  by: v.string(),
  /** The reason that the operator stated. Only operators see it. */
  reason: v.exactOptional(v.string()),
});

/** An operator's decision to suspend. */
export interface Suspension extends Of<typeof SuspensionSchema> {}

const RESTRICTION_MEMBERS = {
  suspendedByOperator: v.exactOptional(SuspensionSchema),
  /** Number of writes. Each write is conditional on the previous one. */
  revision: v.number(),
};

/** The common members of a restriction. */
export interface Restriction {
  readonly suspendedByOperator?: Suspension | undefined;
  readonly revision: number;
}

export const AgentRestrictionSchema = v.strictObject({
  /** Name of the workload identity, which might not exist. */
  name: v.string(),
  ...RESTRICTION_MEMBERS,
});

export interface AgentRestriction extends Of<typeof AgentRestrictionSchema> {}

const AccountAtIssuerSchema = v.strictObject({
  state: v.picklist(['ENABLED', 'DISABLED', 'PURGED']),
  /** When it happened: epoch seconds by the issuer's clock, which can be a fraction. Older reports have no effect. */
  eventTime: v.number(),
  /** Epoch seconds at which this service learned of it. */
  since: v.number(),
  /** `securityEvents.id` of the trusted issuer that reported it. */
  trustedIssuer: v.exactOptional(v.string()),
  /** The address that the report named, as `emailHash` returns it; absent for a report about the user itself. */
  emailHash: v.exactOptional(v.string()),
});

/** What the identity provider reported last about the user's account. */
export interface AccountAtIssuer extends Of<typeof AccountAtIssuerSchema> {}

export const UserRestrictionSchema = v.strictObject({
  /** The user, as `userHashOf` returns it. */
  userHash: v.string(),
  accountAtIssuer: v.exactOptional(AccountAtIssuerSchema),
  /** User tokens that were issued until then are not valid: epoch seconds by the issuer's clock. */
  endedBefore: v.exactOptional(v.number()),
  /** The same for the user tokens of one session, by the hash of its ID. */
  endedSessions: v.exactOptional(v.record(v.string(), v.number())),
  ...RESTRICTION_MEMBERS,
});

export interface UserRestriction extends Of<typeof UserRestrictionSchema> {}

/** What waits for one user, whose restriction cannot be changed yet. */
const UnappliedReportSchema = v.strictObject({
  /** The restriction that the reports amount to. Its revision is that of the record with which it was written. */
  restriction: UserRestrictionSchema,
  /** A state of the account that can end its grants, and that a later report overrides. It is applied first. */
  overridden: v.exactOptional(AccountAtIssuerSchema),
  /** Whether the user is named by an email address, and `userHash` is the hash of it. */
  isAddress: v.boolean(),
});

export interface UnappliedReport extends Of<typeof UnappliedReportSchema> {}

/** What waits of one issuer. */
export const UnappliedReportsSchema = v.object({
  users: v.record(v.string(), UnappliedReportSchema),
  /** Number of writes. Each write is conditional on the previous one. */
  revision: v.number(),
});

export interface UnappliedReports extends Of<typeof UnappliedReportsSchema> {}
