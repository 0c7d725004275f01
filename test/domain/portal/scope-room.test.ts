import { firstScopes, ScopeRoom } from '../../../lambda/domain/portal/scope-room';

const scopes = (count: number, text = 'a') => Array.from({ length: count }, (_, index) => `${text}${index}`);

it('has room for each small row, whatever the other rows have', () => {
  const room = new ScopeRoom(2);
  expect(room.take(scopes(2_000))).toBe(false);
  expect(room.take(scopes(1_000))).toBe(true);
  for (let row = 0; row < 50; row += 1) expect(room.take(scopes(10))).toBe(true);
  expect(room.take(scopes(400))).toBe(false);
});

it('divides its room among the agents of the page', () => {
  expect(new ScopeRoom(1).take(scopes(1_000))).toBe(true);
  expect(new ScopeRoom(10).take(scopes(1_000))).toBe(false);
});

it.each(['&', '"', '\\', '\n', '\u202e', '\ud800'])('counts what HTML and JSON make of %j', (character) => {
  expect(new ScopeRoom(1).take(['a'.repeat(300_000)])).toBe(true);
  expect(new ScopeRoom(1).take([character.repeat(300_000)])).toBe(false);
});

it('counts bytes', () => {
  expect(new ScopeRoom(1).take(['\u4e2d'.repeat(300_000)])).toBe(false);
});

it('returns the first scopes of a row that has no room for all', () => {
  expect(firstScopes(scopes(1_000))).toEqual(scopes(10));
  expect(firstScopes(scopes(10))).toEqual(scopes(10));
  expect(firstScopes(['a'.repeat(32_000), 'b'])).toEqual([]);
});
