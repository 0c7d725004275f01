import { firstScopes, ScopeRoom } from '../../../lambda/domain/portal/scope-room';

const scopes = (count: number, text = 'a') => Array.from({ length: count }, (_, index) => `${text}${index}`);

it('has room for each small row, whatever the other rows have', () => {
  const room = new ScopeRoom();
  expect(room.take(scopes(1_000))).toBe(false);
  expect(room.take(scopes(500))).toBe(true);
  for (let row = 0; row < 30; row += 1) expect(room.take(scopes(10))).toBe(true);
  expect(room.take(scopes(60))).toBe(false);
});

it('counts what HTML makes of a character', () => {
  const room = new ScopeRoom();
  expect(room.take(['a'.repeat(32_000), 'b'.repeat(32_000)])).toBe(true);
  expect(new ScopeRoom().take(['&'.repeat(32_000)])).toBe(false);
});

it('returns the first scopes of a row that has no room for all', () => {
  expect(firstScopes(scopes(1_000))).toEqual(scopes(10));
  expect(firstScopes(scopes(10))).toEqual(scopes(10));
  expect(firstScopes(['a'.repeat(32_000), 'b'])).toEqual([]);
});
