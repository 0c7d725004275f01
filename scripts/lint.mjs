/**
 * `npm run lint`: ESLint, Prettier, and textlint, at the same time. Prints what each one found, and fails if one of them does.
 *
 * With `--cache`, each tool checks only the files that have changed since its last run, for the loop of a contributor. The
 * rules of ESLint about types then miss a file whose types come from a changed one, so CI checks all files.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CACHE = 'node_modules/.cache';
const SOURCES = '{bin,docs,examples,lambda,lib,scripts,test}/**/*.{md,ts,mts,mjs,cjs,js,py}';

/** With less memory, V8 collects garbage for a third of the time: the types of all files take 5 GB in two threads. */
const MEMORY = ['--max-semi-space-size=128', '--max-old-space-size=8192'];

const TOOLS = [
  {
    script: 'eslint/bin/eslint.js',
    memory: MEMORY,
    args: ['.', '--max-warnings', '0'],
    // Two threads take no more CPU time than one.
    all: ['--concurrency', '2'],
    cache: ['--cache', '--cache-strategy', 'content', '--cache-location', `${CACHE}/eslint/`],
  },
  {
    script: 'prettier/bin/prettier.cjs',
    args: ['--check', '--log-level', 'warn', '.'],
    cache: ['--cache', '--cache-location', `${CACHE}/prettier/lint`],
  },
  {
    script: 'textlint/bin/textlint.js',
    args: ['*.md', SOURCES],
    cache: ['--cache', '--cache-location', `${CACHE}/textlint`],
  },
];

const caches = process.argv.slice(2).includes('--cache');

/** Returns whether a tool found nothing. */
function run({ script, memory = [], args, all = [], cache }) {
  const command = [join(ROOT, 'node_modules', script), ...args, ...(caches ? cache : all)];
  const child = spawn(process.execPath, [...memory, ...command], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('close', (status) => {
      process.stdout.write(output);
      resolve(status === 0);
    });
  });
}

const results = await Promise.all(TOOLS.map(run));
if (results.includes(false)) process.exitCode = 1;
