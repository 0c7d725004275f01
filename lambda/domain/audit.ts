/**
 * The audit trail: one entry for each decision about a token or a credential, allowed or not and why.
 * Entries name agents, providers and scopes; a user appears as the same hash that the vault's keys use.
 * No entry ever holds a token, a code, a secret, a state or a URL.
 */
import { ServiceError, type ErrorName } from './service-error';

export interface AuditEntry {
  /** The operation or browser step. */
  readonly operation: string;
  readonly outcome: 'allowed' | 'denied' | 'failed';
  /** IAM principal who asked; absent on the browser routes. */
  readonly principal?: string;
  /** ARN of the agent's workload identity. */
  readonly workloadIdentity?: string;
  /** Hash of the user that the agent acts for. */
  readonly user?: string;
  /** ARN of the resource, where an operation names one by it. */
  readonly resource?: string;
  /** Name of the credential provider, as the request has it: there may be none of that name. */
  readonly provider?: string;
  /** ARN of the credential provider, once it was found. */
  readonly credentialProvider?: string;
  /** The OAuth2 flow that was asked for, in AWS's words. */
  readonly flow?: string;
  readonly scopes?: readonly string[];
  /** How a token was come by, or where a session stands. */
  readonly result?: string;
  /** Why it was denied or failed. */
  readonly reason?: string;
  /** The type of the error that the caller got for it. */
  readonly error?: ErrorName;
}

export interface AuditTrail {
  record(entry: AuditEntry): void;
}

/** Nobody was refused: this service, or the agent that it called, is at fault. */
const FAILURES: readonly ErrorName[] = ['InternalServerException', 'RuntimeClientError'];

/** What is learned of a request on the way, for its entry. */
export type Note = (learned: Partial<AuditEntry>) => void;

/**
 * Does the work of one operation and records how it ended: allowed, denied with the reason, or failed.
 *
 * @param operation the operation's name
 * @param principal ARN of the calling IAM principal; undefined where whoever invoked is CloudTrail's to tell
 * @param work is given the means to note what it learns for the entry
 */
export async function audited<T>(
  audit: AuditTrail,
  operation: string,
  principal: string | undefined,
  work: (note: Note) => Promise<T>,
): Promise<T> {
  let entry: Omit<AuditEntry, 'outcome'> = { operation, ...(principal !== undefined && { principal }) };
  try {
    const output = await work((learned) => {
      entry = { ...entry, ...learned };
    });
    audit.record({ ...entry, outcome: 'allowed' });
    return output;
  } catch (error) {
    const known = error instanceof ServiceError;
    audit.record({
      ...entry,
      outcome: known && !FAILURES.includes(error.type) ? 'denied' : 'failed',
      reason: known ? (error.detail ?? error.message) : 'internal error',
      ...(known && error.outcome !== undefined && { result: error.outcome }),
      // What the caller gets for the unexpected, too.
      error: known ? error.type : 'InternalServerException',
    });
    throw error;
  }
}
