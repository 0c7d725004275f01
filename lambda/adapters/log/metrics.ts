/**
 * CloudWatch metrics of audit entries and of unexpected errors, in the embedded metric format (CloudWatch user guide,
 * "Specification: Embedded metric format"): one line with all metrics of an entry. Names and dimensions
 * are those of AWS where AWS has them (AgentCore developer guide, "AgentCore generated identity observability data"), with one
 * dimension for the deployment in addition.
 *
 * Each combination of dimension values is a metric, which costs money. A request can invent names, so a name is a dimension
 * value only after the directory lookup found it; until then, the value is {@link UNVERIFIED}. Owners can create ever new
 * agents and providers, so the value is {@link ALL} unless the deployment chose names.
 */
import { nameInArn } from '../../model/arn';
import { DEPLOYMENT_DIMENSION, METRICS_NAMESPACE } from '../../model/metrics-namespace';
import { FORGED_EVENT, ISSUER_UNAVAILABLE, type AuditEntry } from '../../domain/audit';
import type { Outcome } from '../../domain/service-error';

/** Replaces a name from the request that is not verified. */
const UNVERIFIED = 'unknown';

/** Replaces the names of agents and providers, unless they are dimension values. */
const ALL = 'all';

type Dimensions = Readonly<Record<string, string>>;

/** One count of the named metric. */
interface Count {
  readonly name: string;
  readonly dimensions: Dimensions;
}

const nameOf = (arn: string | undefined): string => nameInArn(arn) ?? UNVERIFIED;

const workloadOf = (entry: AuditEntry): Dimensions => ({
  WorkloadIdentity: nameOf(entry.workloadIdentity),
  WorkloadIdentityDirectory: 'default',
});

const providerOf = (entry: AuditEntry): Dimensions => ({ ProviderName: nameOf(entry.credentialProvider) });

const vaultOf = (entry: AuditEntry): Dimensions => ({
  ...workloadOf(entry),
  TokenVault: 'default',
  ...providerOf(entry),
});

/** A kind of fetch: the prefix of its metrics, and their dimensions. */
interface Fetch {
  readonly named: string;
  readonly dimensions: (entry: AuditEntry) => Dimensions;
}

const workloadAccessToken: Fetch = {
  named: 'WorkloadAccessTokenFetch',
  dimensions: (entry) => ({ ...workloadOf(entry), Operation: entry.operation }),
};

const resourceAccessToken: Fetch = {
  named: 'ResourceAccessTokenFetch',
  dimensions: (entry) => ({ ...vaultOf(entry), Type: entry.flow ?? UNVERIFIED }),
};

const FETCHES: ReadonlyMap<string, Fetch> = new Map([
  ['GetWorkloadAccessToken', workloadAccessToken],
  ['GetWorkloadAccessTokenForJWT', workloadAccessToken],
  ['GetWorkloadAccessTokenForUserId', workloadAccessToken],
  ['GetResourceOauth2Token', resourceAccessToken],
  ['RejectResourceOauth2Token', resourceAccessToken],
  ['GetResourceDpopProof', resourceAccessToken],
  ['GetResourceApiKey', { named: 'ApiKeyFetch', dimensions: vaultOf }],
]);

/** The request succeeded without fetching anything: the user must consent first. */
const NOTHING_FETCHED: Outcome = 'consent-required';

/**
 * An unavailable issuer that an owner chose has its own type: the alarm about signatures counts the other errors that are
 * not the caller's.
 */
const exceptionTypeOf = ({ result, error }: AuditEntry): string =>
  result === ISSUER_UNAVAILABLE ? 'IssuerUnavailable' : (error ?? UNVERIFIED);

function fetchCount(entry: AuditEntry): Count[] {
  const fetch = FETCHES.get(entry.operation);
  if (!fetch) return [];
  const { named } = fetch;
  const dimensions = fetch.dimensions(entry);
  if (entry.outcome === 'allowed') {
    return entry.result === NOTHING_FETCHED ? [] : [{ name: `${named}Success`, dimensions }];
  }
  if (entry.error === 'ThrottlingException') return [{ name: `${named}Throttles`, dimensions }];
  return [{ name: `${named}Failures`, dimensions: { ...dimensions, ExceptionType: exceptionTypeOf(entry) } }];
}

