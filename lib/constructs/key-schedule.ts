/**
 * The schedule of the keys. It invokes the function `key-rotation`, which creates the signing keys that are due. So the
 * next key is published a day before its first use, even without requests. EventBridge needs no role for it: the
 * function's resource policy allows this one rule, whose event is written here, and no other rule.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { KeyRotation } from '../../lambda/contract/key-rotation-event';

/** Four times in the day before a key's first use, so that single invocations can fail. */
const INTERVAL = Duration.hours(6);

const EVENT: KeyRotation = { prepare: 'signing-keys' };

export class KeySchedule extends Rule {
  /** @param keyRotation the function of the group `key-rotation` */
  constructor(scope: Construct, id: string, { keyRotation }: { readonly keyRotation: IFunction }) {
    super(scope, id, {
      description: 'agent-identity: creates and publishes signing keys ahead of their use',
      schedule: Schedule.rate(INTERVAL),
      targets: [
        new LambdaFunction(keyRotation, {
          event: RuleTargetInput.fromObject(EVENT),
          retryAttempts: 2,
          maxEventAge: Duration.hours(1),
        }),
      ],
    });
  }
}
