/** An unexpected error is reported without its message, which might contain secrets. */
import { unexpected } from '../../lambda/api/unexpected';

const SECRET = 'a-secret-in-the-message';

it.each([
  ['one line', SECRET],
  ['lines that look like frames', `no\n    at ${SECRET}\n    at ${SECRET} (/var/task/index.js:1:1)\n`],
  ['no text', ''],
])('has its name and frames, and nothing of a message with %s', (_what, message) => {
  const { name, frames } = unexpected(new TypeError(message));
  expect(name).toBe('TypeError');
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

it('has nothing of a message that was replaced later', () => {
  const error = new Error(`no\n    at ${SECRET} in text\n    at ${SECRET}`);
  error.message = 'another one';
  const { frames } = unexpected(error);
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

it.each([[undefined], ['a text'], [{ message: SECRET }]])(
  'has no name for what is no error: %j',
  (thrown) => {
    expect(unexpected(thrown)).toEqual({ name: 'unknown', frames: '' });
  },
);
