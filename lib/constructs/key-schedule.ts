/**
 * The clock of the keys: has the function `key-rotation` make the signing keys that are due, so that the next one is
 * published a day before its first token although nobody asks for tokens. EventBridge has no role for it: the
 * function's own policy lets in this one rule, whose event is written here, and nothing else of EventBridge.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { KeyRotation } from '../../lambda/contract/key-rotation-event';

/** Four times in the day that a key is published ahead: a run or two may fail. */
const INTERVAL = Duration.hours(6);

const EVENT: KeyRotation = { prepare: 'signing-keys' };

export class KeySchedule extends Rule {
  /** @param keyRotation the function of the group `key-rotation` */
  constructor(scope: Construct, id: string, { keyRotation }: { readonly keyRotation: IFunction }) {
    super(scope, id, {
      description: 'agent-identity: signing keys are made and published ahead',
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
