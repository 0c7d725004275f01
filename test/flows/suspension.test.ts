/**
 * Suspension in the running service, by requests that AWS clients sign: it applies from the next call on, on every path
 * that issues or returns a credential, and what the agent owns does not lift it.
 */
import { userHashOf } from '../../lambda/model/user';
import { OPERATIONS } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { RETURN_URL, World, type PrincipalName, type TestAgent } from './support/world';

const OPERATOR_ARN = 'arn:aws:iam::000000000000:user/operator';

const world = World.ofFile({
  ttl: { AccessToken: 3600 },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
});

/** The response of an operator's call that is allowed. */
async function operate(operation: string, input: object): Promise<Record<string, unknown>> {
  const { status, body } = await world.operate(operation, input);
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Record<string, unknown>;
}
const suspend = ({ name }: TestAgent, reason?: string) =>
  operate('SuspendWorkloadIdentity', { name, ...(reason !== undefined && { reason }) });
const resume = ({ name }: TestAgent) => operate('ResumeWorkloadIdentity', { name });

const agentSuspended = ({ name }: TestAgent) => ({
  name: 'AccessDeniedException',
  message: `The agent "${name}" is suspended. Ask an operator of this service to resume it.`,
});
const USER_SUSPENDED = {
  name: 'AccessDeniedException',
  message: 'This user is suspended. Ask an operator of this service to resume the user.',
};

const ALLOW_EVERYTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
});

