/** The command line of the programs that `npm run` starts. */
import { StartError } from '../../lib/local/start-error';
import { countOf, endOf, HelpRequested, optionsFrom, UsageError } from './command-line';

const USAGE = { command: 'npm run soak', about: 'Keeps callers at work.' };
const OPTIONS = {
  seconds: { type: 'string', value: 'N', default: '600', about: 'how long the callers are at work' },
  quick: { type: 'boolean', default: false, about: 'do less' },
} as const;

it('returns the values of the options', () => {
  expect(optionsFrom(USAGE, ['--seconds', '5'], OPTIONS)).toEqual({ seconds: '5', quick: false });
});

it('prints the help with each option and its default, and ends with status 0', () => {
  let help: unknown;
  try {
    optionsFrom(USAGE, ['--unknown', '--help'], OPTIONS);
  } catch (error) {
    help = error;
  }
  expect(help).toBeInstanceOf(HelpRequested);
  expect(endOf(help)).toEqual({
    status: 0,
    stdout: [
      'npm run soak -- [options]',
      '',
      'Keeps callers at work.',
      '',
      '  --seconds N  how long the callers are at work (default: 600)',
      '  --quick      do less',
      '  --help       print this help',
    ].join('\n'),
  });
});

it.each([
  [['--unknown'], "Unknown option '--unknown'. Run `npm run soak -- --help` for the options."],
  [
    ['--seconds'],
    "Option '--seconds <value>' argument missing. Run `npm run soak -- --help` for the options.",
  ],
  [['5'], "Unexpected argument '5'. Run `npm run soak -- --help` for the options."],
])('rejects %j, and ends with status 2', (args, message) => {
  let error: unknown;
  try {
    optionsFrom(USAGE, args, OPTIONS);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(UsageError);
  expect(endOf(error)).toEqual({ status: 2, stderr: message });
});

it('reads a negative number as the value of the option before it, for a message about the number', () => {
  expect(optionsFrom(USAGE, ['--seconds', '-1'], OPTIONS)).toMatchObject({ seconds: '-1' });
});

it.each(['0', '11', '1.5', '-1', '1e1', '', 'ten'])('rejects the number "%s"', (text) => {
  expect(() => countOf('users', text, [1, 10])).toThrow(
    new UsageError(`--users must be a whole number from 1 to 10; it is "${text}".`),
  );
});

it('accepts a number with its bounds', () => {
  expect([countOf('users', '1', [1, 10]), countOf('users', '10', [1, 10])]).toEqual([1, 10]);
});

it('prints the message of an expected failure, and the place of another one, with status 1', () => {
  class MissingPrograms extends Error {}
  const missing = new MissingPrograms('Install Java.');
  expect(endOf(new StartError('Port 1 is taken.'))).toEqual({ status: 1, stderr: 'Port 1 is taken.' });
  expect(endOf(missing, [MissingPrograms])).toEqual({ status: 1, stderr: 'Install Java.' });
  const { status, stderr } = endOf(new TypeError('no such member\nand more'));
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^The program failed: TypeError: no such member \(test\/program\/command-line\.test\.ts:\d+\)\. Set STACK=1 to see the stack trace\.$/,
  );
});
