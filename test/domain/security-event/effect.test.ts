/** The effects of events on the restriction of a user: the newest event decides, in whatever order events arrive. */
import fc from 'fast-check';
import { checkRestrictions, restrictionDenial } from '../../../lambda/domain/restriction/restriction';
import type { UserRestriction } from '../../../lambda/model/records/restriction';
import { MAX_ENDED_SESSIONS, withEffect, type Effect } from '../../../lambda/domain/security-event/effect';

const NONE: UserRestriction = { userHash: 'user', revision: 0 };
const NOW = 1_000;

/** The restriction after these effects, in this order. */
const after = (effects: readonly Effect[], from = NONE): UserRestriction =>
  effects.reduce((current, effect) => withEffect(current, effect, NOW) ?? current, from);

const account = (state: 'ENABLED' | 'DISABLED' | 'PURGED', at: number, emailHash?: string): Effect => ({
  kind: 'account',
  state,
  at,
  emailHash,
});
const ended = (at: number, sessionHash?: string): Effect => ({ kind: 'sessions-ended', at, sessionHash });

const isSuspended = (user: UserRestriction): boolean =>
  restrictionDenial({ agent: undefined, user }) !== undefined;

function isRefused(user: UserRestriction, issuedAt: number, sessionHash?: string): boolean {
  try {
    checkRestrictions({ agent: undefined, user }, { issuedAt, sessionHash });
    return false;
  } catch {
    return true;
  }
}

describe('an account', () => {
  it.each([
    [[account('DISABLED', 5)], true],
    [[account('DISABLED', 5), account('ENABLED', 6)], false],
    [[account('ENABLED', 6), account('DISABLED', 5)], false],
    [[account('DISABLED', 5), account('ENABLED', 4)], true],
    [[account('DISABLED', 5), account('ENABLED', 5)], true],
    [[account('ENABLED', 5), account('DISABLED', 5)], true],
    [[account('PURGED', 5), account('DISABLED', 5), account('ENABLED', 5)], true],
    [[account('DISABLED', 3), account('DISABLED', 7), account('ENABLED', 5)], true],
    [[account('DISABLED', 5.2), account('ENABLED', 5.1)], true],
  ])('%# is suspended by the newest event', (effects, expected) => {
    expect(isSuspended(after(effects))).toBe(expected);
  });

  it.each([
    ['a report about the user', [account('DISABLED', 5), account('ENABLED', 6, 'a')], true],
    ['a report about this address', [account('DISABLED', 5, 'a'), account('ENABLED', 6, 'a')], false],
    ['a report about another address', [account('DISABLED', 5, 'b'), account('ENABLED', 6, 'a')], true],
    ['a late report about the user', [account('ENABLED', 6, 'a'), account('DISABLED', 5)], true],
    ['a late report about another address', [account('ENABLED', 6, 'a'), account('DISABLED', 5, 'b')], true],
    ['a late report about this address', [account('ENABLED', 6, 'a'), account('DISABLED', 5, 'a')], false],
    [
      'a report about this address, and a late one about the user',
      [account('DISABLED', 5, 'a'), account('DISABLED', 4), account('ENABLED', 6, 'a')],
      true,
    ],
    [
      'reports about two addresses',
      [account('DISABLED', 5, 'a'), account('PURGED', 6, 'b'), account('ENABLED', 7, 'b')],
      true,
    ],
    [
      'reports about two addresses, and the user is enabled',
      [account('DISABLED', 5, 'a'), account('DISABLED', 6, 'b'), account('ENABLED', 7)],
      false,
    ],
    [
      'a report after the user was enabled, which is older than the last one about another address',
      [account('ENABLED', 4), account('ENABLED', 9, 'b'), account('DISABLED', 6)],
      true,
    ],
  ])(
    'that %s suspended is lifted by a report about an address only for what it imposed',
    (_what, effects, expected) => {
      expect(isSuspended(after(effects))).toBe(expected);
    },
  );

  it('has the same state after any order of events, with any repetition', () => {
    const effect = fc.record({
      kind: fc.constant('account' as const),
      state: fc.constantFrom('ENABLED' as const, 'DISABLED' as const, 'PURGED' as const),
      at: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(
        fc
          .array(effect, { minLength: 1, maxLength: 8 })
          .chain((effects) =>
            fc.tuple(
              fc.constant(effects),
              fc.shuffledSubarray([...effects, ...effects], { minLength: effects.length * 2 }),
            ),
          ),
        ([effects, again]) => {
          expect(after(again).accountAtIssuer?.state).toBe(after(effects).accountAtIssuer?.state);
        },
      ),
    );
  });

  it('keeps what an operator set, and the ended sessions', () => {
    const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator' };
    const before = { ...NONE, suspendedByOperator, endedBefore: 4, revision: 3 };
    expect(after([account('DISABLED', 5), account('ENABLED', 6)], before)).toEqual({
      ...before,
      accountAtIssuer: { state: 'ENABLED', eventTime: 6, since: NOW },
    });
  });
});

describe('ended sessions', () => {
  it('refuse tokens that were issued until then, of this session only', () => {
    const user = after([ended(10, 'a')]);
    expect([isRefused(user, 10, 'a'), isRefused(user, 11, 'a'), isRefused(user, 10, 'b')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('refuse tokens that name no session', () => {
    const user = after([ended(10, 'a')]);
    expect([isRefused(user, 10), isRefused(user, 11)]).toEqual([true, false]);
  });

  it('refuse tokens of all sessions if the event names none', () => {
    const user = after([ended(10)]);
    expect([isRefused(user, 10, 'a'), isRefused(user, 10), isRefused(user, 11, 'a')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('refuse a token without a time', () => {
    expect(isRefused(after([ended(0)]), 0)).toBe(true);
  });

  it('have no effect twice', () => {
    const user = after([ended(10, 'a'), ended(20)]);
    for (const effect of [ended(10, 'a'), ended(20), ended(15), ended(20, 'b')]) {
      expect(withEffect(user, effect, NOW)).toBeUndefined();
    }
  });

  it('are named up to a limit; the oldest are then covered by a time for all sessions', () => {
    const effects = Array.from({ length: MAX_ENDED_SESSIONS + 5 }, (_, index) =>
      ended(index + 1, `s${index}`),
    );
    const user = after(effects);
    expect(Object.keys(user.endedSessions ?? {})).toHaveLength(MAX_ENDED_SESSIONS);
    expect(user.endedBefore).toBe(5);
    for (const [index] of effects.entries()) expect(isRefused(user, index + 1, `s${index}`)).toBe(true);
  });

  it('refuse everything that one of the events refuses, after any order of events', () => {
    const effect = fc.record({
      kind: fc.constant('sessions-ended' as const),
      at: fc.integer({ min: 1, max: 40 }),
      sessionHash: fc.option(fc.constantFrom(...Array.from({ length: 30 }, (_, index) => `s${index}`)), {
        nil: undefined,
        freq: 10,
      }),
    });
    fc.assert(
      fc.property(fc.array(effect, { maxLength: 40 }), (effects) => {
        const user = after(effects);
        for (const { at, sessionHash } of effects) {
          expect(isRefused(user, at, sessionHash ?? 'another')).toBe(true);
        }
        expect(Object.keys(user.endedSessions ?? {}).length).toBeLessThanOrEqual(MAX_ENDED_SESSIONS);
        expect(isRefused(user, 41, 's1')).toBe(false);
      }),
    );
  });
});
