/** The scenarios, with their expected results. */
import type { Step } from './killer';

export interface Scenario {
  readonly name: string;
  readonly flow: 'USER_FEDERATION' | 'M2M';
  /** The content of the vault when the callers send their requests: a token that has just expired, or nothing. */
  readonly holds: 'expired token' | 'nothing';
  /** Delay of the provider's responses in milliseconds. */
  readonly delay: number;
  /** The step at which the winner is killed; absent if no worker is killed. */
  readonly killedWhen?: Step;
  /** The result that every caller must get. */
  readonly ends: 'token' | 'consent';
  /** A remark for readers of the table. */
  readonly note?: string;
}

const expired = { flow: 'USER_FEDERATION', holds: 'expired token', delay: 0, ends: 'token' } as const;

/** More than half of the lease (8 s), and less than the time limit for the provider (5 s). */
const SLOW = 4_500;

export const SCENARIOS: readonly Scenario[] = [
  { ...expired, name: 'all healthy' },
  { ...expired, name: 'slow provider', delay: SLOW },
  { ...expired, name: 'killed before the call', killedWhen: 'lease taken' },
  {
    ...expired,
    name: 'killed before the write',
    killedWhen: 'answered',
    ends: 'consent',
    note:
      'The new refresh token died with the process that had redeemed the old one. The next one tries the old one' +
      ' once, a strict provider takes that for theft and ends the family, and the user is asked again.',
  },
  { ...expired, name: 'killed after the write', killedWhen: 'written' },
  { ...expired, name: 'M2M, first use', flow: 'M2M', holds: 'nothing' },
  { ...expired, name: 'M2M, expired', flow: 'M2M' },
];
