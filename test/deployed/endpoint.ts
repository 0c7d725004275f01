/**
 * The example app with an agent behind the gate: API Gateway and its authorizer let in users' tokens, the gate gets the
 * agent's token from the deployed service as its own role, and invokes the agent. All of it in the emulator but the
 * streaming: there an answer goes out whole.
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { LambdaClient, type FunctionConfiguration } from '@aws-sdk/client-lambda';
import { OPERATIONS } from '../../lambda/contract/operations';
import type { AgentEndpointConfiguration } from '../../lambda/domain/gate/agent-endpoint';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { INVOCATION_PATH } from '../../lambda/contract/gate-routes';
import { FORGERIES, type TestIssuer } from '../flows/support/issuer';
import type { Callers } from './callers';
import type { Cdk } from './cdk';
import type { Checks } from './checks';
import { DeployedFunction } from './deployed-function';
import type { Front } from './front';
import { lettingInLocalProviders, RESPONSE_STREAMING } from './local-providers';
import { letInLocalService } from './on-this-machine';

const APP = 'npx tsx examples/agent-endpoint-app/app.ts';
const STACK = 'TravelEndpoint';
const CLIENT = 'travel-app';

export interface EndpointWorld {
  readonly cdk: Cdk;
  readonly callers: Callers;
  readonly front: Front;
  readonly issuer: TestIssuer;
  /** Address of the service's stage, without a trailing slash. */
  readonly api: string;
  readonly restApiId: string;
  /** The stage that an address of API Gateway's own names, as the emulator answers it. */
  readonly stageOf: (address: string) => string;
}

/** What the stack's outputs say, by the end of their names. */
interface Outputs {
  readonly endpoint: string;
  readonly invocationUrl: string;
  readonly metadataUrl: string;
}

function outputsOf(outputs: Readonly<Record<string, string>> = {}): Outputs {
  const ending = (part: string): string => {
    const [, value = ''] = Object.entries(outputs).find(([name]) => name.startsWith(`Travel${part}`)) ?? [];
    ok(value, `there is no output ${part}`);
    return value;
  };
  return {
    endpoint: ending('Endpoint'),
    invocationUrl: ending('InvocationUrl'),
    metadataUrl: ending('ResourceMetadataUrl'),
  };
}

/** The functions of the example. */
async function functionsOf(client: LambdaClient) {
  const find = (name: string, is: (configuration: FunctionConfiguration) => boolean) =>
    DeployedFunction.find(client, name, is);
  const described = (text: string) => find(text, ({ Description = '' }) => Description.startsWith(text));
  return {
    gate: await described('agent-identity: gate of the agent'),
    authorizer: await described('agent-identity: authorizer of the agent'),
    owner: await described('agent-identity: workload identities and credential providers of this stack'),
    agent: await find('of the agent', ({ FunctionName = '' }) =>
      FunctionName.startsWith(`${STACK}-Function`),
    ),
  };
}

type Functions = Awaited<ReturnType<typeof functionsOf>>;

/** Has the endpoint's functions trust the issuer on this machine, and run here. */
async function believe({ gate, authorizer, agent }: Functions, users: TrustedIssuer): Promise<string> {
  const deployed = JSON.parse(gate.variable('AGENT_ENDPOINT')) as AgentEndpointConfiguration;
  const AGENT_ENDPOINT = JSON.stringify({ ...deployed, inbound: { kind: 'JWT', ...users } });
  for (const each of [gate, authorizer]) {
    const { NODE_OPTIONS, ...rest } = lettingInLocalProviders(each.variable('NODE_OPTIONS'));
    await each.setVariables({
      ...rest,
      NODE_OPTIONS: `${NODE_OPTIONS} ${RESPONSE_STREAMING}`,
      AGENT_ENDPOINT,
    });
  }
  await agent.setVariables({ NODE_OPTIONS: RESPONSE_STREAMING });
  return deployed.workloadName;
}

/** Has the service trust it for this agent, as the owner of the agent's identity may. */
async function letServiceBelieve(
  { front, callers }: EndpointWorld,
  { owner }: Functions,
  name: string,
  users: TrustedIssuer,
): Promise<void> {
  const [, account = '', role = ''] = /:iam::(\d+):role\/(.+)$/.exec(owner.configuration.Role ?? '') ?? [];
  const principal = front.admit(`arn:aws:sts::${account}:assumed-role/${role}/resources`);
  // AWS SDK clients do not know of this member in a change.
  const change = { name, authorizerConfiguration: { customJWTAuthorizer: users } };
  const { status } = await callers.post(OPERATIONS.UpdateWorkloadIdentity.path, change, principal);
  strictEqual(status, 200);
}

const PROMPT = 'Where to?';

/** The endpoint as its callers have it. */
interface Deployed extends Outputs {
  readonly assembly: string;
  /** Address of its stage in the emulator. */
  readonly base: string;
  /** Path of the invocation URL, without the stage. */
  readonly path: string;
  readonly invoke: (token?: string) => Promise<Response>;
  /** A token that the endpoint trusts. */
  readonly token: () => Promise<string>;
}

