/** The counts and the pages of a revocation, and what the audit log learns about the request. */
import { getRevocation, revokeGrants } from '../../../lambda/domain/operator/revoke-grants';
import type { PageTokens } from '../../../lambda/domain/pagination';
import { UnreadableItem } from '../../../lambda/domain/revocation/outbox';
import { createRevocationService } from '../revocation/revocation-service';

const OPERATOR = { arn: 'arn:aws:iam::123456789012:user/operator' };

/** Tokens that open only for the listing that they were sealed for. */
const pageTokens: PageTokens = {
  seal: (listing, last) => Promise.resolve(JSON.stringify([listing, last])),
  open: (listing, token) => {
    const [sealedFor, last] = JSON.parse(token) as [unknown, string];
    return Promise.resolve(JSON.stringify(sealedFor) === JSON.stringify(listing) ? last : undefined);
  },
};

async function revocationOf(users: readonly string[]) {
  const service = await createRevocationService();
  for (const user of users) await service.grant(user);
  const revocationWorker = {
    select: async (id: string) => {
      const { matched } = await service.select(id);
      return { finished: true, matched };
    },
    wake: () => Promise.resolve(),
  };
  const deps = { ...service.deps, ...service.stores, revocationWorker, pageTokens };
  const { name: providerName } = service.provider;
  const { revocationId } = await revokeGrants(deps, OPERATOR, { providerName, reason: 'leak' });
  return { service, deps, revocationId, providerName };
}

it('records the provider and the reason', async () => {
  const { service, revocationId, providerName } = await revocationOf(['alice']);
  const entry = { operation: 'RevokeGrants', provider: providerName, reason: 'leak', result: revocationId };
  expect(service.entries).toContainEqual(expect.objectContaining(entry));
});

it('lists each grant once over several pages, and counts all of them on each', async () => {
  const { deps, revocationId } = await revocationOf(['alice', 'bob', 'carol']);
  const first = await getRevocation(deps, OPERATOR, { revocationId, maxResults: 2 });
  const { nextToken } = first;
  const second = await getRevocation(deps, OPERATOR, { revocationId, maxResults: 2, nextToken });
  expect([first.grants.length, second.grants.length]).toEqual([2, 1]);
  expect(new Set([...first.grants, ...second.grants].map(({ grantId }) => grantId)).size).toBe(3);
  expect([first.counts.matched, second.counts.matched]).toEqual([3, 3]);
  expect(second).not.toHaveProperty('nextToken');
});

it('counts the grants of all reads of the database', async () => {
  const { service, deps, revocationId } = await revocationOf(['alice', 'bob', 'carol']);
  await service.sweep();
  const { revocations } = service.stores;
  const items: typeof revocations.items = (id, page) => revocations.items(id, { ...page, limit: 1 });
  const inSmallReads = { ...deps, revocations: { ...revocations, items } };
  const { status, counts } = await getRevocation(inSmallReads, OPERATOR, { revocationId });
  expect(status).toBe('DONE');
  expect(counts).toMatchObject({ matched: 3, confirmed: 3, unconfirmed: 0, notProvable: 0 });
});

it('counts an item whose record is not valid as pending, names it in the audit log, and reports it', async () => {
  const { service, deps, revocationId } = await revocationOf(['alice', 'bob']);
  await service.sweep();
  const error = new UnreadableItem('the-item', new Error('not valid'));
  const { revocations } = service.stores;
  const items: typeof revocations.items = async (id, page) => {
    const [, ...others] = (await revocations.items(id, page)).items;
    return { items: others, unreadable: [error] };
  };
  const withUnreadable = { ...deps, revocations: { ...revocations, items } };
  const { status, counts, grants } = await getRevocation(withUnreadable, OPERATOR, { revocationId });
  expect([status, grants.length]).toEqual(['IN_PROGRESS', 1]);
  expect(counts).toMatchObject({ matched: 2, confirmed: 1, unconfirmed: 0, notProvable: 0 });
  expect(service.entries.at(-1)).toMatchObject({
    operation: 'GetRevocation',
    outcome: 'allowed',
    result: revocationId,
    reason: 'the record of the outbox item the-item is not valid',
  });
  expect(service.errors).toEqual([error]);
});

it('rejects the page token of another operator', async () => {
  const { deps, revocationId } = await revocationOf(['alice', 'bob']);
  const { nextToken } = await getRevocation(deps, OPERATOR, { revocationId, maxResults: 1 });
  const another = { arn: 'arn:aws:iam::123456789012:user/another' };
  await expect(getRevocation(deps, another, { revocationId, nextToken })).rejects.toMatchObject({
    type: 'ValidationException',
  });
});
