/** The function's logger, and what goes through it: the audit trail, and reports of the unexpected. */
import { Logger } from '@aws-lambda-powertools/logger';
import { createAuditLog } from '../adapters/log/audit-log';
import type { ReportUnexpected } from '../api/router';

const logger = new Logger({ serviceName: 'agent-identity' });

export const audit = createAuditLog(logger);

export const report: ReportUnexpected = ({ name, frames }) =>
  logger.error('unexpected', { errorName: name, frames });
