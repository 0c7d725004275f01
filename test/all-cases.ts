/**
 * The long matrices: each change runs one case of each kind, and `npm run test:all`, before a release, runs all cases.
 */

/** Whether all cases run. */
export const RUNS_ALL_CASES = process.env.ALL_CASES === '1';

/** A test that runs with all cases only. */
export const itWithAllCases = RUNS_ALL_CASES ? it : it.skip;

/**
 * Returns the cases to run: all, or the first ones.
 *
 * @param usual how many run for each change
 */
export const casesToRun = <Case>(cases: readonly Case[], usual = 1): readonly Case[] =>
  RUNS_ALL_CASES ? cases : cases.slice(0, usual);
