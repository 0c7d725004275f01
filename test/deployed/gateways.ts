/**
 * Gateways in the emulator: an agent's role signs its requests, and a user sends a token. API Gateway and the authorizer decide,
 * and the gateway function gets the credential of the target from the deployed service with its own role. The emulator
 * returns a response as a whole.
 */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type {
  AuthorizerConfiguration,
  BedrockAgentCoreControl,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { GetWorkloadAccessTokenForUserIdCommand } from '@aws-sdk/client-bedrock-agentcore';
import { Lambda } from '@aws-sdk/client-lambda';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CALLING_AGENT_HEADER } from '../../lambda/domain/gate/agent-request';
import type { GatewayAuthorizerType } from '../../lambda/model/gateway/gateway-configuration';
import { BELOW_TARGET_PATH } from '../../lambda/domain/gateway/routes';
import { principalOf } from '../../lambda/domain/principal';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { TestMcpServer } from '../flows/gateway/mcp-server';
import { FORGERIES, type TestIssuer } from '../flows/support/issuer';
import { send, signed, type HttpResponse } from '../local/handmade-request';
import type { Callers } from './callers';
import type { Checks } from './checks';
import { DeployedFunction } from './deployed-function';
import type { DeployedFunctions } from './deployed-functions';
import type { Front } from './front';
import { LOCAL_PROVIDERS_ALLOWED, RESPONSE_STREAMING } from './local-providers';
import type { TableNames } from './records';
import { createRole, newRole, type RoleSession } from './role-session';
import { checkPolicies } from './policies';
import { checkGatewayRole } from './roles';
import { stageVariables } from './stage-variables';

const API_KEY = 'the-api-key-behind-the-gateway';
const AGENT = 'gateway-agent';
const APP_CLIENT = 'travel-app';

export interface GatewayWorld {
  readonly callers: Callers;
  readonly front: Front;
  readonly issuer: TestIssuer;
  readonly functions: DeployedFunctions;
  readonly tables: TableNames;
  /** Address of the service's stage, without a trailing slash. */
  readonly api: string;
  /** Returns the emulator's URL for the API Gateway URL of a stage. */
  readonly stageOf: (address: string) => string;
}

