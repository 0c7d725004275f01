/**
 * Every interleaving of a request with a deletion, step by step. A step is one call of a store, and the two parts of
 * the deletion (the mark, then the grants) run before any of them. The response and the stored records afterwards
 * must agree with one order of the request and the deletion.
 */
import type { GrantTokens } from '../../lambda/model/records/grant';
import { CONSENT_NEEDED, renewTokens } from '../../lambda/domain/grant/renewal';
import { clientCredentialsOf, refreshTokenOf } from '../../lambda/domain/grant/token-sources';
import { openTokens } from '../../lambda/domain/grant/tokens';
import { ANA, createConsentService } from './consent-service';
import type { Stores } from './in-memory-stores';
import { tokens } from './token-client';
import { createRenewalService, type RenewalService } from './renewal-service';

/** More steps than any of these requests takes. */
const STEPS = Array.from({ length: 14 }, (_, step) => step);

/** The steps before which the mark is set and the grants are deleted. */
interface Schedule {
  readonly mark: number;
  readonly grants: number;
}
const SCHEDULES: Schedule[] = STEPS.flatMap((mark) =>
  STEPS.filter((grants) => grants >= mark).map((grants) => ({ mark, grants })),
);

type Part = () => Promise<unknown>;
type Watched = Pick<Stores, 'grants' | 'directory'>;

/** The same stores, with the parts of the deletion before the steps of the schedule. */
function interleaved(
  { grants, directory }: Watched,
  schedule: Schedule,
  parts: { mark: Part; grants: Part },
) {
  let step = 0;
  /** The step before which the last part ran. */
  const done = { mark: false, grants: false };
  async function before(): Promise<void> {
    for (const part of ['mark', 'grants'] as const) {
      if (schedule[part] > step || done[part]) continue;
      done[part] = true;
      await parts[part]();
    }
    step += 1;
  }
  const watched = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get:
        (target, name) =>
        async (...args: unknown[]) => {
          await before();
          return (Reflect.get(target, name) as (...args: unknown[]) => unknown)(...args);
        },
    });
  return {
    stores: { grants: watched(grants), directory: watched(directory) },
    /** Whether each part ran during the request. */
    done,
    /** Runs the parts of the deletion that come after the request. */
    async rest(): Promise<void> {
      step = Infinity;
      await before();
    },
  };
}

const removing =
  ({ stores, tokenHolder, provider }: Pick<RenewalService, 'stores' | 'tokenHolder' | 'provider'>): Part =>
  () =>
    stores.grants.remove(tokenHolder.grantId, provider.id);

const MARKS = {
  'workload identity': ({ stores, identity }: Pick<RenewalService, 'stores' | 'identity'>) =>
    stores.identities.markDeleted(identity),
  'credential provider': ({ stores, provider }: Pick<RenewalService, 'stores' | 'provider'>) =>
    stores.providers.markDeleted(provider),
};
const DELETED = Object.keys(MARKS) as (keyof typeof MARKS)[];

/** Renewals, each with whether a grant exists before. */
const RENEWALS = {
  'the first request for client credentials': false,
  'a renewal of client credentials': true,
  'a refresh': true,
};

describe.each(DELETED)('deletion of the %s', (deleted) => {
  describe.each(Object.entries(RENEWALS))('during %s', (what, granted) => {
    async function run(schedule: Schedule, indexLags = false) {
      const service = await createRenewalService();
      const { tokenHolder, stores } = service;
      if (!granted) await removing(service)();
      const revoked: GrantTokens[] = [];
      /** Deletes the grant as a deletion does, which revokes its tokens. */
      const remove = async () => {
        const { tokens: held } = (await stores.grants.get(tokenHolder.grantId)) ?? {};
        if (held) revoked.push(held);
        await removing(service)();
      };
      const deletion = interleaved(stores, schedule, {
        mark: () => MARKS[deleted](service),
        // An index that lags does not show a grant that was created a moment ago.
        grants: indexLags ? () => Promise.resolve() : remove,
      });
      let asked = 0;
      const transport: typeof service.deps.transport = async (url, request) => {
        asked += 1;
        return what === 'a refresh' ? service.endpoint.transport(url, request) : tokens();
      };
      const deps = service.depsWith({ ...deletion.stores, transport });
      const source =
        what === 'a refresh'
          ? refreshTokenOf(deps, tokenHolder)
          : clientCredentialsOf(deps, tokenHolder, ['a']);
      const answer = await renewTokens(deps, {
        tokenHolder,
        source,
        seen: await stores.grants.get(tokenHolder.grantId),
      }).catch((error: unknown) => error);
      const got = typeof answer === 'object' && answer !== null && 'accessToken' in answer;
      const markedFirst = deletion.done.mark;
      await deletion.rest();
      const ended = [...revoked, ...service.revocationQueue.queued.map(({ tokens: queued }) => queued)];
      const opened = await Promise.all(ended.map((held) => openTokens(deps.seal, tokenHolder, held)));
      return {
        answer,
        got,
        markedFirst,
        asked,
        left: await stores.grants.get(tokenHolder.grantId),
        ended: opened.map(({ accessToken }) => accessToken),
      };
    }

    it('leaves no grant, sends up to one request to the provider, and returns no token after the grants are deleted', async () => {
      let refused = 0;
      for (const schedule of SCHEDULES) {
        const { answer, got, markedFirst, asked, left, ended } = await run(schedule);
        expect({ schedule, left }).toEqual({ schedule, left: undefined });
        // No token that the provider issued is lost.
        if (asked === 1) expect(ended).toContain(what === 'a refresh' ? 'access-1' : 'access');
        expect(asked).toBeLessThanOrEqual(1);
        expect(answer).not.toBe(CONSENT_NEEDED);
        // The last step reads the directory, so a request returns a token only if the directory has both resources.
        expect({ schedule, got }).toEqual({ schedule, got: !markedFirst });
        refused += got ? 0 : 1;
      }
      expect(refused).toBeGreaterThan(20);
      expect(refused).toBeLessThan(SCHEDULES.length);
    });

    // The index already contains grants that existed before.
    if (granted) return;
    it('leaves no grant if the mark came first, even if the index does not show the grant yet', async () => {
      for (const mark of STEPS) {
        const { markedFirst, left } = await run({ mark, grants: mark }, true);
        if (markedFirst) expect({ mark, left }).toEqual({ mark, left: undefined });
      }
    });
  });

  it('during a consent leaves no authorization URL and no grant of the deleted resource', async () => {
    for (const schedule of SCHEDULES) {
      const service = await createConsentService();
      const { stores, grantId, provider } = service;
      const deletion = interleaved(stores, schedule, {
        mark: () => MARKS[deleted](service),
        grants: () => stores.grants.remove(grantId, provider.id),
      });
      Object.assign(service.deps, deletion.stores);
      const link = await service.begin().catch((error: unknown) => error);
      expect({ schedule, link: typeof link }).toEqual({
        schedule,
        link: deletion.done.mark ? 'object' : 'string',
      });
      if (typeof link === 'string') {
        const completionUri = await service.consented(link).catch(() => link);
        const completed = await service.complete(completionUri, ANA).then(
          () => true,
          () => false,
        );
        expect({ schedule, completed }).toEqual({ schedule, completed: !deletion.done.mark });
        const ended = (await service.session(link)).state;
        if (completed) expect(ended).toBe('COMPLETED');
        else expect(ended).not.toBe('COMPLETED');
      }
      await deletion.rest();
      expect(await stores.grants.get(grantId)).toBeUndefined();
    }
  });
});
