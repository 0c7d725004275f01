/** Calls of a warm request: one DynamoDB round trip, no KMS call, and no request to the provider. */
import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { principalOf } from '../../lambda/domain/principal';
import { exchange, exchangingAgent, onBehalfOf } from './on-behalf-of/exchanging';
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { startExchangeServer } from './support/exchange-server';
import { renewalsIn } from './support/renewals';
import { signInAndConsent } from './support/provider';
import { agentWith, authorizerFor } from './support/authorizer';
import { World } from './support/world';

/** Seconds; shorter than the time that vault keys and metadata are cached. */
const MACHINE_TOKEN_LIFE = 100;

const world = World.ofFile({ ttl: { ClientCredentials: MACHINE_TOKEN_LIFE } });

/** Counts the AWS operations and provider requests during a call. */
async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  const calls: string[] = [];
  const service = new URL(world.local.endpoint).host;
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const target = request.getHeader('x-amz-target');
    if (typeof target === 'string') calls.push(target.split('.')[1] ?? '');
    else if (request.getHeader('host') !== service) calls.push(`HTTP ${String(request.getHeader('host'))}`);
  };
  diagnostics.subscribe('http.client.request.start', onRequest);
  await work();
  diagnostics.unsubscribe('http.client.request.start', onRequest);
  return calls;
}

it('returns a stored grant with one BatchGetItem', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const token = await agent.token({ userId: 'ana' });
  await agent.ask(token);
  expect(await callsOf(() => agent.ask(token))).toEqual(['BatchGetItem']);
});

it("returns the agent's own token with one BatchGetItem", async () => {
  const agent = await world.agent();
  const token = await agent.token();
  const ask = () => agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
  await ask();
  await ask();
  expect(await callsOf(ask)).toEqual(['BatchGetItem']);
});

it('returns an exchanged token with one BatchGetItem', async () => {
  const server = await startExchangeServer(world.issuer);
  const agent = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
  const token = await onBehalfOf(world, agent, 'ana');
  await exchange(agent, token);
  expect(await callsOf(() => exchange(agent, token))).toEqual(['BatchGetItem']);
  await server.close();
});

it('renews a token with two UpdateItem, one GetItem, a second BatchGetItem, and one request to the provider', async () => {
  const agent = await world.agent();
  const token = await agent.token();
  const ask = () => agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
  await ask();
  moveClock(MACHINE_TOKEN_LIFE);
  const calls = await callsOf(ask);
  const provider = `HTTP ${new URL(world.provider.issuer).host}`;
  expect(calls).toEqual(['BatchGetItem', 'GetItem', 'UpdateItem', provider, 'UpdateItem', 'BatchGetItem']);
});

it('renews a token in the background with three UpdateItem, because the lease comes before the function', async () => {
  const agent = await world.agent();
  const token = await agent.token();
  const ask = () => agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
  await ask();
  await ask();
  const before = (await renewalsIn(world, 0)).length;
  /** Moves the clock into the last part of the token's life, and waits for the renewal. */
  const renew = async (count: number) => {
    moveClock(MACHINE_TOKEN_LIFE * 0.92);
    await ask();
    await renewalsIn(world, before + count);
  };
  // The function caches vault keys, too.
  await renew(1);
  const calls = await callsOf(() => renew(2));
  const provider = `HTTP ${new URL(world.provider.issuer).host}`;
  expect(calls.filter((call) => call === provider || !call.startsWith('HTTP')).sort()).toEqual([
    'BatchGetItem',
    'BatchGetItem',
    'BatchGetItem',
    'GetItem',
    provider,
    'UpdateItem',
    'UpdateItem',
    'UpdateItem',
  ]);
});

it('returns an API key with one BatchGetItem', async () => {
  const agent = await world.agent();
  const resourceCredentialProviderName = 'counted';
  await world
    .control()
    .createApiKeyCredentialProvider({ name: resourceCredentialProviderName, apiKey: 'a-key' });
  const workloadIdentityToken = await agent.token();
  const ask = () => agent.client.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName });
  await ask();
  expect(await callsOf(ask)).toEqual(['BatchGetItem']);
});

