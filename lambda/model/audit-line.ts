/** The audit entries in the lines of a log, and the filters of those who read them. */
import { nameInArn } from './arn';
import type { UserSelector } from './request-values';
import { selectedUserHash } from './user';

export interface LoggedEntry {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly audit: Readonly<Record<string, unknown>>;
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Returns the members as an entry has them. A page has no lone surrogates in its addresses. */
const wellFormed = (audit: object): LoggedEntry['audit'] =>
  Object.fromEntries(
    Object.entries(audit).flatMap(([name, value]: [string, unknown]) => {
      if (typeof value === 'string') return [[name, value.toWellFormed()]];
      const isValue = isScalar(value) || (Array.isArray(value) && value.every(isScalar));
      return isValue ? [[name, value]] : [];
    }),
  );

/** Returns the audit entry in a line of the log; undefined for another line. */
export function auditEntryOf(line: string): LoggedEntry | undefined {
  if (!line.includes('"audit"')) return undefined;
  try {
    const { message, timestamp, audit } = JSON.parse(line) as Record<string, unknown>;
    if (message !== 'audit' || typeof timestamp !== 'string' || typeof audit !== 'object' || audit === null)
      return undefined;
    const time = Date.parse(timestamp);
    return Number.isNaN(time) ? undefined : { time, audit: wellFormed(audit) };
  } catch {
    return undefined;
  }
}

export const AUDIT_OUTCOMES = ['allowed', 'denied', 'failed', 'rate-limited'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** In a filter: each outcome but `allowed`. */
export const NOT_ALLOWED = 'not allowed';

/** Entries match every member that is present. */
export interface AuditFilter {
  readonly agent?: string | undefined;
  readonly provider?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: string | undefined;
  readonly user?: UserSelector | undefined;
}

/** Returns a member that is a string. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Returns the name of the credential provider. */
export const providerIn = ({ provider, credentialProvider }: LoggedEntry['audit']): string | undefined =>
  text(provider) ?? nameInArn(text(credentialProvider));

const nameOf = (arn: unknown): string | undefined => nameInArn(text(arn));

/** The agent, and the agents through which it was called: those of a call through a gateway, whose identity is the gateway's. */
const agentsIn = ({ workloadIdentity, chain }: LoggedEntry['audit']): (string | undefined)[] =>
  [workloadIdentity, ...(Array.isArray(chain) ? (chain as unknown[]) : [])].map(nameOf);

/** Returns whether an entry matches the filter. */
export function auditMatcher({ agent, provider, operation, outcome, user }: AuditFilter) {
  const hash = user && selectedUserHash(user);
  return (audit: LoggedEntry['audit']): boolean =>
    (agent === undefined || agentsIn(audit).includes(agent)) &&
    (provider === undefined ||
      audit.provider === provider ||
      nameOf(audit.credentialProvider) === provider) &&
    (operation === undefined || text(audit.operation)?.toLowerCase() === operation.toLowerCase()) &&
    (outcome === undefined ||
      (outcome === NOT_ALLOWED ? audit.outcome !== 'allowed' : audit.outcome === outcome)) &&
    (hash === undefined || audit.user === hash);
}