/** A server behind the gateways, which records the headers that it receives, and responds with the credential. */
async function startTarget() {
  const received: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  const server = createServer(({ url, headers }, response) => {
    received.push({ url, headers });
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`the key is ${String(headers['x-api-key'])}`);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}/v1`, received, close };
}

type Target = Awaited<ReturnType<typeof startTarget>>;

interface CreatedGateway {
  readonly id: string;
  readonly targetId: string;
  /** Address of the gateway in the emulator. */
  readonly address: string;
}

/** Creates a gateway with a target, and changes both as their owner can. */
async function createGateway(
  control: BedrockAgentCoreControl,
  { endpoint }: Target,
  providerArn: string,
  stageOf: GatewayWorld['stageOf'],
  authorizer: { authorizerType: GatewayAuthorizerType; authorizerConfiguration?: AuthorizerConfiguration },
): Promise<CreatedGateway> {
  const input = { roleArn: 'arn:aws:iam::000000000000:role/unused', ...authorizer };
  const name = `deployed-${authorizer.authorizerType.toLowerCase().replace('_', '-')}`;
  const { gatewayId: gatewayIdentifier = '' } = await control.createGateway({ name, ...input });
  await control.updateGateway({ gatewayIdentifier, name, description: 'Deployed', ...input });
  const { gatewayUrl = '', status, description } = await control.getGateway({ gatewayIdentifier });
  deepStrictEqual([status, description], ['READY', 'Deployed']);
  const configured = {
    gatewayIdentifier,
    name: 'weather',
    targetConfiguration: { http: { passthrough: { endpoint, protocolType: 'CUSTOM' as const } } },
    credentialProviderConfigurations: [
      {
        credentialProviderType: 'API_KEY' as const,
        credentialProvider: {
          apiKeyCredentialProvider: {
            providerArn,
            credentialLocation: 'HEADER' as const,
            credentialParameterName: 'X-Api-Key',
          },
        },
      },
    ],
  };
  const { targetId = '' } = await control.createGatewayTarget(configured);
  await control.updateGatewayTarget({ ...configured, targetId, description: 'Weather' });
  const read = await control.getGatewayTarget({ gatewayIdentifier, targetId });
  deepStrictEqual([read.status, read.description], ['READY', 'Weather']);
  const { items } = await control.listGatewayTargets({ gatewayIdentifier });
  deepStrictEqual(
    items?.map((listed) => listed.targetId),
    [targetId],
  );
  // The stage, and then the ID of the gateway.
  const [stage = '', id = ''] = gatewayUrl.split(/\/(?=[^/]+$)/);
  return { id, targetId, address: `${stageOf(stage)}/${id}` };
}

/** The functions of gateways, which call targets and issuers on this machine. */
async function connectFunctions(api: string) {
  const lambda = new Lambda({});
  const find = (name: string) =>
    DeployedFunction.find(lambda, name, ({ Description }) => Description === `agent-identity: ${name}`);
  const gateway = await find('gateway');
  const authorizer = await find('gateway-authorizer');
  await authorizer.setVariables(LOCAL_PROVIDERS_ALLOWED);
  await gateway.setVariables({
    ...LOCAL_PROVIDERS_ALLOWED,
    NODE_OPTIONS: `${LOCAL_PROVIDERS_ALLOWED.NODE_OPTIONS} ${RESPONSE_STREAMING}`,
    IDENTITY_ENDPOINT: api,
  });
  return { gateway, authorizer };
}

/** What the target got, and the caller did not. */
function expectForwarded({ received }: Target, response: { status: number | undefined; body: string }): void {
  strictEqual(response.status, 200, response.body);
  strictEqual(response.body, `the key is ${'*'.repeat(API_KEY.length)}`);
  const { url, headers } = received.splice(0).at(-1) ?? { url: undefined, headers: {} };
  strictEqual(url, '/v1/today/berlin');
  strictEqual(headers['x-api-key'], API_KEY);
  const own = [CALLING_AGENT_HEADER.toLowerCase(), 'authorization', 'x-amz-date', 'x-amz-security-token'];
  deepStrictEqual(
    own.filter((name) => name in headers),
    [],
  );
}

const PATH = '/weather/today/berlin';

/** Who creates gateways that sign, for users of the issuer. */
interface Signing {
  readonly control: BedrockAgentCoreControl;
  /** ARN as the service knows it. */
  readonly owner: string;
  readonly authorizerConfiguration: AuthorizerConfiguration;
}

async function checkSignedCalls(
  checks: Checks,
  { callers, front }: GatewayWorld,
  target: Target,
  { address }: CreatedGateway,
  agent: RoleSession,
): Promise<void> {
  const { workloadAccessToken = '' } = await callers
    .data(agent.principal)
    .send(new GetWorkloadAccessTokenForUserIdCommand({ workloadName: AGENT, userId: 'ana' }));
  const call = async ({ credentials }: Pick<RoleSession, 'credentials'>): Promise<HttpResponse> => {
    const { host, pathname } = new URL(address + PATH);
    const headers = { [CALLING_AGENT_HEADER.toLowerCase()]: workloadAccessToken };
    const method = 'GET';
    return send(
      await signed(host, {
        ...{ method, path: pathname, body: '', headers, credentials },
        region: front.region,
      }),
    );
  };

  await checks.check(
    'the role of an agent calls a target, and the credential stays at the gateway',
    async () => expectForwarded(target, await call(agent)),
  );

  await checks.check(
    'another role without permission gets a 403 of API Gateway, as does a request without a signature',
    async () => {
      const other = await newRole(front, 'gateway-stranger', []);
      const answers = [await call(other), await send(unsigned(address))];
      for (const { status, body } of answers) {
        strictEqual(status, 403, body);
        match(body, /AccessDenied|not signed|not authorized/);
      }
      deepStrictEqual(target.received, []);
    },
  );
}

const unsigned = (address: string) => {
  const { host, pathname } = new URL(address + PATH);
  return { host, path: pathname, method: 'GET', body: '', headers: { host } };
};

async function checkUserTokens(
  checks: Checks,
  { issuer }: GatewayWorld,
  target: Target,
  { address, id }: CreatedGateway,
): Promise<void> {
  const call = (token?: string) =>
    fetch(address + PATH, { headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }) } });

  await checks.check('a user token calls a target, and the credential stays at the gateway', async () => {
    const { status, text } = await call(await issuer.token('ana', { client_id: APP_CLIENT })).then(
      async (response) => ({ status: response.status, text: await response.text() }),
    );
    expectForwarded(target, { status, body: text });
  });

  await checks.check(
    'a request without a valid token gets a 401 with the challenge of its gateway, whose metadata is public',
    async () => {
      const forged = await Promise.all(FORGERIES.map((forgery) => issuer.forged(forgery, 'ana')));
      const foreign = await issuer.token('ana', { client_id: 'another-app' });
      let challenge = '';
      for (const bad of [undefined, 'nothing', foreign, ...forged]) {
        const response = await call(bad);
        strictEqual(response.status, 401);
        challenge = response.headers.get('www-authenticate') ?? '';
        match(challenge, new RegExp(`^Bearer .*resource_metadata="https://[^"]+/${id}/weather"`));
      }
      deepStrictEqual(target.received, []);
      const [, metadata = ''] = /resource_metadata="https:\/\/[^/]+\/prod([^"]+)"/.exec(challenge) ?? [];
      const read = await fetch(address.slice(0, -id.length - 1) + metadata);
      strictEqual(read.status, 200);
      const { authorization_servers } = (await read.json()) as Record<string, unknown>;
      deepStrictEqual(authorization_servers, [issuer.issuer]);
    },
  );
}

