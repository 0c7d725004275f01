/** Which user tokens are accepted: from the deployment's issuers, or from a workload identity's own issuer. */
import { TEAM_IS_BLUE } from '../domain/gate/endpoints';
import { agentWith, authorizerFor, rolesThat } from './support/authorizer';
import { moveClock } from './support/clock';
import { FORGERIES, startIssuer, type TestIssuer } from './support/issuer';
import { World, type TestAgent } from './support/world';

const DESK = 'https://desk.example';
/** The same `sub` at each issuer names a different user. */
const ANA = 'ana';

let world: World;
/** Trusted by the deployment, in addition to the world's issuer. */
let partner: TestIssuer;
/** Trusted only by workload identities that name it. */
let own: TestIssuer;

beforeAll(async () => {
  [partner, own] = await Promise.all([startIssuer(), startIssuer()]);
  world = await World.start({}, ({ discoveryUrl, audience }) => [
    { discoveryUrl, allowedAudience: [audience] },
    { discoveryUrl, allowedAudience: [DESK], allowedClients: ['desk'] },
    { discoveryUrl: partner.discoveryUrl, allowedClients: ['web'], allowedScopes: ['agents', 'admin'] },
  ]);
});
afterAll(async () => {
  await Promise.all([partner.close(), own.close()]);
  await world.stop();
});

/** An agent with its own authorizer configuration, for this issuer. */
const agentOf = (change: object = {}) => agentWith(world, authorizerFor(own, change));

const unauthorized = {
  name: 'UnauthorizedException',
  $metadata: { httpStatusCode: 401, attempts: 1 },
  message: expect.not.stringContaining('expired') as string,
};

/** The token is rejected, the audit log says why, and neither the log nor the response contains the token. */
async function refused(agent: TestAgent, userToken: string, reason: string): Promise<void> {
  await expect(agent.token({ userToken })).rejects.toMatchObject(unauthorized);
  const last = (await world.audit()).at(-1);
  expect(last).toMatchObject({
    operation: 'GetWorkloadAccessTokenForJWT',
    outcome: 'denied',
    reason: `user token: ${reason}`,
  });
  const [, , signature = ''] = userToken.split('.');
  expect(JSON.stringify(last)).not.toContain(signature);
}

const now = () => Math.floor(Date.now() / 1000);

describe("the deployment's issuers", () => {
  it('are all trusted, each with its own conditions', async () => {
    const agent = await world.agent();
    for (const userToken of [
      await world.issuer.token(ANA),
      await world.issuer.token(ANA, {}, { alg: 'ES256' }),
      await world.issuer.token(ANA, {}, { alg: 'PS256', typ: 'at+jwt' }),
      await world.issuer.token(ANA, { aud: ['https://another.example', world.issuer.audience] }),
      await world.issuer.token(ANA, { aud: DESK, client_id: 'desk' }),
      await world.issuer.token(ANA, { aud: DESK, azp: 'desk' }),
      await partner.token(ANA, { client_id: 'web', scope: 'openid admin', aud: undefined }),
    ]) {
      expect(await agent.token({ userToken })).toEqual(expect.any(String));
    }
  });

  it.each<[what: string, token: () => Promise<string>, reason: string]>([
    ['that has expired', () => world.issuer.token(ANA, { exp: now() - 300 }), 'expired'],
    ['not valid yet', () => world.issuer.token(ANA, { nbf: now() + 300 }), 'not valid yet'],
    ['of an issuer that no one named', () => own.token(ANA), 'issuer not trusted'],
    ['without an issuer', () => world.issuer.token(ANA, { iss: undefined }), 'issuer not trusted'],
    [
      'of the issuer by another spelling',
      () => world.issuer.token(ANA, { iss: `${world.issuer.issuer}/` }),
      'issuer',
    ],
    [
      'that another trusted issuer signed',
      () => partner.token(ANA, { iss: world.issuer.issuer, aud: world.issuer.audience }),
      'signature',
    ],
    [
      'for another audience',
      () => world.issuer.token(ANA, { aud: 'https://another.example' }),
      'audience not allowed',
    ],
    ['for no audience', () => world.issuer.token(ANA, { aud: undefined }), 'audience not allowed'],
    [
      'with the audience of one entry and no client of it',
      () => world.issuer.token(ANA, { aud: DESK, client_id: 'web' }),
      'audience not allowed; client not allowed',
    ],
    [
      'of another client',
      () => partner.token(ANA, { client_id: 'desk', scope: 'admin' }),
      'client not allowed',
    ],
    ['of no client', () => partner.token(ANA, { scope: 'admin' }), 'client not allowed'],
    [
      'without the scope',
      () => partner.token(ANA, { client_id: 'web', scope: 'openid' }),
      'scope not allowed',
    ],
    ['without a subject', () => world.issuer.token(ANA, { sub: undefined }), 'iss, sub or exp is missing'],
    ['without an end', () => world.issuer.token(ANA, { exp: undefined }), 'iss, sub or exp is missing'],
    [
      'with an extension that must be understood',
      () => world.issuer.token(ANA, {}, { critical: 'extension' }),
      'critical header parameter',
    ],
    ["without a key's name", () => world.issuer.token(ANA, {}, { kid: undefined }), 'names no signing key'],
    [
      'under the name of a key of another algorithm',
      () => world.issuer.token(ANA, {}, { kid: 'user-tokens-ES256' }),
      'algorithm is not the one of the key',
    ],
    ['that is not a JWT', () => Promise.resolve('bm90.YQ.dG9rZW4'), 'not a JWT'],
    ['with padding', async () => `${await world.issuer.token(ANA)}=`, 'not a JWT'],
    [
      'past its end by less than the allowed clock skew',
      () => world.issuer.token(ANA, { exp: now() - 30 }),
      'expired',
    ],
    [
      'of a logout',
      () => world.issuer.token(ANA, {}, { typ: 'logout+jwt' }),
      'typ names another kind of token',
    ],
  ])('reject a token %s', async (_what, token, reason) => {
    await refused(await world.agent(), await token(), reason);
  });

  const FORGED: Record<(typeof FORGERIES)[number], string> = {
    unsigned: 'algorithm none',
    'public key as secret': 'algorithm is an HMAC',
    'signed with another key': 'signature',
    'under an unknown key': 'signing key unknown',
  };
  it.each(FORGERIES)('reject a forged token: %s', async (forgery) => {
    await refused(await world.agent(), await world.issuer.forged(forgery, ANA), FORGED[forgery]);
  });
});

