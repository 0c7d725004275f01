/**
 * The schedule of security events that are polled. As for the keys, the function's resource policy allows this one rule,
 * whose event is written here, and no other rule.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { EventPollEvent } from '../../lambda/contract/event-poll-event';

const INTERVAL = Duration.minutes(1);

const EVENT: EventPollEvent = { poll: 'security-events' };

export class PollSchedule extends Rule {
  /** @param eventPoll the function of the group `event-poll` */
  constructor(scope: Construct, id: string, { eventPoll }: { readonly eventPoll: IFunction }) {
    super(scope, id, {
      description: 'agent-identity: fetches security events of identity providers that cannot push them',
      schedule: Schedule.rate(INTERVAL),
      targets: [
        new LambdaFunction(eventPoll, {
          event: RuleTargetInput.fromObject(EVENT),
          // The next event comes before a retry would.
          retryAttempts: 0,
          maxEventAge: Duration.minutes(1),
        }),
      ],
    });
  }
}
