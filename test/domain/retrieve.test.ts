/** Reads of OAuth2 tokens: each ends in exactly one outcome, for the caller and in the audit entry. */
import { sessionIdOf, transition } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import { hashOf } from '../../lambda/domain/digest';
import { createRetrievalService, type RetrievalService } from './retrieval-service';
import { OWNER, sampleDetails } from './samples';

let service: RetrievalService;
beforeEach(async () => {
  service = await createRetrievalService();
});

const json = (status: number, body: object) => Response.json(body, { status });
const lastEntry = () => service.entries.at(-1);
const machine = { oauth2Flow: 'M2M' } as const;

describe("a user's token", () => {
  it('is returned from the token vault until shortly before it expires', async () => {
    await service.grant();
    expect(await service.ask()).toEqual({ output: { accessToken: 'access-0' }, outcome: 'cached' });
    expect(lastEntry()).toEqual({
      operation: 'GetResourceOauth2Token',
      principal: OWNER,
      outcome: 'allowed',
      result: 'cached',
      jti: expect.any(String) as string,
      workloadIdentity: service.identity.arn,
      user: service.tokenHolder.grantId.userHash,
      provider: service.provider.name,
      credentialProvider: service.provider.arn,
      flow: 'USER_FEDERATION',
      scopes: ['a'],
      grantedScopes: ['a'],
    });
    expect(service.dispatched).toEqual([]);
  });

  it('that was requested without scopes adds its scopes to the audit entry', async () => {
    await service.grant({ scopes: ['default', 'admin'] }, []);
    expect(await service.ask({ scopes: [] })).toMatchObject({ outcome: 'cached' });
    expect(lastEntry()).toMatchObject({ scopes: [], grantedScopes: ['default', 'admin'] });
    service.system.advance(3600);
    expect(await service.ask({ scopes: [] })).toMatchObject({ outcome: 'refreshed' });
    expect(lastEntry()).toMatchObject({ scopes: [], grantedScopes: ['default', 'admin'] });
  });

  it('that is not stored yet adds no granted scopes to the audit entry', async () => {
    await service.ask();
    expect(lastEntry()).not.toHaveProperty('grantedScopes');
    expect(lastEntry()).not.toHaveProperty('customParameters');
    expect(lastEntry()).not.toHaveProperty('customParameterScopes');
  });

  it.each(['ask', 'reject'] as const)(
    'adds the names of custom parameters and their scopes to the audit entry, and no other values (%s)',
    async (operation) => {
      await service.grant();
      const customParameters = { login_hint: 'ana@example.com', User_Scope: 'chat:write,files:read' };
      await (operation === 'ask'
        ? service.ask({ customParameters })
        : service.reject('not-the-stored-one', { customParameters }));
      expect(lastEntry()).toMatchObject({
        customParameters: ['login_hint', 'User_Scope'],
        customParameterScopes: ['chat:write', 'files:read'],
        grantedScopes: ['a'],
      });
      expect(JSON.stringify(lastEntry())).not.toContain('ana@example.com');
    },
  );

  it('is refreshed after it expires', async () => {
    await service.grant();
    service.system.advance(3600);
    expect(await service.ask()).toEqual({ output: { accessToken: 'access-1' }, outcome: 'refreshed' });
  });

  it("requires the user's consent if there is none", async () => {
    expect(await service.ask()).toMatchObject({
      output: { sessionStatus: 'IN_PROGRESS' },
      outcome: 'consent-required',
    });
    expect(lastEntry()).toMatchObject({ result: 'consent-required' });
    expect(lastEntry()).not.toHaveProperty('reason');
  });

  it.each([
    ['the refresh token has expired', { refreshExpiresAt: 0 }],
    ['there is no refresh token', { refreshToken: undefined }],
  ])("requires the user's consent when %s", async (_what, change) => {
    await service.grant(change as object);
    service.system.advance(3600);
    expect(await service.ask()).toMatchObject({ outcome: 'consent-required' });
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it("requires the user's consent if the refresh is rejected, and the audit entry has the reason", async () => {
    await service.grant();
    service.system.advance(3600);
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await service.ask()).toMatchObject({ outcome: 'consent-required' });
    expect(lastEntry()).toMatchObject({ reason: 'the refresh was rejected: invalid_grant' });
    // Until there are new tokens, each request gives the same reason.
    expect(await service.ask()).toMatchObject({ outcome: 'consent-required' });
    expect(lastEntry()).toMatchObject({ reason: 'the refresh was rejected: invalid_grant' });
    expect(service.endpoint.redeemed).toHaveLength(1);
  });

  it("requires the user's consent with the reason that a response was lost", async () => {
    await service.grant();
    service.system.advance(3600);
    const { grants } = service.stores;
    const lease = { holder: 'died', deadline: service.system.now() - 200_000, sentAt: 0 };
    const change = {
      providerId: service.provider.id,
      details: sampleDetails(),
      seen: await service.stored(),
      lease,
    };
    await grants.takeLease(service.tokenHolder.grantId, change);
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    await service.ask();
    expect(lastEntry()).toMatchObject({
      reason: 'the refresh was rejected: invalid_grant, after the response to an earlier one was lost',
    });
  });

  it('is not refreshed for scopes that were not granted', async () => {
    await service.grant();
    service.system.advance(3600);
    expect(await service.ask({ scopes: ['a', 'c'] })).toMatchObject({ outcome: 'consent-required' });
    expect(lastEntry()).not.toHaveProperty('reason');
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('of a reconfigured client is not returned', async () => {
    await service.grant();
    const { provider } = service;
    await service.stores.providers.replace({ ...provider, clientId: 'another', revision: 2 });
    expect(await service.ask()).toMatchObject({ outcome: 'consent-required' });
  });

  it('is not requested for a client without a client ID', async () => {
    const { provider } = service;
    await service.stores.providers.replace({ ...provider, clientId: '', revision: 2 });
    await expect(service.ask()).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [
        {
          name: 'oauth2Flow',
          message: `USER_FEDERATION requires a client ID, but the credential provider "${provider.name}" has no clientId`,
        },
      ],
    });
  });

  it('is returned with the granted scopes if they are fewer than requested', async () => {
    await service.grant({ scopes: ['a'] }, ['a', 'b']);
    expect(await service.ask({ scopes: ['a', 'b'] })).toEqual({
      output: { accessToken: 'access-0', grantedScopes: ['a'] },
      outcome: 'scope-gap',
    });
    expect(lastEntry()).toMatchObject({ outcome: 'allowed', result: 'scope-gap' });
    service.system.advance(3600);
    expect(await service.ask({ scopes: ['b'] })).toMatchObject({
      output: { accessToken: 'access-1', grantedScopes: ['a'] },
      outcome: 'scope-gap',
    });
  });

  it.each([
    [503, 'provider-unavailable', 'InternalServerException', 'failed'],
    [401, 'provider-refused', 'ValidationException', 'denied'],
  ])('is not obtained from a provider that responds %i: %s', async (status, result, name, outcome) => {
    await service.grant();
    service.system.advance(3600);
    service.endpoint.instead.push(json(status, { error: 'invalid_client' }));
    await expect(service.ask()).rejects.toMatchObject({ name, outcome: result });
    expect(lastEntry()).toMatchObject({ outcome, result, error: name });
  });
});

describe('a poll', () => {
  const begun = async () => {
    const { output } = await service.ask();
    if (!('sessionUri' in output)) throw new Error('no session');
    return output.sessionUri;
  };

  const sessionOf = async (sessionUri: string) => {
    const session = await service.stores.sessions.get(hashOf(sessionIdOf(sessionUri) ?? ''));
    if (!session) throw new Error('no session');
    return session;
  };

  it('of an open session returns the same authorization URL, even if it repeats forceAuthentication', async () => {
    const sessionUri = await begun();
    expect(await service.ask({ sessionUri, forceAuthentication: true })).toMatchObject({
      output: { sessionUri, sessionStatus: 'IN_PROGRESS' },
      outcome: 'consent-required',
    });
    expect((await service.stored()).epoch).toBe(0);
  });

  it.each([
    ['repeats', {}, true],
    ['has a part of', { scopes: [] }, true],
    ['asks for more than', { scopes: ['a', 'other'] }, undefined],
    ['has another return URL than', { resourceOauth2ReturnUrl: 'https://app.example/other' }, undefined],
  ])('that %s the first request is marked in its audit entry: %j %j', async (_what, change, repeated) => {
    const sessionUri = await begun();
    expect(lastEntry()).not.toHaveProperty('repeated');
    await service.ask({ sessionUri, ...change });
    expect(lastEntry()?.repeated).toBe(repeated);
  });

  it.each([
    ['access_denied', 'access_denied'],
    ['a\r\nset-cookie: b', 'invalid_response'],
    ['x'.repeat(65), 'invalid_response'],
  ])(
    'of a session that failed with %j returns the failure %j, also in the audit entry',
    async (failure, told) => {
      const sessionUri = await begun();
      const start = { stateHash: 's', cookieHash: 'c', sealedVerifier: 'v' };
      const now = service.system.seconds();
      const started = transition(await sessionOf(sessionUri), { type: 'start', start }, now);
      if (!started) throw new Error('not started');
      await service.stores.sessions.advance(started);
      const failed = transition(started, { type: 'fail', failure }, now);
      if (!failed) throw new Error('not failed');
      await service.stores.sessions.advance(failed);
      expect(await service.ask({ sessionUri })).toMatchObject({
        output: { sessionUri, sessionStatus: 'FAILED' },
        outcome: 'consent-required',
        failure: told,
      });
      expect(lastEntry()).toMatchObject({ reason: `the session failed: ${told}` });
    },
  );

  it.each([
    ['that is no longer valid', 601],
    ['that does not exist', 0],
  ])('of a session %s returns FAILED', async (_what, later) => {
    const sessionUri = later > 0 ? await begun() : 'urn:ietf:params:oauth:request_uri:made-up';
    service.system.advance(later);
    expect(await service.ask({ sessionUri })).toMatchObject({ output: { sessionStatus: 'FAILED' } });
    expect(lastEntry()).toMatchObject({ reason: 'the session ended' });
  });

  it.each<[string, Partial<Session>]>([
    [
      'of another agent',
      { workload: { name: 'another', id: 'another', arn: 'another', displayName: 'another' } },
    ],
    ['of another user', { userHash: 'another' }],
    ['for another target', { target: 'another' }],
    ['from another epoch', { epoch: 1 }],
  ])('of a session %s returns no more than for an unknown session', async (_whose, change) => {
    const sessionUri = await begun();
    const session = await sessionOf(sessionUri);
    const failed = { state: 'FAILED', failure: 'access_denied' } as const;
    const revision = session.revision + 1;
    await service.stores.sessions.advance({ ...session, ...failed, ...change, revision });
    const answer = await service.ask({ sessionUri });
    expect(answer).toMatchObject({ output: { sessionStatus: 'FAILED' } });
    expect(answer.failure).toBeUndefined();
    expect(lastEntry()).toMatchObject({ reason: 'the session ended' });
  });

  it('of a session that got a response and was not completed within a minute returns FAILED', async () => {
    const sessionUri = await begun();
    const session = await sessionOf(sessionUri);
    const at = service.system.seconds();
    const next = { ...session, state: 'CONSENTED', revision: 2, responded: { cookieHash: 'x', at } } as const;
    expect(await service.stores.sessions.advance(next)).toBe(true);
    service.system.advance(59);
    expect(await service.ask({ sessionUri })).toMatchObject({ output: { sessionStatus: 'IN_PROGRESS' } });
    service.system.advance(1);
    expect(await service.ask({ sessionUri })).toMatchObject({ output: { sessionStatus: 'FAILED' } });
  });

  it('of a session of a deleted grant returns no more than for an unknown session', async () => {
    const sessionUri = await begun();
    const { grants } = service.stores;
    jest.spyOn(grants, 'get').mockResolvedValueOnce(undefined);
    expect(await service.ask({ sessionUri })).toMatchObject({ output: { sessionStatus: 'FAILED' } });
  });

  it('of an invalid session URI returns FAILED', async () => {
    expect(await service.ask({ sessionUri: 'none' })).toMatchObject({ output: { sessionStatus: 'FAILED' } });
  });

  it('of a session that is no longer valid returns FAILED and begins no session, even if it repeats forceAuthentication', async () => {
    const sessionUri = await begun();
    service.system.advance(601);
    for (let poll = 0; poll < 2; poll += 1) {
      expect(await service.ask({ sessionUri, forceAuthentication: true })).toMatchObject({
        output: { sessionUri, sessionStatus: 'FAILED' },
      });
    }
    expect((await service.stored()).epoch).toBe(0);
  });

  it('that repeats forceAuthentication returns the token after its session was completed', async () => {
    const sessionUri = await begun();
    const session = await sessionOf(sessionUri);
    await service.stores.sessions.advance({ ...session, state: 'COMPLETED', revision: session.revision + 1 });
    await service.grant();
    expect(await service.ask({ sessionUri, forceAuthentication: true })).toMatchObject({
      output: { accessToken: 'access-0' },
    });
  });

  it('with forceAuthentication of an open session that no force began does not return the old token', async () => {
    const sessionUri = await begun();
    await service.grant();
    expect(await service.ask({ sessionUri, forceAuthentication: true })).toMatchObject({
      output: { sessionUri, sessionStatus: 'IN_PROGRESS' },
    });
    expect((await service.stored()).epoch).toBe(0);
  });

  it('of an open session that a force began returns the token that was stored since', async () => {
    await service.grant();
    const { output } = await service.ask({ forceAuthentication: true });
    const { sessionUri } = output as { sessionUri: string };
    for (const forceAuthentication of [true, false]) {
      expect(await service.ask({ sessionUri, forceAuthentication })).toMatchObject({
        output: { sessionStatus: 'IN_PROGRESS' },
      });
    }
    await service.grant({ accessToken: 'access-new' });
    for (const forceAuthentication of [true, false]) {
      expect(await service.ask({ sessionUri, forceAuthentication })).toMatchObject({
        output: { accessToken: 'access-new' },
      });
    }
  });

  it('that repeats forceAuthentication does not return a token that its session did not store', async () => {
    await service.grant();
    const sessionUri = 'urn:ietf:params:oauth:request_uri:made-up';
    expect(await service.ask({ sessionUri, forceAuthentication: true })).toMatchObject({
      output: { sessionUri, sessionStatus: 'FAILED' },
    });
  });

  it('returns the token if there is one, whatever the state of the session', async () => {
    const sessionUri = await begun();
    await service.grant();
    expect(await service.ask({ sessionUri })).toMatchObject({ output: { accessToken: 'access-0' } });
  });
});

describe('an M2M token', () => {
  beforeEach(() => {
    let count = 0;
    service.endpoint.before = () => {
      count += 1;
      const answer = { access_token: `machine-${count}`, token_type: 'Bearer', expires_in: 3600 };
      service.endpoint.instead.push(json(200, answer));
      return Promise.resolve();
    };
  });

  it('is requested at the first use, then returned from the token vault', async () => {
    expect(await service.ask(machine)).toMatchObject({
      output: { accessToken: 'machine-1' },
      outcome: 'exchanged',
    });
    expect(await service.ask(machine)).toMatchObject({
      output: { accessToken: 'machine-1' },
      outcome: 'cached',
    });
  });

  it('is replaced after forceAuthentication, and the old token is never returned again', async () => {
    await service.ask(machine);
    const forced = { ...machine, forceAuthentication: true };
    expect(await service.ask(forced)).toMatchObject({ output: { accessToken: 'machine-2' } });
    service.endpoint.before = () => {
      service.endpoint.instead.push(json(503, {}));
      return Promise.resolve();
    };
    await expect(service.ask(forced)).rejects.toMatchObject({ outcome: 'provider-unavailable' });
    await expect(service.ask(machine)).rejects.toMatchObject({ outcome: 'provider-unavailable' });
  });

  it('is requested with forceAuthentication even if there is none yet', async () => {
    const forced = { ...machine, forceAuthentication: true };
    expect(await service.ask(forced)).toMatchObject({ output: { accessToken: 'machine-1' } });
  });

  it('whose grant is deleted during a renewal is requested again by the next call', async () => {
    await service.ask(machine);
    service.system.advance(3600);
    const { grants } = service.stores;
    jest.spyOn(grants, 'takeLease').mockImplementationOnce(() => {
      jest.spyOn(grants, 'get').mockResolvedValueOnce(undefined);
      return Promise.resolve(false);
    });
    await expect(service.ask(machine)).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'The token was deleted during the request. Try again.',
    });
    expect(await service.ask(machine)).toMatchObject({ output: { accessToken: 'machine-2' } });
  });

  it('gets a background renewal', async () => {
    await service.ask(machine);
    service.system.advance(3500);
    expect(await service.ask(machine)).toMatchObject({ output: { accessToken: 'machine-1' } });
    expect(service.dispatched).toMatchObject([{ flow: 'M2M', scopes: ['a'] }]);
    await service.catchUp();
    expect(lastEntry()).toMatchObject({ operation: 'BackgroundRenewal', result: 'exchanged' });
    expect(await service.ask(machine)).toMatchObject({ output: { accessToken: 'machine-2' } });
  });
});

