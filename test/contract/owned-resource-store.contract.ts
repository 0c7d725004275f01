/**
 * The contract of every store of owned resources beyond creating and reading: one change per revision, one removal,
 * and lists by owner.
 */
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../lambda/domain/principal';
import type { OwnedResourceStore } from '../../lambda/domain/owned-resource';
import type { OwnedResource } from '../../lambda/model/records/owned-resource';
import type { Stores } from '../domain/in-memory-stores';
import { CONCURRENT, outcomes } from './concurrency';

const ownerOf = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

export const ownedResourceStoreContract =
  <Resource extends OwnedResource>(
    storeOf: (stores: Stores) => OwnedResourceStore<Resource>,
    sample: (change: Partial<OwnedResource>) => Resource,
  ) =>
  (stores: () => Stores): void => {
    const store = () => storeOf(stores());

    async function created(change: Partial<OwnedResource> = {}): Promise<Resource> {
      const resource = sample(change);
      await store().create(resource);
      return resource;
    }

    it('replaces a resource with its next revision', async () => {
      const before = await created();
      const after = { ...before, revision: 2, tags: { changed: 'yes' } };
      expect(await store().replace(after)).toBe(true);
      expect(await store().get(before.name)).toEqual(after);
    });

    it('accepts one of many changes to the same revision', async () => {
      const before = await created();
      const rivals = CONCURRENT.map((n) => ({ ...before, revision: 2, tags: { n: String(n) } }));
      const { won } = await outcomes(rivals, (rival) => store().replace(rival));
      expect(won).toHaveLength(1);
      expect(await store().get(before.name)).toEqual(won[0]);
    });

    it.each([
      ['replaces nothing', (changed: Resource) => store().replace({ ...changed, revision: 2 })],
      ['removes nothing', (changed: Resource) => store().remove(changed)],
    ])('%s if the name has another resource, or none', async (_what, change) => {
      const there = await created();
      expect(await change({ ...there, id: randomUUID() })).toBe(false);
      expect(await store().get(there.name)).toEqual(there);
      expect(await change(sample({}))).toBe(false);
    });

    it('removes a resource once, and only the revision that was read', async () => {
      const there = await created();
      expect(await store().remove({ ...there, revision: 2 })).toBe(false);
      const { won } = await outcomes(CONCURRENT, () => store().remove(there));
      expect(won).toHaveLength(1);
      expect(await store().get(there.name)).toBeUndefined();
    });

    describe('a resource that is marked as deleted', () => {
      const marked = async (change: Partial<OwnedResource> = {}): Promise<Resource> => {
        const resource = await created(change);
        expect(await store().markDeleted(resource)).toBe(true);
        return resource;
      };

      it('can be read only for its deletion', async () => {
        const { name, owner, ...rest } = await marked({ owner: ownerOf(randomUUID()) });
        expect(await store().get(name)).toBeUndefined();
        expect(await store().getForDeletion(name)).toEqual({ name, owner, ...rest });
        expect(await store().list({ arn: owner }, { limit: 10 })).toEqual({ resources: [] });
        expect(await store().count({ arn: owner })).toBe(0);
      });

      it('can be marked again, reserves its name, and cannot be changed', async () => {
        const resource = await marked();
        expect(await store().markDeleted(resource)).toBe(true);
        expect(await store().create({ ...resource, id: randomUUID() })).toBe(false);
        expect(await store().replace({ ...resource, revision: 2 })).toBe(false);
        expect(await store().get(resource.name)).toBeUndefined();
      });

      it('can be removed, and its name can then be used again', async () => {
        const resource = await marked();
        expect(await store().remove(resource)).toBe(true);
        expect(await store().getForDeletion(resource.name)).toBeUndefined();
        const another = { ...resource, id: randomUUID() };
        expect(await store().create(another)).toBe(true);
        expect(await store().get(resource.name)).toEqual(another);
      });

      it('must have the ID and revision that were read', async () => {
        const resource = await created();
        expect(await store().markDeleted({ ...resource, revision: 2 })).toBe(false);
        expect(await store().markDeleted({ ...resource, id: randomUUID() })).toBe(false);
        expect(await store().markDeleted(sample({}))).toBe(false);
        expect(await store().get(resource.name)).toEqual(resource);
      });

      it('has one outcome in a race with a change', async () => {
        const resource = await created();
        const changed = { ...resource, revision: 2 };
        const [replaced, deleted] = await Promise.all([
          store().replace(changed),
          store().markDeleted(resource),
        ]);
        expect(replaced).toBe(!deleted);
        expect(await store().get(resource.name)).toEqual(replaced ? changed : undefined);
      });
    });

    it('lists the resources of an owner by name, in pages, without resources of other owners', async () => {
      const owner = ownerOf(randomUUID());
      const prefix = randomUUID();
      const names = ['e', 'b', 'd', 'a', 'c'].map((letter) => `${prefix}-${letter}`);
      for (const name of names) await created({ name, owner });
      await created({ name: `${prefix}-other`, owner: ownerOf(randomUUID()) });

      const listed: string[] = [];
      let after: string | undefined;
      do {
        const page = await store().list({ arn: owner }, { limit: 2, after });
        listed.push(...page.resources.map(({ name }) => name));
        after = page.last;
      } while (after !== undefined);
      expect(listed).toEqual([...names].sort());
    });

    it('counts the resources of an owner', async () => {
      const owner = ownerOf(randomUUID());
      expect(await store().count({ arn: owner })).toBe(0);
      for (const tags of [{ n: '1' }, { n: '2' }, { n: '3' }]) await created({ owner, tags });
      expect(await store().count({ arn: owner })).toBe(3);
    });

    it('continues after a name that no longer exists, without repeating or skipping the others', async () => {
      const owner = ownerOf(randomUUID());
      const prefix = randomUUID();
      const name = (letter: string) => `${prefix}-${letter}`;
      const resources = new Map<string, Resource>();
      for (const letter of ['a', 'b', 'd'])
        resources.set(letter, await created({ name: name(letter), owner }));
      const { last } = await store().list({ arn: owner }, { limit: 2 });
      expect(last).toBe(name('b'));
      await store().remove(resources.get('b')!);
      await created({ name: name('c'), owner });
      await created({ name: name('aa'), owner });
      const next = await store().list({ arn: owner }, { limit: 10, after: last });
      expect(next.resources.map((resource) => resource.name)).toEqual([name('c'), name('d')]);
      expect(next.last).toBeUndefined();
    });

    it("stores the owner's unique ID, and neither lists nor counts resources of a namesake", async () => {
      const arn = ownerOf(randomUUID());
      const prefix = randomUUID();
      const owned = { a: undefined, b: 'AROA1', c: 'AROA2', d: 'AROA2', e: 'AROA1' };
      for (const [letter, ownerId] of Object.entries(owned)) {
        const change = { name: `${prefix}-${letter}`, owner: arn, ...(ownerId !== undefined && { ownerId }) };
        expect(await store().get((await created(change)).name)).toMatchObject(change);
      }
      const listed = async (caller: Caller): Promise<string> => {
        const letters: string[] = [];
        let after: string | undefined;
        do {
          const page = await store().list(caller, { limit: 2, after });
          letters.push(...page.resources.map(({ name }) => name.slice(-1)));
          after = page.last;
        } while (after !== undefined);
        return letters.join('');
      };
      // A record without a unique ID belongs to every principal with the ARN.
      expect(await listed({ arn, id: 'AROA1' })).toBe('abe');
      expect(await listed({ arn, id: 'AROA2' })).toBe('acd');
      expect(await listed({ arn })).toBe('a');
      const counts = [{ arn, id: 'AROA1' }, { arn, id: 'AROA3' }, { arn }].map((who) => store().count(who));
      expect(await Promise.all(counts)).toEqual([3, 1, 1]);
    });
  };
