/** Lifetimes as props. They are checked at synthesis and passed to the functions in seconds. */
import { Duration } from 'aws-cdk-lib';
import { parseLifetimes, type Lifetimes } from '../../lambda/domain/lifetimes';

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

/** Returns the lifetime in seconds. JavaScript does not check its type. */
function seconds(name: keyof LifetimeProps, lifetime: unknown): number | undefined {
  if (lifetime === undefined) return undefined;
  if (lifetime instanceof Duration) return lifetime.toSeconds();
  throw new Error(`lifetimes.${name} must be a Duration, such as Duration.minutes(10)`);
}

/** @throws Error for a lifetime that is too short or too long */
export const lifetimesInSeconds = ({
  workloadAccessToken,
  consentSession,
  vaultKey,
}: LifetimeProps): Lifetimes =>
  parseLifetimes(
    JSON.stringify({
      workloadAccessToken: seconds('workloadAccessToken', workloadAccessToken),
      consentSession: seconds('consentSession', consentSession),
      vaultKey: seconds('vaultKey', vaultKey),
    }),
  );
