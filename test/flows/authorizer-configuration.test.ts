/** A workload identity's own authorizer configuration: created, returned, changed, removed, or rejected. */
import { agentWith, authorizerFor, described, rolesThat } from './support/authorizer';
import { startIssuer, type TestIssuer } from './support/issuer';
import { alsoSending } from './support/members-beyond-aws';
import { RETURN_URL, World } from './support/world';

const unauthorized = { name: 'UnauthorizedException', $metadata: { httpStatusCode: 401 } };

let world: World;
/** Trusted only by workload identities that name it. */
let own: TestIssuer;
beforeAll(async () => {
  own = await startIssuer();
  world = await World.start();
});
afterAll(async () => {
  await own.close();
  await world.stop();
});

it('returns the authorizer configuration unchanged from Get', async () => {
  const given = authorizerFor(own, {
    allowedScopes: ['agents'],
    customClaims: [rolesThat('CONTAINS', { matchValueString: 'dev' })],
  });
  const { name } = await agentWith(world, given);
  expect((await described(world, name))?.authorizerConfiguration).toEqual(given);
  expect(await described(world, (await world.agent()).name)).not.toHaveProperty('authorizerConfiguration');
});

it('keeps the authorizer configuration if an update omits it, and can replace and remove it', async () => {
  const agent = await agentWith(world, authorizerFor(own));
  const update = (members: object) =>
    alsoSending(world.control(), members).updateWorkloadIdentity({
      name: agent.name,
      allowedResourceOauth2ReturnUrls: [RETURN_URL],
    });
  const [tokenOfOwn, tokenOfDeployment] = [await own.token('ana'), await world.issuer.token('ana')];
  await update({});
  await expect(agent.token({ userToken: tokenOfDeployment })).rejects.toMatchObject(unauthorized);
  await update({
    authorizerConfiguration: authorizerFor(own, { allowedAudience: ['https://desk.example'] }),
  });
  await expect(agent.token({ userToken: tokenOfOwn })).rejects.toMatchObject(unauthorized);
  await update({ authorizerConfiguration: {} });
  await expect(agent.token({ userToken: tokenOfOwn })).rejects.toMatchObject(unauthorized);
  expect(await agent.token({ userToken: tokenOfDeployment })).toEqual(expect.any(String));
  expect(await described(world, agent.name)).not.toHaveProperty('authorizerConfiguration');
});

it('keeps the authorizer configuration when an update is rejected', async () => {
  const given = authorizerFor(own);
  const { name } = await agentWith(world, given);
  const discoveryUrl = 'http://issuer.example/.well-known/openid-configuration';
  await expect(
    alsoSending(world.control(), {
      authorizerConfiguration: authorizerFor(own, { discoveryUrl }),
    }).updateWorkloadIdentity({ name }),
  ).rejects.toMatchObject({ name: 'ValidationException' });
  expect((await described(world, name))?.authorizerConfiguration).toEqual(given);
});

let names = 0;
const MEMBER = 'authorizerConfiguration.customJWTAuthorizer';
it.each<[what: string, configuration: () => object, member: string]>([
  [
    'an issuer over plain http',
    () => authorizerFor(own, { discoveryUrl: 'http://issuer.example/.well-known/openid-configuration' }),
    `${MEMBER}.discoveryUrl`,
  ],
  [
    'an operator for another type',
    () =>
      authorizerFor(own, {
        customClaims: [
          { ...rolesThat('CONTAINS', { matchValueString: 'a' }), inboundTokenClaimValueType: 'STRING' },
        ],
      }),
    `${MEMBER}.customClaims.0`,
  ],
  ['no member', () => ({}), MEMBER],
])(
  'rejects a configuration with %s, and creates no workload identity',
  async (_what, configuration, member) => {
    const name = `refused-${(names += 1)}`;
    await expect(
      alsoSending(world.control(), { authorizerConfiguration: configuration() }).createWorkloadIdentity({
        name,
      }),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      $metadata: { httpStatusCode: 400 },
      fieldList: [{ name: member }],
    });
    await expect(described(world, name)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  },
);
