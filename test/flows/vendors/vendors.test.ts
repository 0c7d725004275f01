/** Each vendor, against a server that behaves as that vendor does. */
import { moveClock } from '../support/clock';
import { World, type Ask, type TestAgent } from '../support/world';
import { OWN_WORDS } from './behavior';
import { agentAt, consent, moveTo } from './consented';
import { INCLUDED } from './included';
import { NAMED } from './named';
import { storedTokens } from './state';
import { TENANTS } from './tenants';
import { startVendor, type VendorServer } from './vendor-server';

const VENDORS = [...NAMED, ...TENANTS, ...INCLUDED];

/** Parameters of every authorization request. */
const STANDARD = ['response_type', 'client_id', 'redirect_uri', 'state'];

const world = World.ofFile();

describe.each(VENDORS.map((behavior) => [behavior.vendor, behavior] as const))('%s', (vendor, behavior) => {
  const ask: Ask = { scopes: [...behavior.scopes] };
  let server: VendorServer;
  let agent: TestAgent;
  beforeAll(async () => {
    server = await startVendor(behavior);
    agent = await agentAt(world, vendor, behavior.config(server.client, server.origin));
    if (behavior.fixed) await moveTo(agent, server, server.client);
  });
  afterAll(() => server.close());
  afterEach(() => {
    server.refuse = undefined;
    expect(server.complaints.splice(0)).toEqual([]);
  });

  const askAsAna = async (over: Ask = {}) =>
    agent.ask(await agent.token({ userId: 'ana' }), { ...ask, ...over });

  it('is described under its own config member, without the secret', async () => {
    const got = await world.control().getOauth2CredentialProvider({ name: agent.providerName });
    const [member] = Object.keys(behavior.config(server.client, server.origin));
    expect(got.credentialProviderVendor).toBe(vendor);
    expect(got.oauth2ProviderConfigOutput).toEqual({
      [member ?? '']: {
        clientId: server.client.clientId,
        oauthDiscovery: {
          authorizationServerMetadata: expect.objectContaining({
            authorizationEndpoint: `${server.origin}/authorize`,
            tokenEndpoint: `${server.origin}/token`,
          }) as object,
        },
      },
    });
    expect(JSON.stringify(got)).not.toContain(server.client.clientSecret);
  });

  it("completes a consent with the vendor's requests, and stores the vendor's scopes and lifetime", async () => {
    await consent(agent, 'ana', ask);
    const query = server.authorizations.at(-1) ?? new URLSearchParams();
    const pkce = behavior.pkce ? ['code_challenge', 'code_challenge_method'] : [];
    expect([...query.keys()].sort()).toEqual(
      [...STANDARD, ...pkce, ...Object.keys(behavior.authorization)].sort(),
    );
    expect(Object.fromEntries(query)).toMatchObject(behavior.authorization);

    expect((await askAsAna()).accessToken).toBe(server.issued.at(-1));
    const tokens = await storedTokens(agent.providerName);
    expect(tokens?.scopes).toEqual(behavior.granted ?? behavior.scopes);
    expect(tokens?.refreshable).toBe(behavior.refreshes);
    const { lifetime } = behavior;
    const lives = tokens?.expiresAt === undefined ? undefined : tokens.expiresAt - tokens.obtainedAt;
    // The lifetime is counted from before the request, so the duration of the request can be missing.
    if (lifetime === undefined) expect(lives).toBeUndefined();
    else expect([lifetime, lifetime - 1, lifetime - 2]).toContain(lives);
  });

  it(`${behavior.refreshes ? 'refreshes' : 'asks for consent again'} when the token is no longer valid`, async () => {
    const before = server.issued.at(-1);
    moveClock((behavior.lifetime ?? 365 * 24 * 3600) + 1);
    const answer = await askAsAna();
    if (behavior.refreshes) {
      expect(server.requests.at(-1)?.members.grant_type).toBe('refresh_token');
      expect(answer.accessToken).toBe(server.issued.at(-1));
      expect(answer.accessToken).not.toBe(before);
    } else if (behavior.lifetime !== undefined) {
      expect(answer).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    } else {
      expect(answer.accessToken).toBe(before);
    }
  });

  if (behavior.refreshes) {
    it('asks for consent again when the vendor rejects the refresh in its own format', async () => {
      server.refuse = 'refresh';
      moveClock(2 * (behavior.lifetime ?? 0) + 2);
      expect(await askAsAna()).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    });
  }

  it.each([
    ['code', 'invalid_grant'],
    ['client', 'invalid_client'],
  ] as const)('reports a rejected %s with only the error code of the RFC', async (refused, code) => {
    server.refuse = refused;
    const { authorizationUrl } = await askAsAna({ forceAuthentication: true });
    const failed = agent.complete(await agent.consent(authorizationUrl), { userId: 'ana' });
    await expect(failed).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(code) as string,
    });
    await expect(failed).rejects.not.toMatchObject({
      message: expect.stringContaining(OWN_WORDS) as string,
    });
  });

  it(`${behavior.machine ? 'returns' : 'rejects a request for'} the agent's own token`, async () => {
    const asked = agent.ask(await agent.token(), { ...ask, oauth2Flow: 'M2M' });
    if (behavior.machine) {
      expect((await asked).accessToken).toBe(server.issued.at(-1));
      expect(server.requests.at(-1)?.members.grant_type).toBe('client_credentials');
    } else {
      await expect(asked).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(vendor) as string,
      });
    }
  });
});
