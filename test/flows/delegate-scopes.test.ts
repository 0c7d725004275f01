/**
 * A delegate that a provider's policy denies a scope cannot get that scope through stored tokens or open links of other
 * principals, or through custom parameters.
 */
import { moveClock } from './support/clock';
import { World, type TestAgent } from './support/world';

const world = World.ofFile({
  ttl: { AccessToken: 3600 },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
});

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:';
const REFUSED = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };
const READ = ['openid', 'a'];
const ADMIN = { user_scope: 'admin' };

const put = (resourceArn: string, statement: object) => {
  const Principal = { AWS: world.local.principals.stranger.arn };
  const Statement = [{ Principal, Resource: resourceArn, ...statement }];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  return world.control().putResourcePolicy({ resourceArn, policy });
};

/** An agent, and the same agent used by a delegate that is denied `admin` and `b`. */
async function delegated(): Promise<{ owner: TestAgent; delegate: TestAgent }> {
  const owner = await world.agent();
  await put(`${ARN}workload-identity-directory/default/workload-identity/${owner.name}`, {
    Effect: 'Allow',
    Action: ['GetWorkloadAccessTokenForUserId', 'GetResourceOauth2Token'].map(
      (operation) => `bedrock-agentcore:${operation}`,
    ),
  });
  await put(`${ARN}token-vault/default/oauth2credentialprovider/${owner.providerName}`, {
    Effect: 'Deny',
    Action: 'bedrock-agentcore:GetResourceOauth2Token',
    Condition: { 'ForAnyValue:StringEqualsIfExists': { 'bedrock-agentcore:Scopes': ['admin', 'b'] } },
  });
  return { owner, delegate: owner.as(world.data('stranger')) };
}

const asking = async (agent: TestAgent, ask = {}) =>
  agent.ask(await agent.token({ userId: 'ana' }), { scopes: READ, ...ask });

/** The scopes that a link requests. */
async function askedBy({ authorizationUrl = '' }: { authorizationUrl?: string | undefined }) {
  const { headers } = await fetch(authorizationUrl, { redirect: 'manual' });
  const asked = world.provider.requestAt(headers.get('location'));
  return { scopes: asked.get('scope')?.split(' ').sort(), parameter: asked.get('user_scope') };
}

describe('a stored token for which a custom parameter requested more scopes', () => {
  it.each([
    ['user_scope', { user_scope: 'read,admin' }],
    ['optional_scope', { optional_scope: 'admin' }],
  ])('is not returned to the delegate, even after a refresh (%s)', async (_name, customParameters) => {
    const { owner, delegate } = await delegated();
    const first = await owner.connect('ana', { scopes: READ, customParameters });
    await expect(asking(delegate)).rejects.toMatchObject(REFUSED);
    expect(await asking(owner)).toMatchObject({ accessToken: first });

    moveClock(3600);
    const { accessToken } = await asking(owner);
    expect(accessToken).toEqual(expect.any(String));
    expect(accessToken).not.toBe(first);
    await expect(asking(delegate)).rejects.toMatchObject(REFUSED);
  });

  it('is returned only for the scopes of the `scope` parameter, and the next consent requests those', async () => {
    const { owner } = await delegated();
    await owner.connect('ana', { scopes: READ, customParameters: ADMIN });
    const more = await asking(owner, { scopes: ['admin'] });
    expect(more).not.toHaveProperty('accessToken');
    const wider = await asking(owner, { scopes: ['c'] });
    expect(await askedBy(wider)).toEqual({ scopes: ['a', 'c', 'openid'], parameter: null });
  });

  it('stays denied when the next consent omits the parameter, because the account has agreed to the scopes', async () => {
    const { owner, delegate } = await delegated();
    await owner.connect('ana', { scopes: READ, customParameters: ADMIN });
    await owner.connect('ana', { scopes: [...READ, 'c'] });
    await expect(asking(delegate)).rejects.toMatchObject(REFUSED);
  });

  it('can be replaced by a forced consent of the delegate, which omits the parameter', async () => {
    const { owner, delegate } = await delegated();
    await owner.connect('ana', { scopes: READ, customParameters: ADMIN });
    const again = await asking(delegate, { forceAuthentication: true });
    expect(await askedBy(again)).toEqual({ scopes: [...READ].sort(), parameter: null });
    await owner.complete(await owner.consent(again.authorizationUrl), { userId: 'ana' });
    expect(await asking(delegate)).toHaveProperty('accessToken');
  });
});

describe('an open link', () => {
  it.each([
    ['scopes', { scopes: [...READ, 'b'] }],
    ['a custom parameter', { customParameters: ADMIN }],
  ])(
    'with more access by %s is not returned to the delegate, which gets a separate link',
    async (_how, ask) => {
      const { owner, delegate } = await delegated();
      const wide = await asking(owner, ask);
      const own = await asking(delegate);
      expect(own.sessionUri).not.toBe(wide.sessionUri);
      expect(await askedBy(own)).toEqual({ scopes: [...READ].sort(), parameter: null });
      expect((await asking(delegate)).sessionUri).toBe(own.sessionUri);

      const polling = asking(delegate, { sessionUri: wide.sessionUri });
      await expect(polling).rejects.toMatchObject(REFUSED);
      await polling.catch((error: unknown) => {
        expect(JSON.stringify(error)).not.toContain(wide.sessionUri);
      });
      expect(await asking(owner, { ...ask, sessionUri: wide.sessionUri })).toMatchObject({
        authorizationUrl: wide.authorizationUrl,
      });
    },
  );

  it('with only allowed scopes is shared with the delegate', async () => {
    const { owner, delegate } = await delegated();
    const open = await asking(owner, { scopes: [...READ, 'c'] });
    expect((await asking(delegate)).sessionUri).toBe(open.sessionUri);
    expect((await asking(delegate, { sessionUri: open.sessionUri })).sessionUri).toBe(open.sessionUri);
  });
});
