/**
 * One agent calls another through its gate, with the header of AWS SDKs: with IAM as an AWS client sends it, and with a user
 * token.
 */
import {
  InvokeAgentRuntimeCommand,
  type InvokeAgentRuntimeCommandInput,
} from '@aws-sdk/client-bedrock-agentcore';
import { agentWith, authorizerFor } from '../support/authorizer';
import { startIssuer } from '../support/issuer';
import { World, type PrincipalName, type TestAgent } from '../support/world';
import { AgentServer } from './agent-server';
import { awsClient, claimsOf, openEndpoint, type Opened } from './endpoints';

const WAT = 'X-Amz-Bedrock-AgentCore-Identity-WAT';

const world = World.ofFile();
const server = AgentServer.ofFile();
/** The agent that calls. */
let first: TestAgent;
/** Accepts calls of the first agent, with IAM and with user tokens. */
let iam: Opened;
let jwt: Opened;
/** Accepts calls of no agent. */
let closed: Opened;

beforeAll(async () => {
  first = await world.agent();
  const target = { kind: 'url', url: server.url } as const;
  const byIam = { kind: 'IAM' as const, userIdPrincipals: [] };
  const accepts = authorizerFor(world.issuer, {
    allowedWorkloadConfiguration: { workloadIdentities: [first.name] },
  });
  const { discoveryUrl, audience } = world.issuer;
  const byJwt = { kind: 'JWT' as const, discoveryUrl, allowedAudience: [audience] };
  [iam, jwt, closed] = await Promise.all([
    openEndpoint(world, { inbound: byIam, target }, await agentWith(world, accepts)),
    openEndpoint(
      world,
      { inbound: byJwt, target, requestHeaderAllowlist: ['Authorization'] },
      await agentWith(world, accepts),
    ),
    openEndpoint(world, { inbound: byIam, target }),
  ]);
});
afterAll(() => Promise.all([iam, jwt, closed].map((endpoint) => endpoint.close())));

interface Call {
  principal?: PrincipalName;
  input?: Partial<InvokeAgentRuntimeCommandInput>;
}

/** A call of the AWS client, which signs the header as the Python SDK does: it is added before the signature. */
function invoke(at: Opened, workloadAccessToken: string, { principal = 'agent', input = {} }: Call = {}) {
  const command = new InvokeAgentRuntimeCommand({
    agentRuntimeArn: at.agentRuntimeArn,
    payload: Buffer.from('{}'),
    ...input,
  });
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers[WAT] = workloadAccessToken;
      return next(args);
    },
    { step: 'build' },
  );
  return awsClient(world, at, principal).send(command);
}

const call = (userToken: string, workloadAccessToken: string) =>
  fetch(jwt.invocationUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${userToken}`, [WAT]: workloadAccessToken },
    body: '{}',
  });

const tokenFor = async (subject: string) => first.token({ userToken: await world.issuer.token(subject) });

const received = () => server.asked[0]?.headers ?? {};

const lastOf = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation).at(-1);

const arnOf = ({ name }: TestAgent) => expect.stringMatching(new RegExp(`/${name}$`)) as string;

/** The call is denied, and the agent is not invoked. */
async function denied(calling: Promise<unknown>, name = 'AccessDeniedException'): Promise<void> {
  await expect(calling).rejects.toMatchObject({ name, $metadata: { attempts: 1 } });
  expect(server.asked).toEqual([]);
}

it.each([
  ['a verified user', () => tokenFor('ana'), () => ({ sub: `${world.issuer.issuer}#ana` })],
  ['a user ID', () => first.token({ userId: 'ana' }), () => ({ sub: 'user-id:ana' })],
  ['no user', () => first.token(), () => ({ sub: arnOf(iam.agent) })],
])('gives the called agent a token with the chain, for %s', async (_who, token, subject) => {
  const workloadAccessToken = await token();
  await invoke(iam, workloadAccessToken);
  expect(claimsOf(received().workloadaccesstoken)).toMatchObject({
    ...subject(),
    act: { name: iam.agent.name, act: { name: first.name } },
  });
  // Both SDKs would prefer the token of the caller.
  expect(JSON.stringify(received())).not.toContain(workloadAccessToken);
  expect(received()).not.toHaveProperty(WAT.toLowerCase());
  expect(await lastOf('InvokeAgentRuntime')).toMatchObject({
    outcome: 'allowed',
    workloadIdentity: arnOf(iam.agent),
    chain: [arnOf(first)],
  });
});

