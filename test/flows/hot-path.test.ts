/** What a warm call costs, counted: one DynamoDB round trip, no KMS, nothing to the provider. */
import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

/** The AWS operations that were called meanwhile, and how often the provider was. */
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

it('hands out a stored grant for one BatchGetItem', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const token = await agent.token({ userId: 'ana' });
  await agent.ask(token);
  expect(await callsOf(() => agent.ask(token))).toEqual(['BatchGetItem']);
});

it('hands out the agent’s own token for one BatchGetItem', async () => {
  const agent = await world.agent();
  const token = await agent.token();
  const ask = () => agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
  await ask();
  await ask();
  expect(await callsOf(ask)).toEqual(['BatchGetItem']);
});

it('issues a workload access token for one GetItem', async () => {
  const agent = await world.agent();
  await agent.token({ userId: 'ana' });
  expect(await callsOf(() => agent.token({ userId: 'ana' }))).toEqual(['GetItem']);
  const userToken = await world.issuer.token('ana');
  await agent.token({ userToken });
  expect(await callsOf(() => agent.token({ userToken }))).toEqual(['GetItem']);
});

it('counts: the first read of a grant opens its vault key, by KMS', async () => {
  const agent = await world.agent();
  expect(await callsOf(() => agent.connect('ben'))).toEqual(
    expect.arrayContaining(['GenerateDataKey', 'PutItem']),
  );
});
