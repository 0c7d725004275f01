/** The runs that agent endpoints support, by their length: each run uses concurrency of Lambda until it is complete. */
import { table } from '../markdown-table';
import { WARM_MS } from '../cost/operations';
import { QUOTAS } from './inputs';

/** The concurrency that a new account can have, until AWS raises it. Lambda developer guide, "Lambda quotas". */
const NEW_ACCOUNT = 10;

/** Runs in seconds; the last is the longest that API Gateway streams. */
const LENGTHS = { '1 s': 1, '30 s': 30, '5 min': 300, '15 min': 900 } as const;

/** The functions that a run uses for a moment: the authorizer, and the service for the workload access token. */
const MOMENTS = 2;

/**
 * Returns the runs per minute that use up a concurrency (Little's law).
 *
 * @param functions that a run uses for its length: the gate, and an agent that is a Lambda function
 */
const runsPerMinute = (concurrency: number, seconds: number, functions: number): number =>
  (60 * concurrency) / (seconds * functions + (MOMENTS * WARM_MS) / 1000);

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });

/** Returns the table as Markdown. */
export const endpointTable = (): string =>
  table([
    [
      'runs per minute of',
      ...[NEW_ACCOUNT, QUOTAS.concurrency].flatMap((concurrency) => [
        `URL, concurrency ${number(concurrency)}`,
        `Lambda, concurrency ${number(concurrency)}`,
      ]),
    ],
    ...Object.entries(LENGTHS).map(([length, seconds]) => [
      length,
      ...[NEW_ACCOUNT, QUOTAS.concurrency].flatMap((concurrency) =>
        [1, 2].map((functions) => number(runsPerMinute(concurrency, seconds, functions))),
      ),
    ]),
  ]);
