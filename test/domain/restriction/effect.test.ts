/** The effect of a suspension: what is issued and returned ends with the next call, and begins again after a resumption. */
import { userHashOf, type User } from '../../../lambda/model/user';
import { getResourceApiKey } from '../../../lambda/domain/credential/api-key';
import type { WorkloadIdentity } from '../../../lambda/model/records/workload-identity';
import { issueWorkloadAccessToken } from '../../../lambda/domain/workload-token/issue';
import { PUSH_ENDPOINT } from '../authorization-server';
import { ANA_BY_TOKEN, createConsentService } from '../consent-service';
import { createInMemorySecretTexts } from '../in-memory-secret-texts';
import { createExternalSecrets } from '../../../lambda/domain/sealing/external-secret';
import { createRetrievalService, type RetrievalService } from '../retrieval-service';
import type { Stores } from '../in-memory-stores';
import { OWNER } from '../samples';
import { storeTokens } from '../stored-grant';
import { sealTokens } from '../../../lambda/domain/grant/tokens';
import { SESSION_ENDED } from '../../../lambda/domain/restriction/restriction';
import { BEGINNING } from '../fake-system';
import { ALICE, createTokenService } from '../token-service';

const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator', reason: 'the reason' };
const ANA: User = { kind: 'user-id', id: 'ana' };

const suspendAgent = ({ restrictions }: Pick<Stores, 'restrictions'>, { name }: WorkloadIdentity) =>
  restrictions.putAgent({ name, suspendedByOperator, revision: 1 });
const resumeAgent = ({ restrictions }: Pick<Stores, 'restrictions'>, { name }: WorkloadIdentity) =>
  restrictions.putAgent({ name, revision: 2 });
const suspendUser = ({ restrictions }: Pick<Stores, 'restrictions'>, user: User) =>
  restrictions.putUser({ userHash: userHashOf(user), suspendedByOperator, revision: 1 });
const resumeUser = ({ restrictions }: Pick<Stores, 'restrictions'>, user: User) =>
  restrictions.putUser({ userHash: userHashOf(user), revision: 2 });

const AGENT_SUSPENDED = {
  type: 'AccessDeniedException',
  message: expect.stringMatching(
    /^The agent "agent-[\w-]+" is suspended\. Ask an operator of this service to resume it\.$/,
  ) as string,
  detail: 'the agent is suspended by an operator',
};
const USER_SUSPENDED = {
  type: 'AccessDeniedException',
  message: 'This user is suspended. Ask an operator of this service to resume the user.',
  detail: 'the user is suspended by an operator',
};

