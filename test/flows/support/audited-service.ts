/**
 * The running service for tests of every operation: an input with which each operation succeeds, requests that are
 * identified by their user agent, and the one audit entry of each.
 */
import { type JsonOperationName, OPERATIONS, type OperationName } from '../../../lambda/operations';
import type { Route } from '../../../lambda/operations/operation';
import { filledPath, send, signed, type HttpResponse } from '../../local/handmade-request';
import { openGateway } from '../gateway/gateways';
import { TestMcpServer } from '../gateway/mcp-server';
import { customProvider } from './custom-provider';
import { RETURN_URL, World, type PrincipalName, type TestAgent } from './world';

export const USER_AGENT = 'walker/1.0';
export const AGENT_ARN = 'arn:aws:iam::000000000000:role/agent';
const CLIENT_SECRET = 'the-client-secret-that-is-never-logged';
const API_KEY = 'the-api-key-that-is-never-logged';

export const NAMES = Object.keys(OPERATIONS) as OperationName[];
export const routeOf = (name: OperationName): Route => OPERATIONS[name];
export const OPERATIONS_BY_IAM = NAMES.filter((name) => routeOf(name).auth === 'IAM') as JsonOperationName[];

/** Resources are deleted last, because other requests need them. */
const DELETES =
  /^Delete(WorkloadIdentity|\w+CredentialProvider|ConsentPortal|Gateway|GatewayTarget|PolicyEngine)$/;
export const IN_ORDER = [
  ...OPERATIONS_BY_IAM.filter((name) => !DELETES.test(name)),
  ...OPERATIONS_BY_IAM.filter((name) => DELETES.test(name)),
];

/** The principal that IAM allows to call the operation. */
export const principalFor = (name: OperationName): 'agent' | 'operator' =>
  routeOf(name).group === 'operator' ? 'operator' : 'agent';

export type Entry = Record<string, unknown>;

/** What a request needs in addition to its route. */
export interface Input {
  readonly body?: object;
  readonly resourceArn?: string;
  /** Other members in the path. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly query?: Record<string, string>;
}

/** By operation, from an unused name. A new operation of the registry does not compile without an input. */
type Inputs = Record<JsonOperationName, (unique: string) => Input>;

const arnOf = (kind: string, name: string): string =>
  `arn:aws:bedrock-agentcore:us-east-1:000000000000:${kind}/${name}`;

/** ARN of the workload identity of this name. */
export const workloadArn = (name: string): string =>
  arnOf('workload-identity-directory/default/workload-identity', name);

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: [AGENT_ARN] },
      Action: ['bedrock-agentcore:GetWorkloadIdentity'],
      Resource: '*',
    },
  ],
});

const outcomeOf = ({ status = 0 }: Pick<HttpResponse, 'status'>): string =>
  status < 400 ? 'allowed' : status < 500 ? 'denied' : 'failed';

/** Members of a portal of this agent, whose users sign in with its credential provider. */
export const portalOf = ({ name, providerName }: TestAgent) => ({
  executionRoleArn: 'arn:aws:iam::000000000000:role/portal',
  idpConfig: {
    credentialProviderArn: arnOf('token-vault/default/oauth2credentialprovider', providerName),
    scopes: ['profile'],
  },
  sources: [{ type: 'workload-identity', identifier: name }],
});

const GATEWAY = {
  roleArn: 'arn:aws:iam::000000000000:role/gateway',
  authorizerType: 'AWS_IAM',
} as const;
/** Names of policies have no hyphens. */
const asIdentifier = (name: string): string => name.replaceAll('-', '_');

const TARGET = {
  targetConfiguration: {
    http: { passthrough: { endpoint: 'https://api.example/v1', protocolType: 'CUSTOM' } },
  },
} as const;

const POLICY_BODY = {
  definition: { cedar: { statement: 'permit(principal, action, resource is AgentCore::Gateway);' } },
};

export class AuditedService {
  private constructor(
    readonly world: World,
    readonly agent: TestAgent,
    readonly inputs: Inputs,
    /** None of these is in the log. */
    readonly secrets: readonly string[],
  ) {}

  static async start(): Promise<AuditedService> {
    return AuditedService.prepare(await World.start());
  }