describe('a suspended agent', () => {
  let apiKeys = 0;
  async function withApiKey(): Promise<{ agent: TestAgent; apiKey: (token: string) => Promise<unknown> }> {
    const agent = await world.agent();
    const name = `key-${(apiKeys += 1)}`;
    await world.control().createApiKeyCredentialProvider({ name, apiKey: 'the-api-key' });
    return {
      agent,
      apiKey: (workloadIdentityToken) =>
        agent.client.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: name }),
    };
  }

  it('obtains nothing from the next call on, and everything again after it is resumed', async () => {
    const { agent, apiKey } = await withApiKey();
    const accessToken = await agent.connect('ana');
    const token = await agent.token({ userId: 'ana' });
    const open = await agent.ask(await agent.token({ userId: 'ben' }));
    const back = await agent.consent(open.authorizationUrl, 'ben');
    const userToken = await world.issuer.token('ana');
    const calls: [string, () => Promise<unknown>][] = [
      ['GetWorkloadAccessToken', () => agent.token()],
      ['GetWorkloadAccessTokenForUserId', () => agent.token({ userId: 'ana' })],
      ['GetWorkloadAccessTokenForJWT', () => agent.token({ userToken })],
      ['GetResourceOauth2Token', () => agent.ask(token)],
      ['GetResourceOauth2Token, M2M', () => agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] })],
      ['GetResourceOauth2Token, forced', () => agent.ask(token, { forceAuthentication: true })],
      ['GetResourceApiKey', () => apiKey(token)],
      ['CompleteResourceTokenAuth', () => agent.complete(back, { userId: 'ben' })],
    ];
    const reject = () =>
      world.post('RejectResourceOauth2Token', {
        workloadIdentityToken: token,
        resourceCredentialProviderName: agent.providerName,
        scopes: ['openid', 'a'],
        oauth2Flow: 'USER_FEDERATION',
        rejectedAccessToken: 'another',
      });

    expect(await suspend(agent, 'incident 42')).toEqual({
      name: agent.name,
      identityExists: true,
      workloadIdentityArn: expect.stringContaining(agent.name) as string,
      owner: 'arn:aws:iam::000000000000:role/agent',
      suspension: { since: expect.any(Number) as number, by: OPERATOR_ARN, reason: 'incident 42' },
    });
    for (const [, call] of calls) await expect(call()).rejects.toMatchObject(agentSuspended(agent));
    expect(await reject()).toMatchObject({ status: 403 });
    const list = () => world.post('ListResourceGrants', { workloadIdentityToken: token });
    expect(await list()).toMatchObject({ status: 403 });
    const denied = (await world.audit()).filter(
      ({ reason }) => reason === 'the agent is suspended by an operator',
    );
    expect(denied.map(({ operation }) => operation)).toEqual([
      ...calls.map(([name]) => name.replace(/,.*/, '')),
      'RejectResourceOauth2Token',
      'ListResourceGrants',
    ]);
    for (const entry of denied) {
      expect(entry).toMatchObject({ outcome: 'denied', error: 'AccessDeniedException' });
      expect(entry.workloadIdentity).toContain(agent.name);
    }

    expect(await resume(agent)).toMatchObject({ liftedSuspension: { reason: 'incident 42' } });
    expect((await agent.ask(token)).accessToken).toBe(accessToken);
    expect(JSON.parse((await reject()).body)).toEqual({ accessToken });
    await agent.complete(back, { userId: 'ben' });
    expect(await apiKey(token)).toMatchObject({ apiKey: 'the-api-key' });
  });

  it('is not resumed by anything that its owner can do', async () => {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    const control = world.control();
    const { name } = agent;
    const { workloadIdentityArn } = await control.getWorkloadIdentity({ name });
    await suspend(agent);
    const refused = async () => {
      for (const principal of ['agent', 'operator', 'stranger'] as const) {
        const minting = agent.as(world.data(principal)).token();
        await expect(minting).rejects.toMatchObject({ name: 'AccessDeniedException' });
      }
      await expect(agent.token({ userId: 'ana' })).rejects.toMatchObject(agentSuspended(agent));
    };
    await refused();

    await control.putResourcePolicy({ resourceArn: workloadIdentityArn, policy: ALLOW_EVERYTHING });
    await refused();
    await control.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
    await refused();
    await control.deleteWorkloadIdentity({ name });
    await expect(agent.token()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    for (const owner of ['agent', 'stranger'] as const) {
      await world.control(owner).createWorkloadIdentity({ name });
      await expect(agent.as(world.data(owner)).token()).rejects.toMatchObject(agentSuspended(agent));
      await world.control(owner).deleteWorkloadIdentity({ name });
    }
    await expect(agent.ask(token)).rejects.toMatchObject({ name: 'UnauthorizedException' });

    await resume(agent);
    await control.createWorkloadIdentity({ name });
    expect(await agent.token()).toEqual(expect.any(String));
  });

  it('is suspended for every call that begins after the answer, also with concurrent calls', async () => {
    const agent = await world.agent();
    await agent.connect('ana');
    const token = await agent.token({ userId: 'ana' });
    let answered = false;
    const readers = Array.from({ length: 8 }, async () => {
      for (;;) {
        const begunLate = answered;
        const outcome = await agent.ask(token).then(
          () => 'allowed',
          () => 'denied',
        );
        if (begunLate) return outcome;
      }
    });
    await suspend(agent);
    answered = true;
    expect(await Promise.all(readers)).toEqual(readers.map(() => 'denied'));
    await expect(agent.ask(token)).rejects.toMatchObject(agentSuspended(agent));
  });
});

