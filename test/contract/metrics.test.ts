/** Audit entries as metrics: the names and dimensions of AWS, in the format that CloudWatch reads. */
import { createMetrics } from '../../lambda/adapters/log/metrics';
import type { AuditEntry } from '../../lambda/domain/audit';

const ARN = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012';
const WORKLOAD = `${ARN}:workload-identity-directory/default/workload-identity/assistant`;
const PROVIDER = `${ARN}:token-vault/default/oauth2credentialprovider/calendar`;

/**
 * The embedded metric format, as far as it is used (CloudWatch user guide, "Embedded metric format specification").
 */
interface EmbeddedMetric {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

const entry: AuditEntry = {
  operation: 'GetResourceOauth2Token',
  outcome: 'allowed',
  principal: 'arn:aws:iam::123456789012:role/agent',
  workloadIdentity: WORKLOAD,
  user: 'hash-of-the-user',
  provider: 'calendar',
  credentialProvider: PROVIDER,
  flow: 'USER_FEDERATION',
  scopes: ['calendar.read'],
};
const created = createMetrics('Travel.Identity', true, () => 1);
const metricsOf = created.ofEntry;

/** Returns the metrics that CloudWatch reads from an entry, each with its dimensions except the deployment. */
function countsOf(change: Partial<AuditEntry>) {
  const [embedded, ...others] = metricsOf({ ...entry, ...change }) as EmbeddedMetric[];
  expect(others).toEqual([]);
  return (embedded?._aws.CloudWatchMetrics ?? []).map((directive) => {
    expect(directive).toMatchObject({ Namespace: 'AgentIdentity', Metrics: [{ Unit: 'Count' }] });
    expect(directive.Metrics).toHaveLength(1);
    const name = directive.Metrics[0]?.Name ?? '';
    expect(embedded?.[name]).toBe(1);
    expect(directive.Dimensions).toHaveLength(1);
    const { Deployment, ...dimensions } = Object.fromEntries(
      (directive.Dimensions[0] ?? []).map((key) => [key, embedded?.[key]]),
    );
    expect(Deployment).toBe('Travel.Identity');
    return [name, dimensions];
  });
}

const workload = { WorkloadIdentity: 'assistant', WorkloadIdentityDirectory: 'default' };
const vault = { ...workload, TokenVault: 'default', ProviderName: 'calendar' };

it.each(['Authorize', 'DeclineAuthorization', 'Callback', 'CompleteResourceTokenAuth'])(
  'the step %s of a consent is counted by its outcome, and never by its agent or provider',
  (operation) => {
    expect(countsOf({ operation, outcome: 'denied', result: 'FAILED' })).toEqual([
      ['ConsentStep', { Operation: operation, Outcome: 'denied' }],
    ]);
  },
);

describe('a resource token', () => {
  it.each(['cached', 'refreshed', 'exchanged', 'scope-gap'])(
    'that was returned (%s) is a success, and an outcome',
    (result) => {
      expect(countsOf({ result })).toEqual([
        ['ResourceAccessTokenFetchSuccess', { ...vault, Type: 'USER_FEDERATION' }],
        ['ResourceAccessTokenOutcome', { ProviderName: 'calendar', Outcome: result }],
      ]);
    },
  );

  it("that requires the user's consent is an outcome only", () => {
    expect(countsOf({ result: 'consent-required' })).toEqual([
      ['ResourceAccessTokenOutcome', { ProviderName: 'calendar', Outcome: 'consent-required' }],
    ]);
  });

  it('that replaces a rejected one, or comes with a proof, is counted in the same way', () => {
    for (const operation of ['RejectResourceOauth2Token', 'GetResourceDpopProof']) {
      expect(countsOf({ operation, result: 'refreshed' })).toEqual(countsOf({ result: 'refreshed' }));
    }
  });

  it('that the provider rejected is a failure with the type of its error, and an outcome', () => {
    expect(
      countsOf({ outcome: 'denied', error: 'ValidationException', result: 'provider-refused', flow: 'M2M' }),
    ).toEqual([
      ['ResourceAccessTokenFetchFailures', { ...vault, Type: 'M2M', ExceptionType: 'ValidationException' }],
      ['ResourceAccessTokenOutcome', { ProviderName: 'calendar', Outcome: 'provider-refused' }],
    ]);
  });

  it('that was denied before a request to the provider has no outcome', () => {
    expect(countsOf({ outcome: 'denied', error: 'AccessDeniedException' })).toEqual([
      [
        'ResourceAccessTokenFetchFailures',
        { ...vault, Type: 'USER_FEDERATION', ExceptionType: 'AccessDeniedException' },
      ],
      ['Denial', {}],
    ]);
  });

  it('that was throttled is not a failure', () => {
    expect(countsOf({ outcome: 'denied', error: 'ThrottlingException' })).toEqual([
      ['ResourceAccessTokenFetchThrottles', { ...vault, Type: 'USER_FEDERATION' }],
    ]);
  });
});

it.each(['GetWorkloadAccessToken', 'GetWorkloadAccessTokenForJWT', 'GetWorkloadAccessTokenForUserId'])(
  'counts workload access tokens by operation: %s',
  (operation) => {
    const dimensions = { ...workload, Operation: operation };
    const call = { operation };
    expect(countsOf(call)).toEqual([['WorkloadAccessTokenFetchSuccess', dimensions]]);
    expect(countsOf({ ...call, outcome: 'failed', error: 'InternalServerException' })).toEqual([
      ['WorkloadAccessTokenFetchFailures', { ...dimensions, ExceptionType: 'InternalServerException' }],
    ]);
    expect(countsOf({ ...call, outcome: 'denied', error: 'ThrottlingException' })).toEqual([
      ['WorkloadAccessTokenFetchThrottles', dimensions],
    ]);
  },
);

it('counts an unavailable issuer of a user token separately from failures of this service', () => {
  const operation = 'GetWorkloadAccessTokenForJWT';
  const failed = {
    outcome: 'failed',
    error: 'InternalServerException',
    result: 'issuer-unavailable',
  } as const;
  expect(countsOf({ operation, ...failed })).toEqual([
    [
      'WorkloadAccessTokenFetchFailures',
      { ...workload, Operation: operation, ExceptionType: 'IssuerUnavailable' },
    ],
  ]);
});

it('counts requests to an agent endpoint by outcome, and the early end of a response separately', () => {
  const call = { operation: 'InvokeAgentRuntime' };
  for (const outcome of ['allowed', 'denied', 'failed'] as const) {
    expect(countsOf({ ...call, outcome })).toEqual([
      ['InboundInvocation', { WorkloadIdentity: 'assistant', Outcome: outcome }],
    ]);
  }
  expect(countsOf({ operation: 'AgentInvocation', outcome: 'failed' })).toEqual([
    ['InterruptedInvocation', { WorkloadIdentity: 'assistant' }],
  ]);
});

it('counts requests to a gateway by outcome, and what is wrong with its responses separately', () => {
  const call = { operation: 'InvokeGateway', outcome: 'denied', error: 'AccessDeniedException' } as const;
  const WorkloadIdentity = 'assistant';
  expect(countsOf({ ...call, result: 'consent-required' })).toEqual([
    ['GatewayInvocation', { WorkloadIdentity, Outcome: 'consent-required' }],
  ]);
  expect(countsOf(call)).toEqual([['GatewayInvocation', { WorkloadIdentity, Outcome: 'denied' }]]);
  const end = { operation: 'GatewayResponse' };
  expect(countsOf(end)).toEqual([]);
  expect(countsOf({ ...end, outcome: 'failed', credentialEchoed: true })).toEqual([
    ['FailedGatewayResponse', { WorkloadIdentity }],
    ['EchoedCredential', { WorkloadIdentity }],
  ]);
});

it('counts API keys, which have no separate outcome', () => {
  const call = { operation: 'GetResourceApiKey' };
  expect(countsOf({ ...call, result: 'cached' })).toEqual([['ApiKeyFetchSuccess', vault]]);
  expect(countsOf({ ...call, outcome: 'denied', error: 'ValidationException' })).toEqual([
    ['ApiKeyFetchFailures', { ...vault, ExceptionType: 'ValidationException' }],
  ]);
  expect(countsOf({ ...call, outcome: 'denied', error: 'ThrottlingException' })).toEqual([
    ['ApiKeyFetchThrottles', vault],
  ]);
});

it.each([
  ['refreshed', { result: 'refreshed' }],
  ['provider-unavailable', { result: 'provider-unavailable' }],
  ['failed', { outcome: 'failed' }],
] as const)('counts background renewals separately: %s', (Outcome, change) => {
  expect(countsOf({ operation: 'BackgroundRenewal', ...change })).toEqual([
    ['RenewalOutcome', { ProviderName: 'calendar', Outcome }],
  ]);
});

it.each([
  ['applied', { result: 'applied' }],
  ['refused', { outcome: 'denied', error: 'ValidationException' }],
  ['refused', { outcome: 'failed', error: 'InternalServerException' }],
] as const)('counts reports of identity providers, by configured issuer: %s', (Outcome, change) => {
  const report = { operation: 'ReceiveSecurityEvents', trustedIssuer: 'people' };
  expect(countsOf({ ...report, ...change })).toEqual([
    ['SecurityEvent', { TrustedIssuer: 'people', Outcome }],
  ]);
});

it('has no metric for a report for an issuer that is not configured', () => {
  expect(countsOf({ operation: 'BackChannelLogout', outcome: 'denied' })).toEqual([]);
});

it('ignores a renewal that another one overtook', () => {
  expect(countsOf({ operation: 'BackgroundRenewal' })).toEqual([]);
});

it('ignores a result without a token', () => {
  expect(countsOf({ operation: 'CreateWorkloadIdentity', result: 'cached' })).toEqual([]);
});

it('has no metric for a name that was not verified', () => {
  const [metrics] = metricsOf({
    operation: 'GetResourceOauth2Token',
    outcome: 'denied',
    provider: 'made-up',
    error: 'UnauthorizedException',
  });
  expect(metrics).toMatchObject({
    WorkloadIdentity: 'unknown',
    ProviderName: 'unknown',
    Type: 'unknown',
  });
  expect(JSON.stringify(metrics)).not.toContain('made-up');
});

it('has no names of agents and providers by default, except of the agent that an endpoint is configured for', () => {
  const { ofEntry: byDefault } = createMetrics('Travel.Identity', false, () => 1);
  const all = { WorkloadIdentity: 'all', ProviderName: 'all' };
  expect(byDefault({ ...entry, result: 'cached' })).toMatchObject([{ ...all, Outcome: 'cached' }]);
  expect(byDefault({ ...entry, operation: 'GetResourceApiKey' })).toMatchObject([all]);
  expect(byDefault({ operation: 'GetResourceApiKey', outcome: 'denied' })).toMatchObject([
    { WorkloadIdentity: 'unknown', ProviderName: 'unknown' },
  ]);
  expect(byDefault({ ...entry, operation: 'InvokeAgentRuntime' })).toMatchObject([
    { WorkloadIdentity: 'assistant' },
  ]);
});

it('does not contain the caller, the user, the scopes, or the reason', () => {
  const change = { error: 'AccessDeniedException', reason: 'why it was', resource: PROVIDER } as const;
  const text = JSON.stringify(metricsOf({ ...entry, ...change, outcome: 'denied' }));
  expect(text).toContain('ExceptionType');
  for (const value of [entry.principal, entry.user, 'calendar.read', 'why it was', WORKLOAD, PROVIDER]) {
    expect(text).not.toContain(value);
  }
});

it('a denial is a separate metric, except of an agent endpoint, whose denials are in InboundInvocation', () => {
  const denial = { outcome: 'denied', error: 'AccessDeniedException' } as const;
  expect(countsOf({ ...denial, operation: 'TagResource' })).toEqual([['Denial', {}]]);
  expect(countsOf({ ...denial, operation: 'InvokeAgentRuntime' }).map(([name]) => name)).toEqual([
    'InboundInvocation',
  ]);
  expect(created.ofFallbackEntry({ ...entry, ...denial })).toMatchObject([{ Denial: 1 }]);
  expect(created.ofFallbackEntry({ ...entry, outcome: 'failed' })).toEqual([]);
});

it('a digest of the audit trail is counted', () => {
  expect(countsOf({ operation: 'WriteAuditDigest' })).toEqual([['AuditDigest', {}]]);
});