/** The operations of rate limits, and one that blocks a user, whom the function counts in the sessions table. */
async function checkRateLimits(
  checks: Checks,
  { issuer }: GatewayWorld,
  target: Target,
  control: BedrockAgentCoreControl,
  { address, id: gatewayIdentifier }: CreatedGateway,
): Promise<void> {
  await checks.check(
    'a gateway counts the requests of each user, and rejects those beyond a limit',
    async () => {
      const key = '$.context.jwt.sub';
      const entries = (rate: number) => [
        { dimensions: { [key]: '*' }, requests: [{ rate, period: 'minute' as const }] },
      ];
      const limit = { gatewayIdentifier, rateLimitId: 'users' };
      await control.createGatewayRateLimit({ ...limit, dimensionKeys: [key], entries: entries(9) });
      await control.updateGatewayRateLimit({ ...limit, entries: entries(8) });
      const rateLimits = [{ dimensionKeys: [key], entries: entries(1) }];
      await control.batchPutGatewayRateLimits({ gatewayIdentifier, rateLimits });
      deepStrictEqual((await control.getGatewayRateLimit(limit)).entries, entries(1));
      const listed = await control.listGatewayRateLimits({ gatewayIdentifier });
      strictEqual(listed.rateLimits?.length, 1);
      const authorization = `Bearer ${await issuer.token('limited', { client_id: APP_CLIENT })}`;
      const statuses: number[] = [];
      // A minute can begin between two requests.
      for (let sent = 0; sent < 3; sent += 1) {
        statuses.push((await fetch(address + PATH, { headers: { authorization } })).status);
      }
      ok(statuses.includes(200) && statuses.includes(429), statuses.join());
      await control.deleteGatewayRateLimit(limit);
      target.received.length = 0;
    },
  );
}

