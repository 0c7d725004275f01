/** What owners of agents call: identities, credential providers, portals, tags, and policies. */
import type { JsonOperationName } from '../../../lambda/operations';
import { RETURN_URL } from '../../flows/support/world';
import { scenario, type Part, type Prepared, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import { askFor, cool, customProvider, M2M, newAgent, newIdentity, newProvider, tokenOf } from './agents';
import { call, called, type Input } from './request';

const ACCOUNT = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';
const AGENT_ROLE = 'arn:aws:iam::000000000000:role/agent';
const API_KEY = 'an-api-key-that-no-log-line-has';

export const workloadArn = (name: string): string =>
  `${ACCOUNT}:workload-identity-directory/default/workload-identity/${name}`;
const providerArn = (name: string): string =>
  `${ACCOUNT}:token-vault/default/oauth2credentialprovider/${name}`;

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: [AGENT_ROLE] },
      Action: ['bedrock-agentcore:GetWorkloadIdentity'],
      Resource: '*',
    },
  ],
});

interface Simple<Shared> extends Pick<Prepared, 'performed'> {
  readonly part?: Part;
  readonly variant?: string;
  /** Used by all cases; by default, each case begins with nothing. */
  readonly share?: (stage: Stage) => Promise<Shared>;
  readonly input: (stage: Stage, shared: Shared) => Input | Promise<Input>;
  /** A request that must succeed afterwards, or fail with 404. */
  readonly then?: readonly [operation: JsonOperationName, status: 200 | 404];
}

/** A scenario of one request. A request that changes nothing new can be repeated. */
export function simple<Shared>(
  operation: JsonOperationName,
  { part = 'control plane', variant, share, input, performed, then }: Simple<Shared>,
): Scenario {
  return scenario<Shared>({
    operation,
    part,
    ...(variant !== undefined && { variant }),
    ...(share && { share }),
    async prepare(stage, shared) {
      const request = await input(stage, shared);
      cool();
      return {
        act: () => call(stage, operation, request),
        ...(performed ? { performed } : { repeatable: true }),
        exact: performed !== undefined,
        async verify() {
          if (!then) return;
          const [reading, expected] = then;
          const { status, body } = await call(stage, reading, { body: { name: nameIn(request) } });
          if (status !== expected) throw new Error(`${reading} responds ${status}: ${body.slice(0, 200)}`);
        },
      };
    },
  });
}

const nameIn = ({ body = {} }: Input): unknown => (body as { name?: unknown }).name;

const named = (name: string): Input => ({ body: { name } });

async function newKeyProvider(stage: Stage): Promise<string> {
  const name = stage.unique('key');
  stage.secrets.add(API_KEY);
  await called(stage, 'CreateApiKeyCredentialProvider', { body: { name, apiKey: API_KEY } });
  return name;
}

const nameOfProvider = async (stage: Stage): Promise<string> => (await newProvider(stage)).name;

async function portalMembers(stage: Stage) {
  const { name, provider } = await newAgent(stage);
  return {
    executionRoleArn: 'arn:aws:iam::000000000000:role/portal',
    idpConfig: { credentialProviderArn: providerArn(provider), scopes: ['profile'] },
    sources: [{ type: 'workload-identity', identifier: name }],
  };
}

async function newPortal(stage: Stage): Promise<string> {
  const { consentPortalId } = await called<{ consentPortalId: string }>(stage, 'CreateConsentPortal', {
    body: { name: stage.unique('consents'), ...(await portalMembers(stage)) },
  });
  await stage.quiet();
  return consentPortalId;
}

const GATEWAY = { roleArn: 'arn:aws:iam::000000000000:role/gateway', authorizerType: 'AWS_IAM' };
const TARGET = {
  targetConfiguration: {
    http: { passthrough: { endpoint: 'https://api.example/v1', protocolType: 'CUSTOM' } },
  },
};

