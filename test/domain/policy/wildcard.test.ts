/** Wildcards: the whole value, `?` exactly one character, and no pattern that stalls. */
import fc from 'fast-check';
import { matchesArn, matchesWildcard } from '../../../lambda/domain/policy/wildcard';

it.each([
  ['', '', true],
  ['', 'a', false],
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'ab', false],
  ['b', 'ab', false],
  ['*', '', true],
  ['*', 'anything at all', true],
  ['**', 'a', true],
  ['a*', 'a', true],
  ['a*', 'ba', false],
  ['*a', 'ba', true],
  ['*a', 'bab', false],
  ['a*c', 'abbc', true],
  ['a*c', 'abbcd', false],
  ['*ab*ab', 'abab', true],
  ['*ab*ab', 'ab', false],
  ['*aab', 'aaaab', true],
  ['?', '', false],
  ['?', 'a', true],
  ['?', 'ab', false],
  ['?', '😀', true],
  ['a?c*', 'abc', true],
  ['*?', '', false],
  ['a.c', 'abc', false],
  ['[a-c]', 'b', false],
  ['a\\*', 'a*', false],
])('%s against %j: %s', (pattern, value, expected) => {
  expect(matchesWildcard(pattern, value)).toBe(expected);
});

it('agrees with a regular expression of the same meaning', () => {
  const few = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 8 });
  fc.assert(
    fc.property(few('ab*?'), few('ab'), (pattern, value) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(matchesWildcard(pattern, value)).toBe(same.test(value));
    }),
    { numRuns: 1000 },
  );
});

it('answers to a pattern that would make a backtracking expression explode', () => {
  expect(matchesWildcard('*a'.repeat(200) + 'b', 'a'.repeat(600))).toBe(false);
});

it.each([
  ['arn:aws:iam::123456789012:role/*', 'arn:aws:iam::123456789012:role/agent', true],
  ['arn:aws:iam::*:role/agent', 'arn:aws:iam::123456789012:role/agent', true],
  ['arn:*:iam::123456789012:user/*', 'arn:aws:iam::123456789012:user/a:b/c', true],
  ['arn:aws:iam::*:role/agent', 'arn:aws:iam::123456789012:user/x:role/agent', false],
  ['arn:*:role/agent', 'arn:aws:iam::123456789012:role/agent', false],
  ['arn:aws:iam::123456789012:role/agent', 'not an ARN', false],
])('compares ARNs part by part: %s against %s: %s', (pattern, arn, expected) => {
  expect(matchesArn(pattern, arn)).toBe(expected);
});
