/**
 * Opening the authorization URL: the browser is bound to the session and redirected, and an unavailable provider does
 * not spoil the session.
 */
import { authorize, unlessShredded } from '../../lambda/domain/consent/authorize';
import type { PushRequest } from '../../lambda/model/events/provider-client';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { callbackUrl, clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import { KeyMaterialResetError, LostKmsKeyError, ShreddedError } from '../../lambda/domain/sealing/sealing';
import { PUSH_ENDPOINT } from './authorization-server';
import { createConsentService, type ConsentService } from './consent-service';
import { ISSUER } from './samples';

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

const pushing = () => {
  service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
};

/** Opens the authorization URL, with this function in place of the one that pushes requests. */
const opened = (sessionUri: string, push: (request: PushRequest) => Promise<never>) =>
  authorize(
    { ...service.deps, pushedAuthorization: { push } },
    { requestUri: sessionUri, cookies: new Map() },
  );

it('sends the whole request through the browser if the provider accepts no pushed requests', async () => {
  const sessionUri = await service.begin();
  const outcome = await opened(sessionUri, () => Promise.reject(new Error('pushed all the same')));
  const location = new URL(outcome.kind === 'redirect' ? outcome.location : '');
  expect(location.searchParams.get('code_challenge_method')).toBe('S256');
  expect(location.searchParams.get('redirect_uri')).toBe(callbackUrl(ISSUER, service.provider.callbackId));
});

it("pushes the request for the session's parties after the session is bound to the browser", async () => {
  pushing();
  const sessionUri = await service.begin();
  const asked: PushRequest[] = [];
  const stateThen: string[] = [];
  await opened(sessionUri, async (request) => {
    asked.push(request);
    stateThen.push((await service.session(sessionUri)).state);
    throw new ProviderFailure('unreachable', 'down', { unavailable: true });
  });
  const { identity, provider } = service;
  expect(stateThen).toEqual(['STARTED']);
  expect(asked).toMatchObject([
    {
      workload: { name: identity.name, id: identity.id },
      provider: { name: provider.name, id: provider.id },
      client: clientBindingDigest(provider),
    },
  ]);
});

it('shows an error when the request could not be pushed, and the authorization URL still leads to a token later', async () => {
  pushing();
  const sessionUri = await service.begin();
  const failure = new ProviderFailure('unreachable', 'provider.example: no response', { unavailable: true });
  expect(await opened(sessionUri, () => Promise.reject(failure))).toEqual({
    kind: 'page',
    page: { name: 'not-reached', provider: service.provider.name, error: 'unreachable' },
  });
  expect(service.entries.at(-1)).toMatchObject({
    operation: 'Authorize',
    outcome: 'failed',
    result: 'STARTED',
    reason: 'provider.example: no response',
  });
  await service.complete(await service.consented(sessionUri));
  expect(await service.held()).toMatchObject({ accessToken: expect.stringMatching(/^access-/) as string });
});

it('does not report an internal error as a provider failure', async () => {
  pushing();
  const fault = new TypeError('a fault');
  await expect(opened(await service.begin(), () => Promise.reject(fault))).rejects.toBe(fault);
});

it('pushes up to ten requests of a session, and then fails the session', async () => {
  pushing();
  const sessionUri = await service.begin();
  let pushed = 0;
  const push = () => {
    pushed += 1;
    return Promise.reject(new ProviderFailure('unreachable', 'down', { unavailable: true }));
  };
  for (let opening = 1; opening <= 10; opening += 1) await opened(sessionUri, push);
  expect(pushed).toBe(10);
  for (const opening of ['the eleventh', 'a later']) {
    const last = await opened(sessionUri, push);
    expect([opening, last]).toEqual([opening, { kind: 'page', page: { name: 'opened-too-often' } }]);
  }
  expect(pushed).toBe(10);
  expect(await service.session(sessionUri)).toMatchObject({ state: 'FAILED', failure: 'not_completed' });
});

it('pushes nothing for a session that is no longer valid or already has a response', async () => {
  pushing();
  const sessionUri = await service.begin();
  await service.consent(sessionUri);
  const requests = service.server.requests.length;
  expect(await service.authorize(sessionUri)).toMatchObject({ page: { name: 'already-answered' } });
  service.system.advance(600);
  expect(await service.authorize(sessionUri)).toMatchObject({ page: { name: 'link-ended' } });
  expect(service.server.requests).toHaveLength(requests);
});

it.each([
  ['agent was deleted', new ShreddedError('deleted'), 'the workload identity was deleted'],
  ['KMS key is lost', new LostKmsKeyError('the KMS key is lost'), 'the KMS key is lost'],
  [
    'token vault was reset',
    new KeyMaterialResetError('the token vault was reset'),
    'the token vault was reset',
  ],
])('ends a link whose %s, and records why', async (_what, error, reason) => {
  const entry = { operation: 'Authorize', principal: 'browser' };
  expect(await unlessShredded(service.deps, entry, () => Promise.reject(error))).toEqual({
    kind: 'page',
    page: { name: 'link-ended' },
  });
  expect(service.entries.at(-1)).toEqual({ ...entry, outcome: 'denied', reason });
});
