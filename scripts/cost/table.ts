/** The cost tables: the cost of a million operations by part, and the monthly cost of an idle deployment. */
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import { MEMORY_SIZE } from '../../lib/constructs/function-settings';
import { table } from '../api-docs/table';
import { KEY_MISSES, OPERATIONS, PLATFORM_LOG_BYTES, TRACED, type Operation, type Step } from './operations';
import { PRICES } from './prices';

const MILLION = 1e6;
const GIGABYTE = 1e9;

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Returns the cost of one request in dollars, by part. */
function costOf({ group, milliseconds, calls, logBytes }: Step) {
  const gigabytes = MEMORY_SIZE[group] / 1024;
  const readUnits = sum(calls.map((call) => call.readUnits)) + KEY_MISSES;
  const writeUnits = sum(calls.map((call) => call.writeUnits));
  return {
    'API Gateway': PRICES.apiRequest,
    Lambda: PRICES.invocation + (milliseconds / 1000) * gigabytes * PRICES.gigabyteSecond,
    DynamoDB: readUnits * PRICES.readUnit + writeUnits * PRICES.writeUnit,
    KMS: KEY_MISSES * PRICES.kmsCall,
    logs: ((logBytes + PLATFORM_LOG_BYTES) / GIGABYTE) * PRICES.logGigabyte,
    traces: TRACED * PRICES.trace,
  };
}

type Part = keyof ReturnType<typeof costOf>;

const PARTS: readonly Part[] = ['API Gateway', 'Lambda', 'DynamoDB', 'KMS', 'logs', 'traces'];

function rowOf({ name, steps, agentCoreRequests }: Operation): string[] {
  const costs = steps.map(costOf);
  const parts = PARTS.map((part) => MILLION * sum(costs.map((cost) => cost[part])));
  const managed =
    agentCoreRequests === undefined ? '–' : dollars(MILLION * agentCoreRequests * PRICES.agentCoreRequest);
  return [name, ...parts.map(dollars), dollars(sum(parts)), managed];
}

/**
 * The metrics of all alarms: errors and throttles of each function, and 19 others. Alarms with a query also cost money for
 * each metric that they find.
 */
export const ALARM_METRICS = 2 * FUNCTION_GROUPS.length + 19;

/** One key for the token vault, and one for the logs. */
const KMS_KEYS = 2;

const monthly = (): string[][] => [
  ['two KMS keys', dollars(KMS_KEYS * PRICES.kmsKeyMonth)],
  [`alarms, ${ALARM_METRICS} metrics`, dollars(ALARM_METRICS * PRICES.alarmMetricMonth)],
  ['dashboard', dollars(PRICES.dashboardMonth)],
  ['one GB in the tables, with recovery', dollars(PRICES.tableGigabyteMonth + PRICES.recoveryGigabyteMonth)],
  ['one custom metric', dollars(PRICES.metricMonth[0])],
];

/** Returns the tables as Markdown. */
export const costTables = (): string =>
  [
    table([['one million', ...PARTS, 'total', 'AgentCore Identity'], ...OPERATIONS.map(rowOf)]),
    table([['one month', 'cost'], ...monthly()]),
  ].join('\n\n');
