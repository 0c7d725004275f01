/** Lifetimes as props. They are checked at synthesis and passed to the functions in seconds. */
import type { Duration } from 'aws-cdk-lib';
import { parseLifetimes, type Lifetimes } from '../../lambda/contract/configuration';

/** How long tokens, consent sessions, and vault keys are valid. */
export interface LifetimeProps {
  /**
   * Lifetime of a workload access token. The token never outlives the user token.
   * @default Duration.minutes(15)
   */
  readonly workloadAccessToken?: Duration;
  /**
   * Lifetime of a consent session, from its authorization URL to its completion. AWS clients poll for 10 minutes.
   * @default Duration.minutes(10)
   */
  readonly consentSession?: Duration;
  /**
   * How long a vault key encrypts new data, before the agent gets another vault key. Data under earlier vault keys stays
   * readable, and is encrypted under the new key when it is next written.
   * @default Duration.days(90)
   */
  readonly vaultKey?: Duration;
}

/** @throws Error for a lifetime that is too short or too long */
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