describe("a workload identity's own authorizer configuration", () => {
  it("replaces the deployment's issuers for this identity only", async () => {
    const [agent, other] = [await agentOf(), await world.agent()];
    expect(await agent.token({ userToken: await own.token(ANA) })).toEqual(expect.any(String));
    await refused(agent, await world.issuer.token(ANA), 'issuer not trusted');
    await refused(
      agent,
      await partner.token(ANA, { client_id: 'web', scope: 'admin' }),
      'issuer not trusted',
    );
    await refused(other, await own.token(ANA), 'issuer not trusted');
  });

  it('requires the custom claims that it names', async () => {
    const agent = await agentOf({
      customClaims: [
        TEAM_IS_BLUE,
        rolesThat('CONTAINS', { matchValueString: 'dev' }),
        rolesThat('CONTAINS_ANY', { matchValueStringList: ['lead', 'reviewer'] }),
      ],
    });
    const held = { team: 'blue', roles: ['dev', 'lead'] };
    expect(await agent.token({ userToken: await own.token(ANA, held) })).toEqual(expect.any(String));
    for (const [claims, name] of [
      [{ ...held, team: 'red' }, 'team'],
      [{ ...held, team: ['blue'] }, 'team'],
      [{ ...held, team: undefined }, 'team'],
      [{ ...held, roles: ['lead'] }, 'roles'],
      [{ ...held, roles: ['dev'] }, 'roles'],
      [{ ...held, roles: 'dev lead' }, 'roles'],
    ] as const) {
      await refused(agent, await own.token(ANA, claims), `claim ${name} does not match`);
    }
  });

  it('applies at completion too: the same `sub` at another issuer is rejected', async () => {
    const agent = await agentOf();
    const token = await agent.token({ userToken: await own.token(ANA) });
    const { authorizationUrl } = await agent.ask(token);
    const back = await agent.consent(authorizationUrl);
    await expect(agent.complete(back, { userToken: await world.issuer.token(ANA) })).rejects.toMatchObject(
      unauthorized,
    );
    expect((await world.audit()).at(-1)).toMatchObject({
      operation: 'CompleteResourceTokenAuth',
      outcome: 'denied',
      reason: 'user token: issuer not trusted',
    });
    await agent.complete(back, { userToken: await own.token(ANA) });
    expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));

    const again = await agent.ask(token, { forceAuthentication: true });
    const bens = { userToken: await own.token('ben') };
    await expect(agent.complete(await agent.consent(again.authorizationUrl), bens)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'Invalid or expired session',
    });
  });

  it('does not complete a session of an identity without it', async () => {
    const agent = await world.agent();
    const { authorizationUrl } = await agent.ask(
      await agent.token({ userToken: await world.issuer.token(ANA) }),
    );
    const back = await agent.consent(authorizationUrl);
    await expect(agent.complete(back, { userToken: await own.token(ANA) })).rejects.toMatchObject(
      unauthorized,
    );
  });
});

describe('a failing issuer', () => {
  it('is reported as unavailable when it does not answer, so that the caller can retry', async () => {
    const gone = await startIssuer();
    const agent = await agentOf({ discoveryUrl: gone.discoveryUrl });
    const userToken = await gone.token(ANA, { aud: own.audience });
    await gone.close();
    await expect(agent.token({ userToken })).rejects.toMatchObject({
      name: 'InternalServerException',
      message: expect.stringContaining('(unreachable)') as string,
    });
  });

  it('is reported as misconfigured when it has no metadata, so that the caller does not retry', async () => {
    const issuer = `${own.issuer}/elsewhere`;
    const agent = await agentOf({ discoveryUrl: `${issuer}/.well-known/openid-configuration` });
    await expect(agent.token({ userToken: await own.token(ANA, { iss: issuer }) })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('(discovery_failed)') as string,
      $metadata: { attempts: 1 },
    });
  });

  it('invalidates the tokens of a withdrawn key within 10 minutes', async () => {
    const agent = await agentOf();
    const later = { exp: now() + 7200 };
    const [stays, goes] = [await own.token(ANA, later), await own.token(ANA, later, { alg: 'ES256' })];
    expect(await agent.token({ userToken: goes })).toEqual(expect.any(String));
    own.withdraw('ES256');
    moveClock(601);
    await refused(agent, goes, 'signing key unknown');
    expect(await agent.token({ userToken: stays })).toEqual(expect.any(String));
  });
});
