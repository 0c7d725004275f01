/**
 * User tokens and credential providers of another owner. A name is free after a deletion, so another principal can
 * create a provider with the name that an agent uses, and allow the agent to use it.
 */
import { UntagResourceCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { principalOf } from '../../../lambda/domain/principal';
import { startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { World, type PrincipalName, type TestAgent } from '../support/world';
import { customConfig, exchange, exchangingAgent, userTokenOf } from './exchanging';

let server: ExchangeServer;
let strangersServer: ExchangeServer;
const world = World.ofFile();
beforeAll(async () => {
  server = await startExchangeServer(world.issuer);
  strangersServer = await startExchangeServer(world.issuer);
});
afterAll(async () => {
  await Promise.all([server.close(), strangersServer.close()]);
});

const TAG = 'agent-identity:trusted-provider-owner';
const EXCHANGE = { grantType: 'TOKEN_EXCHANGE' } as const;

const allow = (by: PrincipalName, resourceArn: string | undefined, to: PrincipalName, action: string) => {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: principalOf(world.local.principals[to].arn) },
    Action: `bedrock-agentcore:${action}`,
    Resource: '*',
  };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return world.control(by).putResourcePolicy({ resourceArn, policy });
};

/** An agent whose provider is deleted, after which the stranger creates a provider with the same name. */
async function agentAfterTakeover(): Promise<TestAgent> {
  const agent = await exchangingAgent(world, server, EXCHANGE);
  const { providerName: name } = agent;
  await world.control().deleteOauth2CredentialProvider({ name });
  const { credentialProviderArn } = await world.control('stranger').createOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: customConfig(strangersServer, EXCHANGE),
  });
  await allow('stranger', credentialProviderArn, 'agent', 'GetResourceOauth2Token');
  return agent;
}

const identityArn = async ({ name }: TestAgent) =>
  (await world.control().getWorkloadIdentity({ name })).workloadIdentityArn;

const tag = async (agent: TestAgent, tags: Record<string, string>, by: PrincipalName = 'agent') =>
  world.control(by).tagResource({ resourceArn: await identityArn(agent), tags });

const received = (userToken: string): boolean =>
  strangersServer.exchanges.some(({ request }) => request.get('subject_token') === userToken);

it("does not send a user token to another owner's provider with the name of a deleted one, and names the tag that allows it", async () => {
  const agent = await agentAfterTakeover();
  const userToken = await userTokenOf(world, 'ana');
  await expect(exchange(agent, await agent.token({ userToken }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining(`${TAG} = ${world.local.principals.stranger.arn}`) as string,
  });
  expect(received(userToken)).toBe(false);
});

it('does not send it after a report of a rejected token either', async () => {
  const agent = await agentAfterTakeover();
  const userToken = await userTokenOf(world, 'ana');
  const answer = await world.post('RejectResourceOauth2Token', {
    workloadIdentityToken: await agent.token({ userToken }),
    resourceCredentialProviderName: agent.providerName,
    scopes: ['a'],
    oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
    rejectedAccessToken: 'any',
  });
  expect(answer.status).toBe(403);
  expect(received(userToken)).toBe(false);
});

it.each<[string, (arn: string, id: string) => Record<string, string>]>([
  ['ARN', (arn) => ({ [TAG]: arn })],
  ['ARN and unique id', (arn, id) => ({ [TAG]: `${arn} ${id}` })],
  ['ARN in a second tag', (arn) => ({ [TAG]: 'arn:aws:iam::000000000000:role/other', [`${TAG}/2`]: arn })],
])('sends it while a tag of the workload identity names the owner by %s', async (_, tagsOf) => {
  const agent = await agentAfterTakeover();
  const { arn, id } = world.local.principals.stranger;
  const tags = tagsOf(arn, id);
  await tag(agent, tags);
  const token = await agent.token({ userToken: await userTokenOf(world, 'ana') });
  expect(await exchange(agent, token)).toHaveProperty('accessToken');
  const resourceArn = await identityArn(agent);
  await world.control().untagResource({ resourceArn, tagKeys: Object.keys(tags) });
  await expect(exchange(agent, token)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

it.each<[string, (arn: string, id: string) => Record<string, string>]>([
  ['names an earlier principal with the ARN', (arn) => ({ [TAG]: `${arn} AROAFORMERPRINCIPAL` })],
  ['has another key', (arn) => ({ [`${TAG}s`]: arn })],
  ['has a longer value', (arn) => ({ [TAG]: `${arn}/x` })],
])('does not send it if the tag %s', async (_, tagsOf) => {
  const agent = await agentAfterTakeover();
  const { arn, id } = world.local.principals.stranger;
  await tag(agent, tagsOf(arn, id));
  const userToken = await userTokenOf(world, 'ana');
  await expect(exchange(agent, await agent.token({ userToken }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(received(userToken)).toBe(false);
});

describe('a principal that can tag the workload identity but does not own it', () => {
  async function shared(tags: Record<string, string>): Promise<TestAgent> {
    const agent = await exchangingAgent(world, server, EXCHANGE);
    await tag(agent, tags);
    await allow('agent', await identityArn(agent), 'stranger', '*');
    return agent;
  }
  const denied = { name: 'AccessDeniedException', message: expect.stringContaining(TAG) as string };

  it.each([TAG, `${TAG}/2`])('cannot add the tag %s', async (key) => {
    const agent = await shared({});
    const { arn } = world.local.principals.stranger;
    await expect(tag(agent, { [key]: arn }, 'stranger')).rejects.toMatchObject(denied);
  });

  it('cannot change or remove the tag, and can set other tags', async () => {
    const agent = await shared({ [TAG]: 'arn:aws:iam::000000000000:role/other' });
    const { arn } = world.local.principals.stranger;
    await expect(tag(agent, { [TAG]: arn }, 'stranger')).rejects.toMatchObject(denied);
    const untag = new UntagResourceCommand({ resourceArn: await identityArn(agent), tagKeys: [TAG] });
    await expect(world.control('stranger').send(untag)).rejects.toMatchObject(denied);
    await expect(tag(agent, { team: 'travel' }, 'stranger')).resolves.toBeDefined();
  });
});
