/**
 * Identity assertions as user tokens (draft-ietf-oauth-identity-assertion-authz-grant-04): each is accepted once, for the
 * agents of its client, and only where the deployment says so. No other token is accepted in its place, or the reverse.
 */
import { decodeJwt } from 'jose';
import { randomUUID } from 'node:crypto';
import { userHashOf } from '../../lambda/model/user';
import { exchange, exchangingAgent, userTokenOf } from './on-behalf-of/exchanging';
import { ID_JAG_TYP } from './support/assertion-server';
import { agentWith, authorizerFor } from './support/authorizer';
import { moveClock } from './support/clock';
import { startExchangeServer } from './support/exchange-server';
import { startIssuer, type TestIssuer } from './support/issuer';
import { RETURN_URL, World, type TestAgent } from './support/world';

const AUDIENCE = 'https://agents.example';
const CLIENT = 'assistant-at-agents';
const LIMITED = 'limited-at-agents';
const EXCHANGING = 'exchanging-at-agents';
const RESOURCE = 'https://agents.example/assistant';
const ANA = 'ana';

let world: World;
/** Trusted with user tokens only. */
let plain: TestIssuer;
/** Trusted with assertions only. */
let partner: TestIssuer;
/** The agent of the client. */
let agent: TestAgent;
/** An agent of no client. */
let other: TestAgent;

beforeAll(async () => {
  [plain, partner] = await Promise.all([startIssuer(), startIssuer()]);
  world = await World.start({}, ({ discoveryUrl, audience }) => [
    { discoveryUrl, allowedAudience: [audience] },
    {
      discoveryUrl,
      customClaims: [
        {
          inboundTokenClaimName: 'department',
          inboundTokenClaimValueType: 'STRING',
          authorizingClaimMatchValue: {
            claimMatchOperator: 'EQUALS',
            claimMatchValue: { matchValueString: 'sales' },
          },
        },
      ],
      identityAssertions: {
        audience: AUDIENCE,
        clients: [
          { clientId: CLIENT, workloadIdentities: ['agent-1'] },
          { clientId: EXCHANGING, workloadIdentities: ['vendor-1'] },
          {
            clientId: LIMITED,
            workloadIdentities: ['agent-1'],
            resources: [RESOURCE],
            scopes: ['act', 'read'],
          },
        ],
      },
    },
    { discoveryUrl: plain.discoveryUrl, allowedAudience: [plain.audience] },
    {
      discoveryUrl: partner.discoveryUrl,
      identityAssertions: {
        audience: AUDIENCE,
        clients: [{ clientId: CLIENT, workloadIdentities: ['agent-1'] }],
      },
    },
  ]);
  agent = await world.agent();
  other = await world.agent();
});
afterAll(async () => {
  await Promise.all([plain.close(), partner.close()]);
  await world.stop();
});

const now = () => Math.floor(Date.now() / 1000);

const claimsOf = (change: object = {}) => ({
  aud: AUDIENCE,
  client_id: CLIENT,
  department: 'sales',
  jti: randomUUID(),
  exp: now() + 300,
  ...change,
});

const assertion = (change: object = {}, header: object = {}, issuer = world.issuer): Promise<string> =>
  issuer.token(ANA, claimsOf(change), { typ: ID_JAG_TYP, ...header });

const INVALID = 'The identity assertion is not valid here.';
const USED = 'The identity assertion was used before.';

const unauthorized = (message: string) => ({
  name: 'UnauthorizedException',
  $metadata: { httpStatusCode: 401, attempts: 1 },
  message: expect.stringMatching(
    new RegExp(`^${message.replaceAll(/[.()]/g, '\\$&')}(?!.*expired)`),
  ) as string,
});

