/** The cost tables: the cost of a million operations by part, and the monthly cost of an idle deployment; and of endpoints and gateways. */
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import { table } from '../markdown-table';
import { dollars, GIGABYTE, MILLION, sum } from './amounts';
import { endpointTables } from './endpoint';
import { gatewayTables } from './gateway';
import {
  ACCESS_LOG_BYTES,
  INVOCATION_LOG_BYTES,
  OPERATIONS,
  OWN_LINES_BYTES,
  type Operation,
} from './operations';
import { PRICES } from './prices';
import { costOf } from './service';

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
 * The metrics of all alarms: errors and throttles of each function but `event-poll`, which not every deployment has, and 22
 * others. Alarms with a query also cost money for each metric that they find.
 */
export const ALARM_METRICS = 2 * (FUNCTION_GROUPS.length - 1) + 22;

/** One key for the token vault, and one for the logs. */
const KMS_KEYS = 2;

/** The yearly rotations of a key that add the price of a key to its own. Source: AWS KMS pricing, "Key storage". */
const CHARGED_ROTATIONS = 2;

const HOURS = 730;

/**
 * The key, four alarms, an hourly digest, which reads those of a day, and a file every five minutes, whose lock is read
 * every five minutes for two hours.
 */
const AUDIT_TRAIL =
  PRICES.kmsKeyMonth +
  4 * PRICES.alarmMetricMonth +
  HOURS * (PRICES.kmsSignature + 13 * PRICES.putObject + (26 + 12 + 12 * 24) * PRICES.getObject);

const monthly = (): string[][] => [
  [
    `two KMS keys; ${dollars(KMS_KEYS * CHARGED_ROTATIONS * PRICES.kmsKeyMonth)} more after their second rotation`,
    dollars(KMS_KEYS * PRICES.kmsKeyMonth),
  ],
  [`alarms, ${ALARM_METRICS} metrics`, dollars(ALARM_METRICS * PRICES.alarmMetricMonth)],
  ['dashboard', dollars(PRICES.dashboardMonth)],
  ['one GB in the tables, with recovery', dollars(PRICES.tableGigabyteMonth + PRICES.recoveryGigabyteMonth)],
  ['one custom metric', dollars(PRICES.metricMonth[0])],
  ['audit trail in Amazon S3 (`auditTrail`)', dollars(AUDIT_TRAIL)],
  ['one GB of audit entries through Firehose', dollars(PRICES.deliveredGigabyte)],
];

/** Returns the dollars for log bytes of a million operations. */
const logCost = (bytes: number): string => dollars(((MILLION * bytes) / GIGABYTE) * PRICES.logGigabyte);

/** The parts of the column `logs`. */
function logRowOf({ name, steps }: Operation): string[] {
  const requests = steps.filter(({ requested }) => requested).length;
  const own = sum(steps.map(({ logBytes }) => logBytes + OWN_LINES_BYTES));
  const lambda = steps.length * INVOCATION_LOG_BYTES;
  const access = requests * ACCESS_LOG_BYTES;
  const total = MILLION * sum(steps.map((step) => costOf(step).logs));
  return [name, ...[own, lambda, access].map(logCost), dollars(total)];
}

/** Returns the tables as Markdown. */
export const costTables = (): string =>
  [
    table([['one million', ...PARTS, 'total', 'AgentCore Identity'], ...OPERATIONS.map(rowOf)]),
    table([
      [
        'logs of one million',
        'audit entry and metrics',
        'START, END, and REPORT of Lambda',
        'access log',
        'total',
      ],
      ...OPERATIONS.map(logRowOf),
    ]),
    table([['one month', 'cost'], ...monthly()]),
    ...endpointTables(),
    ...gatewayTables(),
  ].join('\n\n');
