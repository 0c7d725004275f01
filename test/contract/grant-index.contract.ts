/** The contract of every grant index: each matching grant is on one page, and no other grant is. */
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../lambda/domain/digest';
import { targetsOf } from '../../lambda/domain/grant/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { pagesOf, type GrantFilter, type GrantHolder } from '../../lambda/domain/grant/selection';
import type { Stores } from '../domain/in-memory-stores';
import { sampleGrantId, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';

export function grantIndexContract(stores: () => Stores): void {
  async function selected(filter: GrantFilter, limit: number): Promise<string[]> {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await stores().grantIndex.page(filter, { limit, after });
      found.push(...page.grants.map(({ target }) => target));
      after = page.next;
    } while (after !== undefined);
    return found.sort();
  }

  async function held(holder: GrantHolder): Promise<string[]> {
    const found: string[] = [];
    for await (const grants of pagesOf(stores().grantIndex, holder)) {
      found.push(...grants.map(({ target }) => target));
    }
    return found.sort();
  }

  async function grantsOf(parts: readonly (Partial<GrantId> & { providerId: string })[]): Promise<string[]> {
    const targets = parts.map(() => `USER_FEDERATION#calendar#${randomUUID()}`);
    await Promise.all(
      parts.map(({ providerId, ...id }, index) =>
        storeTokens(
          stores().grants,
          { ...sampleGrantId(), ...id, target: targets[index] ?? '' },
          { providerId, tokens: sampleTokens() },
        ),
      ),
    );
    return targets.sort();
  }

  it.each([1, 7, 100])(
    'finds the grants of an agent, a provider, and a user, in pages of %s',
    async (limit) => {
      const [workloadId, providerId, userHash] = [randomUUID(), randomUUID(), hashOf(randomUUID())];
      const other = { workloadId: randomUUID(), providerId: randomUUID(), userHash: hashOf(randomUUID()) };
      const all = await grantsOf(Array.from({ length: 20 }, () => ({ workloadId, userHash, providerId })));
      const agent = await grantsOf([{ ...other, workloadId }]);
      const provider = await grantsOf([{ ...other, providerId }]);
      const user = await grantsOf([{ ...other, userHash }]);
      await grantsOf([other]);
      expect(await selected({ workloadId }, limit)).toEqual([...all, ...agent].sort());
      expect(await selected({ providerId }, limit)).toEqual([...all, ...provider].sort());
      expect(await selected({ userHash }, limit)).toEqual([...all, ...user].sort());
      expect(await selected({ workloadId, providerId, userHash }, limit)).toEqual(all);
      expect(await selected({ workloadId: randomUUID() }, limit)).toEqual([]);
      expect(await held({ workloadId, userHash })).toEqual(all);
    },
  );

  it('finds the grants of an agent and a user of one flow, or at one provider', async () => {
    const holder = { workloadId: randomUUID(), userHash: hashOf(randomUUID()) };
    const targets = ['USER_FEDERATION#calendar#', 'USER_FEDERATION#calendar-2#', 'M2M#calendar#'].map(
      (start) => start + randomUUID(),
    );
    for (const target of targets) {
      const tokens = { providerId: randomUUID(), tokens: sampleTokens() };
      await storeTokens(stores().grants, { ...holder, target }, tokens);
    }
    const [calendar, other] = targets;
    const flow = targetsOf('USER_FEDERATION');
    expect(await held({ ...holder, targets: flow })).toEqual([calendar, other].sort());
    expect(await held({ ...holder, targets: targetsOf('USER_FEDERATION', 'calendar') })).toEqual([calendar]);
    expect(await held({ ...holder, targets: calendar })).toEqual([calendar]);
    expect(await held({ ...holder, targets: targetsOf('ON_BEHALF_OF_TOKEN_EXCHANGE') })).toEqual([]);
  });
}
