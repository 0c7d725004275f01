/**
 * The audit trail: one entry for each decision about a token or a credential, allowed or not and why.
 * Entries name agents, providers and scopes; a user appears as the same hash that the vault's keys use.
 * Each one says which request it belongs to and where that came from. No entry ever holds a token, a code, a secret, a
 * state or a URL.
 */
import type { Caller } from './principal';
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
  /** Names of the custom parameters; never their values. */
  readonly customParameters?: readonly string[];
  /** Scopes that custom parameters ask for; a policy counts them as scopes. */
  readonly customParameterScopes?: readonly string[];
  /** Scopes of the token that there is for the request, as the provider granted them. */
  readonly grantedScopes?: readonly string[];
  /** How a token was come by, or where a session stands. */
  readonly result?: string;
  /** Why it was denied or failed. */
  readonly reason?: string;
  /** The type of the error that the caller got for it. */
  readonly error?: ErrorName;
  /** Names of the members that an update changed, in the API's words. */
  readonly changed?: readonly string[];
  /** `jti` of the workload access token that was issued or presented. */
  readonly jti?: string;
  /** Id of the request: API Gateway's, or Lambda's where no gateway stands before the function. */
  readonly requestId?: string;
  /** Address that the request came from, as API Gateway saw it. */
  readonly sourceIp?: string;
  /** What the client calls itself: its own word, proved by nothing. */
  readonly userAgent?: string;
}

export interface AuditTrail {
  record(entry: AuditEntry): void;
}

/** Where a request came from; in each of its entries. */
export type RequestContext = Pick<AuditEntry, 'requestId' | 'sourceIp' | 'userAgent'>;

/** The requests that a function serves. */
export interface Requests {
  /** Does the work of one request; each entry that is recorded meanwhile gets the context. */
  within<T>(context: RequestContext, work: () => T): T;
  /**
   * Makes sure that the request has an entry: one is recorded here when the work has recorded none, as for what is
   * refused before an operation begins.
   *
   * @param defaults what the entry says, unless the work notes something else
   * @param work is given `annotate`, which adds what it learns to the entry for that entry
   */
  ensureEntry<T>(defaults: EntryDefaults, work: (annotate: Annotate) => Promise<T>): Promise<T>;
}

export interface EntryDefaults extends Pick<AuditEntry, 'operation' | 'resource'> {
  /** Default: true. False where a success decides nothing about a token or a credential, and needs no entry. */
  readonly auditSuccess?: boolean;
}

/** Nobody was refused: this service, or the agent that it called, is at fault. */
const FAILURES: readonly ErrorName[] = ['InternalServerException', 'RuntimeClientError'];

/** What is learned of a request on the way, for its entry. */
export type Annotate = (learned: Partial<AuditEntry>) => void;

/** How it ended, and why, for what was thrown. */
export function endedBy(error: unknown): Pick<AuditEntry, 'outcome' | 'reason' | 'result' | 'error'> {
  const known = error instanceof ServiceError;
  return {
    outcome: known && !FAILURES.includes(error.type) ? 'denied' : 'failed',
    reason: known ? (error.detail ?? error.message) : 'internal error',
    ...(known && error.outcome !== undefined && { result: error.outcome }),
    // What the caller gets for the unexpected, too.
    error: known ? error.type : 'InternalServerException',
  };
}

/** The operation that is called, and who calls it. */
export interface AuditedCall {
  readonly operation: string;
  /** Absent where CloudTrail records who invoked the function. */
  readonly principal?: Caller | undefined;
}

/**
 * Performs one operation and records how it ended: allowed, denied with the reason, or failed.
 *
 * @param work receives `annotate`, which adds to the entry, and the call
 */
export async function audited<const Called extends AuditedCall, T>(
  audit: AuditTrail,
  call: Called,
  work: (annotate: Annotate, call: Called) => Promise<T>,
): Promise<T> {
  const { operation, principal } = call;
  let entry: Omit<AuditEntry, 'outcome'> = { operation, ...(principal && { principal: principal.arn }) };
  try {
    const output = await work((learned) => {
      entry = { ...entry, ...learned };
    }, call);
    audit.record({ ...entry, outcome: 'allowed' });
    return output;
  } catch (error) {
    audit.record({ ...entry, ...endedBy(error) });
    throw error;
  }
}
