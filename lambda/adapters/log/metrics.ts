/**
 * The audit trail as CloudWatch metrics, each a line on stdout in the embedded metric format. Names and dimensions
 * are AWS's where it has them (AgentCore developer guide, "AgentCore generated identity observability data").
 *
 * A name is a dimension only once it was found in the directory, or whoever asks for made-up names would make as many
 * metrics, which cost money; until then it counts as {@link UNVERIFIED}.
 */
import { MetricUnit, type Metrics } from '@aws-lambda-powertools/metrics';
import type { AuditEntry, AuditTrail } from '../../domain/audit';
import type { Outcome } from '../../domain/service-error';

/** Stands for a name that the request has but that no one has verified. */
export const UNVERIFIED = 'unknown';

type Dimensions = Readonly<Record<string, string>>;

/** One more of what the name says. */
interface Count {
  readonly name: string;
  readonly dimensions: Dimensions;
}

const nameOf = (arn: string | undefined): string => arn?.split('/').at(-1) ?? UNVERIFIED;

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

/** A kind of fetch: what its metrics are named by, and what they are told apart by. */
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
  ['GetResourceApiKey', { named: 'ApiKeyFetch', dimensions: vaultOf }],
]);

/** The call succeeded and yet fetched nothing: the user is asked first. */
const NOTHING_FETCHED: Outcome = 'consent-required';

function fetchCount(entry: AuditEntry): Count[] {
  const fetch = FETCHES.get(entry.operation);
  if (!fetch) return [];
  const { named } = fetch;
  const dimensions = fetch.dimensions(entry);
  if (entry.outcome === 'allowed') {
    return entry.result === NOTHING_FETCHED ? [] : [{ name: `${named}Success`, dimensions }];
  }
  if (entry.error === 'ThrottlingException') return [{ name: `${named}Throttles`, dimensions }];
  const ExceptionType = entry.error ?? UNVERIFIED;
  return [{ name: `${named}Failures`, dimensions: { ...dimensions, ExceptionType } }];
}

/** Where tokens are read or renewed, the metric that counts how that ended. */
const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ['GetResourceOauth2Token', 'ResourceAccessTokenOutcome'],
  ['RejectResourceOauth2Token', 'ResourceAccessTokenOutcome'],
  ['RenewAhead', 'RenewalOutcome'],
]);

/** A renewal that failed of itself has no caller who would be told, so it counts here too. */
const outcomeOf = ({ operation, outcome, result }: AuditEntry): string | undefined =>
  result ?? (operation === 'RenewAhead' && outcome === 'failed' ? 'failed' : undefined);

function outcomeCount(entry: AuditEntry): Count[] {
  const name = OUTCOMES.get(entry.operation);
  const Outcome = outcomeOf(entry);
  if (name === undefined || Outcome === undefined) return [];
  return [{ name, dimensions: { ...providerOf(entry), Outcome } }];
}

/** The ways of a consent after its link was handed out. */
const CONSENT_STEPS: readonly string[] = ['Authorize', 'Callback', 'CompleteResourceTokenAuth'];

/** Of all providers together: a made-up link or answer belongs to none. */
function consentCount({ operation, outcome }: AuditEntry): Count[] {
  if (!CONSENT_STEPS.includes(operation)) return [];
  return [{ name: 'ConsentStep', dimensions: { Operation: operation, Outcome: outcome } }];
}

/** On an agent endpoint, whose workload identity is configured and not the caller's to name. */
function inboundCount(entry: AuditEntry): Count[] {
  if (entry.operation !== 'InvokeAgentRuntime') return [];
  return [
    {
      name: 'InboundInvocation',
      dimensions: { WorkloadIdentity: nameOf(entry.workloadIdentity), Outcome: entry.outcome },
    },
  ];
}

/** All that an entry counts for. */
const countsOf = (entry: AuditEntry): Count[] => [
  ...fetchCount(entry),
  ...outcomeCount(entry),
  ...consentCount(entry),
  ...inboundCount(entry),
];

/**
 * @param metrics is kept: its dimensions are set here, and it is published at each entry
 * @returns a trail that counts what is recorded
 */
export function createMetricsTrail(metrics: Metrics): AuditTrail {
  // Powertools adds the service's name to every metric; AWS's have no such dimension.
  metrics.clearDefaultDimensions();
  return {
    record(entry) {
      for (const { name, dimensions } of countsOf(entry)) {
        // One at a time: all metrics of one publication have the same dimensions.
        metrics.addDimensions(dimensions).addMetric(name, MetricUnit.Count, 1).publishStoredMetrics();
      }
    },
  };
}
