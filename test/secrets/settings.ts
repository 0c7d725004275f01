/** Settings of `npm run test:secrets`, from the command line. */
import { join, relative, resolve } from 'node:path';
import { argumentsFrom, UsageError } from '../program/command-line';

export interface Settings {
  /** The test files to watch. */
  readonly files: readonly string[];
  /** Whether these are all files: then each kind of secret must be marked. */
  readonly whole: boolean;
}

export const ROOT = join(__dirname, '../..');

const USAGE = {
  command: 'npm run test:secrets',
  about: 'Runs the flow tests, or the given test files, and searches everything for the secrets in them.',
  operands: '[FILE ...]',
};

const OPTIONS = {
  only: { type: 'string', value: 'TEXT', default: '', about: 'files whose paths contain the text' },
} as const;

/**
 * @param all the test files, relative to the root of the repository
 * @throws UsageError, HelpRequested
 */
export function parseSettings(args: readonly string[], all: readonly string[]): Settings {
  const { values, positionals } = argumentsFrom(USAGE, args, OPTIONS);
  const given = positionals.map((file) => relative(ROOT, resolve(file)));
  for (const file of given) {
    if (!all.includes(file)) throw new UsageError(`There is no flow test ${JSON.stringify(file)}.`);
  }
  const named = given.length > 0 ? given : all;
  const files = named.filter((file) => file.includes(values.only));
  if (files.length === 0) throw new UsageError('--only must be part of the path of one of the files.');
  return { files, whole: files.length === all.length };
}
