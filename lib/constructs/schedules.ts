/**
 * The schedules of internal functions. EventBridge needs no role for them: the resource policy of each function allows one
 * rule, whose event is written here, and no other rule.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, type LambdaFunctionProps } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { AuditDigestEvent } from '../../lambda/model/events/audit-digest';
import type { EventPollEvent } from '../../lambda/model/events/event-poll';
import type { KeyRotation } from '../../lambda/model/events/key-rotation';
import type { RevocationEvent } from '../../lambda/model/events/revocation';

/** Four times in the day before a key's first use, so that single invocations can fail. */
const KEY_INTERVAL = Duration.hours(6);

const EVERY_MINUTE = Duration.minutes(1);

/** As often as Firehose delivers a file of one log group. */
const LOCK_INTERVAL = Duration.minutes(5);

/** Ten minutes after each hour, when Firehose has delivered almost all of its entries. */
const DIGEST_SCHEDULE = Schedule.cron({ minute: '10' });

/** With a schedule of every minute, the next event comes before a retry would. */
const NO_RETRY: Pick<LambdaFunctionProps, 'retryAttempts' | 'maxEventAge'> = {
  retryAttempts: 0,
  maxEventAge: EVERY_MINUTE,
};

interface FunctionScheduleProps extends Pick<LambdaFunctionProps, 'retryAttempts' | 'maxEventAge'> {
  readonly description: string;
  readonly schedule: Schedule;
  readonly invoked: IFunction;
  readonly event: object;
}

function addSchedule(
  scope: Construct,
  id: string,
  { description, schedule, invoked, event, ...delivery }: FunctionScheduleProps,
): void {
  const target = new LambdaFunction(invoked, { event: RuleTargetInput.fromObject(event), ...delivery });
  new Rule(scope, id, {
    description: `agent-identity: ${description}`,
    schedule,
    targets: [target],
  });
}

/** The functions that schedules invoke. */
export interface ScheduledFunctions {
  readonly keyRotation: IFunction;
  readonly revocation: IFunction;
  /** Undefined if no identity provider is polled. */
  readonly eventPoll: IFunction | undefined;
  /** Undefined if there is no audit trail in Amazon S3. */
  readonly auditDigest: IFunction | undefined;
}

/**
 * - The keys: creates the signing keys that are due. So the next key is published a day before its first use, even without
 *   requests.
 * - The revocation outbox: continues everything that is due, which is providers that could not be reached, and work that a
 *   crash interrupted.
 * - Security events that are polled.
 * - The audit trail: locks its files, and writes its digests.
 *
 * @param scope gets the children `KeySchedule` and `RevocationSchedule`, and `PollSchedule` if events are polled, and
 *   `LockSchedule` and `DigestSchedule` if there is an audit trail
 */
export function addSchedules(
  scope: Construct,
  { keyRotation, revocation, eventPoll, auditDigest }: ScheduledFunctions,
): void {
  const prepare: KeyRotation = { prepare: 'signing-keys' };
  addSchedule(scope, 'KeySchedule', {
    description: 'creates and publishes signing keys ahead of their use',
    schedule: Schedule.rate(KEY_INTERVAL),
    invoked: keyRotation,
    event: prepare,
    retryAttempts: 2,
    maxEventAge: Duration.hours(1),
  });
  const sweep: RevocationEvent = { sweep: true };
  addSchedule(scope, 'RevocationSchedule', {
    description: 'tells providers about revoked grants',
    schedule: Schedule.rate(EVERY_MINUTE),
    invoked: revocation,
    event: sweep,
    ...NO_RETRY,
  });
  if (auditDigest) {
    const lock: AuditDigestEvent = { lock: 'log-files' };
    addSchedule(scope, 'LockSchedule', {
      description: 'locks the log files of the audit trail',
      schedule: Schedule.rate(LOCK_INTERVAL),
      invoked: auditDigest,
      event: lock,
      retryAttempts: 0,
      maxEventAge: LOCK_INTERVAL,
    });
    const digest: AuditDigestEvent = { digest: 'audit-trail' };
    addSchedule(scope, 'DigestSchedule', {
      description: 'writes the digest of the audit trail',
      schedule: DIGEST_SCHEDULE,
      invoked: auditDigest,
      event: digest,
      retryAttempts: 2,
      maxEventAge: Duration.hours(1),
    });
  }
  if (!eventPoll) return;
  const poll: EventPollEvent = { poll: 'security-events' };
  addSchedule(scope, 'PollSchedule', {
    description: 'fetches security events of identity providers that cannot push them',
    schedule: Schedule.rate(EVERY_MINUTE),
    invoked: eventPoll,
    event: poll,
    ...NO_RETRY,
  });
}