async function newGateway(stage: Stage) {
  const name = stage.unique('gateway');
  const { gatewayId } = await called<{ gatewayId: string }>(stage, 'CreateGateway', {
    body: { name, ...GATEWAY },
  });
  return { name, labels: { gatewayIdentifier: gatewayId } };
}

async function newTarget(stage: Stage) {
  const { labels } = await newGateway(stage);
  const { targetId } = await called<{ targetId: string }>(stage, 'CreateGatewayTarget', {
    labels,
    body: TARGET,
  });
  return { ...labels, targetId };
}

const LIMIT = {
  dimensionKeys: ['targetName'],
  entries: [{ dimensions: { targetName: '*' }, requests: [{ rate: 5, period: 'second' }] }],
};

async function newLimit(stage: Stage) {
  const { labels } = await newGateway(stage);
  const { rateLimitId } = await called<{ rateLimitId: string }>(stage, 'CreateGatewayRateLimit', {
    labels,
    body: LIMIT,
  });
  return { labels, limit: { ...labels, rateLimitId } };
}

const POLICY_BODY = {
  definition: { cedar: { statement: 'permit(principal, action, resource is AgentCore::Gateway);' } },
};
/** Names of engines and policies have no hyphens. */
const identifier = (stage: Stage, name: string): string => stage.unique(name).replaceAll('-', '_');

async function newEngine(stage: Stage) {
  const { policyEngineId } = await called<{ policyEngineId: string }>(stage, 'CreatePolicyEngine', {
    body: { name: identifier(stage, 'engine') },
  });
  return { policyEngineId };
}

async function newPolicy(stage: Stage) {
  const engine = await newEngine(stage);
  const { policyId } = await called<{ policyId: string }>(stage, 'CreatePolicy', {
    labels: engine,
    body: { ...POLICY_BODY, name: identifier(stage, 'policy') },
  });
  return { ...engine, policyId };
}

const identityArn = async (stage: Stage): Promise<string> => workloadArn(await newIdentity(stage));

async function taggedArn(stage: Stage): Promise<string> {
  const resourceArn = await identityArn(stage);
  await called(stage, 'TagResource', { resourceArn, body: { tags: { team: 'travel' } } });
  await called(stage, 'PutResourcePolicy', { resourceArn, body: { policy: POLICY } });
  return resourceArn;
}

