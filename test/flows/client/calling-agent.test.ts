/** An agent calls the gate of another agent with the client library: the token reaches this gate and no other server. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import {
  agentFetch,
  AgentRedirectError,
  ConfigurationError,
  createIdentityClient,
  invokeAgent,
  WorkloadAccessTokenError,
  workloadAccessTokens,
} from '../../../lib/client/index';
import { listenOnLoopback } from '../../../lib/local/loopback-server';
import { AgentServer } from '../gate/agent-server';
import { claimsOf, openEndpoint, type Opened } from '../gate/endpoints';
import { agentWith, authorizerFor } from '../support/authorizer';
import { World, type TestAgent } from '../support/world';
import { identityClient } from './agent-code';

const WAT = 'X-Amz-Bedrock-AgentCore-Identity-WAT';

const world = World.ofFile();
const server = AgentServer.ofFile();
let first: TestAgent;
let iam: Opened;
let jwt: Opened;
beforeAll(async () => {
  first = await world.agent();
  const target = { kind: 'url', url: server.url } as const;
  const accepts = authorizerFor(world.issuer, {
    allowedWorkloadConfiguration: { workloadIdentities: [first.name] },
  });
  const { discoveryUrl, audience } = world.issuer;
  [iam, jwt] = await Promise.all([
    openEndpoint(
      world,
      { inbound: { kind: 'IAM', userIdPrincipals: [] }, target },
      await agentWith(world, accepts),
    ),
    openEndpoint(
      world,
      { inbound: { kind: 'JWT', discoveryUrl, allowedAudience: [audience] }, target },
      await agentWith(world, accepts),
    ),
  ]);
});
afterAll(() => Promise.all([iam.close(), jwt.close()]));

const gateClient = (endpoint: string) => {
  const { region, principals } = world.local;
  return createIdentityClient({ endpoint, region, credentials: principals.agent, maxAttempts: 1 });
};

const request = () => ({ agentRuntimeArn: iam.agentRuntimeArn, payload: Buffer.from('{}') });

/** The user of each call that reached the called agents, with the name of the agent that called. */
const received = () =>
  server.asked.map(({ headers }) => {
    const { sub, act } = claimsOf(headers.workloadaccesstoken) as {
      sub: string;
      act: { act?: { name: string } };
    };
    return [sub, act.act?.name];
  });

const tokensOf = (userId: string) =>
  workloadAccessTokens(identityClient(world), { workloadName: first.name, userId });

/** Collects the headers of each request to a server that redirects to another one. */
async function redirecting() {
  const seen: IncomingHttpHeaders[] = [];
  const other = createServer(({ headers }, response) => {
    seen.push(headers);
    response.end('{}');
  });
  const { port, close } = await listenOnLoopback(other, 0);
  const redirects = createServer((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${port}/stolen` }).end();
  });
  const origin = await listenOnLoopback(redirects, 0);
  return {
    url: `http://127.0.0.1:${origin.port}`,
    otherUrl: `http://127.0.0.1:${port}`,
    seen,
    close: () => Promise.all([close(), origin.close()]),
  };
}

describe('invokeAgent', () => {
  it('gives the called agent a token that names the user and both agents', async () => {
    await invokeAgent(gateClient(iam.baseUrl), tokensOf('ana'), request());
    expect(received()).toEqual([['user-id:ana', first.name]]);
  });

  it('sends to each of several concurrent calls of one client the token of the right user', async () => {
    const client = gateClient(iam.baseUrl);
    const users = ['ana', 'ben', 'cleo', 'dan'];
    await Promise.all(users.map((user) => invokeAgent(client, tokensOf(user), request())));
    expect(received().sort()).toEqual(users.map((user) => [`user-id:${user}`, first.name]));
  });

  it('sends no token with other requests of the same client', async () => {
    const client = gateClient(iam.baseUrl);
    await invokeAgent(client, tokensOf('ana'), request());
    const { InvokeAgentRuntimeCommand } = await import('@aws-sdk/client-bedrock-agentcore');
    await client.send(new InvokeAgentRuntimeCommand(request()));
    expect(received()[1]?.[1]).toBeUndefined();
  });

  it('follows no redirect', async () => {
    const redirect = await redirecting();
    const token = await first.token({ userId: 'ana' });
    await expect(invokeAgent(gateClient(redirect.url), token, request())).rejects.toThrow();
    expect(redirect.seen).toEqual([]);
    await redirect.close();
  });
});

describe('a client of the AWS SDK', () => {
  it.each([
    ['without an endpoint', undefined],
    ['with an http endpoint on another host', 'http://gate.example'],
  ])('%s sends no token', async (_title, endpoint) => {
    const handle = jest.fn(() => Promise.reject(new Error('no connection')));
    const client = new BedrockAgentCoreClient({
      ...(endpoint !== undefined && { endpoint }),
      region: 'us-east-1',
      credentials: world.local.principals.agent,
      requestHandler: { handle },
      maxAttempts: 1,
    });
    await expect(invokeAgent(client, 'a token', request())).rejects.toThrow(ConfigurationError);
    expect(handle).not.toHaveBeenCalled();
  });
});

describe('agentFetch', () => {
  const userToken = (user: string) => world.issuer.token(user);
  const call = async (user: string, to: string = jwt.invocationUrl) =>
    agentFetch(jwt.invocationUrl, await first.token({ userToken: await userToken(user) }))(to, {
      method: 'POST',
      headers: { authorization: `Bearer ${await userToken(user)}`, [WAT]: 'of the caller' },
      body: '{}',
    });

  it('gives the called agent a token that names the user and both agents', async () => {
    expect((await call('ana')).status).toBe(200);
    expect(received()).toEqual([[`${world.issuer.issuer}#ana`, first.name]]);
  });

  it('sends nothing to another origin, and follows no redirect', async () => {
    const redirect = await redirecting();
    await expect(call('ana', redirect.otherUrl)).rejects.toThrow(AgentRedirectError);
    const toRedirect = agentFetch(redirect.url, 'a-token');
    await expect(toRedirect(`${redirect.url}/x`, { method: 'POST', redirect: 'follow' })).rejects.toThrow(
      AgentRedirectError,
    );
    expect(redirect.seen).toEqual([]);
    // The caller can change an object of the class URL while the token is requested.
    const target = new URL(`${redirect.url}/x`);
    const changed = toRedirect(target);
    target.href = redirect.otherUrl;
    await expect(changed).rejects.toThrow(AgentRedirectError);
    expect(redirect.seen).toEqual([]);
    await redirect.close();
  });

  it.each(['http://agents.example/x', 'https://user:secret@agents.example/x', 'agents.example'])(
    'rejects the address %s',
    (url) => {
      expect(() => agentFetch(url, 'a token')).toThrow(ConfigurationError);
    },
  );

  it('repeats no token and no password in an error', async () => {
    const secret = 'SECRET';
    const refused = {
      name: 'ConfigurationError',
      message: expect.not.stringContaining(secret) as string,
    };
    const url = 'http://127.0.0.1:1';
    await expect(agentFetch(url, `a\n${secret}`)(url)).rejects.toMatchObject(refused);
    await expect(agentFetch(url, 'a-token')(`http://user:${secret}@127.0.0.1:1/`)).rejects.toMatchObject(
      refused,
    );
  });

  it('uses the token of its source, and its errors', async () => {
    const failing = {
      get: () => Promise.reject(new WorkloadAccessTokenError('none')),
      renew: () => Promise.reject(new WorkloadAccessTokenError('none')),
    };
    await expect(agentFetch(jwt.invocationUrl, failing)(jwt.invocationUrl)).rejects.toThrow('none');
  });
});
