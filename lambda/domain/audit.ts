/**
 * The audit log: one entry for each decision about a token or a credential, with its outcome and reason. Entries name
 * agents, providers, and scopes; a user appears as the hash in the token vault's keys. Each entry contains its request
 * and the request's origin. No entry contains a token, a code, a secret, a state, or a URL, except the identifiers of a
 * protected resource and its authorization server, and what a provider says about an error (stated-error.ts).
 */
import type { Caller } from './principal';
import type { AuditOutcome } from '../model/audit-line';
import type { PolicyEngineConfiguration } from '../model/gateway/gateway-configuration';
import type { BoundServer } from '../model/provider/record';
import { ServiceError, type ErrorName } from './service-error';

export interface AuditEntry extends Partial<BoundServer> {
  /** The operation or browser step. */
  readonly operation: string;
  readonly outcome: AuditOutcome;
  /** The calling IAM principal; absent on the browser routes. */
  readonly principal?: string;
  /** ARN of the agent's workload identity. */
  readonly workloadIdentity?: string;
  /**
   * ARNs of the agents before it, first the one that called it: as a verified workload access token names them. Absent if
   * a user or an application called the agent.
   */
  readonly chain?: readonly string[];
  /** ARN of the gateway's workload identity, if a gateway sends the request for the agent. */
  readonly gateway?: string;
  /** Name of a gateway's target, and the HTTP method of a request to it. */
  readonly target?: string;
  readonly httpMethod?: string;
  /** Name of the called tool, if the target is an MCP server behind the one URL of a gateway. */
  readonly tool?: string;
  /** ARN of the policy engine that decides on a request to a gateway, and what its decisions do there. */
  readonly policyEngine?: string;
  readonly policyMode?: PolicyEngineConfiguration['mode'];
  /** `error`: there is no decision. */
  readonly policyDecision?: 'allow' | 'deny' | 'error';
  /** IDs of the policies that determine the decision, and of those that apply and only log. */
  readonly policies?: readonly string[];
  readonly loggedPolicies?: readonly string[];
  /** Why a request is not permitted, or there is no decision. */
  readonly policyReason?: string;
  /** HTTP status that the caller of a gateway received, and the bytes of the body. */
  readonly status?: number;
  readonly bytes?: number;
  /** Milliseconds from the request to the response's start, and to its end. */
  readonly firstByteMs?: number;
  readonly durationMs?: number;
  /** ID of a gateway's rate limit, or the name of the deployment's limit that a caller exceeded. */
  readonly rateLimit?: string;
  /** Whether a target sent its credential back. The gateway removed it from the response. */
  readonly credentialEchoed?: boolean;
  /** Hash of the user that the agent acts for. */
  readonly user?: string;
  /** ARN of the consent portal in which a person acts. `principal` is then its owner, on whose rights the portal acts. */
  readonly consentPortal?: string;
  /** ARN of the resource, if the operation identifies it by ARN. */
  readonly resource?: string;
  /** Name of the credential provider in the request: it might not exist. */
  readonly provider?: string;
  /** ARN of the credential provider, after it was found. */
  readonly credentialProvider?: string;
  /** The requested OAuth 2.0 flow, as in the AWS API. */
  readonly flow?: string;
  readonly scopes?: readonly string[];
  /** Names of the custom parameters; never their values. */
  readonly customParameters?: readonly string[];
  /** Scopes that custom parameters request; policies evaluate them as scopes. */
  readonly customParameterScopes?: readonly string[];
  /** Granted scopes of the token for the request. */
  readonly grantedScopes?: readonly string[];
  /** HTTP method and origin of the request that a DPoP proof is for. */
  readonly proofFor?: string;
  /** How the token was obtained, or the state of the session. */
  readonly result?: string;
  /** Why it was denied or failed; otherwise, the reason that an operator stated. */
  readonly reason?: string;
  /** The type of the error that the caller received. */
  readonly error?: ErrorName;
  /** ARNs of the owners before and after a transfer of a resource. */
  readonly previousOwner?: string;
  readonly newOwner?: string;
  /** Resources of other owners that were created again and that an update accepts, with their IDs. */
  readonly accepted?: readonly string[];
  /** Names of the members that an update changed, as in the API. */
  readonly changed?: readonly string[];
  /** `jti` of the workload access token that was issued or presented, or of the token with which an issuer reports. */
  readonly jti?: string;
  /** `securityEvents.id` of the trusted issuer that reports. */
  readonly trustedIssuer?: string;
  /** Names of the reported event types. */
  readonly securityEvents?: readonly string[];
  /** ID of the revocation that a report of an issuer began. */
  readonly revocation?: string;
  /** ID of the request: from API Gateway, or from Lambda if there is no gateway. */
  readonly requestId?: string;
  /** Source address of the request, as API Gateway saw it. */
  readonly sourceIp?: string;
  /** The client's `User-Agent`, which is not authenticated. */
  readonly userAgent?: string;
  /** Set for a success that decides nothing new, because an earlier entry has all of it. Such an entry is not written. */
  readonly repeated?: true;
}

