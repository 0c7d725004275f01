/**
 * The example app with an agent behind the gate: API Gateway and its authorizer accept user tokens, the gate gets the
 * workload access token from the deployed service with its own role, and invokes the agent. The emulator does
 * everything except streaming: it returns a response as a whole.
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { Lambda, type FunctionConfiguration } from '@aws-sdk/client-lambda';
import { OPERATIONS } from '../../lambda/operations';
import type { AgentEndpointConfiguration } from '../../lambda/domain/gate/agent-endpoint';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { INVOCATION_PATH } from '../../lambda/domain/gate/gate-routes';
import { FORGERIES, type TestIssuer } from '../flows/support/issuer';
import type { Callers } from './callers';
import type { Cdk } from './cdk';
import type { Checks } from './checks';
import { DeployedFunction } from './deployed-function';
import type { Front } from './front';
import { LOCAL_PROVIDERS_ALLOWED, RESPONSE_STREAMING } from './local-providers';
import { allowLocalService } from './on-this-machine';
import { stageVariables } from './stage-variables';

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
  /** Returns the emulator's URL for the API Gateway URL of a stage. */
  readonly stageOf: (address: string) => string;
}

/** The stack's outputs, by the end of their names. */
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
async function functionsOf(client: Lambda) {
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

/** Makes the endpoint's functions trust the issuer on this machine, and call services here. */
async function trustIssuerAtEndpoint(
  { gate, authorizer, agent }: Functions,
  users: TrustedIssuer,
): Promise<string> {
  const deployed = JSON.parse(gate.variable('AGENT_ENDPOINT')) as AgentEndpointConfiguration;
  const AGENT_ENDPOINT = JSON.stringify({ ...deployed, inbound: { kind: 'JWT', ...users } });
  for (const each of [gate, authorizer]) {
    await each.setVariables({
      ...LOCAL_PROVIDERS_ALLOWED,
      NODE_OPTIONS: `${LOCAL_PROVIDERS_ALLOWED.NODE_OPTIONS} ${RESPONSE_STREAMING}`,
      AGENT_ENDPOINT,
    });
  }
  await agent.setVariables({ NODE_OPTIONS: RESPONSE_STREAMING });
  return deployed.workloadName;
}

/** Makes the service trust the issuer for this agent, as the owner of the workload identity can. */
async function trustIssuerAtService(
  { front, callers }: EndpointWorld,
  { owner }: Functions,
  name: string,
  users: TrustedIssuer,
): Promise<void> {
  const [, account = '', role = ''] = /:iam::(\d+):role\/(.+)$/.exec(owner.configuration.Role ?? '') ?? [];
  const principal = front.admit(`arn:aws:sts::${account}:assumed-role/${role}/resources`);
  // AWS SDK clients do not support this member in an update.
  const change = { name, authorizerConfiguration: { customJWTAuthorizer: users } };
  const { status } = await callers.post(OPERATIONS.UpdateWorkloadIdentity.path, change, principal);
  strictEqual(status, 200);
}

const PROMPT = 'Where to?';

/** The endpoint from the perspective of its callers. */
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

/** The path without the stage, which the emulator puts in another place. */
const pathOf = (url: string): string => new URL(url).pathname.replace(/^\/prod/, '');

async function deploy({ cdk, issuer, api, restApiId, stageOf }: EndpointWorld): Promise<Deployed> {
  const assembly = await cdk.synth(APP, 'endpoint', { restApiId, endpoint: api });
  await allowLocalService(assembly, STACK);
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

/** Requests with a token that is valid at the endpoint. */
async function checkAccepted(checks: Checks, world: EndpointWorld, deployed: Deployed, functions: Functions) {
  const { issuer } = world;
  const { invoke, token } = deployed;
  const users = { discoveryUrl: issuer.discoveryUrl, allowedClients: [CLIENT] };
  const name = await checks.step('the endpoint trusts an issuer on this machine', () =>
    trustIssuerAtEndpoint(functions, users),
  );

  await checks.check('the service rejects a token that only the gate trusts', async () => {
    const answer = await invoke(await token());
    strictEqual(answer.status, 403);
    match(await answer.text(), /issuer that is not trusted here/);
  });

  await checks.check(
    'a user token invokes the agent with a workload access token for this user',
    async () => {
      await trustIssuerAtService(world, functions, name, users);
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
    },
  );
}

/** Requests without a valid token, to API Gateway and to the function itself. */
async function checkRejected(
  checks: Checks,
  { issuer, front }: EndpointWorld,
  deployed: Deployed,
  gate: DeployedFunction,
) {
  const { base, path, endpoint, invoke, invocationUrl, metadataUrl } = deployed;

  await checks.check(
    'API Gateway returns a 401 with the resource metadata URL for a request without a valid token',
    async () => {
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
    },
  );

  await checks.check('the resource metadata is public, and names the endpoint and the issuer', async () => {
    const answer = await fetch(base + pathOf(metadataUrl));
    strictEqual(answer.status, 200);
    const { resource, authorization_servers } = (await answer.json()) as Record<string, unknown>;
    deepStrictEqual([resource, authorization_servers], [invocationUrl, [issuer.issuer]]);
  });

  await checks.check(
    "a direct invocation of the gate's function is rejected without the secret of the stage, and without a valid token",
    async () => {
      const [, restApiId = ''] = /^https:\/\/(\w+)\.execute-api\./.exec(endpoint) ?? [];
      const event = {
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
      };
      const variables = await stageVariables(restApiId, front.region);
      for (const [stated, status] of [
        [null, 403],
        [variables, 401],
      ] as const) {
        const { payload, failed } = await gate.invoke({ ...event, stageVariables: stated });
        strictEqual(failed, false);
        strictEqual((payload as { statusCode: number }).statusCode, status);
      }
    },
  );
}

export async function checkEndpoint(checks: Checks, world: EndpointWorld): Promise<void> {
  const lambda = new Lambda({});
  const deployed = await checks.step('cdk deploy deploys the example with an agent endpoint', () =>
    deploy(world),
  );
  const functions = await checks.step('the stack has a gate, an authorizer, and an agent', () =>
    functionsOf(lambda),
  );
  await checkAccepted(checks, world, deployed, functions);
  await checkRejected(checks, world, deployed, functions.gate);
  await checks.check('cdk destroy deletes the functions of the example', async () => {
    await world.cdk.destroy(deployed.assembly);
    await rejects(functionsOf(lambda), /there is no function/);
  });
}