/** A gateway with one URL, whose control plane has the gateway function fetch the tools. */
async function checkMcpServers(
  checks: Checks,
  { issuer, stageOf }: GatewayWorld,
  control: BedrockAgentCoreControl,
  providerArn: string,
): Promise<void> {
  await checks.check(
    'a gateway has the tools of an MCP server, and an MCP client with a user token calls one',
    async () => {
      const server = await TestMcpServer.start('list');
      const { gatewayId: gatewayIdentifier = '', gatewayUrl = '' } = await control.createGateway({
        ...{ name: 'deployed-mcp', roleArn: 'arn:aws:iam::000000000000:role/unused' },
        ...{ protocolType: 'MCP', authorizerType: 'CUSTOM_JWT' },
        authorizerConfiguration: {
          customJWTAuthorizer: { discoveryUrl: issuer.discoveryUrl, allowedClients: [APP_CLIENT] },
        },
      });
      const { targetId = '' } = await control.createGatewayTarget({
        ...{ gatewayIdentifier, name: 'notes' },
        targetConfiguration: { mcp: { mcpServer: { endpoint: server.endpoint } } },
        credentialProviderConfigurations: [
          {
            credentialProviderType: 'API_KEY',
            credentialProvider: { apiKeyCredentialProvider: { providerArn } },
          },
        ],
      });
      await control.synchronizeGatewayTargets({ gatewayIdentifier, targetIdList: [targetId] });
      const [stage = '', path = ''] = gatewayUrl.split(/\/(?=[^/]+\/mcp$)/);
      const authorization = `Bearer ${await issuer.token('ana', { client_id: APP_CLIENT })}`;
      const client = new Client({ name: 'deployed', version: '1' });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(`${stageOf(stage)}/${path}`), {
          requestInit: { headers: { authorization } },
        }),
      );
      const { tools } = await client.listTools();
      deepStrictEqual(
        tools.map(({ name }) => name),
        ['notes___list'],
      );
      const { content } = await client.callTool({ name: 'notes___list' });
      deepStrictEqual(content, [{ type: 'text', text: 'list done' }]);
      deepStrictEqual(server.authorizations, [`Bearer ${API_KEY}`]);
      await checkPolicies(control, gatewayIdentifier, client);
      await client.close();
      await control.deleteGateway({ gatewayIdentifier });
    },
  );
}

/** Gateways that sign with roles: AWS STS lets the gateway function assume those that trust it for the owner of the gateway. */
async function checkSigningRoles(
  checks: Checks,
  { issuer, front, stageOf }: GatewayWorld,
  target: Target,
  gateway: DeployedFunction,
  { control, owner, authorizerConfiguration }: Signing,
): Promise<void> {
  const call = async (name: string, externalId: string) => {
    const roleArn = await createRole(front.region, `gateway-target-${name}`, {
      Principal: { AWS: gateway.configuration.Role },
      Condition: { StringEquals: { 'sts:ExternalId': externalId } },
    });
    const created = await control.createGateway({
      name: `signing-${name}`,
      roleArn,
      authorizerType: 'CUSTOM_JWT',
      authorizerConfiguration,
    });
    const { gatewayId: gatewayIdentifier = '', gatewayUrl = '' } = created;
    await control.createGatewayTarget({
      gatewayIdentifier,
      name: 'weather',
      targetConfiguration: { http: { passthrough: { endpoint: target.endpoint, protocolType: 'CUSTOM' } } },
      credentialProviderConfigurations: [
        {
          credentialProviderType: 'GATEWAY_IAM_ROLE',
          credentialProvider: { iamCredentialProvider: { service: 'execute-api' } },
        },
      ],
    });
    const [stage = '', id = ''] = gatewayUrl.split(/\/(?=[^/]+$)/);
    const authorization = `Bearer ${await issuer.token('ana', { client_id: APP_CLIENT })}`;
    const response = await fetch(`${stageOf(stage)}/${id}${PATH}`, { headers: { authorization } });
    const body = await response.text();
    await control.deleteGateway({ gatewayIdentifier });
    return { status: response.status, body, headers: target.received.splice(0).at(-1)?.headers };
  };

  await checks.check('a gateway signs requests with a role that trusts it for its owner', async () => {
    const { status, body, headers = {} } = await call('own', owner);
    strictEqual(status, 200, body);
    match(headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=ASIA/);
    ok(headers['x-amz-security-token']);
  });

  await checks.check('a gateway cannot use a role that trusts another owner', async () => {
    const { status, body, headers } = await call('of-another', `${owner}-2`);
    deepStrictEqual([status, headers], [502, undefined]);
    match(body, /problem:credential-unavailable/);
  });
}

