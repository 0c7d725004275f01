/** The `dpopConfig` of a provider: its rules, how the owner turns it on and off, and what a provider without it returns. */
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { DpopWorld, SCOPES } from './support/dpop-world';
import { alsoReading } from './support/members-beyond-aws';
import type { TestAgent, World } from './support/world';

let dpop: DpopWorld;
let world: World;
let agent: TestAgent;
beforeAll(async () => {
  dpop = await DpopWorld.start();
  ({ world, agent } = dpop);
});
afterEach(() => {
  dpop.restore();
});
afterAll(() => world.stop());

describe('a provider without dpopConfig', () => {
  let plain: TestAgent;
  beforeAll(async () => {
    plain = await world.agent('agent', undefined, { clientSecret: undefined });
  });
  const named = (members: object = {}) => ({
    resourceCredentialProviderName: plain.providerName,
    ...members,
  });

  it('says what to set if the server requires DPoP', async () => {
    await expect(dpop.connected('lou', plain)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /invalid_grant\. If the authorization server requires DPoP.*ask .* to set dpopConfig.*\. Ask the user to consent again/,
      ) as string,
    });
  });

  it('returns bearer tokens, without proofs, until the owner turns DPoP on', async () => {
    await dpop.configure(plain.providerName, { clientId: 'optional' });
    const token = await dpop.connected('mia', plain);
    expect(await dpop.tokenOf(token, named())).not.toHaveProperty('tokenType');
    expect(await dpop.prove(token, named())).toMatchObject({
      status: 400,
      message: expect.stringContaining('has no dpopConfig') as string,
    });
    const dpopConfig = { resourceUrls: [dpop.me] };
    await dpop.configure(plain.providerName, { clientId: 'optional', dpopConfig });
    expect(await dpop.prove(token, named())).toMatchObject({
      status: 400,
      message: expect.stringContaining('current token is a bearer token') as string,
    });
    moveClock(590);
    const later = await plain.token({ userId: 'mia' });
    const proven = await dpop.prove(later, named());
    expect((await dpop.userinfo(proven.accessToken, proven.dpopProof)).status).toBe(200);

    // The refresh token of a public client is bound now, so the key stays in use.
    await dpop.configure(plain.providerName, { clientId: 'optional' });
    expect(await dpop.prove(later, named())).toMatchObject({
      status: 400,
      message: expect.stringMatching(/was bound before.*set dpopConfig.*or.*forceAuthentication/) as string,
    });
    moveClock(590);
    expect(await dpop.tokenOf(await plain.token({ userId: 'mia' }), named())).toMatchObject({
      tokenType: 'DPoP',
    });
  });
});

describe('the configuration', () => {
  it.each([
    ['an http URL', { resourceUrls: ['http://api.example/'] }, 'resourceUrls.0: must be https'],
    [
      'credentials',
      { resourceUrls: ['https://u@api.example/'] },
      'resourceUrls.0: must not contain credentials',
    ],
    ['a query', { resourceUrls: ['https://api.example/?a'] }, 'resourceUrls.0: must not have a query'],
    [
      'a URL that is not normalized',
      { resourceUrls: ['https://api.example/', 'https://api.example/a/../b'] },
      'resourceUrls.1: must be normalized',
    ],
    [
      'encoded dots',
      { resourceUrls: ['https://api.example/%2e%2e/x'] },
      'resourceUrls.0: must be normalized',
    ],
    ['no URL', { resourceUrls: [] }, 'resourceUrls'],
    [
      'no resourceUrls',
      {},
      'dpopConfig.resourceUrls: is required, because the provider is not for a protected resource',
    ],
    ['an unknown member', { alg: 'RS256' }, 'alg'],
  ])('rejects %s', async (_title, dpopConfig, message) => {
    expect(await dpop.configure(agent.providerName, { dpopConfig })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) as string },
    });
  });

  it('is in the description of the provider, and in the audit log when it changes', async () => {
    const { body } = await dpop.configure(agent.providerName);
    expect(body).toMatchObject({
      oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { dpopConfig: { resourceUrls: [dpop.me] } } },
    });
    const changed = { dpopConfig: { resourceUrls: [dpop.me, 'https://api.example/'] } };
    await dpop.configure(agent.providerName, changed);
    expect((await world.audit()).at(-1)).toMatchObject({ changed: ['dpopConfig'] });
    await dpop.configure(agent.providerName);
  });

  it('ends when an update with an AWS client leaves it out', async () => {
    const other = await world.agent('agent', undefined, { clientSecret: undefined });
    await dpop.configure(other.providerName, {
      clientId: 'optional',
      dpopConfig: { resourceUrls: [dpop.me] },
    });
    const { client, answers } = alsoReading(world.control());
    await client.updateOauth2CredentialProvider({
      name: other.providerName,
      ...customProvider(world.provider.discoveryUrl, { clientId: 'optional' }),
    });
    expect(answers).toHaveLength(1);
    expect(JSON.stringify(answers)).not.toContain('dpopConfig');
    await other.connect('oda', { scopes: SCOPES });
    const named = { resourceCredentialProviderName: other.providerName };
    const token = await dpop.tokenOf(await other.token({ userId: 'oda' }), named);
    expect(token.accessToken).toEqual(expect.any(String));
    expect(token).not.toHaveProperty('tokenType');
  });
});
