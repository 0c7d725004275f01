/** The function's log: audit entries, the metrics derived from them, and reports of unexpected errors. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { createAuditLog } from '../../adapters/log/audit-log';
import { createMetricsTrail } from '../../adapters/log/metrics';
import { METRICS_NAMESPACE } from '../../contract/metrics-namespace';
import { createRequests } from '../../adapters/log/requests';
import { unexpected, type ReportUnexpected } from '../../api/unexpected';
import type { AuditTrail } from '../../domain/audit';
import { readDeploymentName } from './environment';

const serviceName = readDeploymentName();
const logger = new Logger({ serviceName });
const log = createAuditLog(logger);
const metrics = createMetricsTrail(new Metrics({ namespace: METRICS_NAMESPACE, serviceName }), serviceName);

/** A request without its own entry is not counted here: API Gateway's or Lambda's metrics have it. */
export const requests = createRequests(log);

export const audit: AuditTrail = requests.trail({
  record(entry) {
    log.record(entry);
    metrics.record(entry);
  },
});

export const report: ReportUnexpected = ({ name, frames }) =>
  logger.error('unexpected', { errorName: name, frames });

/** Reports an error that does not end the request. */
export const reportError = (error: unknown): void => report(unexpected(error));
