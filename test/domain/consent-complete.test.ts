/**
 * Session binding, with in-memory stores: only the user who began the session can have the code redeemed, once, and
 * the grant stored in the token vault. The caller always gets the same error; the audit entry has the reason.
 */
import type { VendorName } from '../../lambda/model/provider/vendor-names';
import { completeResourceTokenAuth, type UserIdentifier } from '../../lambda/domain/consent/complete';
import { sessionIdOf } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { callbackUrl, clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { KeyMaterialResetError } from '../../lambda/domain/sealing/sealing';
import { ANA, ANA_BY_TOKEN, createConsentService, RETURN_URL, type ConsentService } from './consent-service';
import { policy, statement } from './policy/policies';
import { ISSUER, OWNER, sampleIdentity } from './samples';

const STRANGER = 'arn:aws:iam::123456789012:role/stranger';

let service: ConsentService;
let link: string;
/** The completion URI that the browser brings to the application after the consent. */
let completion: string;
beforeEach(async () => {
  service = await createConsentService();
  link = await service.begin();
});

const lastEntry = () => service.entries.at(-1);
const codesSent = () => service.server.requests.map(({ form }) => form.get('code'));

/** Completes the session, and expects the one error that reveals nothing to the caller. */
async function refused(reason: string, ...[identifier, principal]: [typeof ANA?, string?]): Promise<void> {
  await expect(service.complete(completion, identifier, principal)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: 'Invalid or expired session',
    detail: reason,
  });
  expect(lastEntry()).toMatchObject({ operation: 'CompleteResourceTokenAuth', outcome: 'denied', reason });
  expect(await service.held()).toBeUndefined();
}

/** Changes the stored workload identity. */
async function changeIdentity(change: object): Promise<void> {
  const { identity, stores } = service;
  expect(await stores.identities.replace({ ...identity, ...change, revision: identity.revision + 1 })).toBe(
    true,
  );
}

async function changeProvider(change: object): Promise<void> {
  const { provider, stores } = service;
  expect(await stores.providers.replace({ ...provider, ...change, revision: provider.revision + 1 })).toBe(
    true,
  );
}