/** The metric for the result of a token read, a renewal, or a revocation, by operation. */
const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ['GetResourceOauth2Token', 'ResourceAccessTokenOutcome'],
  ['RejectResourceOauth2Token', 'ResourceAccessTokenOutcome'],
  ['GetResourceDpopProof', 'ResourceAccessTokenOutcome'],
  ['BackgroundRenewal', 'RenewalOutcome'],
  ['RevokeAtProvider', 'RevocationOutcome'],
]);

/** A failed background renewal has no caller that receives the error, so it is counted here too. */
const outcomeOf = ({ operation, outcome, result }: AuditEntry): string | undefined =>
  result ?? (operation === 'BackgroundRenewal' && outcome === 'failed' ? 'failed' : undefined);

function outcomeCount(entry: AuditEntry): Count[] {
  const name = OUTCOMES.get(entry.operation);
  const Outcome = outcomeOf(entry);
  if (name === undefined || Outcome === undefined) return [];
  return [{ name, dimensions: { ...providerOf(entry), Outcome } }];
}

/** The steps of a consent after its link was returned. */
const CONSENT_STEPS: readonly string[] = [
  'Authorize',
  'DeclineAuthorization',
  'Callback',
  'CompleteResourceTokenAuth',
];

/** Counted for all providers together, because an invented link or response belongs to none. */
function consentCount({ operation, outcome }: AuditEntry): Count[] {
  if (!CONSENT_STEPS.includes(operation)) return [];
  return [{ name: 'ConsentStep', dimensions: { Operation: operation, Outcome: outcome } }];
}

/**
 * For an agent endpoint, whose workload identity is configured and not named by the caller. A response that ends early has
 * two entries, so its end has its own metric.
 */
function inboundCount({ operation, outcome, workloadIdentity }: AuditEntry): Count[] {
  if (operation !== 'AgentInvocation' && operation !== 'InvokeAgentRuntime') return [];
  const WorkloadIdentity = nameOf(workloadIdentity);
  if (operation === 'AgentInvocation') {
    return [{ name: 'InterruptedInvocation', dimensions: { WorkloadIdentity } }];
  }
  return [{ name: 'InboundInvocation', dimensions: { WorkloadIdentity, Outcome: outcome } }];
}

/** For a gateway, whose workload identity has its ID. A request and the end of its response have an entry each. */
function gatewayCount({
  operation,
  outcome,
  result,
  workloadIdentity,
  credentialEchoed,
}: AuditEntry): Count[] {
  if (operation !== 'InvokeGateway' && operation !== 'GatewayResponse') return [];
  const WorkloadIdentity = nameOf(workloadIdentity);
  if (operation === 'InvokeGateway') {
    return [{ name: 'GatewayInvocation', dimensions: { WorkloadIdentity, Outcome: result ?? outcome } }];
  }
  const named = (name: string): Count => ({ name, dimensions: { WorkloadIdentity } });
  return [
    ...(outcome === 'allowed' || outcome === 'rate-limited' ? [] : [named('FailedGatewayResponse')]),
    ...(credentialEchoed ? [named('EchoedCredential')] : []),
  ];
}

/** What an identity provider reports. */
const REPORTS: readonly string[] = [
  'ReceiveSecurityEvents',
  'PollSecurityEvents',
  'BackChannelLogout',
  'GlobalTokenRevocation',
];

/** A report for an ID that is not configured is not counted: its ID is the caller's choice. */
function reportCount({ operation, outcome, result, trustedIssuer }: AuditEntry): Count[] {
  if (!REPORTS.includes(operation) || trustedIssuer === undefined) return [];
  // One value for both, because a query of an alarm has no OR.
  const Outcome = outcome === 'allowed' ? (result ?? UNVERIFIED) : 'refused';
  return [{ name: 'SecurityEvent', dimensions: { TrustedIssuer: trustedIssuer, Outcome } }];
}

const withoutNames = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  ...(entry.workloadIdentity !== undefined && { workloadIdentity: ALL }),
  ...(entry.credentialProvider !== undefined && { credentialProvider: ALL }),
});

