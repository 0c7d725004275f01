/**
 * Deletion stops requests in progress: a provider delays its response, its agent or the credential provider is deleted,
 * and then the response arrives. The caller gets no token, the provider gets no further request, and no data remains.
 */
import { exchange, exchangingAgent, onBehalfOf } from './on-behalf-of/exchanging';
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { startExchangeServer, type ExchangeServer } from './support/exchange-server';
import { holdFirst, type Held } from './support/held';
import { agentAt, startPushingProvider } from './support/pushing-provider';
import { World, type TestAgent } from './support/world';
import { idsOf, remainsOf } from './vendors/state';

/** Lifetime of an access token, and the time until its last five minutes, in seconds. */
const LIFE = 3600;
const SOON = LIFE - 200;

let exchanger: ExchangeServer;
let held: Held;
const world = World.ofFile({
  ttl: { AccessToken: LIFE, ClientCredentials: LIFE },
  issueRefreshToken: () => Promise.resolve(true),
});
beforeAll(async () => {
  exchanger = await startExchangeServer(world.issuer);
});
beforeEach(() => {
  held = holdFirst();
});
afterEach(() => {
  world.provider.tokenEndpoint = undefined;
  exchanger.tokenEndpoint = undefined;
});
afterAll(async () => {
  await exchanger.close();
});

const DELETED = {
  'workload identity': {
    remove: ({ name }: TestAgent) => world.control().deleteWorkloadIdentity({ name }),
    refusal: { name: 'UnauthorizedException' },
  },
  'credential provider': {
    remove: ({ providerName: name }: TestAgent) => world.control().deleteOauth2CredentialProvider({ name }),
    refusal: { name: 'ResourceNotFoundException' },
  },
};
type Deleted = keyof typeof DELETED;
const BOTH = Object.keys(DELETED) as Deleted[];

/** The same agent with a client that does not retry, so that a test sees one response. */
const once = (agent: TestAgent): TestAgent => agent.as(world.data('agent', 'execute-api', 1));

/** A request in progress at a provider, and the agent that waits for it. */
interface UnderWay {
  readonly agent: TestAgent;
  readonly answer: Promise<unknown>;
}

const UNDER_WAY: Readonly<Record<string, () => Promise<UnderWay>>> = {
  async 'the first client credentials'() {
    const agent = once(await world.agent());
    const token = await agent.token();
    world.provider.tokenEndpoint = held.hold;
    return { agent, answer: agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] }) };
  },
  async 'client credentials that are renewed'() {
    const agent = once(await world.agent());
    await agent.ask(await agent.token(), { oauth2Flow: 'M2M', scopes: ['a'] });
    moveClock(LIFE);
    const token = await agent.token();
    world.provider.tokenEndpoint = held.hold;
    return { agent, answer: agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] }) };
  },
  async 'a token that is refreshed'() {
    const agent = once(await world.agent());
    await agent.connect('ana');
    moveClock(LIFE);
    const token = await agent.token({ userId: 'ana' });
    world.provider.tokenEndpoint = held.hold;
    return { agent, answer: agent.ask(token) };
  },
  async "a user's token that is exchanged"() {
    const agent = once(await exchangingAgent(world, exchanger, { grantType: 'TOKEN_EXCHANGE' }));
    const token = await onBehalfOf(world, agent, 'ana');
    exchanger.tokenEndpoint = held.hold;
    return { agent, answer: exchange(agent, token) };
  },
};