describe('completion after the consent', () => {
  let code: string;
  beforeEach(async () => {
    completion = await service.consented(link);
    code = '';
    service.server.before = () => {
      code = service.server.requests.at(-1)?.form.get('code') ?? '';
      return Promise.resolve();
    };
  });

  it('redeems the code and stores the encrypted grant in the token vault', async () => {
    const { grantId, provider, system, stores, server } = service;
    await service.complete(completion);
    expect(await service.held()).toEqual({
      accessToken: `access-for-${code}`,
      refreshToken: `refresh-for-${code}`,
    });
    expect(await stores.grants.get(grantId)).toMatchObject({
      providerId: provider.id,
      generation: 1,
      epoch: 0,
      tokens: {
        scopes: ['a', 'b'],
        requestedScopes: ['a', 'b'],
        expiresAt: system.seconds() + 3600,
        obtainedAt: system.seconds(),
        refreshable: true,
      },
    });
    expect(Object.fromEntries(server.requests.at(-1)?.form ?? [])).toMatchObject({
      grant_type: 'authorization_code',
      redirect_uri: callbackUrl(ISSUER, provider.callbackId),
    });
    expect(await service.session(link)).toMatchObject({ state: 'COMPLETED' });
    expect(lastEntry()).toEqual({
      operation: 'CompleteResourceTokenAuth',
      outcome: 'allowed',
      principal: OWNER,
      workloadIdentity: service.identity.arn,
      user: grantId.userHash,
      provider: provider.name,
      scopes: ['a', 'b'],
      grantedScopes: ['a', 'b'],
      result: 'COMPLETED',
    });
  });

  it('redeems the code for the redirect URI that it was issued for, also after the service moved to another address', async () => {
    const { provider, server } = service;
    const moved = { ...service.deps, baseUrl: 'https://moved.example' };
    await completeResourceTokenAuth(moved, { arn: OWNER }, completion, ANA);
    expect(server.requests.at(-1)?.form.get('redirect_uri')).toBe(callbackUrl(ISSUER, provider.callbackId));
  });

  it('stores the granted scopes in addition to the requested ones', async () => {
    service.server.instead.push(Response.json({ access_token: 'narrow', token_type: 'Bearer', scope: 'a' }));
    await service.complete(completion);
    const grant = await service.stores.grants.get(service.grantId);
    expect(grant?.tokens).toMatchObject({ scopes: ['a'], requestedScopes: ['a', 'b'], refreshable: false });
    expect(lastEntry()).toMatchObject({ scopes: ['a', 'b'], grantedScopes: ['a'] });
    expect(grant?.tokens).not.toHaveProperty('expiresAt');
  });

  it('stores the scopes from custom parameters too, also for a session of an earlier version', async () => {
    const { stores, grantId } = service;
    const create = stores.sessions.create.bind(stores.sessions);
    jest.spyOn(stores.sessions, 'create').mockImplementationOnce(async (session) => {
      expect(session.parameterScopes).toEqual(['admin']);
      await create({ ...session, parameterScopes: undefined });
    });
    const earlier = await service.begin({ customParameters: { optional_scope: 'admin' } });
    expect(await service.session(earlier)).not.toHaveProperty('parameterScopes');
    await service.complete(await service.consented(earlier));
    expect((await stores.grants.get(grantId))?.tokens).toMatchObject({ parameterScopes: ['admin'] });
  });

  it.each<[string, UserIdentifier]>([
    ['by user ID', { userId: 'ben' }],
    ['by a token', ANA_BY_TOKEN],
  ])('rejects another user, identified %s, and ends the session for every user', async (_how, ben) => {
    await refused('not the user that began the session', ben);
    const session = await service.session(link);
    expect(session).toMatchObject({ state: 'FAILED', failure: 'not_completed' });
    expect(session).not.toHaveProperty('sealedCode');
    await refused('session is FAILED');
    expect(service.server.requests).toEqual([]);
  });

  it('rejects the session URI of the link for every caller and user, and keeps the session', async () => {
    for (const user of [ANA, { userId: 'ben' }]) {
      await expect(service.complete(link, user)).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message: 'Invalid or expired session',
        detail: 'the session URI of the link, which completes nothing',
      });
      expect(lastEntry()).toMatchObject({ outcome: 'denied', user: service.grantId.userHash });
    }
    expect(service.server.requests).toEqual([]);
    await service.complete(completion);
  });

  it.each<[string, () => Promise<string> | string]>([
    [
      'that was guessed',
      async () => `urn:ietf:params:oauth:request_uri:${(await service.session(link)).hash}.${'x'.repeat(43)}`,
    ],
    [
      'of another session',
      async () => {
        const other = await service.begin({ scopes: ['c'] });
        const [, secret] = (await service.consented(other)).split('.');
        return `urn:ietf:params:oauth:request_uri:${(await service.session(link)).hash}.${secret}`;
      },
    ],
  ])('rejects a completion URI %s, and keeps the session', async (_which, other) => {
    await expect(service.complete(await other())).rejects.toMatchObject({
      detail: 'not the completion URI of this session',
    });
    await service.complete(completion);
  });

  it('rejects a user token that is not valid, and the correct user can still complete', async () => {
    await expect(service.complete(completion, { userToken: 'forged' })).rejects.toMatchObject({
      name: 'UnauthorizedException',
    });
    await service.complete(completion);
  });

  it('rejects a principal that is not authorized to act as the agent', async () => {
    await expect(service.complete(completion, ANA, STRANGER)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'Invalid or expired session',
    });
    expect(lastEntry()).toMatchObject({ outcome: 'denied', principal: STRANGER });
    expect(lastEntry()?.reason).toContain(service.identity.arn);
    expect(service.server.requests).toEqual([]);
  });

  describe.each([
    ['the agent', () => changeIdentity, 'CompleteResourceTokenAuth', 'GetWorkloadAccessToken'],
    ['the provider', () => changeProvider, 'GetResourceOauth2Token', 'GetOauth2CredentialProvider'],
  ] as const)('with a policy of %s', (_whose, change, action, other) => {
    const denying = (denied: string) =>
      policy(statement({ Effect: 'Deny', Principal: { AWS: OWNER }, Action: `bedrock-agentcore:${denied}` }));

    it('is rejected if the policy denies it', async () => {
      await change()({ policy: denying(action) });
      await expect(service.complete(completion)).rejects.toMatchObject({
        message: 'Invalid or expired session',
      });
      expect(service.server.requests).toEqual([]);
    });

    it('works if the policy denies another action', async () => {
      await change()({ policy: denying(other) });
      await service.complete(completion);
    });
  });

  it('rejects the session of an agent that was deleted and recreated', async () => {
    const { identity, stores } = service;
    await stores.identities.remove(identity);
    await refused('the workload identity was deleted');
    await stores.identities.create(sampleIdentity({ name: identity.name, arn: identity.arn }));
    await refused('the workload identity was deleted');
  });

  it.each([
    ['deleted', false],
    ['deleted and recreated', true],
  ])('rejects and ends the session if the provider was %s', async (_what, again) => {
    const { provider, stores } = service;
    await stores.providers.remove(provider);
    if (again) await stores.providers.create({ ...provider, id: 'another' });
    await refused('the credential provider was deleted');
    await refused('session is FAILED');
  });

  it('does not redeem the code if the provider was configured for another client', async () => {
    await changeProvider({ clientId: 'another' });
    await refused('the credential provider was reconfigured after the session began');
    expect(service.server.requests).toEqual([]);
  });

  it('does not redeem the code if the provider has another callback URL now', async () => {
    await changeProvider({ callbackId: 'another' });
    await refused('the credential provider was reconfigured after the session began');
    expect(service.server.requests).toEqual([]);
  });

  it('rejects an agent that is no longer authorized to use the provider', async () => {
    await changeProvider({ owner: STRANGER });
    await expect(service.complete(completion)).rejects.toMatchObject({
      message: 'Invalid or expired session',
    });
    expect(service.server.requests).toEqual([]);
  });

  it('works until the last second of the session, and not after it', async () => {
    service.system.advance(SESSION_LIFETIME);
    await refused('session expired');
    service.system.advance(-1);
    await service.complete(completion);
  });

  it('works once', async () => {
    await service.complete(completion);
    await expect(service.complete(completion)).rejects.toMatchObject({ detail: 'session is COMPLETED' });
    expect(codesSent()).toHaveLength(1);
  });

  it('works once for two concurrent calls', async () => {
    const outcomes = await Promise.allSettled([service.complete(completion), service.complete(completion)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(service.entries.map(({ reason }) => reason)).toContain('completed by a concurrent request');
    expect(codesSent()).toHaveLength(1);
  });

  it('works during a rejected completion', async () => {
    const rejected = service.complete(completion, { userToken: 'forged' });
    const outcomes = await Promise.allSettled([rejected, service.complete(completion)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('stores nothing after a concurrent forceAuthentication', async () => {
    service.server.before = async () => {
      await service.begin({ forceAuthentication: true });
    };
    await refused('the grant was dropped (forceAuthentication) while the session was open');
    expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'not_completed' });
    expect(await service.enqueued()).toEqual([
      {
        cause: 'not-stored',
        accessToken: expect.stringMatching(/^access-for-/) as string,
        refreshToken: expect.stringMatching(/^refresh-for-/) as string,
      },
    ]);
  });

  it("ends the session with the provider's error code if the provider rejects the code", async () => {
    service.server.instead.push(Response.json({ error: 'invalid_grant' }, { status: 400 }));
    await expect(service.complete(completion)).rejects.toMatchObject({
      name: 'ValidationException',
      message: `The credential provider "${service.provider.name}" did not redeem the authorization code: invalid_grant. Ask the user to consent again.`,
    });
    expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'invalid_grant' });
    expect(lastEntry()?.reason).toBe('token endpoint responded with 400 invalid_grant');
    await refused('session is FAILED');
  });

  it.each([
    ['invalid_client', 'correct the client ID, the secret, or the authentication method'],
    ['unauthorized_client', 'allow it at the authorization server'],
  ])('says what to correct before the user consents again: %s', async (error, remedy) => {
    service.server.instead.push(Response.json({ error }, { status: 400 }));
    await expect(service.complete(completion)).rejects.toMatchObject({
      message: expect.stringMatching(
        new RegExp(`authorization code: ${error}\\. .*${remedy}\\. Ask the user to consent again\\.$`),
      ) as string,
    });
  });

  it('uses up the code when the provider is unavailable', async () => {
    service.server.instead.push(new Response('down', { status: 503 }));
    await expect(service.complete(completion)).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await service.session(link)).toMatchObject({ state: 'FAILED' });
  });

  it('ends the session after an internal error, because the code might be used up', async () => {
    service.server.before = () => Promise.reject(new Error('the network of this function'));
    await expect(service.complete(completion)).rejects.toThrow('the network of this function');
    expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'not_completed' });
    expect(lastEntry()).toMatchObject({ outcome: 'failed', reason: 'internal error' });
  });

  it('still works if the session lifetime ends while the code is redeemed', async () => {
    service.server.before = () => {
      service.system.advance(SESSION_LIFETIME);
      return Promise.resolve();
    };
    await service.complete(completion);
    expect(await service.session(link)).toMatchObject({ state: 'COMPLETED' });
  });
});

