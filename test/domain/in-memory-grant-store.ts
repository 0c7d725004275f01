/** The grant store in memory: each method one atomic step, with the conditions that the port states. */
import type { Grant, GrantId, GrantStore } from '../../lambda/domain/vault/grant';
import { recordOf } from './in-memory-record';

const keyOf = ({ workloadId, subjectHash, target }: GrantId): string =>
  JSON.stringify([workloadId, subjectHash, target]);

export function createInMemoryGrantStore(): GrantStore {
  const grants = new Map<string, Grant>();

  /** Puts in what `next` makes of the stored grant; undefined means that the condition did not hold. */
  function change(id: GrantId, next: (current: Grant | undefined) => Grant | undefined): Promise<boolean> {
    const changed = next(grants.get(keyOf(id)));
    if (changed) grants.set(keyOf(id), recordOf(changed));
    return Promise.resolve(changed !== undefined);
  }

  const identified = ({ workloadId, subjectHash, target }: GrantId) => ({ workloadId, subjectHash, target });

  const without = (grant: Grant, ...members: ('tokens' | 'lease')[]): Grant => {
    const rest = { ...grant };
    for (const member of members) Reflect.deleteProperty(rest, member);
    return rest;
  };

  return {
    get(id) {
      const grant = grants.get(keyOf(id));
      return Promise.resolve(grant && recordOf(grant));
    },

    openConsent: (id, { providerId, consent, seen, forget }) =>
      change(id, (current) => {
        const asSeen = seen
          ? current?.epoch === seen.epoch && current.consent?.sessionHash === seen.consent?.sessionHash
          : current === undefined;
        if (!asSeen) return undefined;
        const kept = current && (forget ? without(current, 'tokens', 'lease') : current);
        return {
          generation: 0,
          ...kept,
          ...identified(id),
          providerId,
          consent,
          epoch: (seen?.epoch ?? 0) + (forget ? 1 : 0),
        };
      }),

    putTokens: (id, { providerId, tokens, epoch }) =>
      change(id, (current) => {
        if ((current?.epoch ?? 0) !== epoch) return undefined;
        const generation = (current?.generation ?? 0) + 1;
        const kept = current && without(current, 'lease');
        return { ...kept, ...identified(id), providerId, tokens, epoch, generation };
      }),

    takeLease: (id, { generation, lease, now }) =>
      change(id, (current) => {
        if (!current?.tokens || current.generation !== generation) return undefined;
        const held = current.lease !== undefined && current.lease.deadline >= now;
        return held ? undefined : { ...current, lease };
      }),

    putRefreshed: (id, { holder, epoch, tokens }) =>
      change(id, (current) =>
        current?.lease?.holder === holder && current.epoch === epoch
          ? { ...without(current, 'lease'), tokens, generation: current.generation + 1 }
          : undefined,
      ),

    releaseLease: (id, { holder, dropTokens }) =>
      change(id, (current) => {
        if (current?.lease?.holder !== holder) return undefined;
        return dropTokens
          ? { ...without(current, 'lease', 'tokens'), generation: current.generation + 1 }
          : without(current, 'lease');
      }),
  };
}