/** Invocations of the function itself, without API Gateway. */
async function checkForgedEvents(
  checks: Checks,
  { front }: GatewayWorld,
  gateway: DeployedFunction,
  { address, id }: CreatedGateway,
): Promise<void> {
  await checks.check(
    'a direct invocation of the gateway function is rejected without the secret of the stage, and without a valid token',
    async () => {
      const [, restApiId = ''] = /\/restapis\/(\w+)\//.exec(address) ?? [];
      const event = {
        resource: BELOW_TARGET_PATH,
        httpMethod: 'GET',
        path: `/${id}${PATH}`,
        pathParameters: { gatewayId: id, targetName: 'weather', path: 'today/berlin' },
        headers: {},
        multiValueHeaders: {},
        requestContext: { requestId: 'by-itself', stage: 'prod', identity: { userArn: null, sourceIp: '' } },
        body: null,
        isBase64Encoded: false,
      };
      const variables = await stageVariables(restApiId, front.region);
      for (const [stated, status] of [
        [null, 403],
        [variables, 401],
      ] as const) {
        const { payload, failed } = await gateway.invoke({ ...event, stageVariables: stated });
        deepStrictEqual([failed, (payload as { statusCode: number }).statusCode], [false, status]);
      }
    },
  );
}

export async function checkGateways(checks: Checks, world: GatewayWorld): Promise<void> {
  const { callers, front, issuer, functions, tables, api, stageOf } = world;
  const target = await startTarget();
  try {
    const { gateway } = await checks.step('the functions of gateways accept targets on this machine', () =>
      connectFunctions(api),
    );
    const agent = await newRole(front, AGENT, ['execute-api:Invoke']);
    const control = callers.control(agent.principal);
    const authorizerConfiguration = {
      customJWTAuthorizer: { discoveryUrl: issuer.discoveryUrl, allowedClients: [APP_CLIENT] },
    };
    const [signing, users, providerArn] = await checks.step(
      'gateways and their targets can be created, read, updated, and listed with the AWS SDK',
      async () => {
        await control.createWorkloadIdentity({ name: AGENT });
        const { credentialProviderArn = '' } = await control.createApiKeyCredentialProvider({
          name: 'behind-the-gateway',
          apiKey: API_KEY,
        });
        const create = (authorizer: Parameters<typeof createGateway>[4]) =>
          createGateway(control, target, credentialProviderArn, stageOf, authorizer);
        const created = [
          await create({ authorizerType: 'AWS_IAM' }),
          await create({ authorizerType: 'CUSTOM_JWT', authorizerConfiguration }),
        ] as const;
        const { items = [] } = await control.listGateways({});
        strictEqual(items.length, created.length);
        return [...created, credentialProviderArn] as const;
      },
    );
    await checks.check(
      'a path that no operation has returns a 404 for each method of their operations',
      async () => {
        for (const method of ['PUT', 'PATCH', 'DELETE']) {
          strictEqual((await fetch(`${front.endpoint}/not/there`, { method })).status, 404);
        }
      },
    );
    await checkSignedCalls(checks, world, target, signing, agent);
    await checkUserTokens(checks, world, target, users);
    await checkRateLimits(checks, world, target, control, users);
    await checkMcpServers(checks, world, control, providerArn);
    await checkSigningRoles(checks, world, target, gateway, {
      control,
      owner: principalOf(agent.principal.arn),
      authorizerConfiguration,
    });
    await checkForgedEvents(checks, world, gateway, users);
    await checkGatewayRole(checks, functions, gateway, { tables, api, region: front.region });
    await checks.check('a deleted gateway no longer forwards', async () => {
      const { id: gatewayIdentifier, targetId, address } = users;
      await control.deleteGatewayTarget({ gatewayIdentifier, targetId });
      await control.deleteGateway({ gatewayIdentifier });
      await control.deleteGateway({ gatewayIdentifier: signing.id });
      const token = await issuer.token('ana', { client_id: APP_CLIENT });
      const response = await fetch(address + PATH, { headers: { authorization: `Bearer ${token}` } });
      strictEqual(response.status, 404);
      ok(target.received.length === 0);
    });
  } finally {
    await target.close();
  }
}