describe('a token that the resource server rejected', () => {
  it('is renewed, and the audit entry states the operation', async () => {
    await service.grant();
    expect(await service.reject('access-0')).toMatchObject({
      output: { accessToken: 'access-1' },
      outcome: 'refreshed',
    });
    expect(lastEntry()).toMatchObject({ operation: 'RejectResourceOauth2Token', result: 'refreshed' });
    expect(await service.stored()).not.toHaveProperty('rejected');
  });

  it('is renewed once for 1,000 concurrent reports, and a late report gets the newer token', async () => {
    await service.grant();
    service.endpoint.before = () => service.system.wait(500);
    const workloadIdentityToken = await service.issue({ userId: 'ana' });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => service.reject('access-0', { workloadIdentityToken })),
    );
    const tokens = answers.map(({ output }) => ('accessToken' in output ? output.accessToken : undefined));
    expect(new Set(tokens)).toEqual(new Set(['access-1']));
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    expect(await service.reject('access-0')).toMatchObject({
      output: { accessToken: 'access-1' },
      outcome: 'cached',
    });
  });

  it('is marked until it is renewed, so that no request gets it while the provider is unavailable', async () => {
    await service.grant();
    service.endpoint.instead.push(json(503, {}));
    await expect(service.reject('access-0')).rejects.toMatchObject({ outcome: 'provider-unavailable' });
    await expect(service.ask()).rejects.toMatchObject({ outcome: 'provider-unavailable' });
    service.system.advance(2);
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-1' } });
  });

  it('is marked by one write, even if it is reported again', async () => {
    await service.grant();
    const reject = jest.spyOn(service.stores.grants, 'reject');
    for (const wait of [0, 2]) {
      service.system.advance(wait);
      service.endpoint.instead.push(json(503, {}));
      await expect(service.reject('access-0')).rejects.toMatchObject({ outcome: 'provider-unavailable' });
    }
    expect(reject).toHaveBeenCalledTimes(1);
  });

  it('returns the newer token if it was renewed between the read and the mark', async () => {
    await service.grant();
    const { grants } = service.stores;
    const reject = grants.reject.bind(grants);
    jest.spyOn(service.stores.grants, 'reject').mockImplementationOnce(async (...write) => {
      await service.grant({ accessToken: 'access-newer' });
      return reject(...write);
    });
    expect(await service.reject('access-0')).toMatchObject({
      output: { accessToken: 'access-newer' },
      outcome: 'cached',
    });
  });

  it('without a grant, or of an earlier client, is treated as a plain read', async () => {
    expect(await service.reject('access-0')).toMatchObject({ outcome: 'consent-required' });
    await service.grant();
    const { provider } = service;
    await service.stores.providers.replace({ ...provider, clientId: 'another', revision: 2 });
    expect(await service.reject('access-0')).toMatchObject({ outcome: 'consent-required' });
    expect(await service.stored()).not.toHaveProperty('rejected');
  });
});