describe.each(BOTH)('a deletion of the %s', (deleted) => {
  const { remove, refusal } = DELETED[deleted];

  it.each(Object.keys(UNDER_WAY))('stops %s', async (what) => {
    const { agent, answer } = await UNDER_WAY[what]!();
    const ended = answer.catch((error: unknown) => error);
    await held.arrived;
    const ids = await idsOf(agent);
    await remove(agent);
    held.letGo();
    expect(await ended).toMatchObject(refusal);
    expect(held.asked()).toBe(1);
    expect(await remainsOf(ids, deleted)).toEqual([]);
  });

  it('stops a background renewal without recording a failure', async () => {
    const agent = await world.agent();
    const old = await agent.connect('ana');
    moveClock(SOON);
    const token = await agent.token({ userId: 'ana' });
    world.provider.tokenEndpoint = held.hold;
    expect((await agent.ask(token)).accessToken).toBe(old);
    await held.arrived;
    const ids = await idsOf(agent);
    await remove(agent);
    held.letGo();
    const entryOf = async () =>
      (await world.audit()).find(
        ({ operation, provider }) => operation === 'BackgroundRenewal' && provider === agent.providerName,
      );
    while (!(await entryOf())) await new Promise((later) => setTimeout(later, 20));
    expect(await entryOf()).toMatchObject({
      outcome: 'allowed',
      reason: expect.stringContaining('overtaken') as string,
    });
    expect(held.asked()).toBe(1);
    expect(await remainsOf(ids, deleted)).toEqual([]);
  });

  it('stops a consent that is being completed, and its session fails', async () => {
    const agent = once(await world.agent());
    const token = await agent.token({ userId: 'ana' });
    const { authorizationUrl } = await agent.ask(token);
    const back = await agent.consent(authorizationUrl);
    world.provider.tokenEndpoint = held.hold;
    const ended = agent.complete(back, { userId: 'ana' }).catch((error: unknown) => error);
    await held.arrived;
    const ids = await idsOf(agent);
    await remove(agent);
    held.letGo();
    expect(await ended).toMatchObject({
      name: 'AccessDeniedException',
      message: 'Invalid or expired session',
    });
    expect(held.asked()).toBe(1);
    expect(await remainsOf(ids, deleted)).toEqual([]);
  });

  it('stops a pushed authorization request, so that the browser is not redirected', async () => {
    const provider = await startPushingProvider();
    provider.before = held.hold;
    const agent = await agentAt(world, provider);
    const { authorizationUrl = '' } = await agent.ask(await agent.token({ userId: 'ana' }));
    const opened = new Browser().step(authorizationUrl);
    await held.arrived;
    await remove(agent);
    held.letGo();
    const page = await opened;
    expect(page.headers.get('location')).toBeNull();
    expect(page.html).not.toContain(provider.issuer);
    expect(held.asked()).toBe(1);
    await provider.close();
  });
});

describe('a provider that was deleted and created again with the same name', () => {
  /** Deletes the agent's provider and creates another with its name; the user of the world's provider connects it. */
  async function makeAgain(agent: TestAgent, userId: string): Promise<string> {
    const control = world.control();
    const { discoveryUrl, clientId, clientSecret } = world.provider;
    await DELETED['credential provider'].remove(agent);
    const { callbackUrl = '' } = await control.createOauth2CredentialProvider({
      name: agent.providerName,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    world.provider.allowRedirect(callbackUrl);
    return agent.connect(userId);
  }

  it('keeps its grant when a consent for the deleted provider is completed', async () => {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    const { authorizationUrl } = await agent.ask(token);
    const back = await agent.consent(authorizationUrl);
    world.provider.tokenEndpoint = held.hold;
    const ended = once(agent)
      .complete(back, { userId: 'ana' })
      .catch((error: unknown) => error);
    await held.arrived;
    const own = await makeAgain(agent, 'ana');
    held.letGo();
    expect(await ended).toMatchObject({ name: 'AccessDeniedException' });
    expect((await agent.ask(token)).accessToken).toBe(own);
  });

  it('keeps its grant when a refresh for the deleted provider returns', async () => {
    const agent = await world.agent();
    await agent.connect('ana');
    moveClock(LIFE);
    const token = await agent.token({ userId: 'ana' });
    world.provider.tokenEndpoint = held.hold;
    const ended = once(agent)
      .ask(token)
      .catch((error: unknown) => error);
    await held.arrived;
    const own = await makeAgain(agent, 'ana');
    held.letGo();
    expect(await ended).toMatchObject({ name: 'ResourceNotFoundException' });
    expect((await agent.ask(token)).accessToken).toBe(own);
  });
});
