/** What a signed-in person sees of an agent that has more records than are looked at, and if a read fails. */
import type { GrantIndex } from '../../../lambda/domain/grant/selection';
import { ownerOf } from '../../../lambda/domain/portal/served-portal';
import { view } from '../../../lambda/domain/portal/view';
import { createFakeSystem } from '../fake-system';
import { sampleIdentity, samplePortal, sampleProvider } from '../samples';

const USER = 'u'.repeat(43);
const HIDDEN = 'hidden';
const identity = sampleIdentity();
const portal = samplePortal();

const viewWith = (ofAgentAndUser: GrantIndex['ofAgentAndUser']) =>
  view(
    {
      grantIndex: { ofAgentAndUser },
      providers: { get: () => Promise.resolve(undefined) },
      system: createFakeSystem(),
      report: () => undefined,
      audit: { record: () => undefined },
    },
    {
      portal,
      owner: ownerOf(portal),
      signInProvider: sampleProvider(),
      appearance: { portalId: portal.id, name: portal.name, signInProvider: 'sign-in' },
    },
    {
      userHash: USER,
      userToken: { issuedAt: 0 },
      agents: [{ identity, restrictions: { agent: undefined, user: undefined }, suspended: false }],
      hiddenIds: [HIDDEN],
    },
    undefined,
  );

it('fails as a whole if one read fails while another is in progress', async () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listener);
  let finish: () => void = () => undefined;
  try {
    const failing = viewWith(async ({ workloadId, targets }) => {
      if (targets !== undefined) return { grants: [] };
      if (workloadId === identity.id) throw new Error('the read failed');
      await new Promise<void>((resolve) => (finish = resolve));
      return { grants: [] };
    });
    const failure = failing.then(
      () => undefined,
      (error: unknown) => error,
    );
    // The rejection is unhandled if nothing handles it before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(unhandled).toEqual([]);
    finish();
    expect(await failure).toMatchObject({ message: 'the read failed' });
  } finally {
    process.off('unhandledRejection', listener);
  }
});

it('counts records behind those that are looked at as access', async () => {
  const records = { grants: [], next: 'next' };
  const looked = await viewWith(({ targets }) =>
    Promise.resolve(targets === undefined ? records : { grants: [] }),
  );
  expect(looked).toMatchObject({ hiddenAgents: 1 });
  expect(await viewWith(() => Promise.resolve({ grants: [] }))).not.toHaveProperty('hiddenAgents');
});
