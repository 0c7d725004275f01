/**
 * `npm run test:secrets`: the flow tests, watched for secrets in the wrong place (secret-watch.ts). Every secret that passes
 * is marked, and every message, log, file, and output is searched for all of them. The run also fails if a kind of secret
 * was never marked, because a search for none finds none.
 *
 * `npm run test:secrets -- test/flows/consent.test.ts` is for one file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runProgram } from '../program/command-line';
import { CARRIERS, kindsOf } from './carriers';
import type { Findings } from './secret-watch';
import { parseSettings, ROOT, type Settings } from './settings';

/** Of the report of Jest (`--json`). */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  /** Files that failed outside of their tests, such as at the end of a watch. */
  readonly numRuntimeErrorTestSuites: number;
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Returns the sums of these counts by name. */
function sums(counts: readonly Readonly<Record<string, number>>[]): [name: string, sum: number][] {
  const names = [...new Set(counts.flatMap((each) => Object.keys(each)))].sort();
  return names.map((name) => [name, counts.reduce((sum, each) => sum + (each[name] ?? 0), 0)]);
}

function printSums(title: string, counts: readonly (readonly [name: string, sum: number])[]): void {
  print(`${counts.reduce((total, [, sum]) => total + sum, 0)} ${title}`);
  for (const [name, sum] of counts) print(`  ${String(sum).padStart(8)} ${name}`);
}

const KINDS = [...new Set(CARRIERS.flatMap(({ carries = {} }) => Object.values(carries)).flatMap(kindsOf))];

/** Runs the test files, in a process that ends with the signal. */
async function runTests(
  files: readonly string[],
  { jestReport, report, signal }: { jestReport: string; report: string; signal: AbortSignal },
): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/jest/bin/jest.js'),
      '--runTestsByPath',
      ...files,
      // A file whose watch found a leak leaves its other servers open.
      '--forceExit',
      '--json',
      `--outputFile=${jestReport}`,
    ],
    // Jest reports progress on stderr, and prints the JSON on stdout as well.
    {
      cwd: ROOT,
      signal,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SECRETS_REPORT: report },
    },
  );
  await once(child, 'exit');
}

async function perform({ files, whole }: Settings, folder: string, signal: AbortSignal): Promise<number> {
  const [report, jestReport] = [join(folder, 'secrets.jsonl'), join(folder, 'jest.json')];
  await runTests(files, { jestReport, report, signal });
  const jest = JSON.parse(await readFile(jestReport, 'utf8')) as JestReport;
  const lines = (await readFile(report, 'utf8')).trimEnd().split('\n');
  const findings = lines.map((line) => JSON.parse(line) as Findings);

  const kinds = sums(findings.flatMap(({ marks }) => marks.map(({ kind }) => ({ [kind]: 1 }))));
  printSums('secrets were marked', kinds);
  printSums('places were searched', sums(findings.map(({ searched }) => searched)));
  const marked = new Set(kinds.map(([kind]) => kind));
  const missing = whole ? KINDS.filter((kind) => !marked.has(kind)) : [];
  for (const kind of missing) print(`No secret of this kind was marked: ${kind}`);
  const failed = jest.numFailedTests + jest.numRuntimeErrorTestSuites + missing.length;
  print(`${jest.numPassedTests} passed, ${failed} failed, ${jest.numPendingTests} skipped`);
  return failed > 0 ? 1 : 0;
}

/** The flow tests, as paths from the root of the repository. */
async function flowTests(): Promise<string[]> {
  const folder = join(ROOT, 'test/flows');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(({ name }) => name.endsWith('.test.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2), await flowTests());
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-secrets-'));
  const running = new AbortController();
  try {
    return await untilInterrupted(perform(settings, folder, running.signal));
  } finally {
    running.abort();
    await rm(folder, { recursive: true });
  }
});
