/**
 * The cost of agent endpoints: a million runs by their length and the memory of the gate, and the monthly cost. The cost
 * of the agent itself is not included.
 */
import { MEMORY_SIZE } from '../../lib/constructs/agent-endpoint';
import { table } from '../markdown-table';
import { GIGABYTE, MILLION, dollars, sum } from './amounts';
import { INVOCATION_LOG_BYTES, PLATFORM_LOG_BYTES, TRACED, WARM_MS } from './operations';
import { PRICES } from './prices';
import { duration, operationCost } from './service';

/** Log bytes that the gate writes for a run: the audit entry and its metric. The authorizer writes none for a valid token. */
export const RUN_LOG_BYTES = 1300;

/** Metrics of the alarms of one endpoint with user tokens, without reserved concurrency. */
export const ENDPOINT_ALARM_METRICS = 13;

/** The dollars of an endpoint without requests for a month. */
export const ENDPOINT_MONTH = ENDPOINT_ALARM_METRICS * PRICES.alarmMetricMonth;

/** The calls of the gate at the service: it gets one workload access token. */
const tokenCost = (): number => operationCost('workload access token');

/** Returns the cost of one run through an endpoint with user tokens, by part. */
const runCost = (seconds: number, gateMemory: number) => ({
  'API Gateway': PRICES.apiRequest,
  gate: PRICES.invocation + duration(seconds, gateMemory),
  authorizer: PRICES.invocation + duration(WARM_MS / 1000, MEMORY_SIZE.authorizer),
  'workload access token': tokenCost(),
  'logs, traces':
    ((RUN_LOG_BYTES + PLATFORM_LOG_BYTES + INVOCATION_LOG_BYTES) / GIGABYTE) * PRICES.logGigabyte +
    2 * TRACED * PRICES.trace,
});

const PARTS = ['API Gateway', 'gate', 'authorizer', 'workload access token', 'logs, traces'] as const;

const row = (name: string, cost: ReturnType<typeof runCost>): string[] => {
  const parts = PARTS.map((part) => MILLION * cost[part]);
  return [name, ...parts.map(dollars), dollars(sum(parts))];
};

const throughEndpoint = (name: string, seconds: number, gateMemory: number = MEMORY_SIZE.gate): string[] =>
  row(`${name}, gate with ${gateMemory} MiB`, runCost(seconds, gateMemory));

/** A caller that invokes the agent itself: the agent exchanges the user token for its workload access token. */
const direct = (): string[] => [
  'any length, the caller invokes the agent directly',
  ...PARTS.map((part) => (part === 'workload access token' ? dollars(MILLION * tokenCost()) : '–')),
  dollars(MILLION * tokenCost()),
];

/** Returns the tables as Markdown. */
export const endpointTables = (): string[] => [
  table([
    ['one million runs of', ...PARTS, 'total'],
    throughEndpoint('1 s', 1),
    throughEndpoint('30 s', 30),
    throughEndpoint('30 s', 30, 256),
    throughEndpoint('30 s', 30, 1024),
    throughEndpoint('5 min', 300),
    direct(),
  ]),
  table([
    ['one month of an endpoint', 'cost'],
    [`alarms, ${ENDPOINT_ALARM_METRICS} metrics`, dollars(ENDPOINT_MONTH)],
    ['30 endpoints without requests', dollars(30 * ENDPOINT_MONTH)],
    ['dashboard (`dashboard`)', dollars(PRICES.dashboardMonth)],
    ["KMS key of the logs, for a stack that does not share the service's", dollars(PRICES.kmsKeyMonth)],
    ['one custom metric', dollars(PRICES.metricMonth[0])],
  ]),
];