describe('a suspended user', () => {
  const byToken = () => ({ issuer: world.issuer.issuer, subject: 'ana' });

  it('gets nothing through any agent, nor does the agent in the flow without a user', async () => {
    const agents = [await world.agent(), await world.agent()];
    const userToken = await world.issuer.token('ana');
    const tokens = await Promise.all(agents.map((agent) => agent.token({ userToken })));
    const { userHash } = await operate('SuspendUser', { user: byToken(), reason: 'left the company' });
    expect(userHash).toBe(userHashOf({ kind: 'jwt', ...byToken() }));
    for (const [index, agent] of agents.entries()) {
      const token = tokens[index] ?? '';
      await expect(agent.token({ userToken })).rejects.toMatchObject(USER_SUSPENDED);
      await expect(agent.ask(token)).rejects.toMatchObject(USER_SUSPENDED);
      const ownToken = agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
      await expect(ownToken).rejects.toMatchObject(USER_SUSPENDED);
      // The agent itself, other users, and the user ID of the same text continue.
      await agent.token();
      await agent.token({ userId: 'ana' });
      await agent.token({ userToken: await world.issuer.token('ben') });
    }
    // The audit entry of a denial names the user by the hash that operators can use.
    const denied = (await world.audit()).filter(
      ({ reason }) => reason === 'the user is suspended by an operator',
    );
    expect(new Set(denied.map(({ user }) => user))).toEqual(new Set([userHash]));
    await operate('ResumeUser', { user: { userHash } });
    for (const agent of agents) await agent.token({ userToken });
  });

  it('cannot complete a consent until resumed', async () => {
    const agent = await world.agent();
    const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'cleo' }));
    await operate('SuspendUser', { user: { userId: 'cleo' } });
    const back = await agent.consent(authorizationUrl, 'cleo');
    await expect(agent.complete(back, { userId: 'cleo' })).rejects.toMatchObject(USER_SUSPENDED);
    await operate('ResumeUser', { user: { userId: 'cleo' } });
    await agent.complete(back, { userId: 'cleo' });
  });

  it('with a user ID is not the user of a token whose subject has the same text', async () => {
    const agent = await world.agent();
    const userToken = await world.issuer.token('dora');
    await operate('SuspendUser', { user: { userId: 'dora' } });
    await agent.token({ userToken });
    await expect(agent.token({ userId: 'dora' })).rejects.toMatchObject(USER_SUSPENDED);
  });
});

describe("the operators' plane", () => {
  const routes = Object.values<Route>(OPERATIONS).filter(({ group }) => group === 'operator');

  it.each<PrincipalName>(['agent', 'gate', 'stranger'])('denies %s every operation', async (principal) => {
    const agent = await world.agent();
    await suspend(agent);
    for (const { path } of routes) {
      const { status, body, headers } = await world.operate(
        path.replace('/operator/', ''),
        { name: agent.name },
        principal,
      );
      expect([status, headers['x-amzn-errortype']]).toEqual([403, 'AccessDeniedException']);
      expect(body).toContain('is not authorized to perform: execute-api:Invoke');
    }
    await expect(agent.token()).rejects.toMatchObject(agentSuspended(agent));
  });

  it.each<[string, object]>([
    ['no user', {}],
    ['two forms of a user', { user: { userId: 'ana', userHash: 'x'.repeat(43) } }],
    ['an issuer without a subject', { user: { issuer: 'https://issuer.example' } }],
    ['a claim and an ID', { user: { subject: 'ana', userId: 'ana' } }],
    ['the subject of an agent in place of a hash', { user: { userHash: 'AGENT' } }],
    ['a hash of another length', { user: { userHash: 'x'.repeat(44) } }],
    ['a hash in hexadecimal', { user: { userHash: '0'.repeat(64) } }],
    ['an empty ID', { user: { userId: '' } }],
    ['an empty user', { user: {} }],
    ['a reason of two lines', { user: { userId: 'eva' }, reason: 'a\nb' }],
    ['a reason with a terminal sequence', { user: { userId: 'eva' }, reason: '\u001b[2J' }],
    ['a reason with a change of direction', { user: { userId: 'eva' }, reason: 'a\u202eb' }],
    ['an empty reason', { user: { userId: 'eva' }, reason: '' }],
    ['a long reason', { user: { userId: 'eva' }, reason: 'x'.repeat(513) }],
  ])('rejects a request with %s', async (_what, input) => {
    for (const operation of ['SuspendUser', 'ResumeUser']) {
      const { status, body } = await world.operate(operation, input);
      expect([status, JSON.parse(body)]).toEqual([
        400,
        expect.objectContaining({ __type: 'ValidationException' }),
      ]);
    }
  });

  it('never shows the reason to agents and users', async () => {
    const agent = await world.agent();
    const reason = 'a reason for operators only';
    await suspend(agent, reason);
    await expect(agent.token()).rejects.toMatchObject(agentSuspended(agent));
    const entries = (await world.audit()).filter((entry) => entry.reason === reason);
    expect(entries).toMatchObject([{ operation: 'SuspendWorkloadIdentity', principal: OPERATOR_ARN }]);
  });
});