const forgedCount = ({ operation }: AuditEntry): Count[] =>
  operation === FORGED_EVENT ? [counted('ForgedEvent')] : [];

const counted = (name: string): Count => ({ name, dimensions: {} });

const INVOCATIONS: readonly string[] = ['InvokeAgentRuntime', 'InvokeGateway', 'GatewayResponse'];

/**
 * Denied by owner, by resource policy, for the user of a session, or for the kind of principal. Those of an agent endpoint
 * are in `InboundInvocation`, and those of a gateway in `GatewayInvocation`.
 */
const denialCount = ({ operation, outcome, error }: AuditEntry): Count[] =>
  outcome === 'denied' && error === 'AccessDeniedException' && !INVOCATIONS.includes(operation)
    ? [counted('Denial')]
    : [];

const digestCount = ({ operation, outcome }: AuditEntry): Count[] =>
  operation === 'WriteAuditDigest' && outcome === 'allowed' ? [counted('AuditDigest')] : [];

/** Returns all counts of an entry. */
const countsOf = (entry: AuditEntry, generalized: AuditEntry): Count[] => [
  ...fetchCount(generalized),
  ...outcomeCount(generalized),
  ...consentCount(entry),
  ...inboundCount(entry),
  ...gatewayCount(generalized),
  ...reportCount(entry),
  ...forgedCount(entry),
  ...denialCount(entry),
  ...digestCount(entry),
];

/**
 * AWS denied access to a function, or a KMS key cannot be used: a role, a key policy, or the state of a KMS key differs
 * from the deployment.
 * Source: AWS KMS API reference, errors of Decrypt and GenerateDataKey; DynamoDB developer guide, "Error handling".
 */
const KEY_FAILURES: readonly string[] = [
  'AccessDeniedException',
  'DependencyTimeoutException',
  'DisabledException',
  'IncorrectKeyException',
  'InvalidCiphertextException',
  'InvalidKeyUsageException',
  'KMSInternalException',
  'KMSInvalidStateException',
  'KeyUnavailableException',
  'NotFoundException',
];

/** Returns the lines with the metrics of an entry: none, or one. */
export type MetricsOf = (entry: AuditEntry) => readonly object[];

export interface Metrics {
  readonly ofEntry: MetricsOf;
  /**
   * Of an entry that only the router recorded. It counts as a denial alone: API Gateway's or Lambda's metrics have the
   * request.
   */
  readonly ofFallbackEntry: MetricsOf;
  /** Of an unexpected error, for which the caller got a plain 500. */
  readonly ofUnexpected: (errorName: string) => readonly object[];
}

/**
 * @param deployment name of the deployment
 * @param namesInMetrics whether the names of agents and providers are dimension values
 * @param now returns the present in epoch milliseconds
 */
export function createMetrics(deployment: string, namesInMetrics: boolean, now: () => number): Metrics {
  const linesOf = (counts: readonly Count[]): readonly object[] => {
    if (counts.length === 0) return [];
    // Each metric has its own dimensions. A dimension that several of them have is of the same entry, so it has one value.
    const directives = counts.map(({ name, dimensions }) => ({
      Namespace: METRICS_NAMESPACE,
      Dimensions: [[...Object.keys(dimensions), DEPLOYMENT_DIMENSION]],
      Metrics: [{ Name: name, Unit: 'Count' }],
    }));
    const values = counts.map(({ name, dimensions }) => ({ ...dimensions, [name]: 1 }));
    const _aws = { Timestamp: now(), CloudWatchMetrics: directives };
    return [Object.assign({ _aws, [DEPLOYMENT_DIMENSION]: deployment }, ...values) as object];
  };
  return {
    ofEntry: (entry) => linesOf(countsOf(entry, namesInMetrics ? entry : withoutNames(entry))),
    ofFallbackEntry: (entry) => linesOf(denialCount(entry)),
    ofUnexpected: (errorName) =>
      linesOf([
        counted('UnexpectedError'),
        ...(KEY_FAILURES.includes(errorName) ? [counted('KeyFailure')] : []),
      ]),
  };
}
