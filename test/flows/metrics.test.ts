/** The service's metrics, read from the log lines that CloudWatch would read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentWith, authorizerFor } from './support/authorizer';
import { startIssuer, type TestIssuer } from './support/issuer';
import { TestAgent, World } from './support/world';

let world: World;
let agent: TestAgent;
/** The issuer that the deployment trusts. */
let deployed: TestIssuer;
let read = 0;
beforeAll(async () => {
  process.env.NAMES_IN_METRICS = 'true';
  deployed = await startIssuer();
  const { discoveryUrl, issuer, audience } = deployed;
  const allowedAudience = [audience];
  world = await World.start({}, () => [
    { discoveryUrl, allowedAudience },
    { discoveryUrl: `${issuer}/wrong/.well-known/openid-configuration`, allowedAudience },
  ]);
});
afterAll(() => world.stop());
beforeEach(async () => {
  agent = await world.agent();
});

interface Embedded {
  readonly _aws?: { readonly CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
  readonly [member: string]: unknown;
}

/** A metric: name, and dimensions except the deployment. */
type Counted = [string, Record<string, unknown>];

/** The metrics since the last call. */
async function counted(): Promise<Counted[]> {
  const lines = (await readFile(join(world.dataDir, 'service.log'), 'utf8')).split('\n');
  const unseen = lines.slice(read, -1);
  read = lines.length - 1;
  return unseen
    .filter((line) => line.includes('"_aws"'))
    .flatMap((line) => {
      const embedded = JSON.parse(line) as Embedded;
      return (embedded._aws?.CloudWatchMetrics ?? []).map(({ Dimensions, Metrics }): Counted => {
        const names = Dimensions[0] ?? [];
        const { Deployment, ...dimensions } = Object.fromEntries(names.map((name) => [name, embedded[name]]));
        expect(Deployment).toBe('agent-identity');
        return [Metrics[0]?.Name ?? '', dimensions];
      });
    });
}

/** The metrics of a call, whether or not it succeeds. */
async function countedFor(call: () => Promise<unknown>) {
  await counted();
  await call().catch(() => undefined);
  return counted();
}

const workload = () => ({ WorkloadIdentity: agent.name, WorkloadIdentityDirectory: 'default' });
const vault = () => ({ ...workload(), TokenVault: 'default', ProviderName: agent.providerName });

it('counts workload access tokens', async () => {
  expect(await countedFor(() => agent.token({ userId: 'ana' }))).toEqual([
    ['WorkloadAccessTokenFetchSuccess', { ...workload(), Operation: 'GetWorkloadAccessTokenForUserId' }],
  ]);
  expect(await countedFor(() => agent.token({ userToken: 'e30.e30.e30' }))).toEqual([
    [
      'WorkloadAccessTokenFetchFailures',
      {
        ...workload(),
        Operation: 'GetWorkloadAccessTokenForJWT',
        ExceptionType: 'UnauthorizedException',
      },
    ],
  ]);
});

it("counts an issuer that does not respond, which an agent's owner can choose, as no failure of this service", async () => {
  const issuer = await startIssuer();
  agent = await agentWith(world, authorizerFor(issuer));
  const userToken = await issuer.token('ana');
  await issuer.close();
  expect(await countedFor(() => agent.token({ userToken }))).toContainEqual([
    'WorkloadAccessTokenFetchFailures',
    {
      ...workload(),
      Operation: 'GetWorkloadAccessTokenForJWT',
      ExceptionType: 'IssuerUnavailable',
    },
  ]);
});

it('counts an issuer of the deployment that is unavailable, or has a wrong URL, as a failure of this service, because a deployment can be the cause', async () => {
  const failure = {
    ...workload(),
    Operation: 'GetWorkloadAccessTokenForJWT',
    ExceptionType: 'InternalServerException',
  };
  const misplaced = await deployed.token('ana', { iss: `${deployed.issuer}/wrong` });
  expect(await countedFor(() => agent.token({ userToken: misplaced }))).toContainEqual([
    'WorkloadAccessTokenFetchFailures',
    failure,
  ]);
  await expect(agent.token({ userToken: misplaced })).rejects.toThrow(
    '(discovery_failed). Ask the operator to check trustedIssuers.',
  );
  const userToken = await deployed.token('ana');
  await deployed.close();
  expect(await countedFor(() => agent.token({ userToken }))).toContainEqual([
    'WorkloadAccessTokenFetchFailures',
    failure,
  ]);
});

it('counts consent-required until there is a token, and then the token', async () => {
  const token = await agent.token({ userId: 'ana' });
  const outcome = (Outcome: string) => [
    'ResourceAccessTokenOutcome',
    { ProviderName: agent.providerName, Outcome },
  ];
  const success = ['ResourceAccessTokenFetchSuccess', { ...vault(), Type: 'USER_FEDERATION' }];
  expect(await countedFor(() => agent.ask(token))).toEqual([outcome('consent-required')]);
  await agent.connect('ana');
  expect(await countedFor(() => agent.ask(token))).toEqual([success, outcome('cached')]);
});

it('counts the steps of a consent, and denied steps', async () => {
  const step = (Operation: string, Outcome: string) => ['ConsentStep', { Operation, Outcome }];
  const steps = (counts: Awaited<ReturnType<typeof counted>>) =>
    counts.filter(([name]) => name === 'ConsentStep');
  expect(steps(await countedFor(() => agent.connect('ben')))).toEqual([
    step('Authorize', 'allowed'),
    step('Callback', 'allowed'),
    step('CompleteResourceTokenAuth', 'allowed'),
  ]);
  const madeUp = new URL(`${agent.callbackUrl}?state=made-up&code=made-up`);
  expect(steps(await countedFor(() => fetch(madeUp)))).toEqual([step('Callback', 'denied')]);
  const session = 'urn:ietf:params:oauth:request_uri:made-up';
  expect(steps(await countedFor(() => agent.complete(session, { userId: 'ben' })))).toEqual([
    step('CompleteResourceTokenAuth', 'denied'),
  ]);
});

it('counts API keys', async () => {
  const name = `key-of-${agent.name}`;
  await world.control().createApiKeyCredentialProvider({ name, apiKey: 'a-key' });
  const workloadIdentityToken = await agent.token();
  const ask = (resourceCredentialProviderName: string) =>
    agent.client.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName });
  expect(await countedFor(() => ask(name))).toEqual([
    ['ApiKeyFetchSuccess', { ...vault(), ProviderName: name }],
  ]);
});

