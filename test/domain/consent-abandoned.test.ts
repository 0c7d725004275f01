/**
 * A consent that is never given leaves nothing behind, and no deletion loses tokens, a session in progress, or anything
 * that a listing shows.
 */
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import type { Grant } from '../../lambda/model/records/grant';
import { createConsentService, type ConsentService } from './consent-service';

const DAY = 24 * 3600;

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

const grant = async (): Promise<Grant | undefined> => await service.stores.grants.get(service.grantId);

/** Lets time pass, and the table delete what is past its end. */
function pass(seconds: number): void {
  service.system.advance(seconds);
  service.stores.deleteEnded(service.system.seconds());
}

const connect = async (link: string): Promise<void> => service.complete(await service.consented(link));

it('a grant without tokens is deleted a day after its consent session', async () => {
  await service.begin();
  pass(SESSION_LIFETIME + DAY - 1);
  expect(await grant()).toBeDefined();
  pass(1);
  expect(await grant()).toBeUndefined();
});

it('a grant without tokens is deleted a day after the last of its consent sessions', async () => {
  await service.begin();
  pass(SESSION_LIFETIME + DAY - 1);
  const link = await service.begin();
  pass(1);
  expect((await service.session(link)).state).toBe('CREATED');
  await connect(link);
  expect(await service.held()).toBeDefined();
});

it('a grant without tokens is deleted after forceAuthentication and after a revocation, too', async () => {
  await service.begin({ forceAuthentication: true });
  await service.begin({ forceAuthentication: true });
  const seen = await grant();
  if (seen) await service.stores.grants.revoke(service.grantId, seen);
  expect(await grant()).toMatchObject({ generation: 1, epoch: 3 });
  await service.begin();
  pass(SESSION_LIFETIME + DAY);
  expect(await grant()).toBeUndefined();
});

it('a grant with tokens stays if a later consent to more scopes is never given', async () => {
  await connect(await service.begin());
  await service.begin({ scopes: ['c'] });
  pass(2 * SESSION_LIFETIME + 2 * DAY);
  expect(await service.held()).toBeDefined();
});

it('a grant stays if another session stores tokens while a session begins', async () => {
  const first = await service.begin();
  const { grants } = service.stores;
  service.deps.grants = {
    ...grants,
    async openConsent(id, change) {
      service.deps.grants = grants;
      await connect(first);
      return grants.openConsent(id, change);
    },
  };
  const second = await service.begin({ scopes: ['c'] });
  expect((await service.session(second)).scopes).toEqual(['a', 'b', 'c']);
  pass(2 * SESSION_LIFETIME + 2 * DAY);
  expect(await service.held()).toBeDefined();
});

it('a grant whose tokens forceAuthentication dropped is deleted, and the tokens are queued for revocation', async () => {
  await connect(await service.begin());
  await service.begin({ forceAuthentication: true });
  pass(SESSION_LIFETIME + DAY);
  expect(await grant()).toBeUndefined();
  expect(await service.enqueued()).toMatchObject([{ cause: 'forced' }]);
});

it('a grant stays while a listing shows the failure by which it lost its tokens', async () => {
  await connect(await service.begin());
  const lease = { holder: 'renewal', deadline: 1 };
  const seen = await grant();
  const owner = {
    providerId: service.provider.id,
    details: { workloadName: 'a', resources: [], audiences: [] },
  };
  await service.stores.grants.takeLease(service.grantId, { ...owner, seen, lease });
  await service.stores.grants.releaseLease(service.grantId, {
    holder: 'renewal',
    dropTokens: true,
    lastFailure: {
      code: 'invalid_grant',
      unavailable: false,
      failures: 1,
      at: 0,
      notBefore: 0,
      providerRevision: 1,
      detail: 'a failure',
    },
  });
  await service.begin();
  pass(2 * SESSION_LIFETIME + 2 * DAY);
  expect(await grant()).toMatchObject({ lastFailure: { code: 'invalid_grant' } });
});

it('a response to a session of a deleted grant cannot complete a later consent', async () => {
  const abandoned = await service.begin();
  const completionUri = await service.consented(abandoned);
  pass(SESSION_LIFETIME + DAY);
  const link = await service.begin();
  await expect(service.complete(completionUri)).rejects.toThrow('Invalid or expired session');
  expect(await service.held()).toBeUndefined();
  await connect(link);
  expect(await service.held()).toBeDefined();
});
