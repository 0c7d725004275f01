import { fittingScopes, ScopeBudget } from '../../../lambda/domain/portal/scope-budget';

const scopes = (count: number, text = 'a') => Array.from({ length: count }, (_, index) => `${text}${index}`);

describe('the scope budget of a page', () => {
  it('has bytes for each small row, whatever the other rows have', () => {
    const budget = new ScopeBudget(2);
    expect(budget.shows(scopes(2_000))).toBe(false);
    expect(budget.shows(scopes(1_000))).toBe(true);
    for (let row = 0; row < 50; row += 1) expect(budget.shows(scopes(10))).toBe(true);
    expect(budget.shows(scopes(400))).toBe(false);
  });

  it('is divided among the agents of the page', () => {
    expect(new ScopeBudget(1).shows(scopes(1_000))).toBe(true);
    expect(new ScopeBudget(10).shows(scopes(1_000))).toBe(false);
  });

  it.each(['&', '"', '\\', '\n', '\u202e', '\ud800'])('counts what HTML and JSON make of %j', (character) => {
    expect(new ScopeBudget(8).shows(['a'.repeat(12_000)])).toBe(true);
    expect(new ScopeBudget(8).shows([character.repeat(12_900)])).toBe(false);
  });

  it('counts what policies evaluate: a text with separators twice', () => {
    const text = 'a'.repeat(60_000);
    expect(new ScopeBudget(1).evaluates([text])).toBe(true);
    expect(new ScopeBudget(1).evaluates([`${text},`])).toBe(false);
    expect(new ScopeBudget(1).evaluates([text, text])).toBe(false);
    expect(new ScopeBudget(2).evaluates([text])).toBe(false);
    const budget = new ScopeBudget(1);
    expect(budget.evaluates(['a'.repeat(100_000)])).toBe(true);
    expect(budget.evaluates([text])).toBe(false);
    expect(budget.evaluates(['a'.repeat(500)])).toBe(true);
  });
});

it('returns the scopes that fit, of a row whose scopes exceed it', () => {
  expect(fittingScopes(scopes(1_000))).toEqual(scopes(10));
  expect(fittingScopes(scopes(10))).toEqual(scopes(10));
  // A long one hides none of the others.
  expect(fittingScopes(['a'.repeat(32_000), 'b'])).toEqual(['b']);
});