/** The assertion is rejected, the audit log says why, and the log does not contain it. */
async function refused(userToken: string, reason: string, message = INVALID, by = agent): Promise<void> {
  await expect(by.token({ userToken })).rejects.toMatchObject(unauthorized(message));
  const last = (await world.audit()).at(-1);
  expect(last).toMatchObject({ operation: 'GetWorkloadAccessTokenForJWT', outcome: 'denied', reason });
  expect(JSON.stringify(last)).not.toContain(userToken.split('.')[2]);
}

describe('an identity assertion', () => {
  it.each([ID_JAG_TYP, 'OAuth-ID-JAG+JWT', 'application/oauth-id-jag+jwt', 'Application/oauth-id-jag+jwt'])(
    'of the type %s is accepted as the user token of the same user',
    async (typ) => {
      const userToken = await assertion({}, { typ });
      const token = decodeJwt(await agent.token({ userToken }));
      expect(token).toMatchObject({
        sub_id: { format: 'iss_sub', iss: world.issuer.issuer, sub: ANA },
        act: { name: agent.name },
        exp: decodeJwt(userToken).exp,
      });
      expect(token).not.toHaveProperty('subject_token');
      expect((await world.audit()).at(-1)).toMatchObject({
        outcome: 'allowed',
        user: userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject: ANA }),
        result: `by an identity assertion for the client ${CLIENT}`,
      });
    },
  );

  it('has the grants that the user has with an ID token, and the reverse', async () => {
    const token = await agent.token({ userToken: await world.issuer.token(ANA) });
    const { authorizationUrl } = await agent.ask(token);
    const back = await agent.consent(authorizationUrl);
    await agent.complete(back, { userToken: await world.issuer.token(ANA) });
    const { accessToken } = await agent.ask(await agent.token({ userToken: await assertion() }));
    expect(accessToken).toEqual(expect.any(String));
  });

  it('is accepted with its audience in an array, and by each allowed resource and scope', async () => {
    const scope = 'read act';
    for (const userToken of [
      await assertion({ aud: [AUDIENCE] }),
      await assertion({ client_id: LIMITED, scope }),
      await assertion({ client_id: LIMITED, scope, resource: RESOURCE }),
      await assertion({ client_id: LIMITED, scope: 'read', resource: [RESOURCE] }),
    ]) {
      await agent.token({ userToken });
    }
  });

  it('is accepted once, and other assertions of the user are', async () => {
    const userToken = await assertion();
    await agent.token({ userToken });
    await refused(userToken, 'identity assertion: used before', USED);
    await agent.token({ userToken: await assertion() });
  });

  it('is accepted once by concurrent requests', async () => {
    const userToken = await assertion();
    const tokens = await Promise.allSettled(Array.from({ length: 8 }, () => agent.token({ userToken })));
    expect(tokens.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const token of tokens) {
      if (token.status === 'rejected') expect(token.reason).toMatchObject(unauthorized(USED));
    }
  });

  it('with a used jti is rejected, even if the rest of it differs, but not from another issuer', async () => {
    const jti = randomUUID();
    await agent.token({ userToken: await assertion({ jti }) });
    await refused(await assertion({ jti, exp: now() + 200 }), 'identity assertion: used before', USED);
    await refused(
      await assertion({ jti }, { typ: 'application/oauth-id-jag+jwt' }),
      'identity assertion: used before',
      USED,
    );
    await agent.token({ userToken: await assertion({ jti }, {}, partner) });
  });

  it('is not used up by a request that is denied', async () => {
    const userToken = await assertion();
    await refused(userToken, 'identity assertion: client not allowed for this agent', INVALID, other);
    await expect(agent.as(world.data('stranger')).token({ userToken })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const user = { issuer: world.issuer.issuer, subject: ANA };
    await world.operate('SuspendUser', { user });
    await expect(agent.token({ userToken })).rejects.toMatchObject({ message: /This user is suspended/ });
    await world.operate('ResumeUser', { user });
    await agent.token({ userToken });
  });

  it('is rejected after it expired, used or not', async () => {
    const userToken = await assertion({ exp: now() + 30 });
    moveClock(30);
    await refused(
      userToken,
      'identity assertion: expired',
      'The identity assertion is no longer valid (exp).',
    );
  });

  it.each<[what: string, change: () => object, reason: string]>([
    ['for another audience', () => ({ aud: 'https://another.example' }), 'audience not allowed'],
    ['for the audience and another', () => ({ aud: [AUDIENCE, 'x'] }), 'audience not allowed'],
    ['for the audience twice', () => ({ aud: [AUDIENCE, AUDIENCE] }), 'audience not allowed'],
    ['for the audience with a slash', () => ({ aud: `${AUDIENCE}/` }), 'audience not allowed'],
    ['for the audience of user tokens', () => ({ aud: world.issuer.audience }), 'audience not allowed'],
    ['without an audience', () => ({ aud: undefined }), 'audience not allowed'],
    ['for another client', () => ({ client_id: 'another' }), 'client not allowed'],
    ['for several clients', () => ({ client_id: [CLIENT] }), 'client not allowed'],
    ['with its client in azp', () => ({ client_id: undefined, azp: CLIENT }), 'client not allowed'],
    ['without a jti', () => ({ jti: undefined }), 'jti is missing'],
    ['with an empty jti', () => ({ jti: '' }), 'jti is missing'],
    ['with a number as jti', () => ({ jti: 7 }), 'claim jti is malformed'],
    ['without iat', () => ({ iat: undefined }), 'iat or exp is missing'],
    ['without exp', () => ({ exp: undefined }), 'iat or exp is missing'],
    ['issued in the future', () => ({ iat: now() + 120 }), 'issued in the future (iat)'],
    ['with a long life', () => ({ exp: now() + 901 }), 'valid for more than 900 seconds'],
    ['without a user', () => ({ sub: undefined }), 'iss, sub or exp is missing'],
    ['that another entry would accept', () => ({ department: 'x' }), 'claim department does not match'],
    ['bound to a key', () => ({ cnf: { jkt: 'x' } }), 'bound to a key'],
    ['with authorization details', () => ({ authorization_details: [] }), 'limited by authorization_details'],
    ['for another actor', () => ({ act: { sub: 'x' } }), 'for another actor (act)'],
    ['of a tenant', () => ({ tenant: 'x' }), 'of a tenant of the issuer'],
    ['for a tenant', () => ({ aud_tenant: 'x' }), 'for a tenant of this service'],
    ['that is a security event', () => ({ events: {} }), 'a security event'],
    ['for a resource', () => ({ resource: RESOURCE }), 'resource not allowed'],
    ['for no resource', () => ({ resource: [] }), 'resource not allowed'],
    ['for a scope', () => ({ scope: 'read' }), 'scope not allowed'],
    ['for no scope', () => ({ scope: '' }), 'scope not allowed'],
    [
      'for another resource too',
      () => ({ client_id: LIMITED, scope: 'act', resource: [RESOURCE, 'x'] }),
      'resource not allowed',
    ],
    ['for another scope too', () => ({ client_id: LIMITED, scope: 'act admin' }), 'scope not allowed'],
    [
      'for another scope in an array',
      () => ({ client_id: LIMITED, scope: ['act', 'x'] }),
      'scope not allowed',
    ],
    ['for a scope in scp', () => ({ scp: ['read'] }), 'scope not allowed'],
    ['for a malformed scope', () => ({ client_id: LIMITED, scope: [['act']] }), 'claim scope is malformed'],
    ['without a scope of the client', () => ({ client_id: LIMITED }), 'scope missing'],
  ])('%s is rejected', async (_what, change, reason) => {
    await refused(await assertion(change()), `identity assertion: ${reason}`);
  });

  it.each([
    [{ alg: 'none' }, 'algorithm none'],
    [{ alg: 'HS256' }, 'algorithm is an HMAC'],
    [{ alg: 'RS256', crit: ['exp'] }, 'critical header parameter'],
    [{ alg: 'RS256' }, 'signature'],
    [{ alg: 'RS256', kid: 'unheard-of' }, 'signing key unknown'],
  ])('with the header %p and a signature of another token is rejected', async (header, reason) => {
    const [, payload, signature] = (await assertion()).split('.');
    const typed = { kid: 'user-tokens-RS256', typ: ID_JAG_TYP, ...header };
    const encoded = Buffer.from(JSON.stringify(typed)).toString('base64url');
    const another = reason === 'signature' ? (await assertion()).split('.')[1] : payload;
    await refused([encoded, another, signature].join('.'), `identity assertion: ${reason}`);
  });
});