describe('an unverified name', () => {
  it('of a workload identity is not a metric dimension', async () => {
    const madeUp = new TestAgent(agent.client, 'made-up', 'made-up', '');
    expect(await countedFor(() => madeUp.token())).toEqual([
      [
        'WorkloadAccessTokenFetchFailures',
        {
          WorkloadIdentity: 'unknown',
          WorkloadIdentityDirectory: 'default',
          Operation: 'GetWorkloadAccessToken',
          ExceptionType: 'ResourceNotFoundException',
        },
      ],
    ]);
  });

  it('of a credential provider is not a metric dimension', async () => {
    const token = await agent.token({ userId: 'ana' });
    const ask = () => agent.ask(token, { resourceCredentialProviderName: 'made-up' });
    expect(await countedFor(ask)).toEqual([
      [
        'ResourceAccessTokenFetchFailures',
        {
          ...vault(),
          ProviderName: 'unknown',
          Type: 'USER_FEDERATION',
          ExceptionType: 'ResourceNotFoundException',
        },
      ],
    ]);
  });

  it('in a token that this service did not issue is not a metric dimension', async () => {
    const forged = `${(await agent.token({ userId: 'ana' })).slice(0, -8)}AAAAAAAA`;
    expect(await countedFor(() => agent.ask(forged))).toEqual([
      [
        'ResourceAccessTokenFetchFailures',
        {
          ...vault(),
          WorkloadIdentity: 'unknown',
          ProviderName: 'unknown',
          Type: 'USER_FEDERATION',
          ExceptionType: 'UnauthorizedException',
        },
      ],
    ]);
  });
});
