import { fittingScopes, ScopeBudget } from '../../../lambda/domain/portal/scope-budget';

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
  expect(new ScopeBudget(8).take(['a'.repeat(12_000)])).toBe(true);
  expect(new ScopeBudget(8).take([character.repeat(12_900)])).toBe(false);
});

it('counts what policies evaluate: separators, resources, and audiences', () => {
  const text = 'a'.repeat(60_000);
  expect(new ScopeBudget(1).take([text])).toBe(true);
  expect(new ScopeBudget(1).take([`${text},`])).toBe(false);
  expect(new ScopeBudget(1).take([text], [text])).toBe(false);
  expect(new ScopeBudget(2).take([text])).toBe(false);
});

it('returns the scopes that fit, of a row whose scopes exceed it', () => {
  expect(fittingScopes(scopes(1_000))).toEqual(scopes(10));
  expect(fittingScopes(scopes(10))).toEqual(scopes(10));
  // A long one hides none of the others.
  expect(fittingScopes(['a'.repeat(32_000), 'b'])).toEqual(['b']);
});