it.each<[Session['state'], (link: string) => Promise<unknown>]>([
  ['CREATED', () => Promise.resolve()],
  ['STARTED', (sessionUri) => service.open(sessionUri)],
])('completes nothing before the consent (%s), and the session can still complete', async (_state, until) => {
  await until(link);
  const { hash } = await service.session(link);
  for (const early of [link, `urn:ietf:params:oauth:request_uri:${hash}.${'x'.repeat(43)}`]) {
    await expect(service.complete(early)).rejects.toMatchObject({ message: 'Invalid or expired session' });
  }
  await service.complete(await service.consented(link));
});

it.each([
  ['no session URI', () => sessionIdOf(link) ?? ''],
  ['an unknown session', () => `${link}x`],
  [
    'a completion URI of an unknown session',
    () => `urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}.${'x'.repeat(43)}`,
  ],
  ['an empty id', () => 'urn:ietf:params:oauth:request_uri:'],
])('rejects %s like any unknown session', async (_what, sessionUri) => {
  await expect(service.complete(sessionUri())).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: 'Invalid or expired session',
    detail: 'no such session',
  });
});

describe('a session for a user that a token identified', () => {
  beforeEach(async () => {
    service = await createConsentService({ kind: 'jwt', issuer: 'https://issuer.example', subject: 'ana' });
    completion = await service.consented(await service.begin());
  });

  it('is completed by a token of this user', async () => {
    await service.complete(completion, ANA_BY_TOKEN);
    expect(await service.held()).toBeDefined();
  });

  it('is not completed by a user ID with the same text', async () => {
    await refused('not the user that began the session', { userId: 'ana' });
    completion = await service.consented(await service.begin());
    await refused('not the user that began the session', {
      userId: 'https://issuer.example#ana',
    });
  });
});

