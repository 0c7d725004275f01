/** Wildcards: they match the whole value, `?` matches exactly one character, and no pattern is slow. */
import fc from 'fast-check';
import { matchesArn, matchesWildcard, parseWildcard } from '../../../lambda/domain/policy/wildcard';

it.each([
  ['a', 'A', false],
  ['*', 'anything at all', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abbcd', false],
  ['?', '😀', true],
  ['a?c*', 'abc', true],
  ['a.c', 'abc', false],
  ['[a-c]', 'b', false],
  ['a\\*', 'a*', false],
])('the pattern %s matches %j: %s', (pattern, value, expected) => {
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

it('agrees with a regular expression if pieces of a pattern are longer than a machine word', () => {
  const piece = fc.stringMatching(/^[ab?]{28,70}$/);
  fc.assert(
    fc.property(piece, fc.stringMatching(/^[ab]{0,40}$/), fc.boolean(), (wanted, around, fitting) => {
      const value = around + (fitting ? wanted.replaceAll('?', 'b') : wanted.replace(/[ab]/, 'c')) + around;
      const pattern = `*${wanted}*`;
      const same = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(matchesWildcard(pattern, value)).toBe(same.test(value));
    }),
  );
});

describe('a pattern that would cause backtracking', () => {
  /** The characters of a value, with a count of how often each was read. */
  function counted(value: string): { characters: readonly string[]; reads: () => number } {
    let reads = 0;
    const characters = new Proxy([...value], {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads += 1;
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    return { characters, reads: () => reads };
  }

  it.each([
    ['many pieces', '*a'.repeat(200) + 'b', 'a'.repeat(600)],
    ['one long piece', `*${'a'.repeat(63)}b*`, 'a'.repeat(600)],
    ['one long piece with ?', `*${'a?'.repeat(31)}b*`, 'a'.repeat(600)],
    ['a long beginning and end', `${'a'.repeat(200)}*b*${'a'.repeat(200)}`, 'a'.repeat(600)],
  ])('reads each character of the value up to three times: %s', (_what, pattern, value) => {
    const { characters, reads } = counted(value);
    expect(parseWildcard(pattern).matches(characters)).toBe(false);
    expect(reads()).toBeLessThanOrEqual(3 * value.length);
  });

  it('reads no character of a value that is too short', () => {
    const { characters, reads } = counted('a'.repeat(100));
    expect(parseWildcard('*a'.repeat(200)).matches(characters)).toBe(false);
    expect(reads()).toBe(0);
  });
});

it.each([
  ['arn:aws:iam::123456789012:role/*', 'arn:aws:iam::123456789012:role/agent', true],
  ['arn:aws:iam::*:role/agent', 'arn:aws:iam::123456789012:role/agent', true],
  ['arn:*:iam::123456789012:user/*', 'arn:aws:iam::123456789012:user/a:b/c', true],
  ['arn:aws:iam::*:role/agent', 'arn:aws:iam::123456789012:user/x:role/agent', false],
  ['arn:*:role/agent', 'arn:aws:iam::123456789012:role/agent', false],
  ['arn:aws:iam::123456789012:role/agent', 'not an ARN', false],
])('compares ARNs part by part: %s matches %s: %s', (pattern, arn, expected) => {
  expect(matchesArn(pattern, arn)).toBe(expected);
});
