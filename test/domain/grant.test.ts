/** What stored tokens answer for, which grant a request means, and how long a token is handed out. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  covers,
  EXPIRY_MARGIN,
  grantContext,
  grantTarget,
  inSoftWindow,
  isFresh,
  isRefreshable,
  type GrantTarget,
} from '../../lambda/domain/grant/grant';
import { BEGINNING } from './fake-system';
import { sampleTokens } from './samples';

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));

it('covers any subset of what was granted, in any order, and nothing else', () => {
  fc.assert(
    fc.property(names, names, (granted, asked) => {
      const tokens = sampleTokens({ scopes: granted, requestedScopes: [] });
      expect(covers(tokens, asked)).toBe(asked.every((scope) => granted.includes(scope)));
      expect(covers(tokens, [...granted].reverse())).toBe(true);
    }),
  );
});

it('covers what was asked at the consent although the provider did not name it back', () => {
  const tokens = sampleTokens({ scopes: ['a'], requestedScopes: ['a', 'offline_access'] });
  expect(covers(tokens, ['offline_access', 'a'])).toBe(true);
  expect(covers(tokens, ['a', 'b'])).toBe(false);
  expect(covers(tokens, ['A'])).toBe(false);
});

const federation = (change: Partial<GrantTarget> = {}): GrantTarget => ({
  flow: 'USER_FEDERATION',
  providerName: 'calendar',
  resources: [],
  audiences: [],
  scopes: [],
  ...change,
});

/** The same values in another order, some of them twice. */
const shuffledWithDuplicates = (values: string[]) =>
  fc.shuffledSubarray([...values, ...values], { minLength: values.length, maxLength: 2 * values.length });

it('means the same grant by the same things in any order, however often named', () => {
  const twice = names.chain((values) =>
    shuffledWithDuplicates(values).map((again) => [values, [...values, ...again].reverse()] as const),
  );
  fc.assert(
    fc.property(twice, twice, twice, ([resources, r2], [audiences, a2], [scopes, s2]) => {
      const one = grantTarget(federation({ flow: 'M2M', resources, audiences, scopes }));
      expect(grantTarget(federation({ flow: 'M2M', resources: r2, audiences: a2, scopes: s2 }))).toBe(one);
    }),
  );
});

it.each<[string, Partial<GrantTarget>, Partial<GrantTarget>]>([
  ['flows', { flow: 'M2M' }, { flow: 'USER_FEDERATION' }],
  ['providers', { providerName: 'calendar' }, { providerName: 'mail' }],
  ['resources', { resources: ['a'] }, { resources: ['b'] }],
  ['a resource and none', { resources: ['a'] }, {}],
  ['audiences', { audiences: ['a'] }, { audiences: ['b'] }],
  ['a resource and an audience of the same name', { resources: ['a'] }, { audiences: ['a'] }],
  ['lists that join alike', { resources: ['a,b'] }, { resources: ['a', 'b'] }],
  ['scopes of M2M', { flow: 'M2M', scopes: ['a'] }, { flow: 'M2M', scopes: ['a', 'b'] }],
])('keeps apart the grants of different %s', (_what, one, other) => {
  expect(grantTarget(federation(one))).not.toBe(grantTarget(federation(other)));
});

it("keeps one grant of a user's whatever the scopes", () => {
  expect(grantTarget(federation({ scopes: ['a'] }))).toBe(grantTarget(federation({ scopes: ['b', 'c'] })));
});

it('keeps its key from one version of this code to the next, or every grant that is stored would be lost', () => {
  const narrowed = { resources: ['https://r.example'], audiences: ['aud'], scopes: ['b', 'a'] };
  const exchanged = { subjectTokenHash: 'hash', customParameters: { y: '2', x: '1' } };
  const targets = [
    federation(narrowed),
    federation({ ...narrowed, flow: 'M2M' }),
    federation({ ...narrowed, flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE', exchanged }),
  ].map(grantTarget);
  const digestOf = (text: string) => createHash('sha256').update(text).digest('base64url');
  expect(targets).toEqual([
    `USER_FEDERATION#calendar#${digestOf('[["https://r.example"],["aud"],[]]')}`,
    `M2M#calendar#${digestOf('[["https://r.example"],["aud"],["a","b"]]')}`,
    `ON_BEHALF_OF_TOKEN_EXCHANGE#calendar#${digestOf('[["https://r.example"],["aud"],["a","b"],"hash",[["x","1"],["y","2"]]]')}`,
  ]);
});

it("seals with the agent's own key, for this user, this target and this provider", () => {
  const id = { workloadId: 'id', subjectHash: 'user', target: 'target' };
  expect(grantContext(id, 'provider-id', 'arn')).toEqual({
    purpose: 'grant',
    ownerId: 'id',
    ownerArn: 'arn',
    binding: { user: 'user', target: 'target', provider: 'provider-id' },
  });
});

it.each([
  [EXPIRY_MARGIN + 1, true],
  [EXPIRY_MARGIN, false],
  [0, false],
  [-1, false],
])('a token that expires in %i seconds is returned: %s', (left, fresh) => {
  const obtainedAt = BEGINNING - 3600;
  expect(isFresh(sampleTokens({ obtainedAt, expiresAt: BEGINNING + left }), BEGINNING)).toBe(fresh);
});

it('returns a short-lived token for 19/20 of its lifetime', () => {
  const brief = sampleTokens({ obtainedAt: BEGINNING, expiresAt: BEGINNING + 20 });
  const fresh = [0, 18, 19, 20].map((later) => isFresh(brief, BEGINNING + later));
  expect(fresh).toEqual([true, true, false, false]);
});

it.each([
  ['five minutes', 3600 * 24, 300],
  ['a tenth of its life', 600, 60],
])('renews a token ahead in the last part of its life: %s', (_what, life, window) => {
  const tokens = sampleTokens({ obtainedAt: BEGINNING, expiresAt: BEGINNING + life });
  const soon = [window + 1, window, 1].map((left) => inSoftWindow(tokens, BEGINNING + life - left));
  expect(soon).toEqual([false, true, true]);
});

it('refreshes as long as the refresh token lives, by its own word if it has one', () => {
  expect(isRefreshable(sampleTokens(), BEGINNING)).toBe(true);
  expect(isRefreshable(sampleTokens({ refreshable: false }), BEGINNING)).toBe(false);
  const ending = sampleTokens({ refreshExpiresAt: BEGINNING + 10 });
  expect([9, 10].map((later) => isRefreshable(ending, BEGINNING + later))).toEqual([true, false]);
});

it('returns a token without a stated expiry', () => {
  const { expiresAt, ...endless } = sampleTokens();
  expect(expiresAt).toBeDefined();
  expect(isFresh(endless, BEGINNING)).toBe(true);
  expect(inSoftWindow(endless, BEGINNING)).toBe(false);
});