describe('a consent that replaces tokens', () => {
  const consentTo = async (scopes: string[], provider = service.provider) => {
    await service.complete(await service.consented(await service.begin({ provider, scopes })));
  };

  async function of(vendor: VendorName) {
    const { id } = service.provider;
    const change = { ...service.provider, vendor, revision: service.provider.revision + 1 };
    expect(await service.stores.providers.replace(change)).toBe(true);
    const sealed = await service.seal.seal(clientSecretContext(change), 'secret');
    await service.stores.clientSecrets.put(id, sealed, change.revision);
    return change;
  }

  it('queues their revocation if it ends nothing else at the vendor', async () => {
    const provider = await of('OneLoginOauth2');
    await consentTo(['a'], provider);
    const before = await service.stores.grants.get(service.grantId);
    await consentTo(['c'], provider);
    expect(service.revocationQueue.queued).toEqual([
      expect.objectContaining({ cause: 'replaced', tokens: before?.tokens }),
    ]);
  });

  it('queues their revocation, which cannot read them, if a reset of the token vault gave them up', async () => {
    const provider = await of('OneLoginOauth2');
    await consentTo(['a'], provider);
    const before = (await service.stores.grants.get(service.grantId))?.tokens;
    const completion = await service.consented(await service.begin({ provider, scopes: ['c'] }));
    const open = service.seal.open.bind(service.seal);
    jest
      .spyOn(service.seal, 'open')
      .mockImplementation((context, sealed) =>
        sealed === before?.sealed
          ? Promise.reject(new KeyMaterialResetError('reset'))
          : open(context, sealed),
      );
    await service.complete(completion);
    expect(service.revocationQueue.queued).toEqual([
      expect.objectContaining({ cause: 'replaced', tokens: before }),
    ]);
  });

  it('queues the new tokens if the old ones cannot be queued', async () => {
    const provider = await of('OneLoginOauth2');
    await consentTo(['a'], provider);
    const completion = await service.consented(await service.begin({ provider, scopes: ['c'] }));
    jest.spyOn(service.revocationQueue, 'enqueue').mockRejectedValueOnce(new Error('the queue failed'));
    await expect(service.complete(completion)).rejects.toThrow('the queue failed');
    expect((await service.stores.grants.get(service.grantId))?.tokens?.requestedScopes).toEqual(['a']);
    const tokens: unknown = expect.objectContaining({ requestedScopes: ['a', 'c'] });
    expect(service.revocationQueue.queued).toEqual([
      expect.objectContaining({ cause: 'not-stored', tokens }),
    ]);
  });

  it('queues nothing if the provider returns the same token again', async () => {
    const provider = await of('OneLoginOauth2');
    const same = () => Response.json({ access_token: 'the same', token_type: 'bearer' });
    service.server.instead.push(same(), same());
    await consentTo(['a'], provider);
    await consentTo(['c'], provider);
    expect(service.revocationQueue.queued).toEqual([]);
  });

  it('queues nothing if a revocation could end the new tokens too', async () => {
    await consentTo(['a']);
    await consentTo(['c']);
    expect(service.revocationQueue.queued).toEqual([]);
  });
});