describe('issuing', () => {
  type Tokens = Awaited<ReturnType<typeof createTokenService>>;
  let tokens: Tokens;
  beforeEach(async () => {
    tokens = await createTokenService();
  });

  it.each([
    ['the agent alone', undefined],
    ['a user ID', { userId: 'ana' }],
    ['a user token', { userToken: 'a.b.c' }],
  ])('for %s is denied while the agent is suspended', async (_for, onBehalfOf) => {
    await suspendAgent(tokens.stores, tokens.identity);
    await expect(tokens.issue(onBehalfOf)).rejects.toMatchObject(AGENT_SUSPENDED);
    expect(tokens.entries).toMatchObject([
      { outcome: 'denied', reason: AGENT_SUSPENDED.detail, workloadIdentity: tokens.identity.arn },
    ]);
    await resumeAgent(tokens.stores, tokens.identity);
    await expect(tokens.issue(onBehalfOf)).resolves.toEqual(expect.any(String));
  });

  it('for an identity that was created again under the name is denied', async () => {
    await suspendAgent(tokens.stores, tokens.identity);
    await tokens.stores.identities.markDeleted(tokens.identity);
    await tokens.stores.identities.remove(tokens.identity);
    await tokens.stores.identities.create({ ...tokens.identity, id: 'another' });
    await expect(tokens.issue()).rejects.toMatchObject(AGENT_SUSPENDED);
  });

  it.each<[string, User, { userId: string } | { userToken: string }]>([
    ['by ID', ANA, { userId: 'ana' }],
    ['by token', ALICE, { userToken: 'a.b.c' }],
  ])('for a user %s is denied while this user is suspended', async (_how, user, onBehalfOf) => {
    await suspendUser(tokens.stores, user);
    await expect(tokens.issue(onBehalfOf)).rejects.toMatchObject(USER_SUSPENDED);
    expect(tokens.entries).toMatchObject([
      { outcome: 'denied', reason: USER_SUSPENDED.detail, user: userHashOf(user) },
    ]);
    await expect(tokens.issue()).resolves.toEqual(expect.any(String));
    await resumeUser(tokens.stores, user);
    await expect(tokens.issue(onBehalfOf)).resolves.toEqual(expect.any(String));
  });

  it('for the user ID x is allowed while the token user x is suspended, and the reverse', async () => {
    await suspendUser(tokens.stores, ALICE);
    await expect(tokens.issue({ userId: ALICE.subject })).resolves.toEqual(expect.any(String));
    const other = await createTokenService();
    await suspendUser(other.stores, { kind: 'user-id', id: ALICE.subject });
    await expect(other.issue({ userToken: 'a.b.c' })).resolves.toEqual(expect.any(String));
  });

  it('reads once if the token names its user, and again only if verification finds another', async () => {
    const reads: (string | undefined)[] = [];
    const { stores, issuing, identity } = tokens;
    const deps = {
      ...issuing,
      directory: {
        readIdentity(name: string, subject: string | undefined) {
          reads.push(subject);
          return stores.directory.readIdentity(name, subject);
        },
      },
    };
    const issue = (userToken: string) =>
      issueWorkloadAccessToken(
        deps,
        { operation: 'GetWorkloadAccessTokenForJWT', principal: { arn: OWNER } },
        identity.name,
        { userToken },
      );
    const claiming = (sub: string) =>
      ['{}', JSON.stringify({ iss: ALICE.issuer, sub }), 'signature']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
    await issue(claiming(ALICE.subject));
    expect(reads.splice(0)).toEqual([userHashOf(ALICE)]);
    await suspendUser(stores, ALICE);
    await expect(issue(claiming('another-user'))).rejects.toMatchObject(USER_SUSPENDED);
    expect(reads).toEqual([
      userHashOf({ kind: 'jwt', issuer: ALICE.issuer, subject: 'another-user' }),
      userHashOf(ALICE),
    ]);
  });

  it('tells a caller that is not authorized nothing about a suspension', async () => {
    await suspendAgent(tokens.stores, tokens.identity);
    const stranger = 'arn:aws:iam::123456789012:role/stranger';
    await expect(tokens.issue(undefined, stranger)).rejects.toMatchObject({
      message: expect.not.stringContaining('suspended') as string,
    });
  });

  it('does not return or log the reason', async () => {
    await suspendAgent(tokens.stores, tokens.identity);
    const error: unknown = await tokens.issue().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(AGENT_SUSPENDED);
    expect(JSON.stringify([error, String(error), tokens.entries])).not.toContain('the reason');
  });
});

describe('retrieval with a token that was issued before', () => {
  let service: RetrievalService;
  beforeEach(async () => {
    service = await createRetrievalService();
    await service.grant();
  });

  const tokenOf = async (asked: ReturnType<RetrievalService['ask']>) => (await asked).output;

  it.each(['ask', 'reject'] as const)('(%s) is denied while the agent is suspended', async (how) => {
    const workloadIdentityToken = await service.issue({ userId: 'ana' });
    const call = () =>
      how === 'ask'
        ? service.ask({ workloadIdentityToken })
        : service.reject('another token', { workloadIdentityToken });
    await suspendAgent(service.stores, service.identity);
    await expect(call()).rejects.toMatchObject(AGENT_SUSPENDED);
    await resumeAgent(service.stores, service.identity);
    expect(await tokenOf(call())).toEqual({ accessToken: 'access-0' });
  });

  it('is denied while the user is suspended, also in the flow without a user', async () => {
    const workloadIdentityToken = await service.issue({ userId: 'ana' });
    await suspendUser(service.stores, ANA);
    for (const oauth2Flow of ['USER_FEDERATION', 'M2M'] as const) {
      await expect(service.ask({ workloadIdentityToken, oauth2Flow })).rejects.toMatchObject(USER_SUSPENDED);
    }
    service.endpoint.instead.push(Response.json({ access_token: 'own', token_type: 'Bearer' }));
    await expect(service.ask({ oauth2Flow: 'M2M' })).resolves.toMatchObject({ outcome: 'exchanged' });
    await expect(
      service.ask({ workloadIdentityToken: await service.issue({ userId: 'ben' }) }),
    ).resolves.toMatchObject({ outcome: 'consent-required' });
  });

  it('begins no consent session while the agent is suspended', async () => {
    const workloadIdentityToken = await service.issue({ userId: 'ben' });
    await suspendAgent(service.stores, service.identity);
    const asked = service.ask({ workloadIdentityToken, forceAuthentication: true });
    await expect(asked).rejects.toMatchObject(AGENT_SUSPENDED);
    await resumeAgent(service.stores, service.identity);
    expect((await service.stored()).tokens).toBeDefined();
  });

  it('returns no token that the provider issued after the suspension, and stores it', async () => {
    service.system.advance(3600);
    service.endpoint.before = async () => void (await suspendAgent(service.stores, service.identity));
    await expect(service.ask()).rejects.toMatchObject(AGENT_SUSPENDED);
    await resumeAgent(service.stores, service.identity);
    expect(await tokenOf(service.ask())).toEqual({ accessToken: 'access-1' });
    expect(service.endpoint.redeemed).toHaveLength(1);
  });

  it('is denied for an API key while the agent or the user is suspended', async () => {
    const token = await service.issue({ userId: 'ana' });
    const { system, stores } = service;
    const externalSecrets = createExternalSecrets(createInMemorySecretTexts(), system);
    const { apiKeys, directory } = stores;
    const apiKeyProviderIds = new Map<string, string>();
    const deps = { ...service.deps, externalSecrets, apiKeys, apiKeyProviderIds, directory };
    const ask = () => getResourceApiKey(deps, { arn: OWNER }, token, 'no-such-key');
    await expect(ask()).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
    await suspendUser(service.stores, ANA);
    await expect(ask()).rejects.toMatchObject(USER_SUSPENDED);
    await suspendAgent(service.stores, service.identity);
    await expect(ask()).rejects.toMatchObject(AGENT_SUSPENDED);
  });
});