it('gives the called agent a token with the chain if the user token is for the same user', async () => {
  const response = await call(await world.issuer.token('ana'), await tokenFor('ana'));
  expect(response.status).toBe(200);
  expect(claimsOf(received().workloadaccesstoken)).toMatchObject({
    sub: `${world.issuer.issuer}#ana`,
    act: { name: jwt.agent.name, act: { name: first.name } },
  });
  expect(received()).not.toHaveProperty(WAT.toLowerCase());
});

it('gives the called agent a token for the same user of an issuer whose identifier ends with a slash', async () => {
  const issuer = await startIssuer(undefined, (address) => Promise.resolve(`${address}/`));
  const caller = await agentWith(world, authorizerFor(issuer));
  const accepts = { allowedWorkloadConfiguration: { workloadIdentities: [caller.name] } };
  const called = await openEndpoint(
    world,
    { inbound: { kind: 'IAM', userIdPrincipals: [] }, target: { kind: 'url', url: server.url } },
    await agentWith(world, authorizerFor(issuer, accepts)),
  );
  await invoke(called, await caller.token({ userToken: await issuer.token('ana') }));
  expect(claimsOf(received().workloadaccesstoken).sub).toBe(`${issuer.issuer}#ana`);
  await Promise.all([called.close(), issuer.close()]);
});

describe('denies a call', () => {
  it('of an agent that the called agent does not list', async () => {
    await denied(invoke(closed, await tokenFor('ana')));
    expect(await lastOf('InvokeAgentRuntime')).toMatchObject({ outcome: 'denied' });
    expect(await lastOf('GetWorkloadAccessTokenForJWT')).toMatchObject({
      outcome: 'denied',
      chain: [arnOf(first)],
      reason: expect.stringContaining('does not list') as string,
    });
  });

  it("with another agent's token, replayed by a stranger", async () => {
    await denied(invoke(iam, await tokenFor('ana'), { principal: 'stranger' }));
  });

  it('with a token of another user than the user token', async () => {
    const response = await call(await world.issuer.token('ben'), await tokenFor('ana'));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      message: expect.stringContaining('another user') as string,
    });
    expect(server.asked).toEqual([]);
  });

  it('with the user ID of another user in the header', async () => {
    const principals = [world.local.principals.operator.arn];
    const agent = await agentWith(
      world,
      authorizerFor(world.issuer, {
        allowedWorkloadConfiguration: { workloadIdentities: [first.name] },
      }),
    );
    const endpoint = await openEndpoint(
      world,
      {
        inbound: { kind: 'IAM', userIdPrincipals: principals },
        target: { kind: 'url', url: server.url },
      },
      agent,
    );
    const token = await first.token({ userId: 'ana' });
    // The principal can name users, but is not the agent's.
    await denied(invoke(endpoint, token, { principal: 'operator', input: { runtimeUserId: 'ben' } }));
    // The agent's principal cannot name users.
    await denied(invoke(endpoint, token, { input: { runtimeUserId: 'ana' } }));
    await endpoint.close();
  });

  it('with a token that is not valid, or the header twice', async () => {
    const token = await tokenFor('ana');
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { act: object };
    const forged = Buffer.from(
      JSON.stringify({ ...claims, act: { ...claims.act, act: claims.act } }),
    ).toString('base64url');
    for (const invalid of ['x', `${head}.${forged}.${signature}`]) {
      await denied(invoke(iam, invalid), 'UnauthorizedException');
    }
    // A field that is sent twice arrives as one list here, which is no token.
    await denied(invoke(iam, `${token}, ${token}`), 'UnauthorizedException');
  });

  it('behind a suspended agent, and leaves the called agent nothing of the earlier call', async () => {
    await invoke(iam, await tokenFor('ana'));
    const workloadIdentityToken = String(received().workloadaccesstoken);
    const ask = () =>
      world.data().getResourceOauth2Token({
        workloadIdentityToken,
        resourceCredentialProviderName: iam.agent.providerName,
        scopes: ['a'],
        oauth2Flow: 'M2M',
      });
    const before = await tokenFor('ana');
    await ask();
    expect(await world.operate('SuspendWorkloadIdentity', { name: first.name })).toMatchObject({
      status: 200,
    });
    server.reset();
    await denied(invoke(iam, before));
    await expect(ask()).rejects.toMatchObject({
      message: expect.stringContaining(`"${first.name}" is suspended`) as string,
    });
    await world.operate('ResumeWorkloadIdentity', { name: first.name });
    await ask();
  });
});

it('accepts a call without the header as before', async () => {
  const response = await fetch(jwt.invocationUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.issuer.token('ana')}` },
    body: '{}',
  });
  expect(response.status).toBe(200);
  expect(claimsOf(received().workloadaccesstoken)).toMatchObject({ act: { name: jwt.agent.name } });
  expect(claimsOf(received().workloadaccesstoken).act).not.toHaveProperty('act');
});
