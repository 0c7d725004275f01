/** The cost tables: the cost of a million operations by part, and the monthly cost of an idle deployment; and of endpoints. */
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import { table } from '../api-docs/table';
import { dollars, MILLION, sum } from './amounts';
import { endpointTables } from './endpoint';
import { OPERATIONS, type Operation } from './operations';
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
 * The metrics of all alarms: errors and throttles of each function, and 21 others. Alarms with a query also cost money for
 * each metric that they find.
 */
export const ALARM_METRICS = 2 * FUNCTION_GROUPS.length + 21;

/** One key for the token vault, and one for the logs. */
const KMS_KEYS = 2;

const HOURS = 730;

/** The key, three alarms, an hourly digest, which reads those of a day, and a file every five minutes. */
const AUDIT_TRAIL =
  PRICES.kmsKeyMonth +
  3 * PRICES.alarmMetricMonth +
  HOURS * (PRICES.kmsSignature + 13 * PRICES.putObject + (26 + 12) * PRICES.getObject);

const monthly = (): string[][] => [
  ['two KMS keys', dollars(KMS_KEYS * PRICES.kmsKeyMonth)],
  [`alarms, ${ALARM_METRICS} metrics`, dollars(ALARM_METRICS * PRICES.alarmMetricMonth)],
  ['dashboard', dollars(PRICES.dashboardMonth)],
  ['one GB in the tables, with recovery', dollars(PRICES.tableGigabyteMonth + PRICES.recoveryGigabyteMonth)],
  ['one custom metric', dollars(PRICES.metricMonth[0])],
  ['audit trail in Amazon S3 (`auditTrail`)', dollars(AUDIT_TRAIL)],
  ['one GB of audit entries through Firehose', dollars(PRICES.deliveredGigabyte)],
];

/** Returns the tables as Markdown. */
export const costTables = (): string =>
  [
    table([['one million', ...PARTS, 'total', 'AgentCore Identity'], ...OPERATIONS.map(rowOf)]),
    table([['one month', 'cost'], ...monthly()]),
    ...endpointTables(),
  ].join('\n\n');
