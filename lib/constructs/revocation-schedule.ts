/**
 * The schedule of the revocation outbox. It invokes the function `revocation`, which continues everything that is due:
 * providers that could not be reached, and work that a crash interrupted. As for the keys, the function's resource policy
 * allows this one rule, whose event is written here, and no other rule.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { RevocationEvent } from '../../lambda/contract/revocation-event';

const INTERVAL = Duration.minutes(1);

const EVENT: RevocationEvent = { sweep: true };

export class RevocationSchedule extends Rule {
  /** @param revocation the function of the group `revocation` */
  constructor(scope: Construct, id: string, { revocation }: { readonly revocation: IFunction }) {
    super(scope, id, {
      description: 'agent-identity: tells providers about revoked grants',
      schedule: Schedule.rate(INTERVAL),
      targets: [
        new LambdaFunction(revocation, {
          event: RuleTargetInput.fromObject(EVENT),
          // The next event comes before a retry would.
          retryAttempts: 0,
          maxEventAge: Duration.minutes(1),
        }),
      ],
    });
  }
}
