/** The scopes that stored tokens cover, the grant that a request refers to, and how long a token is returned. */
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

it('stored tokens cover any subset of the granted scopes, in any order, and no other scopes', () => {
  fc.assert(
    fc.property(names, names, (granted, asked) => {
      const tokens = sampleTokens({ scopes: granted, requestedScopes: [] });
      expect(covers(tokens, asked)).toBe(asked.every((scope) => granted.includes(scope)));
      expect(covers(tokens, [...granted].reverse())).toBe(true);
    }),
  );
});

it('stored tokens cover the requested scopes of the consent, even if the provider did not list them in the response', () => {
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

/** The same values in a different order, some of them twice. */
const shuffledWithDuplicates = (values: string[]) =>
  fc.shuffledSubarray([...values, ...values], { minLength: values.length, maxLength: 2 * values.length });

it('requests with the same values refer to the same grant, whatever their order and repetition', () => {
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
  ['numbers of resources', { resources: ['a'] }, {}],
  ['audiences', { audiences: ['a'] }, { audiences: ['b'] }],
  ['uses of a value, as resource and as audience,', { resources: ['a'] }, { audiences: ['a'] }],
  ['lists that are equal when joined', { resources: ['a,b'] }, { resources: ['a', 'b'] }],
  ['M2M scopes', { flow: 'M2M', scopes: ['a'] }, { flow: 'M2M', scopes: ['a', 'b'] }],
])('requests with different %s refer to different grants', (_what, one, other) => {
  expect(grantTarget(federation(one))).not.toBe(grantTarget(federation(other)));
});

it("a user's requests with different scopes refer to the same grant", () => {
  expect(grantTarget(federation({ scopes: ['a'] }))).toBe(grantTarget(federation({ scopes: ['b', 'c'] })));
});

it('grant keys stay the same between versions of this code, because other keys would lose every stored grant', () => {
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

it("grants are encrypted under the agent's key, for this user, target, and provider", () => {
  const id = { workloadId: 'id', userHash: 'user', target: 'target' };
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

it('a short-lived token is returned for 19/20 of its lifetime', () => {
  const brief = sampleTokens({ obtainedAt: BEGINNING, expiresAt: BEGINNING + 20 });
  const fresh = [0, 18, 19, 20].map((later) => isFresh(brief, BEGINNING + later));
  expect(fresh).toEqual([true, true, false, false]);
});

it.each([
  ['five minutes', 3600 * 24, 300],
  ['a tenth of the lifetime', 600, 60],
])('a token gets a background renewal in the last part of its lifetime: %s', (_what, life, window) => {
  const tokens = sampleTokens({ obtainedAt: BEGINNING, expiresAt: BEGINNING + life });
  const soon = [window + 1, window, 1].map((left) => inSoftWindow(tokens, BEGINNING + life - left));
  expect(soon).toEqual([false, true, true]);
});

it('a token is refreshed until the refresh token expires, or without limit if no expiry is known', () => {
  expect(isRefreshable(sampleTokens(), BEGINNING)).toBe(true);
  expect(isRefreshable(sampleTokens({ refreshable: false }), BEGINNING)).toBe(false);
  const ending = sampleTokens({ refreshExpiresAt: BEGINNING + 10 });
  expect([9, 10].map((later) => isRefreshable(ending, BEGINNING + later))).toEqual([true, false]);
});

it('a token without a stated expiry is returned', () => {
  const { expiresAt, ...endless } = sampleTokens();
  expect(expiresAt).toBeDefined();
  expect(isFresh(endless, BEGINNING)).toBe(true);
  expect(inSoftWindow(endless, BEGINNING)).toBe(false);
});