  /** @param suffix distinguishes the resources from those of an earlier preparation of the same world */
  static async prepare(world: World, suffix = ''): Promise<AuditedService> {
    const agent = await world.agent();
    const apiKeyProvider = `walked-key${suffix}`;
    await world.control().createApiKeyCredentialProvider({ name: apiKeyProvider, apiKey: API_KEY });
    const portal = await world.post('CreateConsentPortal', {
      name: `walked-portal${suffix}`,
      ...portalOf(agent),
    });
    const { consentPortalId } = JSON.parse(portal.body) as { consentPortalId: string };
    const gatewayName = `walked-gateway${suffix}`;
    const { gatewayId: gatewayIdentifier } = await world.control().createGateway({
      ...GATEWAY,
      name: gatewayName,
    });
    const gateway = { gatewayIdentifier: String(gatewayIdentifier) };
    const { targetId } = await world.control().createGatewayTarget({
      ...gateway,
      ...TARGET,
      name: 'walked-target',
    });
    const target = { ...gateway, targetId: String(targetId) };
    const limit = { ...gateway, rateLimitId: 'walked-limit' };
    const entries = [{ dimensions: { targetName: '*' }, requests: [{ rate: 5, period: 'second' as const }] }];
    await world.control().createGatewayRateLimit({ ...limit, dimensionKeys: ['targetName'], entries });
    const mcp = await openGateway(world, 'AWS_IAM', { protocolType: 'MCP' });
    const mcpGateway = { gatewayIdentifier: mcp.id };
    const mcpTargetId = await mcp.mcpServer('notes', (await TestMcpServer.start('list')).endpoint);
    const { policyEngineId } = await world
      .control()
      .createPolicyEngine({ name: asIdentifier(`walked-engine${suffix}`) });
    const engine = { policyEngineId: String(policyEngineId) };
    const { policyId } = await world.control().createPolicy({ ...engine, ...POLICY_BODY, name: 'walked' });
    const policy = { ...engine, policyId: String(policyId) };
    const userToken = await world.issuer.token('ana');
    const workloadToken = await agent.token({ userId: 'ana' });
    const { authorizationUrl } = await agent.ask(workloadToken);
    const returned = await agent.consent(authorizationUrl, 'ana');
    const revocable = await agent.token({ userId: 'revoked-user' });
    await agent.connect('revoked-user');
    const revocation = await world.operate('RevokeGrants', { user: { userId: 'another-user' } });
    const { revocationId } = JSON.parse(revocation.body) as { revocationId: string };
    const sessionUri = returned.searchParams.get('session_id') ?? '';
    const secrets = [userToken, workloadToken, sessionUri, authorizationUrl ?? '', returned.search];
    const resourceArn = workloadArn(agent.name);
    const { clientId, discoveryUrl, issuer } = world.provider;
    const bound = await world.agent();
    const { clientSecret } = world.provider;
    await world.post('UpdateOauth2CredentialProvider', {
      name: bound.providerName,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          clientId,
          clientSecret,
          oauthDiscovery: { discoveryUrl },
          dpopConfig: { resourceUrls: [`${issuer}/me`] },
        },
      },
    });
    const configured = (name: string) => ({
      name,
      ...customProvider(discoveryUrl, { clientId, clientSecret: CLIENT_SECRET }),
    });
    const oauth2Token = {
      workloadIdentityToken: workloadToken,
      resourceCredentialProviderName: agent.providerName,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      resourceOauth2ReturnUrl: RETURN_URL,
    };
    const consentPortal = { consentPortalIdentifier: consentPortalId };
    const [workload, provider, key] = [
      { name: agent.name },
      // Created by the test itself: with another client secret the consent could not be completed.
      { name: 'by-agent-CreateOauth2CredentialProvider' },
      { name: apiKeyProvider },
    ];
    const tokenRequest = { workloadName: agent.name };
    const inputs: Inputs = {
      CreateWorkloadIdentity: (name) => ({ body: { name } }),
      GetWorkloadIdentity: () => ({ body: workload }),
      UpdateWorkloadIdentity: () => ({
        body: { ...workload, allowedResourceOauth2ReturnUrls: [RETURN_URL, 'https://app.example/'] },
      }),
      DeleteWorkloadIdentity: () => ({ body: workload }),
      ListWorkloadIdentities: () => ({ body: {} }),
      CreateOauth2CredentialProvider: (name) => ({ body: configured(name) }),
      GetOauth2CredentialProvider: () => ({ body: provider }),
      UpdateOauth2CredentialProvider: () => ({ body: configured(provider.name) }),
      DeleteOauth2CredentialProvider: () => ({ body: provider }),
      ListOauth2CredentialProviders: () => ({ body: {} }),
      CreateApiKeyCredentialProvider: (name) => ({ body: { name, apiKey: API_KEY } }),
      GetApiKeyCredentialProvider: () => ({ body: key }),
      UpdateApiKeyCredentialProvider: () => ({ body: { ...key, apiKey: API_KEY } }),
      DeleteApiKeyCredentialProvider: () => ({ body: key }),
      ListApiKeyCredentialProviders: () => ({ body: {} }),
      CreateConsentPortal: (name) => ({ body: { name, ...portalOf(agent) } }),
      GetConsentPortal: () => ({ body: consentPortal }),
      UpdateConsentPortal: () => ({ body: { ...consentPortal, description: 'walked' } }),
      DeleteConsentPortal: () => ({ body: consentPortal }),
      ListConsentPortals: () => ({ body: {} }),
      CreateGateway: (name) => ({ body: { ...GATEWAY, name } }),
      GetGateway: () => ({ labels: gateway }),
      UpdateGateway: () => ({
        labels: gateway,
        body: { ...GATEWAY, name: gatewayName, description: 'walked' },
      }),
      DeleteGateway: () => ({ labels: gateway }),
      ListGateways: () => ({}),
      CreateGatewayTarget: (name) => ({ labels: gateway, body: { ...TARGET, name } }),
      GetGatewayTarget: () => ({ labels: target }),
      UpdateGatewayTarget: () => ({ labels: target, body: { ...TARGET, description: 'walked' } }),
      DeleteGatewayTarget: () => ({ labels: target }),
      ListGatewayTargets: () => ({ labels: gateway }),
      SynchronizeGatewayTargets: () => ({ labels: mcpGateway, body: { targetIdList: [mcpTargetId] } }),
      CreateGatewayRateLimit: (name) => ({
        labels: gateway,
        body: {
          rateLimitId: name,
          dimensionKeys: ['$.context.agent.name'],
          entries: [{ ...entries[0], dimensions: { '$.context.agent.name': '*' } }],
        },
      }),
      BatchPutGatewayRateLimits: () => ({
        labels: gateway,
        body: { rateLimits: [{ dimensionKeys: ['targetName'], entries }] },
      }),
      GetGatewayRateLimit: () => ({ labels: limit }),
      UpdateGatewayRateLimit: () => ({ labels: limit, body: { entries } }),
      DeleteGatewayRateLimit: () => ({ labels: limit }),
      ListGatewayRateLimits: () => ({ labels: gateway }),
      CreatePolicyEngine: (name) => ({ body: { name: asIdentifier(name) } }),
      GetPolicyEngine: () => ({ labels: engine }),
      UpdatePolicyEngine: () => ({ labels: engine, body: { description: { optionalValue: 'walked' } } }),
      DeletePolicyEngine: () => ({ labels: engine }),
      ListPolicyEngines: () => ({}),
      CreatePolicy: (name) => ({ labels: engine, body: { ...POLICY_BODY, name: asIdentifier(name) } }),
      GetPolicy: () => ({ labels: policy }),
      UpdatePolicy: () => ({ labels: policy, body: { enforcementMode: 'LOG_ONLY' } }),
      DeletePolicy: () => ({ labels: policy }),
      ListPolicies: () => ({ labels: engine }),
      GetTokenVault: () => ({ body: {} }),
      SetTokenVaultCMK: () => ({ body: { kmsConfiguration: { keyType: 'ServiceManagedKey' } } }),
      ResetTokenVaultKeyMaterial: () => ({ body: { tokenVaultId: 'default' } }),
      TagResource: () => ({ resourceArn, body: { tags: { team: 'travel' } } }),
      UntagResource: () => ({ resourceArn, query: { tagKeys: 'team' } }),
      ListTagsForResource: () => ({ resourceArn }),
      PutResourcePolicy: () => ({ resourceArn, body: { policy: POLICY } }),
      GetResourcePolicy: () => ({ resourceArn }),
      DeleteResourcePolicy: () => ({ resourceArn }),
      GetWorkloadAccessToken: () => ({ body: tokenRequest }),
      GetWorkloadAccessTokenForJWT: () => ({ body: { ...tokenRequest, userToken } }),
      GetWorkloadAccessTokenForUserId: () => ({ body: { ...tokenRequest, userId: 'ana' } }),
      GetResourceApiKey: () => ({
        body: { workloadIdentityToken: workloadToken, resourceCredentialProviderName: apiKeyProvider },
      }),
      GetResourceOauth2Token: () => ({ body: oauth2Token }),
      CompleteResourceTokenAuth: () => ({ body: { sessionUri, userIdentifier: { userId: 'ana' } } }),
      ListResourceGrants: () => ({ body: { workloadIdentityToken: workloadToken } }),
      RevokeResourceGrant: () => ({
        body: { workloadIdentityToken: revocable, resourceCredentialProviderName: agent.providerName },
      }),
      RevokeGrants: () => ({ body: { user: { userId: 'revoked-user' }, reason: 'asked to' } }),
      GetRevocation: () => ({ body: { revocationId } }),
      ListGrants: () => ({ body: { workloadName: agent.name } }),
      ListAllWorkloadIdentities: () => ({ body: {} }),
      ListAllCredentialProviders: () => ({ body: {} }),
      TransferOwnership: () => ({ body: { resourceArn, newOwner: AGENT_ARN } }),
      SuspendWorkloadIdentity: () => ({ body: { name: 'suspended-agent', reason: 'asked to' } }),
      ResumeWorkloadIdentity: () => ({ body: { name: 'suspended-agent' } }),
      SuspendUser: () => ({ body: { user: { userId: 'suspended-user' } } }),
      ResumeUser: () => ({ body: { user: { userId: 'suspended-user' } } }),
      ListSuspensions: () => ({ body: {} }),
      RejectResourceOauth2Token: () => ({ body: { ...oauth2Token, rejectedAccessToken: 'refused' } }),
      GetResourceDpopProof: () => ({
        body: {
          workloadIdentityToken: workloadToken,
          resourceCredentialProviderName: bound.providerName,
          oauth2Flow: 'M2M',
          scopes: ['a'],
          httpMethod: 'GET',
          httpUri: `${issuer}/me`,
        },
      }),
    };
    return new AuditedService(world, agent, inputs, [CLIENT_SECRET, API_KEY, ...secrets]);
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  async call(
    name: JsonOperationName,
    principal: PrincipalName,
    { body, resourceArn = '', labels, query }: Input,
  ): Promise<HttpResponse> {
    const { method, path } = routeOf(name);
    const { accessKeyId, secretAccessKey } = this.world.local.principals[principal];
    const { host } = new URL(this.world.local.endpoint);
    return send(
      await signed(host, {
        method,
        path: filledPath(path, { resourceArn, ...labels }),
        body: body ? JSON.stringify(body) : '',
        headers: { 'user-agent': USER_AGENT },
        credentials: { accessKeyId, secretAccessKey },
        ...(query && { query }),
      }),
    );
  }

  /** The one audit entry of a request, whose ID no other entry has. */
  async entryOf(requestId: unknown): Promise<Entry> {
    const entries = (await this.world.audit()).filter((entry) => entry.requestId === requestId);
    expect(entries).toHaveLength(1);
    return entries[0] ?? {};
  }

  /** @returns its audit entry */
  async expectEntry(name: string, answer: HttpResponse): Promise<Entry> {
    const entry = await this.entryOf(answer.headers['x-amzn-requestid']);
    expect(entry).toMatchObject({
      operation: name,
      outcome: outcomeOf(answer),
      sourceIp: '127.0.0.1',
      userAgent: USER_AGENT,
    });
    return entry;
  }
}
