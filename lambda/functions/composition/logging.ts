/** The function's log: audit entries, the metrics derived from them, and reports of unexpected errors. */
import { createAuditLog } from '../../adapters/log/audit-log';
import { createLogLines, type WriteLines } from '../../adapters/log/lines';
import { createMetrics } from '../../adapters/log/metrics';
import { createRequests } from '../../adapters/log/requests';
import { sourceFrames } from '../../adapters/log/source-frames';
import { system } from '../../adapters/system';
import { createRefuseForged, type RefuseForged } from '../../api/stage-secret';
import { unexpected, type ReportUnexpected } from '../../api/unexpected';
import type { AuditTrail } from '../../domain/audit';
import { inLambda, readDeploymentName, readNamesInMetrics, readTraceId } from './environment';

/**
 * In Lambda, the global console adds text to each line, which would then not be JSON. A write to a pipe that has room is
 * complete when it returns. Elsewhere, the console is redirected to the log of the service.
 */
const write: WriteLines = inLambda()
  ? (lines) => process.stdout.write(`${lines}\n`)
  : (lines) => {
      globalThis.console.info(lines);
    };

const deployment = readDeploymentName();
const now = (): number => system.now();

export const log = createLogLines({ service: deployment, now, traceId: readTraceId, write });

const metrics = createMetrics(deployment, readNamesInMetrics(), now);

export const requests = createRequests(createAuditLog(log, metrics.ofFallbackEntry));

export const audit: AuditTrail = requests.trail(createAuditLog(log, metrics.ofEntry));

/** @param hash SHA-256, base64url, of the stage secret of the function's API */
export const refuseForgedBy = (hash: string): RefuseForged => createRefuseForged({ audit, requests }, hash);

export const report: ReportUnexpected = ({ name, frames }) => {
  log.error('unexpected', { errorName: name, frames: sourceFrames(frames) }, metrics.ofUnexpected(name));
};

/** Reports an error that does not end the request. */
export const reportError = (error: unknown): void => {
  report(unexpected(error));
};
