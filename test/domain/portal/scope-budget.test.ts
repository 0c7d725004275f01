import { firstScopes, ScopeBudget } from '../../../lambda/domain/portal/scope-budget';

const scopes = (count: number, text = 'a') => Array.from({ length: count }, (_, index) => `${text}${index}`);

it('has bytes for each small row, whatever the other rows have', () => {
  const budget = new ScopeBudget(2);
  expect(budget.take(scopes(2_000))).toBe(false);
  expect(budget.take(scopes(1_000))).toBe(true);
  for (let row = 0; row < 50; row += 1) expect(budget.take(scopes(10))).toBe(true);
  expect(budget.take(scopes(400))).toBe(false);
});

it('is divided among the agents of the page', () => {
  expect(new ScopeBudget(1).take(scopes(1_000))).toBe(true);
  expect(new ScopeBudget(10).take(scopes(1_000))).toBe(false);
});

it.each(['&', '"', '\\', '\n', '\u202e', '\ud800'])('counts what HTML and JSON make of %j', (character) => {
  expect(new ScopeBudget(1).take(['a'.repeat(300_000)])).toBe(true);
  expect(new ScopeBudget(1).take([character.repeat(300_000)])).toBe(false);
});

it('counts bytes', () => {
  expect(new ScopeBudget(1).take(['\u4e2d'.repeat(300_000)])).toBe(false);
});

it('returns the first scopes of a row whose scopes exceed it', () => {
  expect(firstScopes(scopes(1_000))).toEqual(scopes(10));
  expect(firstScopes(scopes(10))).toEqual(scopes(10));
  expect(firstScopes(['a'.repeat(32_000), 'b'])).toEqual([]);
});