it('issues a workload access token with one BatchGetItem', async () => {
  const agent = await world.agent();
  await agent.token({ userId: 'ana' });
  expect(await callsOf(() => agent.token({ userId: 'ana' }))).toEqual(['BatchGetItem']);
  const userToken = await world.issuer.token('ana');
  await agent.token({ userToken });
  expect(await callsOf(() => agent.token({ userToken }))).toEqual(['BatchGetItem']);
});

it('serves an agent that another agent called with as many calls', async () => {
  const first = await world.agent();
  const second = await agentWith(
    world,
    authorizerFor(world.issuer, {
      allowedWorkloadConfiguration: { workloadIdentities: [first.name] },
    }),
  );
  const callingAgent = {
    workloadAccessToken: await first.token({ userId: 'ana' }),
    principalArn: principalOf(world.local.principals.agent.arn),
    principalId: world.local.principals.agent.id,
  };
  const input = { workloadName: second.name, userId: 'ana', callingAgent };
  const issue = () => world.post('GetWorkloadAccessTokenForUserId', input);
  const { body } = await issue();
  // The request to the service itself is not by an AWS client.
  expect((await callsOf(issue)).filter((made) => !made.startsWith('HTTP'))).toEqual(['BatchGetItem']);
  const { workloadAccessToken } = JSON.parse(body) as { workloadAccessToken: string };
  const ask = () => second.ask(workloadAccessToken, { oauth2Flow: 'M2M', scopes: ['a'] });
  await ask();
  expect(await callsOf(ask)).toEqual(['BatchGetItem']);
});

describe('a consent with cached vault keys', () => {
  const putItem = 'PutItem';
  it('makes the calls that docs/engineering/performance.md lists, step by step', async () => {
    const agent = await world.agent();
    await agent.connect('ben');
    const token = await agent.token({ userId: 'cleo' });
    let session: Awaited<ReturnType<typeof agent.ask>> | undefined;
    const begin = await callsOf(async () => {
      session = await agent.ask(token);
    });
    expect(begin).toEqual(['BatchGetItem', putItem, 'UpdateItem', 'BatchGetItem']);
    expect(await callsOf(() => agent.ask(token))).toEqual(['BatchGetItem', 'GetItem']);

    const browser = new Browser();
    let answer = '';
    const authorize = await callsOf(async () => {
      const page = await signInAndConsent(
        browser,
        session?.authorizationUrl ?? '',
        'cleo',
        agent.callbackUrl,
      );
      answer = page.url;
    });
    // Two calls of the public function, and three of the function that pushes the request.
    expect(authorize.filter((call) => !call.startsWith('HTTP'))).toEqual([
      'GetItem',
      putItem,
      'BatchGetItem',
      'GetItem',
      'BatchGetItem',
    ]);
    let back: URL | undefined;
    const callback = await callsOf(async () => {
      back = new URL((await browser.step(answer)).headers.get('location') ?? '');
    });
    expect(callback).toEqual(['GetItem', putItem]);

    const provider = `HTTP ${new URL(world.provider.issuer).host}`;
    const complete = await callsOf(() => agent.complete(back, { userId: 'cleo' }));
    expect(complete).toEqual([
      'GetItem',
      'BatchGetItem',
      putItem,
      'GetItem',
      provider,
      'UpdateItem',
      'BatchGetItem',
      putItem,
    ]);
  });
});

it('decrypts the vault keys of an agent with KMS once in 5 minutes', async () => {
  const agent = await world.agent();
  const kms = (calls: string[]) => calls.filter((call) => call === 'GenerateDataKey' || call === 'Decrypt');
  // The service generates one key for sessions and one for grants. It decrypts the client secret's key in the two
  // functions that call providers, and the session's key in the public function.
  expect(kms(await callsOf(() => agent.connect('ana'))).sort()).toEqual([
    'Decrypt',
    'Decrypt',
    'Decrypt',
    'GenerateDataKey',
    'GenerateDataKey',
  ]);
  expect(kms(await callsOf(() => agent.connect('ben')))).toEqual([]);
});
