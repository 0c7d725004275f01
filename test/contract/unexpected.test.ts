/** An unexpected error is reported without its message, which might contain secrets. */
import { runInNewContext } from 'node:vm';
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

/** Lines that no pattern can distinguish from frames. */
const FORGED = `no\n    at ${SECRET} (/x:1:1)\n    at /${SECRET}:1:1`;

it.each([
  ['a part of it', (message: string) => message.slice(0, 2)],
  ['no text', () => ''],
  ['a longer one', (message: string) => `${message} (hint)`],
])('has no line of a text of a message that was replaced with %s', (_what, change) => {
  const error = new Error(
    `no https\n    at https://idp.example/cb?code=${SECRET}:1:1\n    at ${SECRET} (x:1:1)`,
  );
  expect(error.stack).toContain(SECRET);
  error.message = change(error.message);
  const { frames } = unexpected(error);
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

it('has nothing of the error that a library appended to the stack', () => {
  const error = new Error('outer');
  error.stack += `\nCaused by: ${new Error(FORGED).stack ?? ''}`;
  const { frames } = unexpected(error);
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

it('has nothing of the name that the source of a script gives itself', () => {
  const thrown = (): unknown => {
    try {
      return runInNewContext('throw new Outer("x")', { Outer: Error }, { filename: SECRET });
    } catch (error) {
      return error;
    }
  };
  const { frames } = unexpected(thrown());
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

class Renamed extends Error {
  override get name(): string {
    return `Failure\n    at ${SECRET} (/x:1:1)`;
  }
}

it.each([
  ['a text', Object.assign(new Error('no'), { name: `failed: ${SECRET}` })],
  ['lines', new Renamed('no')],
  ['a long identifier', Object.assign(new Error('no'), { name: 'a'.repeat(65) })],
  ['an object', Object.assign(new Error('no'), { name: { secret: SECRET } })],
])('has no name that is %s, and still the frames', (_what, error) => {
  const { name, frames } = unexpected(error);
  expect(name).toBe('unknown');
  expect(frames).toContain('unexpected.test.ts');
  expect(frames).not.toContain(SECRET);
});

function unreadable(): never {
  throw new Error(SECRET);
}

const throwing = (member: string) => Object.defineProperty(new RangeError('no'), member, { get: unreadable });

it.each([
  ['whose stack cannot be read', throwing('stack'), { name: 'RangeError', frames: '' }],
  ['whose name cannot be read', throwing('name'), { name: 'unknown' }],
  ['whose message cannot be read', throwing('message'), { name: 'RangeError' }],
  [
    'without a stack',
    Object.assign(new RangeError('no'), { stack: null }),
    { name: 'RangeError', frames: '' },
  ],
  [
    'whose message is an object',
    Object.assign(new RangeError('no'), { message: {} }),
    { name: 'RangeError' },
  ],
  [
    'whose class is hidden',
    new Proxy({}, { getPrototypeOf: () => unreadable() }),
    { name: 'unknown', frames: '' },
  ],
])('never throws for an error %s', (_what, error, reported) => {
  expect(unexpected(error)).toMatchObject(reported);
});

it.each([[undefined], ['a text'], [{ message: SECRET }]])(
  'has no name for what is no error: %j',
  (thrown) => {
    expect(unexpected(thrown)).toEqual({ name: 'unknown', frames: '' });
  },
);