/** The path without the stage, which the emulator has at another place. */
const pathOf = (url: string): string => new URL(url).pathname.replace(/^\/prod/, '');

async function deploy({ cdk, issuer, api, restApiId, stageOf }: EndpointWorld): Promise<Deployed> {
  const assembly = await cdk.synth(APP, 'endpoint', { restApiId, endpoint: api });
  await letInLocalService(assembly, STACK);
  const { outputs } = await cdk.deploy(assembly);
  const stated = outputsOf(outputs[STACK]);
  const [base, path] = [stageOf(stated.endpoint), pathOf(stated.invocationUrl)];
  const invoke = (token?: string): Promise<Response> =>
    fetch(base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ prompt: PROMPT }),
    });
  const token = (): Promise<string> => issuer.token('ana', { client_id: CLIENT });
  return { ...stated, assembly, base, path, invoke, token };
}

/** What comes of a token that is good at the endpoint. */
async function checkLetIn(checks: Checks, world: EndpointWorld, deployed: Deployed, functions: Functions) {
  const { issuer } = world;
  const { invoke, token } = deployed;
  const users = { discoveryUrl: issuer.discoveryUrl, allowedClients: [CLIENT] };
  const name = await checks.step('the endpoint believes an issuer on this machine', () =>
    believe(functions, users),
  );

  await checks.check(
    'the service judges the token too: what only the gate believes goes no further',
    async () => {
      const answer = await invoke(await token());
      strictEqual(answer.status, 403);
      match(await answer.text(), /issuer that is not trusted here/);
    },
  );

  await checks.check("a user's token reaches the agent, as an agent's token for this user", async () => {
    await letServiceBelieve(world, functions, name, users);
    const answer = await invoke(await token());
    const text = await answer.text();
    strictEqual(answer.status, 200, text);
    match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
    match(answer.headers.get('x-amzn-bedrock-agentcore-runtime-session-id') ?? '', /^.{33,}$/);
    const events = text.trim().split('\n\n');
    deepStrictEqual(
      events.map((event) => JSON.parse(event.replace('data: ', '')) as unknown),
      [{ user: `${issuer.issuer}#ana` }, { asked: PROMPT }],
    );
  });
}

/** What who has no good token is told, by API Gateway and by the function itself. */
async function checkRefused(
  checks: Checks,
  { issuer }: EndpointWorld,
  deployed: Deployed,
  gate: DeployedFunction,
) {
  const { base, path, invoke, invocationUrl, metadataUrl } = deployed;

  await checks.check('without a good token API Gateway answers 401, and where to get one', async () => {
    const forged = await Promise.all(FORGERIES.map((forgery) => issuer.forged(forgery, 'ana')));
    const foreign = await issuer.token('ana', { client_id: 'another-app' });
    for (const bad of [undefined, 'nothing', foreign, ...forged]) {
      const answer = await invoke(bad);
      strictEqual(answer.status, 401);
      strictEqual(
        answer.headers.get('www-authenticate'),
        `Bearer error="invalid_token", resource_metadata="${metadataUrl}"`,
      );
      strictEqual(((await answer.json()) as { __type: string }).__type, 'UnauthorizedException');
    }
  });

  await checks.check('the metadata is for everyone, and names the endpoint and the issuer', async () => {
    const answer = await fetch(base + pathOf(metadataUrl));
    strictEqual(answer.status, 200);
    const { resource, authorization_servers } = (await answer.json()) as Record<string, unknown>;
    deepStrictEqual([resource, authorization_servers], [invocationUrl, [issuer.issuer]]);
  });

  await checks.check(
    "who invokes the gate's function by itself gets no further without a good token",
    async () => {
      const { payload, failed } = await gate.invoke({
        resource: INVOCATION_PATH,
        httpMethod: 'POST',
        path,
        pathParameters: { agentRuntimeArn: path.replace('/runtimes/', '') },
        headers: { Authorization: `Bearer ${await issuer.forged('public key as secret', 'ana')}` },
        multiValueHeaders: {},
        queryStringParameters: null,
        multiValueQueryStringParameters: null,
        requestContext: { requestId: 'by-itself', stage: 'prod', identity: { userArn: null, sourceIp: '' } },
        body: '{}',
        isBase64Encoded: false,
      });
      strictEqual(failed, false);
      strictEqual((payload as { statusCode: number }).statusCode, 401);
    },
  );
}

export async function checkEndpoint(checks: Checks, world: EndpointWorld): Promise<void> {
  const lambda = new LambdaClient({});
  const deployed = await checks.step('cdk deploy of the example with an agent endpoint', () => deploy(world));
  const functions = await checks.step('it has gate, authorizer and agent', () => functionsOf(lambda));
  await checkLetIn(checks, world, deployed, functions);
  await checkRefused(checks, world, deployed, functions.gate);
  await checks.check('cdk destroy of it takes its functions away', async () => {
    await world.cdk.destroy(deployed.assembly);
    await rejects(functionsOf(lambda), /there is no function/);
  });
}
