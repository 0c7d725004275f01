/**
 * Log entries as lines of JSON, each of which CloudWatch Logs stores as one event. The entries of one call are written
 * together, because each write is a system call, and before the call returns. Only what a full pipe does not take waits
 * in the process.
 */

/** Writes lines, which are separated by line breaks. */
export type WriteLines = (lines: string) => void;

export interface LogLines {
  /** @param others further lines, such as metrics of the entry */
  info(message: string, members: object, others?: readonly object[]): void;
  error(message: string, members: object, others?: readonly object[]): void;
}

export interface LogLinesOptions {
  /** Name of the deployment. */
  readonly service: string;
  /** Returns the present in epoch milliseconds. */
  readonly now: () => number;
  /** Returns the ID of the X-Ray trace, if there is one. */
  readonly traceId: () => string | undefined;
  readonly write: WriteLines;
}

export function createLogLines({ service, now, traceId, write }: LogLinesOptions): LogLines {
  const lineOf = (level: 'INFO' | 'ERROR', message: string, members: object): string => {
    const xray_trace_id = traceId();
    const timestamp = new Date(now()).toISOString();
    return JSON.stringify({ level, message, timestamp, service, xray_trace_id, ...members });
  };
  const writeWith = (line: string, others: readonly object[]): void => {
    write([line, ...others.map((other) => JSON.stringify(other))].join('\n'));
  };
  return {
    info(message, members, others = []) {
      writeWith(lineOf('INFO', message, members), others);
    },
    error(message, members, others = []) {
      writeWith(lineOf('ERROR', message, members), others);
    },
  };
}
