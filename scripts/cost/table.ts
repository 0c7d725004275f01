/** The cost table: what a million of each operation costs, part by part, and what a deployment costs that nobody calls. */
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import { MEMORY_SIZE } from '../../lib/constructs/function-settings';
import { table } from '../api-docs/table';
import { KEY_MISSES, OPERATIONS, PLATFORM_LOG_BYTES, TRACED, type Operation, type Step } from './operations';
import { PRICES } from './prices';

const MILLION = 1e6;
const GIGABYTE = 1e9;

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** Dollars of one request, by part. */
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
 * Metrics of all alarms: errors and throttles of each function, and seventeen others. Those that ask by query pay for
 * what they find besides.
 */
export const ALARM_METRICS = 2 * FUNCTION_GROUPS.length + 17;

/** The vault's key and the logs'. */
const KMS_KEYS = 2;

const monthly = (): string[][] => [
  ['two KMS keys', dollars(KMS_KEYS * PRICES.kmsKeyMonth)],
  [`alarms, ${ALARM_METRICS} metrics`, dollars(ALARM_METRICS * PRICES.alarmMetricMonth)],
  ['dashboard', dollars(PRICES.dashboardMonth)],
  ['a GB in the tables, with recovery', dollars(PRICES.tableGigabyteMonth + PRICES.recoveryGigabyteMonth)],
  ['a custom metric', dollars(PRICES.metricMonth[0])],
];

/** @returns Markdown */
export const costTables = (): string =>
  [
    table([['a million of', ...PARTS, 'all', 'AgentCore Identity'], ...OPERATIONS.map(rowOf)]),
    table([['a month of', 'costs'], ...monthly()]),
  ].join('\n\n');
