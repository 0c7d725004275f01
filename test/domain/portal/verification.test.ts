/** A verification's result applies to the configuration that was verified, and to nothing else. */
import { findPortal, portalNameIn, portalUrl } from '../../../lambda/domain/portal/consent-portal';
import type { ConsentPortal } from '../../../lambda/model/records/consent-portal';
import { concludeVerification } from '../../../lambda/domain/portal/verification';
import { createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';
import { samplePortal } from '../samples';

const { portals } = createInMemoryStores();
const deps = { portals, system: createFakeSystem() };

async function created(change: Partial<ConsentPortal> = {}): Promise<ConsentPortal> {
  const portal = samplePortal(change);
  await portals.create(portal);
  return portal;
}

const conclude = (portalId: string, revision: number, fault?: string) =>
  concludeVerification(deps, { portalId, revision, fault });

describe('the result of a verification', () => {
  it.each([
    ['CREATING', undefined, 'ACTIVE'],
    ['UPDATING', undefined, 'ACTIVE'],
    ['CREATING', 'the issuer is unavailable', 'FAILED'],
    ['UPDATING', 'the issuer is unavailable', 'UPDATE_FAILED'],
  ] as const)('moves a portal that is %s, with the fault %s, to %s', async (status, fault, expected) => {
    const { id, name } = await created({ status });
    await conclude(id, 1, fault);
    const { status: after, statusReason } = (await portals.get(name)) ?? {};
    expect([after, statusReason]).toEqual([expected, fault]);
  });

  it('applies after a change of tags', async () => {
    const portal = await created();
    await portals.replace({ ...portal, tags: { team: 'calendar' }, revision: 2 });
    await conclude(portal.id, 1);
    expect(await portals.get(portal.name)).toMatchObject({ status: 'ACTIVE', tags: { team: 'calendar' } });
  });

  it('does not apply to a configuration that replaced the verified one', async () => {
    const portal = await created({ status: 'UPDATING', configurationRevision: 2, revision: 2 });
    expect(await conclude(portal.id, 1)).toBeUndefined();
    expect(await portals.get(portal.name)).toEqual(portal);
  });

  it('does not apply a second time', async () => {
    const { id, name } = await created();
    await conclude(id, 1);
    expect(await conclude(id, 1, 'late')).toBeUndefined();
    expect(await portals.get(name)).toMatchObject({ status: 'ACTIVE' });
  });

  it('does not apply to another portal with the same name', async () => {
    const portal = await created();
    const earlier = `${portal.name}-AAAAAAAAAA`;
    expect(await conclude(earlier, 1)).toBeUndefined();
    expect(await portals.get(portal.name)).toEqual(portal);
  });
});

describe('a portal', () => {
  it('is found by its ID only', async () => {
    const portal = await created();
    expect(await findPortal(portals, portal.id)).toEqual(portal);
    for (const id of [portal.name, `${portal.name}-AAAAAAAAAA`, '', '-', 'a-bbbbbbbbbb', '__proto__']) {
      expect(await findPortal(portals, id)).toBeUndefined();
    }
  });

  it('has the name that its ID begins with', () => {
    expect(portalNameIn('a-b-0123456789')).toBe('a-b');
    expect(portalNameIn('a-bbbbbbbbbb-0123456789')).toBe('a-bbbbbbbbbb');
    expect(portalNameIn(`${'a'.repeat(51)}-0123456789`)).toBeUndefined();
  });

  it('has an address without the scheme https, and with http', () => {
    expect(portalUrl('https://identity.example/prod', 'a-0123456789')).toBe(
      'identity.example/prod/portals/a-0123456789',
    );
    expect(portalUrl('http://127.0.0.1:4700', 'a-0123456789')).toBe(
      'http://127.0.0.1:4700/portals/a-0123456789',
    );
  });
});
