/** Lifetimes as props. They are checked at synthesis and passed to the functions in seconds. */
import { Duration } from 'aws-cdk-lib';
import { parseLifetimes, type Lifetimes } from '../../lambda/domain/lifetimes';
import { checkPropNames, type PropNames } from './prop-names';

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

const LIFETIME_PROPS: PropNames<LifetimeProps> = {
  workloadAccessToken: 'optional',
  consentSession: 'optional',
  vaultKey: 'optional',
};

/** Returns the lifetime in seconds. JavaScript does not check its type. */
function seconds(name: string, lifetime: unknown): number | undefined {
  if (lifetime === undefined) return undefined;
  if (lifetime instanceof Duration) return lifetime.toSeconds();
  throw new Error(`lifetimes.${name} must be a Duration, such as Duration.minutes(10)`);
}

/** @throws Error for a prop that does not exist, and for a lifetime that is too short or too long */
export function lifetimesInSeconds(lifetimes: LifetimeProps): Lifetimes {
  checkPropNames('lifetimes', lifetimes, LIFETIME_PROPS);
  const stated = Object.entries(lifetimes).map(([name, lifetime]) => [name, seconds(name, lifetime)]);
  return parseLifetimes(JSON.stringify(Object.fromEntries(stated)));
}
