/** How long things are good for, as props have it, checked when the stack is made and told to the functions. */
import type { Duration } from 'aws-cdk-lib';
import { parseLifetimes, type Lifetimes } from '../../lambda/contract/configuration';

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
  /**
   * How long a vault key seals, before an agent gets another one for what is sealed from then on. What the keys before
   * sealed stays readable, and is sealed anew when it is next written.
   * @default Duration.days(90)
   */
  readonly vaultKey?: Duration;
}

/** @throws Error in plain words for one that is too short or too long */
export const lifetimesInSeconds = ({
  workloadAccessToken,
  consentSession,
  vaultKey,
}: LifetimeProps): Lifetimes =>
  parseLifetimes(
    JSON.stringify({
      workloadAccessToken: workloadAccessToken?.toSeconds(),
      consentSession: consentSession?.toSeconds(),
      vaultKey: vaultKey?.toSeconds(),
    }),
  );
