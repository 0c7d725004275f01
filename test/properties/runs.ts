/** How many cases the property tests try, and from which seed. `npm run test:properties` sets both. */

const numberFrom = (variable: string, otherwise: number): number => {
  const text = process.env[variable];
  return text === undefined || text === '' ? otherwise : Number(text);
};

/** Cases of `npm test`, which is part of CI. */
const CI_RUNS = 1000;

/** Cases in all. */
export const RUNS = numberFrom('PROPERTY_RUNS', CI_RUNS);

/** Whether there are enough cases that each kind of them must occur. Fewer are for a failure to repeat. */
export const REACHES_ALL = RUNS >= CI_RUNS;

/** The same for each `npm test`, so that a change does not fail for a defect of another one. */
export const SEED = numberFrom('PROPERTY_SEED', 16);

/** Time for the cases of one test in milliseconds: far more than they take. */
export const TIMEOUT_MS = 120_000 + RUNS * 100;

/** @param share part of all cases, from 0 to 1 */
export const casesOf = (share: number) => ({
  seed: SEED,
  numRuns: Math.max(1, Math.round(RUNS * share)),
});

/** Writes what a test has tried. Jest hides the console. */
export const report = (what: string): void => {
  process.stderr.write(`properties: ${what}; --seed ${SEED} --runs ${RUNS}\n`);
};