it('queues the revocation of tokens that the table did not store', async () => {
  service.deps.grants = {
    ...service.stores.grants,
    putTokens: () => Promise.reject(new Error('the table failed')),
  };
  const completion = await service.consented(await service.begin());
  await expect(service.complete(completion)).rejects.toThrow('the table failed');
  expect(await service.enqueued()).toMatchObject([{ cause: 'not-stored' }]);
});

it('queues the revocation of tokens that were stored for an agent that was deleted in between', async () => {
  const completion = await service.consented(await service.begin());
  service.server.before = async () => {
    await service.stores.identities.markDeleted(service.identity);
  };
  await expect(service.complete(completion)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
  expect(await service.enqueued()).toMatchObject([{ cause: 'not-stored' }]);
});

it('redeems the code with resources and audiences, and without a verifier if there was no challenge', async () => {
  service = await createConsentService();
  service.server.metadata = { code_challenge_methods_supported: ['plain'] };
  link = await service.begin({ resources: ['https://calendar.example'], audiences: ['calendar', 'mail'] });
  await service.complete(await service.consented(link));
  const form = service.server.requests.at(-1)?.form;
  expect(form?.getAll('resource')).toEqual(['https://calendar.example']);
  expect(form?.getAll('audience')).toEqual(['calendar', 'mail']);
  expect(form?.has('code_verifier')).toBe(false);
});

it('a consent for additional scopes uses its own return URL', async () => {
  const identity = {
    ...service.identity,
    allowedResourceOauth2ReturnUrls: [RETURN_URL, 'app.example:/back'],
  };
  await changeIdentity({ allowedResourceOauth2ReturnUrls: identity.allowedResourceOauth2ReturnUrls });
  const other = await service.begin({ identity, returnUrl: 'app.example:/back' });
  expect(await service.consent(other)).toMatchObject({
    location: expect.stringMatching(
      /^app\.example:\/back\?session_id=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A[\w-]{43}\.[\w-]{43}$/,
    ) as string,
  });
});
