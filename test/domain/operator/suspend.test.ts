/** Suspending and resuming: the writes, and who they apply to. */
import type { UserSelector } from '../../../lambda/model/request-values';
import { userHashOf, selectedUserHash } from '../../../lambda/model/user';
import type { AgentRestriction } from '../../../lambda/model/records/restriction';
import {
  resumeUser,
  resumeWorkloadIdentity,
  suspendUser,
  suspendWorkloadIdentity,
} from '../../../lambda/domain/operator/suspend';
import type { AuditEntry } from '../../../lambda/domain/audit';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';
import { ARN_PREFIX, sampleIdentity } from '../samples';

const OPERATOR = { arn: 'arn:aws:iam::123456789012:user/operator' };
const ANOTHER = { arn: 'arn:aws:iam::123456789012:role/on-call' };

function createOperator() {
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  const entries: AuditEntry[] = [];
  const audit = { record: (entry: AuditEntry) => void entries.push(entry) };
  return { deps: { ...stores, audit, system, arnPrefix: ARN_PREFIX }, stores, system, entries };
}

let operator: ReturnType<typeof createOperator>;
beforeEach(() => {
  operator = createOperator();
});

const suspend = (name: string, reason?: string, by = OPERATOR) =>
  suspendWorkloadIdentity(operator.deps, by, { name, reason });
const resume = (name: string) => resumeWorkloadIdentity(operator.deps, OPERATOR, { name });

describe('an agent', () => {
  it('is suspended with the time, the operator, and the reason', async () => {
    const identity = sampleIdentity();
    await operator.stores.identities.create(identity);
    const suspension = { since: BEGINNING, by: OPERATOR.arn, reason: 'leaked key' };
    expect(await suspend(identity.name, 'leaked key')).toEqual({ suspension, identity });
    expect(await operator.stores.restrictions.ofAgent(identity.name)).toMatchObject({
      suspendedByOperator: suspension,
    });
    expect(operator.entries).toEqual([
      {
        operation: 'SuspendWorkloadIdentity',
        outcome: 'allowed',
        principal: OPERATOR.arn,
        workloadIdentity: identity.arn,
        reason: 'leaked key',
      },
    ]);
  });

  it('can be suspended before it exists', async () => {
    expect(await suspend('later')).toMatchObject({ identity: undefined });
    expect(await operator.stores.restrictions.ofAgent('later')).toBeDefined();
  });

  it('stays suspended since the first suspension, with the last operator and reason', async () => {
    await suspend('agent', 'the first reason');
    operator.system.advance(100);
    const { suspension } = await suspend('agent', undefined, ANOTHER);
    expect(suspension).toEqual({ since: BEGINNING, by: ANOTHER.arn });
  });

  it('is resumed, and the answer has the suspension that was lifted', async () => {
    const { suspension } = await suspend('agent', 'a reason');
    expect(await resume('agent')).toEqual(suspension);
    expect(await operator.stores.restrictions.ofAgent('agent')).toEqual({ name: 'agent', revision: 2 });
  });

  it('that is not suspended is resumed without a write', async () => {
    expect(await resume('agent')).toBeUndefined();
    expect(await operator.stores.restrictions.ofAgent('agent')).toBeUndefined();
  });
});

describe('concurrent calls', () => {
  it('are applied one after the other', async () => {
    const calls = [suspend('agent'), resume('agent'), suspend('agent'), suspend('agent'), resume('agent')];
    await Promise.all(calls);
    const { revision, suspendedByOperator } = (await operator.stores.restrictions.ofAgent('agent')) ?? {};
    // What each call returned and the record agree: a resumption that found a suspension wrote.
    const lifted = (await Promise.all([calls[1], calls[4]])).filter(Boolean).length;
    expect(revision).toBe(3 + lifted);
    expect(suspendedByOperator === undefined).toBe(lifted === 2);
  });

  it.each(['suspend', 'resume'] as const)('%s again after a concurrent change', async (call) => {
    await suspend('agent');
    const { restrictions } = operator.stores;
    let overtaken = false;
    const deps = {
      ...operator.deps,
      restrictions: {
        ...restrictions,
        async putAgent(restriction: AgentRestriction) {
          if (!overtaken) {
            overtaken = true;
            const suspendedByOperator = { since: BEGINNING, by: ANOTHER.arn };
            const other = { name: 'agent', revision: restriction.revision, suspendedByOperator };
            expect(await restrictions.putAgent(other)).toBe(true);
          }
          return restrictions.putAgent(restriction);
        },
      },
    };
    if (call === 'suspend') await suspendWorkloadIdentity(deps, OPERATOR, { name: 'agent' });
    else await resumeWorkloadIdentity(deps, OPERATOR, { name: 'agent' });
    const { suspendedByOperator, revision } = (await restrictions.ofAgent('agent')) ?? {};
    expect(revision).toBe(3);
    expect(suspendedByOperator?.by).toBe(call === 'suspend' ? OPERATOR.arn : undefined);
  });

  it('end with an error that says so if every attempt is overtaken', async () => {
    const putAgent = () => Promise.resolve(false);
    const deps = { ...operator.deps, restrictions: { ...operator.stores.restrictions, putAgent } };
    await expect(suspendWorkloadIdentity(deps, OPERATOR, { name: 'agent' })).rejects.toMatchObject({
      type: 'ThrottlingException',
    });
    expect(operator.entries).toMatchObject([{ outcome: 'denied', error: 'ThrottlingException' }]);
  });
});

describe('a user', () => {
  const userId = { userId: 'ana' };
  const claims = { issuer: 'https://issuer.example', subject: 'ana' };

  it('is the same by hash as by ID or by claims', () => {
    expect(selectedUserHash(userId)).toBe(userHashOf({ kind: 'user-id', id: 'ana' }));
    expect(selectedUserHash(claims)).toBe(userHashOf({ kind: 'jwt', ...claims }));
    const userHash = selectedUserHash(claims);
    expect(selectedUserHash({ userHash })).toBe(userHash);
  });

  it.each<[string, UserSelector]>([
    ['by claims and not by ID', claims],
    ['by ID and not by claims', userId],
  ])('is suspended %s', async (_how, user) => {
    const other = user === userId ? claims : userId;
    const { userHash } = await suspendUser(operator.deps, OPERATOR, { user });
    expect(await operator.stores.restrictions.ofUser(userHash)).toMatchObject({
      suspendedByOperator: { since: BEGINNING, by: OPERATOR.arn },
    });
    expect(await operator.stores.restrictions.ofUser(selectedUserHash(other))).toBeUndefined();
    expect(operator.entries).toMatchObject([{ operation: 'SuspendUser', user: userHash }]);
  });

  it('is resumed by hash', async () => {
    const { userHash, suspension } = await suspendUser(operator.deps, OPERATOR, { user: userId });
    expect(await resumeUser(operator.deps, OPERATOR, { user: { userHash } })).toEqual({
      userHash,
      suspension,
    });
    expect(await operator.stores.restrictions.ofUser(userHash)).toEqual({ userHash, revision: 2 });
  });
});
