/**
 * The cost of gateways: a million calls by their length and their caller, and the monthly cost. The cost of the target is
 * not included.
 */
import { INTERVAL } from '../../lambda/domain/gateway/revocation-watch';
import { MEMORY_SIZE } from '../../lib/constructs/gateways';
import { table } from '../markdown-table';
import { dollars, GIGABYTE, MILLION, sum } from './amounts';
import { INVOCATION_LOG_BYTES, PLATFORM_LOG_BYTES, TRACED, WARM_MS } from './operations';
import { PRICES } from './prices';
import { duration, operationCost } from './service';

/** Log bytes that the gateway writes for a call: its two audit entries, and their metrics. */
export const CALL_LOG_BYTES = 2600;

/** Metrics of the alarms of gateways: errors and throttles of both functions. Three alarms have a query. */
export const GATEWAY_ALARM_METRICS = 4 + 3;

/** Read units: the gateway with its target, and the gateway alone. */
const READS = { gateway: 2, authorizer: 1 };

/** Seconds of a call without the target: three requests that wait for DynamoDB. */
const OWN_SECONDS = (3 * WARM_MS) / 1000;

/** Returns the cost of one call, by part. The access is checked again as long as the response lasts. */
const callCost = (seconds: number, caller: 'user' | 'signature') => ({
  'API Gateway': PRICES.apiRequest,
  gateway:
    PRICES.invocation +
    duration(OWN_SECONDS + seconds, MEMORY_SIZE.gateway) +
    READS.gateway * PRICES.readUnit,
  authorizer:
    caller === 'signature'
      ? 0
      : PRICES.invocation +
        duration(WARM_MS / 1000, MEMORY_SIZE.authorizer) +
        READS.authorizer * PRICES.readUnit,
  'token and credential': operationCost('workload access token') + operationCost('token from the vault'),
  checks: Math.floor((1000 * seconds) / INTERVAL) * operationCost('token from the vault'),
  'logs, traces':
    ((CALL_LOG_BYTES + PLATFORM_LOG_BYTES + (caller === 'user' ? INVOCATION_LOG_BYTES : 0)) / GIGABYTE) *
      PRICES.logGigabyte +
    TRACED * PRICES.trace,
});

const PARTS = [
  'API Gateway',
  'gateway',
  'authorizer',
  'token and credential',
  'checks',
  'logs, traces',
] as const;

function row(name: string, cost: ReturnType<typeof callCost>): string[] {
  const parts = PARTS.map((part) => MILLION * cost[part]);
  return [name, ...parts.map(dollars), dollars(sum(parts))];
}

/** Returns the tables as Markdown. */
export const gatewayTables = (): string[] => [
  table([
    ['one million calls through a gateway', ...PARTS, 'total'],
    row('target of 0.2 s, signed', callCost(0.2, 'signature')),
    row('target of 0.2 s, user token', callCost(0.2, 'user')),
    row('stream of 30 s, user token', callCost(30, 'user')),
    row('stream of 5 min, user token', callCost(300, 'user')),
  ]),
  table([
    ['one month of gateways', 'cost'],
    [`alarms, ${GATEWAY_ALARM_METRICS} metrics`, dollars(GATEWAY_ALARM_METRICS * PRICES.alarmMetricMonth)],
  ]),
];
