/** How long things are good for, as props have it, checked when the stack is made and told to the functions. */
import type { Duration } from 'aws-cdk-lib';
import { parseLifetimes, type Lifetimes } from '../../lambda/domain/lifetimes';

export interface LifetimeProps {
  /**
   * Of a workload access token; it never outlives the user's own token.
   * @default Duration.minutes(15)
   */
  readonly workloadAccessToken?: Duration;
  /**
   * Of a consent session, from the link to the completion. AWS's clients poll for ten minutes.
   * @default Duration.minutes(10)
   */
  readonly consentSession?: Duration;
}

/** @throws Error in plain words for one that is too short or too long */
export const lifetimesInSeconds = ({ workloadAccessToken, consentSession }: LifetimeProps): Lifetimes =>
  parseLifetimes(
    JSON.stringify({
      workloadAccessToken: workloadAccessToken?.toSeconds(),
      consentSession: consentSession?.toSeconds(),
    }),
  );
