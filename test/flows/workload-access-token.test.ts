/** Acceptance scenarios 16 and 18: a workload access token is accepted only unchanged, and only from its owner. */
import { generateKeyPairSync } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { moveClock } from './support/clock';
import { World } from './support/world';

const world = World.ofFile();

it('is a JWT for this agent and user, which the published keys verify', async () => {
  const agent = await world.agent();
  const { endpoint } = world.local;
  const metadata = (await (await fetch(`${endpoint}/.well-known/openid-configuration`)).json()) as Record<
    string,
    string
  >;
  expect(metadata.issuer).toBe(endpoint);
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri ?? ''));
  const token = await agent.token({ userToken: await world.issuer.token('ana') });
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: endpoint,
    algorithms: ['ES256'],
  });
  expect(protectedHeader.typ).toBe('workload-access-token+jwt');
  expect(payload.sub_id).toEqual({ format: 'iss_sub', iss: world.issuer.issuer, sub: 'ana' });
  expect(payload.act).toMatchObject({
    sub: `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${agent.name}`,
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  const unverified = decodeJwt(await agent.token({ userId: 'ana' }));
  expect(unverified.sub).not.toBe(payload.sub);
});

it('never outlives the user token', async () => {
  const agent = await world.agent();
  const exp = Math.floor(Date.now() / 1000) + 100;
  const token = await agent.token({ userToken: await world.issuer.token('ana', { exp }) });
  expect(decodeJwt(token).exp).toBe(exp);
});

describe('is rejected with 401, without a retry of the client, if it is', () => {
  const unauthorized = { name: 'UnauthorizedException', $metadata: { httpStatusCode: 401, attempts: 1 } };
  const notExpired = expect.not.stringContaining('expired') as string;

  it.each([
    ['truncated', (token: string) => token.slice(0, -4)],
    ['padded', (token: string) => `${token}=`],
    [
      'changed in its payload',
      (token: string) => {
        const [header = '', payload = '', signature = ''] = token.split('.');
        const changed = {
          ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object),
          sub: 'user-id:ben',
        };
        return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
      },
    ],
    [
      'unsigned',
      (token: string) => {
        const [, payload = ''] = token.split('.');
        const header = Buffer.from(
          JSON.stringify({ alg: 'none', typ: 'workload-access-token+jwt' }),
        ).toString('base64url');
        return `${header}.${payload}.`;
      },
    ],
    ['not a token at all', () => 'not-a-token'],
  ])('%s', async (_, change) => {
    const agent = await world.agent();
    const token = change(await agent.token({ userId: 'ana' }));
    await expect(agent.ask(token)).rejects.toMatchObject({ ...unauthorized, message: notExpired });
  });

  it('signed by another party with the published key ID', async () => {
    const agent = await world.agent();
    const genuine = await agent.token({ userId: 'ana' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { kid = '' } = decodeProtectedHeader(genuine);
    const forged = await new SignJWT(decodeJwt(genuine))
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'workload-access-token+jwt' })
      .sign(privateKey);
    await expect(agent.ask(forged)).rejects.toMatchObject({ ...unauthorized, message: notExpired });
  });

  it('a user token', async () => {
    const agent = await world.agent();
    await expect(agent.ask(await world.issuer.token('ana'))).rejects.toMatchObject(unauthorized);
  });

  it('expired, which only this message states', async () => {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    moveClock(906);
    await expect(agent.ask(token)).rejects.toMatchObject({
      ...unauthorized,
      message: expect.stringContaining('expired') as string,
    });
  });
});

describe('a principal that does not own the workload identity', () => {
  it('gets no token for it, and the audit log records the attempt', async () => {
    const agent = await world.agent();
    const stranger = agent.as(world.data('stranger'));
    await expect(stranger.token()).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    await expect(stranger.token({ userId: 'ana' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(stranger.ask(await agent.token({ userId: 'ana' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const denied = (await world.audit()).filter(
      ({ principal, outcome }) =>
        outcome === 'denied' && principal === 'arn:aws:iam::000000000000:user/stranger',
    );
    expect(denied.map(({ operation }) => operation)).toEqual([
      'GetWorkloadAccessToken',
      'GetWorkloadAccessTokenForUserId',
      'GetResourceOauth2Token',
    ]);
    expect(denied.every(({ workloadIdentity }) => String(workloadIdentity).endsWith(agent.name))).toBe(true);
  });

  it("cannot use another principal's provider with its own agent", async () => {
    const [own, others] = [await world.agent('stranger'), await world.agent('agent')];
    const token = await own.token({ userId: 'ana' });
    await expect(
      own.ask(token, { resourceCredentialProviderName: others.providerName }),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
