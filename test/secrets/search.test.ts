/** The search finds a secret in each encoding, and a part of it. */
import { randomBytes } from 'node:crypto';
import { ENCODINGS } from './planted-encodings';
import { FOUND_LENGTH, SecretSearch } from './search';

const SECRET = `marked-${randomBytes(24).toString('base64url')}`;
const WITH_SPECIAL_CHARACTERS = `pass"word/${randomBytes(12).toString('base64url')}+ü=\\ %`;

/** Without digits, so it is found only as a whole. */
const OF_WORDS = 'pass"word/of-words+ü=\\ %';

const noise = (length: number): string => randomBytes(length).toString('latin1');

const findIn = (text: string, secret = SECRET): string[] => {
  const search = new SecretSearch<string>();
  search.add(secret, 'the secret');
  return [...search.find(Buffer.from(`${noise(1000)}${text}${noise(1000)}`, 'latin1'))];
};

it.each(Object.entries(ENCODINGS))('a secret is found %s', (_encoding, encode) => {
  for (const secret of [SECRET, WITH_SPECIAL_CHARACTERS, OF_WORDS])
    expect(findIn(encode(secret), secret)).toEqual(['the secret']);
});

it('each part of a secret that is long enough is found', () => {
  for (let at = 0; at + FOUND_LENGTH <= SECRET.length; at += 1)
    expect(findIn(SECRET.slice(at, at + FOUND_LENGTH))).toEqual(['the secret']);
});

it('nothing is found where no secret is', () => {
  expect(findIn(noise(100_000))).toEqual([]);
  expect(findIn(SECRET.slice(0, 12))).toEqual([]);
});

it('a short secret is not searched for, because it could be a part of any text', () => {
  expect(new SecretSearch<string>().add('short', 'the secret')).toBe(false);
});

it('a long secret of one repeated character is searched for once in bytes that have a part of it everywhere', () => {
  const search = new SecretSearch<string>();
  search.add('\u{1F511}'.repeat(2048), 'the secret');
  const bytes = Buffer.from('\u{1F511}'.repeat(2047));
  const includes = jest.spyOn(bytes, 'includes');
  expect([...search.find(bytes)]).toEqual([]);
  // Once for each form.
  expect(includes.mock.calls.length).toBeLessThan(50);
});