describe('a token of another kind', () => {
  it.each([
    'JWT',
    'at+jwt',
    undefined,
    'logout+jwt',
    'oauth-id-jag',
    'x-oauth-id-jag+jwt',
    'oauth-id-jag+jwt;v=1',
  ])('with the claims of an assertion and the type %p is rejected', async (typ) => {
    await expect(agent.token({ userToken: await assertion({}, { typ }) })).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message: expect.stringContaining('The user token is not valid here.') as string,
    });
  });

  it('with the type of an assertion is rejected, although it is a user token', async () => {
    const idToken = { jti: randomUUID(), iat: now(), exp: now() + 300 };
    const typed = (claims: Record<string, unknown>) => world.issuer.token(ANA, claims, { typ: ID_JAG_TYP });
    await refused(await typed(idToken), 'identity assertion: audience not allowed');
    await refused(await typed({ ...idToken, aud: AUDIENCE }), 'identity assertion: client not allowed');
  });

  it('of an issuer of assertions only is rejected', async () => {
    await expect(agent.token({ userToken: await partner.token(ANA) })).rejects.toMatchObject({
      name: 'UnauthorizedException',
      message: expect.stringContaining('issuer that is not trusted here') as string,
    });
  });
});

describe('where the deployment accepts none', () => {
  const NOT_ACCEPTED = 'This agent accepts no identity assertions of this issuer.';

  it('an assertion of the issuer is rejected', async () => {
    const userToken = await assertion({}, {}, plain);
    await refused(userToken, 'identity assertion: not accepted from this issuer', NOT_ACCEPTED);
    const forItsAudience = await assertion({ aud: plain.audience }, {}, plain);
    await refused(forItsAudience, 'identity assertion: not accepted from this issuer', NOT_ACCEPTED);
  });

  it('an agent that trusts its own issuer rejects assertions of the same issuer', async () => {
    const own = await agentWith(world, authorizerFor(world.issuer));
    await own.token({ userToken: await world.issuer.token(ANA) });
    await refused(await assertion(), 'identity assertion: not accepted from this issuer', NOT_ACCEPTED, own);
  });
});

describe('for other purposes than a workload access token', () => {
  it('an assertion completes no consent', async () => {
    const user = 'ben';
    const token = await agent.token({ userToken: await world.issuer.token(user) });
    const { authorizationUrl } = await agent.ask(token, { resourceOauth2ReturnUrl: RETURN_URL });
    const back = await agent.consent(authorizationUrl, user);
    const userToken = await world.issuer.token(user, claimsOf(), { typ: ID_JAG_TYP });
    await expect(agent.complete(back, { userToken })).rejects.toMatchObject({
      name: 'UnauthorizedException',
    });
    await agent.token({ userToken });
  });

  it('an assertion is no subject of a token exchange', async () => {
    const server = await startExchangeServer(world.issuer);
    try {
      const exchanging = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
      await exchange(exchanging, await exchanging.token({ userToken: await userTokenOf(world, ANA) }));
      expect(server.exchanges).toHaveLength(1);
      const userToken = await assertion({ client_id: EXCHANGING });
      await expect(exchange(exchanging, await exchanging.token({ userToken }))).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(
          'carries no user token, because it was issued for an identity',
        ) as string,
      });
      expect(server.exchanges).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});
