/** What decrypted JSON must be. */
import * as v from 'valibot';
import { parseSealed } from '../../lambda/domain/sealing/sealed-json';
import { UnreadableError } from '../../lambda/domain/sealing/sealing';
import { caught } from './caught';

const Schema = v.object({ code: v.string(), iss: v.optional(v.string()) });

it('returns the members of the schema', () => {
  expect(parseSealed(Schema, '{"code":"c","later":1}')).toEqual({ code: 'c' });
});

it.each([
  'hunter2',
  '{"code":',
  '{"code":1,"secret":"hunter2"}',
  '{"iss":"hunter2"}',
  '["hunter2"]',
  'null',
  '',
])('rejects %s without repeating it', (text) => {
  const error = caught(() => parseSealed(Schema, text));
  expect(error).toBeInstanceOf(UnreadableError);
  expect((error as UnreadableError).cause).toBeUndefined();
  expect(String((error as UnreadableError).stack)).not.toContain('hunter2');
});