export interface AuditTrail {
  record(entry: AuditEntry): void;
}

/** The origin of a request, in each of its entries. */
export type RequestContext = Pick<AuditEntry, 'requestId' | 'sourceIp' | 'userAgent'>;

/** The requests that a function serves. */
export interface Requests {
  /** Performs the work of one request. Every entry that the work records contains the context. */
  within<T>(context: RequestContext, work: () => T): T;
  /**
   * Makes sure that the request has an entry. Records one if the work recorded none, for example for a request that is
   * rejected before an operation begins.
   *
   * @param defaults members of the entry, which `annotate` can replace
   * @param work is given `annotate`, which adds to the entry
   */
  ensureEntry<T>(defaults: EntryDefaults, work: (annotate: Annotate) => Promise<T>): Promise<T>;
}

export interface EntryDefaults extends Pick<AuditEntry, 'operation' | 'resource'> {
  /** Default: true. False if a success decides nothing about a token or a credential and needs no entry. */
  readonly auditSuccess?: boolean;
}

/**
 * The result of a request whose user token could not be verified, because the issuer that the owner of the workload
 * identity chose is unavailable.
 */
export const ISSUER_UNAVAILABLE = 'issuer-unavailable';

/** Operation of an event that did not come through the function's API. */
export const FORGED_EVENT = 'ForgedEvent';

/** Errors that are not denials: this service, or the agent that it called, failed. */
const FAILURES: readonly ErrorName[] = ['InternalServerException', 'RuntimeClientError'];

/** Adds what an operation learns about a request to its entry. */
export type Annotate = (learned: Partial<AuditEntry>) => void;

/** Returns the reason for an unexpected error: the one that it states for operators, such as the state of a KMS key. */
const unexpectedReason = (error: unknown): string =>
  error instanceof Error && 'auditReason' in error && typeof error.auditReason === 'string'
    ? error.auditReason
    : 'internal error';

function outcomeOf(error: unknown): Exclude<AuditEntry['outcome'], 'allowed'> {
  if (!(error instanceof ServiceError) || FAILURES.includes(error.type)) return 'failed';
  return error.rateLimit === undefined ? 'denied' : 'rate-limited';
}

/** Returns the outcome and the reason for an error. */
export function endedBy(
  error: unknown,
): Pick<AuditEntry, 'outcome' | 'reason' | 'result' | 'error' | 'rateLimit'> {
  const known = error instanceof ServiceError;
  return {
    outcome: outcomeOf(error),
    reason: known ? (error.detail ?? error.message) : unexpectedReason(error),
    ...(known && error.outcome !== undefined && { result: error.outcome }),
    ...(known && error.rateLimit !== undefined && { rateLimit: error.rateLimit }),
    // The caller receives this type for an unexpected error, too.
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
  const entry: Omit<AuditEntry, 'outcome'> = { operation, ...(principal && { principal: principal.arn }) };
  try {
    const output = await work((learned) => {
      Object.assign(entry, learned);
    }, call);
    audit.record({ ...entry, outcome: 'allowed' });
    return output;
  } catch (error) {
    audit.record({ ...entry, ...endedBy(error) });
    throw error;
  }
}
