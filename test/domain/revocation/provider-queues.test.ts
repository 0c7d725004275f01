/** The order in which the items of owners and providers get the attempts of a sweep. */
import { ProviderQueues, type Turn } from '../../../lambda/domain/revocation/provider-queues';

/** Returns whose items get the first turns. Each turn ends, with a success, when another one must begin. */
function firstTurns(providers: readonly { id: string; owner: string }[], count: number): string[] {
  const queues = new ProviderQueues(() => true);
  for (const provider of providers) {
    for (let item = 0; item < 100; item += 1) {
      queues.add({ id: `${provider.id} ${item}`, dueAt: 0, provider });
    }
  }
  const active: Turn[] = [];
  return Array.from({ length: count }, () => {
    if (queues.isFull) active.shift()?.end('ended', 1);
    const turn = queues.next();
    if (!turn) throw new Error('nothing can begin');
    active.push(turn);
    return turn.id.split(' ')[0] ?? '';
  });
}

it('every owner gets an attempt during a selection, in turn, whatever the others have queued', () => {
  const owners = ['a', 'b', 'c', 'd', 'e'];
  const turns = firstTurns(
    owners.map((owner) => ({ id: owner, owner })),
    20,
  );
  for (const owner of owners) expect(turns.filter((turn) => turn === owner)).toHaveLength(4);
});

it('every provider of an owner gets an attempt during a selection, and no more than the providers of another owner', () => {
  const turns = firstTurns(
    [
      { id: 'a1', owner: 'a' },
      { id: 'a2', owner: 'a' },
      { id: 'a3', owner: 'a' },
      { id: 'b1', owner: 'b' },
    ],
    24,
  );
  for (const provider of ['a1', 'a2', 'a3'])
    expect(turns.filter((turn) => turn === provider)).toHaveLength(4);
  expect(turns.filter((turn) => turn === 'b1')).toHaveLength(12);
});
