/** What the function writes to its log: the audit trail, the metrics that are made of it, reports of the unexpected. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { createAuditLog } from '../adapters/log/audit-log';
import { createMetricsTrail, METRICS_NAMESPACE } from '../adapters/log/metrics';
import type { ReportUnexpected } from '../api/unexpected';
import type { AuditTrail } from '../domain/audit';

const serviceName = 'agent-identity';
const logger = new Logger({ serviceName });
const trails = [
  createAuditLog(logger),
  createMetricsTrail(new Metrics({ namespace: METRICS_NAMESPACE, serviceName })),
];

export const audit: AuditTrail = {
  record(entry) {
    for (const trail of trails) trail.record(entry);
  },
};

export const report: ReportUnexpected = ({ name, frames }) =>
  logger.error('unexpected', { errorName: name, frames });
