/** How a valid request of an authorized caller can fail: the columns and the cells of the table of all operations. */
import type { HttpResponse } from '../../local/handmade-request';

export const OUTCOMES = [
  'finds nothing of the name',
  'meets another request',
  'is at a limit',
  'is refused by the server that it asks',
  'cannot reach the server that it asks',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Ending {
  /** Sends a request that has this outcome. */
  readonly ask: () => Promise<HttpResponse>;
  /** Status and error of the response. */
  readonly answer: readonly [status: number, error: string];
  /** Other members of the audit entry. */
  readonly entry?: object;
}

/** The operation does not have this outcome. Failing AWS services are tested in the contract tests. */
export const NEVER = undefined;
export type Row = Record<Outcome, Ending | undefined>;

export const NOT_FOUND = [404, 'ResourceNotFoundException'] as const;
export const EXISTS = [409, 'ConflictException'] as const;
export const CHANGED = [429, 'ThrottlingException'] as const;
export const QUOTA = [402, 'ServiceQuotaExceededException'] as const;
export const INVALID = [400, 'ValidationException'] as const;
export const DENIED = [403, 'AccessDeniedException'] as const;
export const FAILED = [500, 'InternalServerException'] as const;

/** Cells in the order of {@link OUTCOMES}. */
export const row = (...endings: (Ending | undefined)[]): Row =>
  Object.fromEntries(OUTCOMES.map((outcome, index) => [outcome, endings[index]])) as Row;
