/** A function of the embedded cloud that threw or returned an unusable result: a defect, whatever the request was. */

export interface FunctionFailure {
  readonly requestId: string;
  readonly resource: string;
  readonly error: unknown;
}

/** Writes the failure to stderr. */
export function writeFailure({ requestId, resource, error }: FunctionFailure): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : 'not an error object';
  process.stderr.write(`Function behind ${resource} failed (request ${requestId}): ${reason}\n`);
}
