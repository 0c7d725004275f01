/** What the commands of the runbook work on: the running service with an agent, its grants, and its audit log. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessLogFormat } from '../../../lib/constructs/access-log.ts';
import { startLocalService } from '../local-service.mjs';
import { consent, RETURN_URL } from '../typescript/consent.mjs';
import { flattened } from './insights.mjs';

const AGENT = 'travel-agent';
const PROVIDER = 'travel-calendar';
/** The agent's own provider, without users. */
const FEED = 'travel-feed';
const USER_ID = 'ana';

/** Members of an audit entry, by their declaration. */
const AUDIT_FIELDS = [
  ...readFileSync(join(import.meta.dirname, '../../../lambda/domain/audit.ts'), 'utf8')
    .split(/^export interface AuditEntry .*\{$/m)[1]
    .split('\n}')[0]
    .matchAll(/^ {2}readonly (\w+)\??:/gm),
].map(([, name]) => name);

const ACCESS_FIELDS = Object.keys(JSON.parse(accessLogFormat('agent-identity').toString()));

/** Names that a query can use. Insights discovers the members of the lines; those with @ are its own. */
export const FIELDS = [
  ...AUDIT_FIELDS.map((name) => `audit.${name}`),
  ...ACCESS_FIELDS,
  ...['message', 'errorName', 'frames'],
  ...['@timestamp', '@message', '@log', '@type', '@maxMemoryUsed', '@memorySize', '@duration'],
];

const audit = (entry) => ({ message: 'audit', audit: entry });

/** The entry of an event that did not come through the API, which only direct invocations cause. */
const FORGED_EVENT = {
  operation: 'ForgedEvent',
  outcome: 'denied',
  error: 'AccessDeniedException',
  resource: 'arn:aws:lambda:eu-central-1:000000000000:function:operator:live',
  requestId: 'of-lambda',
};

/** Lines of failures, which the running service does not have. The rest of the lines is the service's own log. */
const FAILURES = [
  audit({
    operation: 'BackgroundRenewal',
    outcome: 'failed',
    result: 'provider-unavailable',
    provider: PROVIDER,
    reason: 'HTTP 503',
  }),
  audit({
    operation: 'GetResourceOauth2Token',
    outcome: 'failed',
    result: 'provider-unavailable',
    provider: PROVIDER,
    reason: 'HTTP 503',
  }),
  audit({
    operation: 'GetResourceOauth2Token',
    outcome: 'denied',
    result: 'provider-refused',
    provider: PROVIDER,
    reason: 'invalid_client',
  }),
  audit({
    operation: 'GetResourceOauth2Token',
    outcome: 'allowed',
    result: 'consent-required',
    provider: PROVIDER,
    reason: 'invalid_grant',
  }),
  audit({ operation: 'GetWorkloadAccessToken', outcome: 'failed', reason: 'internal error' }),
  audit({
    operation: 'RevokeAtProvider',
    outcome: 'failed',
    result: 'UNCONFIRMED',
    provider: PROVIDER,
    reason: 'not_revoked',
  }),
  audit({ operation: 'ReplaceSigningKey', outcome: 'allowed' }),
  audit({
    operation: 'SuspendUser',
    outcome: 'allowed',
    principal: 'arn:aws:iam::000000000000:user/operator',
    reason: 'incident 41',
  }),
  audit({
    operation: 'GetResourceApiKey',
    outcome: 'allowed',
    jti: 'not-issued',
    sourceIp: '192.0.2.1',
    provider: PROVIDER,
  }),
  audit({
    operation: 'GetResourceApiKey',
    outcome: 'allowed',
    jti: 'not-issued',
    sourceIp: '192.0.2.2',
    provider: PROVIDER,
  }),
  audit(FORGED_EVENT),
  audit({
    operation: 'UnknownRoute',
    outcome: 'denied',
    reason: 'unknown route',
    error: 'UnknownOperationException',
  }),
  audit({
    operation: 'ReceiveSecurityEvent',
    outcome: 'denied',
    trustedIssuer: 'okta',
    reason: 'invalid_key',
  }),
  audit({
    operation: 'ReceiveSecurityEvent',
    outcome: 'allowed',
    trustedIssuer: 'okta',
    result: 'stream-stopped',
  }),
  { message: 'unexpected', errorName: 'TypeError', frames: 'lambda/domain/grant/grant.ts:1:1' },
];

const REPORT = {
  '@type': 'REPORT',
  '@message': 'REPORT RequestId: 1',
  '@maxMemoryUsed': 250,
  '@memorySize': 256,
  '@duration': 890000,
};

const access = (line) => ({
  requestId: '1',
  method: 'POST',
  resourcePath: '/identities/oauth2/token',
  ...line,
});

const ACCESS_LOG = [
  access({
    status: 200,
    errorType: '-',
    callerArn: 'arn:aws:iam::000000000000:user/operator',
    latencyMilliseconds: 20,
  }),
  access({
    status: 500,
    errorType: '-',
    callerArn: 'arn:aws:iam::000000000000:user/operator',
    latencyMilliseconds: 40,
  }),
  access({
    status: 429,
    errorType: 'THROTTLED',
    callerArn: 'arn:aws:iam::000000000000:user/operator',
    latencyMilliseconds: 1,
  }),
];

/** The name of an agent endpoint. */
const GATE = 'TravelAgent.Travel';

/** Lines of an agent endpoint, which the running service does not have. */
const ENDPOINT_LOG = [
  { operation: 'InvokeAgentRuntime', outcome: 'failed', reason: 'agent: status 500' },
  { operation: 'AgentInvocation', outcome: 'failed', reason: 'the caller disconnected' },
  {
    operation: 'InvokeAgentRuntime',
    outcome: 'denied',
    reason: 'signing key unknown',
    sourceIp: '192.0.2.1',
  },
  {
    operation: 'InvokeAgentRuntime',
    outcome: 'failed',
    error: 'InternalServerException',
    reason: 'identity service: HTTP 503',
  },
  FORGED_EVENT,
].map((entry) => ({ service: GATE, ...audit(entry) }));

/** Lines of gateways, which the running service does not have. */
const GATEWAY_LOG = [
  { operation: 'InvokeGateway', outcome: 'denied', reason: 'not a JWT', sourceIp: '192.0.2.1' },
  { operation: 'GatewayResponse', outcome: 'failed', target: 'calendar', reason: 'target: no response' },
  { operation: 'GatewayResponse', outcome: 'allowed', target: 'calendar', credentialEchoed: true },
].map(audit);

const ENDPOINT_ACCESS_LOG = [
  access({
    service: GATE,
    status: 502,
    errorType: 'DEFAULT_5XX',
    resourcePath: '/runtimes/{agentRuntimeArn+}',
  }),
  access({ service: GATE, status: 429, errorType: 'THROTTLED', callerArn: '-' }),
];

const asRow = (line, log) => ({
  '@timestamp': line.timestamp ?? '2026-01-31T12:00:00.000Z',
  '@message': JSON.stringify(line),
  '@log': log,
  ...flattened(line),
});

export class World {
  static async start() {
    const service = await startLocalService({ PYTHON: '/nowhere' });
    const world = new World(service);
    try {
      await world.populate();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return world;
  }

  constructor(service) {
    this.service = service;
    this.ready = service.ready;
  }

  stop() {
    return this.service.stop();
  }

  /** The lines of the service's log, parsed. */
  lines() {
    const text = readFileSync(join(this.service.dataDir, 'service.log'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** The log lines of a log group, as Insights has them. All functions share one log here: that of token exchange. */
  rowsOf(group) {
    if (group.includes('TravelApiAccessLog')) return ENDPOINT_ACCESS_LOG.map((line) => asRow(line, group));
    if (group.includes('TravelGate')) {
      const unexpected = { service: GATE, message: 'unexpected', errorName: 'TypeError', frames: 'a.ts:1:1' };
      const lines = [...ENDPOINT_LOG, unexpected].map((line) => asRow(line, group));
      return [...lines, { ...asRow({}, group), ...REPORT }];
    }
    if (group.includes('Gatewaysgateway')) {
      return [...GATEWAY_LOG.map((line) => asRow(line, group)), { ...asRow({}, group), ...REPORT }];
    }
    if (group.includes('AccessLog')) return ACCESS_LOG.map((line) => asRow(line, group));
    if (!group.includes('tokenexchange')) return [];
    return [
      ...[...this.lines(), ...FAILURES].map((line) => asRow(line, group)),
      { ...asRow({}, group), ...REPORT },
    ];
  }

  /** Clients of a principal. */
  clients(name) {
    const { endpoint, region, principals } = this.ready;
    const { accessKeyId, secretAccessKey } = principals[name];
    const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    const signed = (client) =>
      Object.assign(client, { config: Object.assign(client.config, { signingName: 'execute-api' }) });
    return {
      identity: signed(new BedrockAgentCore(settings)),
      control: signed(new BedrockAgentCoreControl(settings)),
    };
  }

  createProvider(name, client) {
    return this.control.createOauth2CredentialProvider({
      name,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: this.configOf(client),
    });
  }

  /** The configuration of a provider at the calendar's authorization server. */
  configOf({ clientId, clientSecret }) {
    const { discoveryUrl } = this.ready.calendar;
    return { customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl }, clientId, clientSecret } };
  }

  /** Registers a client at the calendar's authorization server, as docs/local.md describes. */
  async register(callbackUrl) {
    const { registrationEndpoint, initialAccessToken } = this.ready.calendar;
    const response = await globalThis.fetch(registrationEndpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${initialAccessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [callbackUrl] }),
    });
    const { client_id: clientId, client_secret: clientSecret } = await response.json();
    return { clientId, clientSecret };
  }

  /** The operator owns the agent and the provider. The agent gets a token for itself, and one for a user. */
  async populate() {
    const { identity, control } = this.clients('operator');
    this.control = control;
    this.agent = await control.createWorkloadIdentity({
      name: AGENT,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
    this.provider = await this.createProvider(PROVIDER, {
      clientId: 'placeholder',
      clientSecret: 'placeholder',
    });
    const client = await this.register(this.provider.callbackUrl);
    this.clientSecret = client.clientSecret;
    await control.updateOauth2CredentialProvider({
      name: PROVIDER,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: this.configOf(client),
    });
    for (const name of [FEED, 'doomed']) await this.createProvider(name, this.ready.calendar);
    this.identity = identity;
    await this.token('M2M', FEED);
    await this.grant();
    const refused = await this.clients('stranger')
      .identity.getWorkloadAccessTokenForUserId({ workloadName: AGENT, userId: USER_ID })
      .catch((error) => error);
    if (refused.name !== 'AccessDeniedException') throw new Error('A stranger can act as the agent.');
  }

  /** The response to the agent's request for a token for the user, or for itself. */
  async token(oauth2Flow, resourceCredentialProviderName) {
    const { workloadAccessToken: workloadIdentityToken } =
      await this.identity.getWorkloadAccessTokenForUserId({ workloadName: AGENT, userId: USER_ID });
    return this.identity.getResourceOauth2Token({
      workloadIdentityToken,
      resourceCredentialProviderName,
      oauth2Flow,
      scopes: ['calendar.read'],
      resourceOauth2ReturnUrl: RETURN_URL,
    });
  }

  /** The user grants access if the agent has none, and the agent gets a token. */
  async grant() {
    const { authorizationUrl } = await this.token('USER_FEDERATION', PROVIDER);
    if (!authorizationUrl) return;
    const { session_id: sessionUri } = await consent(authorizationUrl, this.ready.calendar.users[0]);
    await this.identity.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: USER_ID } });
    const { accessToken } = await this.token('USER_FEDERATION', PROVIDER);
    if (!accessToken) throw new Error('The user has granted access, but there is no token.');
  }

  /** A value for each variable of the runbook. */
  async variables() {
    const { endpoint, region, principals } = this.ready;
    const completed = this.lines().find(
      ({ audit: entry }) => entry?.operation === 'CompleteResourceTokenAuth',
    ).audit;
    const issued = this.lines().find(({ audit: entry }) => entry?.jti).audit;
    const keys = await (await globalThis.fetch(`${endpoint}/.well-known/jwks.json`)).json();
    return {
      AWS_REGION: region,
      STACK: 'AgentIdentityStateless',
      STATE_STACK: 'AgentIdentityStateful',
      AGENT_IDENTITY_ENDPOINT: endpoint,
      REASON: 'incident 42',
      AGENT,
      AGENT_ARN: this.agent.workloadIdentityArn,
      PROVIDER,
      PROVIDER_ARN: this.provider.credentialProviderArn,
      USER_HASH: completed.user,
      ISSUER: 'https://idp.example.com',
      SUBJECT: '248289761001',
      OWNER: principals.operator.arn,
      ROLE: 'travel',
      GRANT_ID: '',
      REVOCATION_ID: '',
      REQUEST_ID: completed.requestId,
      JTI: issued.jti,
      SCOPE: 'calendar.read',
      KID: keys.keys[0].kid,
      GATE,
      VERSION: '1',
      RESTORE_TIME: '2026-01-31T12:00:00Z',
      FIRST_REGION: region,
      OTHER_REGION: 'eu-west-1',
    };
  }
}