export const CONTROL_PLANE: readonly Scenario[] = [
  simple('CreateWorkloadIdentity', {
    input: (stage) => named(stage.unique('agent')),
    performed: [409],
    then: ['GetWorkloadIdentity', 200],
  }),
  simple('GetWorkloadIdentity', { share: newIdentity, input: (_stage, name) => named(name) }),
  simple('UpdateWorkloadIdentity', {
    share: newIdentity,
    input: (_stage, name) => ({ body: { name, allowedResourceOauth2ReturnUrls: [RETURN_URL] } }),
  }),
  simple('DeleteWorkloadIdentity', {
    input: async (stage) => named(await newIdentity(stage)),
    performed: [404],
    then: ['GetWorkloadIdentity', 404],
  }),
  simple('DeleteWorkloadIdentity', {
    variant: 'with a grant',
    async input(stage) {
      const agent = await newAgent(stage);
      await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      return named(agent.name);
    },
    performed: [404],
    then: ['GetWorkloadIdentity', 404],
  }),
  simple('ListWorkloadIdentities', { input: () => ({ body: { maxResults: 5 } }) }),
  simple('CreateOauth2CredentialProvider', {
    input: (stage) => ({ body: customProvider(stage, stage.unique('provider')) }),
    performed: [409],
    then: ['GetOauth2CredentialProvider', 200],
  }),
  simple('GetOauth2CredentialProvider', { share: nameOfProvider, input: (_stage, name) => named(name) }),
  simple('UpdateOauth2CredentialProvider', {
    share: nameOfProvider,
    input: (stage, name) => ({ body: customProvider(stage, name) }),
    then: ['GetOauth2CredentialProvider', 200],
  }),
  simple('DeleteOauth2CredentialProvider', {
    input: async (stage) => named(await nameOfProvider(stage)),
    performed: [404],
    then: ['GetOauth2CredentialProvider', 404],
  }),
  simple('DeleteOauth2CredentialProvider', {
    variant: 'with a grant',
    async input(stage) {
      const agent = await newAgent(stage);
      await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      return named(agent.provider);
    },
    performed: [404],
    then: ['GetOauth2CredentialProvider', 404],
  }),
  simple('ListOauth2CredentialProviders', { input: () => ({ body: { maxResults: 5 } }) }),
  simple('CreateApiKeyCredentialProvider', {
    input: (stage) => ({ body: { name: stage.unique('key'), apiKey: API_KEY } }),
    performed: [409],
    then: ['GetApiKeyCredentialProvider', 200],
  }),
  simple('GetApiKeyCredentialProvider', { share: newKeyProvider, input: (_stage, name) => named(name) }),
  simple('UpdateApiKeyCredentialProvider', {
    share: newKeyProvider,
    input: (_stage, name) => ({ body: { name, apiKey: API_KEY } }),
    then: ['GetApiKeyCredentialProvider', 200],
  }),
  simple('DeleteApiKeyCredentialProvider', {
    input: async (stage) => named(await newKeyProvider(stage)),
    performed: [404],
    then: ['GetApiKeyCredentialProvider', 404],
  }),
  simple('ListApiKeyCredentialProviders', { input: () => ({ body: { maxResults: 5 } }) }),
  simple('CreateConsentPortal', {
    share: portalMembers,
    input: (stage, members) => ({ body: { name: stage.unique('consents'), ...members } }),
    performed: [409],
  }),
  simple('GetConsentPortal', {
    share: newPortal,
    input: (_stage, consentPortalIdentifier) => ({ body: { consentPortalIdentifier } }),
  }),
  simple('UpdateConsentPortal', {
    share: newPortal,
    input: (_stage, consentPortalIdentifier) => ({ body: { consentPortalIdentifier, description: 'new' } }),
  }),
  simple('DeleteConsentPortal', {
    share: portalMembers,
    async input(stage, members) {
      const { consentPortalId } = await called<{ consentPortalId: string }>(stage, 'CreateConsentPortal', {
        body: { name: stage.unique('consents'), ...members },
      });
      await stage.quiet();
      return { body: { consentPortalIdentifier: consentPortalId } };
    },
    performed: [404],
  }),
  simple('ListConsentPortals', { input: () => ({ body: { maxResults: 5 } }) }),
  // As AWS SDKs send it: a repetition with the token continues.
  simple('CreateGateway', {
    input: (stage) => ({
      body: { name: stage.unique('gateway'), ...GATEWAY, clientToken: crypto.randomUUID() },
    }),
  }),
  simple('GetGateway', { share: newGateway, input: (_stage, { labels }) => ({ labels }) }),
  simple('UpdateGateway', {
    share: newGateway,
    input: (_stage, { labels, name }) => ({ labels, body: { name, ...GATEWAY } }),
  }),
  simple('DeleteGateway', {
    async input(stage) {
      const { labels } = await newGateway(stage);
      await called(stage, 'CreateGatewayTarget', { labels, body: TARGET });
      return { labels };
    },
    performed: [404],
  }),
  simple('ListGateways', { input: () => ({ query: { maxResults: '5' } }) }),
  simple('CreateGatewayTarget', {
    share: newGateway,
    input: (stage, { labels }) => ({
      labels,
      body: { name: stage.unique('target'), ...TARGET, clientToken: crypto.randomUUID() },
    }),
  }),
  simple('GetGatewayTarget', { share: newTarget, input: (_stage, labels) => ({ labels }) }),
  simple('UpdateGatewayTarget', { share: newTarget, input: (_stage, labels) => ({ labels, body: TARGET }) }),
  simple('DeleteGatewayTarget', {
    input: async (stage) => ({ labels: await newTarget(stage) }),
    performed: [404],
  }),
  simple('ListGatewayTargets', { share: newGateway, input: (_stage, { labels }) => ({ labels }) }),
  simple('CreateGatewayRateLimit', {
    async input(stage) {
      const { labels } = await newGateway(stage);
      return { labels, body: { ...LIMIT, clientToken: crypto.randomUUID() } };
    },
  }),
  simple('BatchPutGatewayRateLimits', {
    share: newLimit,
    input: (_stage, { labels }) => ({ labels, body: { rateLimits: [LIMIT] } }),
  }),
  simple('GetGatewayRateLimit', { share: newLimit, input: (_stage, { limit }) => ({ labels: limit }) }),
  simple('UpdateGatewayRateLimit', {
    share: newLimit,
    input: (_stage, { limit }) => ({ labels: limit, body: { entries: LIMIT.entries } }),
  }),
  simple('DeleteGatewayRateLimit', {
    input: async (stage) => ({ labels: (await newLimit(stage)).limit }),
    performed: [404],
  }),
  simple('ListGatewayRateLimits', { share: newGateway, input: (_stage, { labels }) => ({ labels }) }),
  simple('CreatePolicyEngine', {
    input: (stage) => ({
      body: { name: identifier(stage, 'engine'), clientToken: crypto.randomUUID() },
    }),
  }),
  simple('GetPolicyEngine', { share: newEngine, input: (_stage, labels) => ({ labels }) }),
  simple('UpdatePolicyEngine', {
    share: newEngine,
    input: (_stage, labels) => ({ labels, body: { description: { optionalValue: 'new' } } }),
  }),
  simple('DeletePolicyEngine', {
    async input(stage) {
      const { policyEngineId } = await newPolicy(stage);
      return { labels: { policyEngineId } };
    },
    performed: [404],
  }),
  simple('ListPolicyEngines', { input: () => ({ query: { maxResults: '5' } }) }),
  simple('CreatePolicy', {
    share: newEngine,
    input: (stage, labels) => ({
      labels,
      body: { ...POLICY_BODY, name: identifier(stage, 'policy'), clientToken: crypto.randomUUID() },
    }),
  }),
  simple('GetPolicy', { share: newPolicy, input: (_stage, labels) => ({ labels }) }),
  simple('UpdatePolicy', {
    share: newPolicy,
    input: (_stage, labels) => ({ labels, body: { description: { optionalValue: 'new' } } }),
  }),
  simple('DeletePolicy', {
    input: async (stage) => ({ labels: await newPolicy(stage) }),
    performed: [404],
  }),
  simple('ListPolicies', { share: newEngine, input: (_stage, labels) => ({ labels }) }),
  simple('GetTokenVault', { input: () => ({ body: {} }) }),
  simple('TagResource', {
    share: identityArn,
    input: (_stage, resourceArn) => ({ resourceArn, body: { tags: { team: 'travel' } } }),
  }),
  simple('UntagResource', {
    share: taggedArn,
    input: (_stage, resourceArn) => ({ resourceArn, query: { tagKeys: 'team' } }),
  }),
  simple('ListTagsForResource', { share: taggedArn, input: (_stage, resourceArn) => ({ resourceArn }) }),
  simple('PutResourcePolicy', {
    share: identityArn,
    input: (_stage, resourceArn) => ({ resourceArn, body: { policy: POLICY } }),
  }),
  simple('GetResourcePolicy', { share: taggedArn, input: (_stage, resourceArn) => ({ resourceArn }) }),
  simple('DeleteResourcePolicy', {
    async input(stage) {
      return { resourceArn: await taggedArn(stage) };
    },
    performed: [404],
  }),
];
