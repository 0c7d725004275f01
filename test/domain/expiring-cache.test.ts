/** The two limits of the cache: time and size. */
import { createExpiringCache } from '../../lambda/domain/expiring-cache';
import { createFakeSystem } from './fake-system';

const system = createFakeSystem();
const newCache = () => createExpiringCache<string>({ milliseconds: 2000, maxEntries: 2 }, system);

it('keeps a value for its lifetime only', () => {
  const cache = newCache();
  cache.set('a', 'one');
  system.advance(1);
  expect(cache.get('a')).toBe('one');
  system.advance(1);
  expect(cache.get('a')).toBeUndefined();
});

it('evicts the oldest value at the maximum size, and a value that is set again counts as new', () => {
  const cache = newCache();
  cache.set('a', 'one');
  cache.set('b', 'two');
  cache.set('a', 'three');
  expect([cache.get('a'), cache.get('b')]).toEqual(['three', 'two']);
  cache.set('c', 'four');
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['three', undefined, 'four']);
});

it('removes values that exceed their lifetime when a value is set', () => {
  const cache = newCache();
  cache.set('a', 'one');
  system.advance(2);
  cache.set('b', 'two');
  // At an earlier time, the value would be valid again if it were still there.
  system.advance(-1);
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 'two']);
});

it('drops a deleted value, and no other value', () => {
  const cache = newCache();
  cache.set('a', 'one');
  cache.set('b', 'two');
  cache.delete('a');
  expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 'two']);
});