describe('requests in flight', () => {
  const ALICES = userHashOf(ALICE);
  const ENDED = { type: 'UnauthorizedException', message: SESSION_ENDED };
  const restrictions: Record<string, (service: RetrievalService) => Promise<unknown>> = {
    'a suspension of the agent': ({ stores, identity }) => suspendAgent(stores, identity),
    'a suspension of the user': ({ stores }) => suspendUser(stores, ALICE),
    'the end of all sessions': ({ stores }) =>
      stores.restrictions.putUser({ userHash: ALICES, endedBefore: BEGINNING, revision: 1 }),
    'the end of a session that the token does not exclude': ({ stores }) =>
      stores.restrictions.putUser({ userHash: ALICES, endedSessions: { any: BEGINNING }, revision: 1 }),
    'the end of all sessions before the user token': ({ stores }) =>
      stores.restrictions.putUser({ userHash: ALICES, endedBefore: BEGINNING - 1, revision: 1 }),
  };
  type Flow = 'USER_FEDERATION' | 'M2M';

  /** One request obtains the token in 3.5 seconds, three wait for it, and the restriction comes after a second. */
  async function inFlight(flow: Flow, restriction: string) {
    const service = await createRetrievalService();
    const { system, stores, deps, endpoint, tokenHolder, provider } = service;
    const workloadIdentityToken = await service.issue({ userToken: 'a.b.c' });
    if (flow === 'USER_FEDERATION') {
      const grantId = { ...tokenHolder.grantId, userHash: ALICES };
      const obtained = { accessToken: 'access-0', refreshToken: 'refresh-0', scopes: ['a'], expiresAt: 1 };
      const tokens = await sealTokens(deps, { ...tokenHolder, grantId }, obtained, {
        requestedScopes: ['a'],
      });
      await storeTokens(stores.grants, grantId, { providerId: provider.id, tokens, epoch: 0 });
    } else {
      endpoint.instead.push(
        Response.json({ access_token: 'access-1', token_type: 'Bearer', expires_in: 3600 }),
      );
    }
    endpoint.before = async () => {
      await system.wait(1000);
      await restrictions[restriction]!(service);
      await system.wait(2500);
    };
    const ask = () => service.ask({ workloadIdentityToken, oauth2Flow: flow });
    const results = await Promise.allSettled([ask(), ask(), ask(), ask()]);
    expect(endpoint.redeemed).toHaveLength(1);
    return { service, ask, results };
  }

  const both = (cases: [string, object][]) =>
    (['USER_FEDERATION', 'M2M'] as const).flatMap((flow) =>
      cases.map(([restriction, denial]): [Flow, string, object] => [flow, restriction, denial]),
    );

  it.each(
    both([
      ['a suspension of the agent', AGENT_SUSPENDED],
      ['a suspension of the user', USER_SUSPENDED],
      ['the end of all sessions', ENDED],
      ['the end of a session that the token does not exclude', ENDED],
    ]),
  )(
    '(%s) get no token after %s, whether they obtain it or wait for it',
    async (flow, restriction, reason) => {
      const { results } = await inFlight(flow, restriction);
      const denied: unknown = expect.objectContaining({
        status: 'rejected',
        reason: expect.objectContaining(reason) as unknown,
      });
      expect(results).toEqual([denied, denied, denied, denied]);
    },
  );

  it.each(both([['the end of all sessions before the user token', {}]]))(
    '(%s) get the token after %s',
    async (flow, restriction) => {
      const { results } = await inFlight(flow, restriction);
      const output = { accessToken: 'access-1' };
      for (const result of results) {
        expect(result).toMatchObject({ status: 'fulfilled', value: { output } });
      }
    },
  );

  it('leave the token in the grant, for requests after the resumption', async () => {
    const { service, ask } = await inFlight('USER_FEDERATION', 'a suspension of the agent');
    await resumeAgent(service.stores, service.identity);
    await expect(ask()).resolves.toMatchObject({ output: { accessToken: 'access-1' }, outcome: 'cached' });
  });
});

