/** The contract of every session store: each transition is one write, conditional on the previous revision. */
import { transition } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import type { Stores } from '../domain/in-memory-stores';
import { BEGINNING } from '../domain/fake-system';
import { sampleSession } from '../domain/samples';
import { CONCURRENT, outcomes } from './concurrency';

/** The session after a start. Each concurrent writer has its own binding. */
function started(session: Session, place = 0): Session {
  const start = { stateHash: `state-${place}`, cookieHash: `cookie-${place}`, sealedVerifier: `v-${place}` };
  const next = transition(session, { type: 'start', start }, BEGINNING + 1);
  if (!next) throw new Error('the session cannot be started');
  return next;
}

export function sessionStoreContract(stores: () => Stores): void {
  const sessions = () => stores().sessions;
  const get = async (hash: string) => await sessions().get(hash);
  const advance = (next: Session) => sessions().advance(next);

  async function created(change: Partial<Session> = {}): Promise<Session> {
    const session = sampleSession(change);
    await sessions().create(session);
    return session;
  }

  it('returns the complete session that was created', async () => {
    const plain = await created();
    expect(await get(plain.hash)).toEqual(plain);
    const laden = await created({
      state: 'STARTED',
      start: { stateHash: 's', cookieHash: 'c', sealedVerifier: 'v' },
      sealedCode: 'code',
      failure: 'access_denied',
      scopes: [],
      parameterScopes: ['admin'],
    });
    expect(await get(laden.hash)).toEqual(laden);
  });

  it('returns nothing for a hash that was not created', async () => {
    expect(await get('unknown')).toBeUndefined();
  });

  it('rejects the creation of a session that exists, and keeps it', async () => {
    const session = await created();
    await expect(sessions().create({ ...session, returnUrl: 'https://evil.example' })).rejects.toThrow(
      'twice',
    );
    expect(await get(session.hash)).toEqual(session);
  });

  it('returns a session that is no longer valid, because the caller checks the time', async () => {
    const session = await created({ createdAt: 1, expiresAt: 601 });
    expect(await get(session.hash)).toEqual(session);
  });

  it('advances from the previous revision, and drops the members that the next state does not have', async () => {
    const one = started(await created());
    expect(await advance(one)).toBe(true);
    expect(await get(one.hash)).toEqual(one);

    const two = transition(one, { type: 'fail', failure: 'access_denied' }, BEGINNING + 2);
    if (!two) throw new Error('the session cannot fail');
    expect(await advance(two)).toBe(true);
    const stored = await get(two.hash);
    expect(stored).toEqual(two);
    expect(stored).not.toHaveProperty('start');
  });

  it.each([-2, -1, 1, 2])('does not advance to a revision with the difference %i', async (offset) => {
    const session = await created({ revision: 5 });
    const next = started(session);
    expect(await advance({ ...next, revision: next.revision + offset })).toBe(false);
    expect(await get(session.hash)).toEqual(session);
  });

  it('does not advance a session that was never created', async () => {
    const next = started(sampleSession());
    expect(await advance(next)).toBe(false);
    expect(await get(next.hash)).toBeUndefined();
  });

  it('does not accept the same transition twice', async () => {
    const next = started(await created());
    expect(await advance(next)).toBe(true);
    expect(await advance(next)).toBe(false);
  });

  it('accepts exactly one of twenty concurrent transitions, and stores its session completely', async () => {
    const session = await created();
    const { won } = await outcomes(
      CONCURRENT.map((place) => started(session, place)),
      advance,
    );
    expect(won).toHaveLength(1);
    expect(await get(session.hash)).toEqual(won[0]);
  });
}