describe('background renewal', () => {
  let service: RetrievalService;
  beforeEach(async () => {
    service = await createRetrievalService();
    await service.grant();
    service.system.advance(3400);
    await service.ask();
    expect(service.dispatched).toHaveLength(1);
    service.entries.length = 0;
  });

  it.each(['agent', 'user'] as const)('sends nothing while the %s is suspended', async (who) => {
    if (who === 'agent') await suspendAgent(service.stores, service.identity);
    else await suspendUser(service.stores, ANA);
    await service.catchUp();
    expect(service.endpoint.redeemed).toEqual([]);
    const { detail } = who === 'agent' ? AGENT_SUSPENDED : USER_SUSPENDED;
    expect(service.entries).toMatchObject([
      { operation: 'BackgroundRenewal', outcome: 'denied', reason: detail },
    ]);
    // The next request after a resumption can renew without waiting for the lease.
    expect((await service.stored()).lease).toBeUndefined();
  });

  it('is no failure if the suspension comes during the renewal', async () => {
    service.endpoint.before = async () => void (await suspendUser(service.stores, ANA));
    await service.catchUp();
    expect(service.entries).toMatchObject([
      { operation: 'BackgroundRenewal', outcome: 'denied', reason: USER_SUSPENDED.detail },
    ]);
    expect((await service.stored()).generation).toBe(2);
  });
});

describe('a consent that is open', () => {
  it.each(['agent', 'user'] as const)(
    'cannot be completed while the %s is suspended, and can be after a resumption',
    async (who) => {
      const service = await createConsentService();
      const { stores, identity } = service;
      const completionUri = await service.consented(await service.begin());
      if (who === 'agent') await suspendAgent(stores, identity);
      else await suspendUser(stores, ANA);
      await expect(service.complete(completionUri)).rejects.toMatchObject(
        who === 'agent' ? AGENT_SUSPENDED : USER_SUSPENDED,
      );
      expect(await service.held()).toBeUndefined();
      if (who === 'agent') await resumeAgent(stores, identity);
      else await resumeUser(stores, ANA);
      await service.complete(completionUri);
      expect(await service.held()).toBeDefined();
    },
  );

  it('tells a caller that is not authorized nothing about a suspension', async () => {
    const service = await createConsentService();
    const completionUri = await service.consented(await service.begin());
    await suspendAgent(service.stores, service.identity);
    const stranger = 'arn:aws:iam::123456789012:role/stranger';
    await expect(service.complete(completionUri, undefined, stranger)).rejects.toMatchObject({
      message: 'Invalid or expired session',
    });
  });

  it('of a token user is not affected by the user ID with the same text', async () => {
    const service = await createConsentService({
      kind: 'jwt',
      issuer: 'https://issuer.example',
      subject: 'ana',
    });
    const completionUri = await service.consented(await service.begin());
    await suspendUser(service.stores, ANA);
    await service.complete(completionUri, ANA_BY_TOKEN);
    expect(await service.held()).toBeDefined();
  });

  it('of a user whose session ended at the issuer is followed by another link', async () => {
    const user: User = { kind: 'jwt', issuer: 'https://issuer.example', subject: 'ana' };
    const service = await createConsentService(user);
    const link = await service.begin();
    const completionUri = await service.consented(link);
    await service.stores.restrictions.putUser({ userHash: userHashOf(user), endedBefore: 5, revision: 1 });
    await expect(service.complete(completionUri, ANA_BY_TOKEN)).rejects.toThrow(SESSION_ENDED);
    expect(await service.begin()).not.toBe(link);
  });

  it('sends no request to the provider while the agent is suspended, and the link stays valid', async () => {
    const service = await createConsentService();
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
    const sessionUri = await service.begin();
    await suspendAgent(service.stores, service.identity);
    const outcome = await service.authorize(sessionUri);
    expect(outcome).toMatchObject({ kind: 'page', page: { name: 'not-reached' } });
    expect(service.entries).toContainEqual(
      expect.objectContaining({
        operation: 'PushAuthorizationRequest',
        outcome: 'failed',
        reason: AGENT_SUSPENDED.detail,
      }),
    );
    await resumeAgent(service.stores, service.identity);
    expect((await service.consent(sessionUri)).kind).toBe('redirect');
  });
});
