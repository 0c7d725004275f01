/**
 * `npm run measure:functions [node binary] [starts]`: measures the CPU time of a start, a first call, and a warm call of
 * each function, and calculates the times at other memory sizes of Lambda, for docs/performance.md. It runs the bundles
 * of the deployment against the embedded cloud. Use the Node.js version of Lambda.
 *
 * CPU time does not depend on the share of a CPU that Lambda assigns, and excludes the emulators. A function with M MiB
 * has M/1769 of a CPU (AWS Lambda developer guide, "Configure Lambda function memory").
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FUNCTION_GROUPS, type FunctionGroup } from '../lambda/contract/operations';
import { openServiceLog } from '../lib/local/service-log';
import { startLocal } from '../lib/local/start';
import { buildFunctions, bundleOf } from './build/functions';
import { publish } from './figures';
import { MEASURED, prepareCalls } from './measure-functions/calls';

const [, , node = process.execPath, starts = '15'] = process.argv;

const WARM_CALLS = 200;
const MEMORY_SIZES = [256, 512, 1024, 1769] as const;
const WHOLE_CPU = 1769;

interface Time {
  readonly passed: number;
  /** Milliseconds on a CPU. */
  readonly cpu: number;
}

interface Start {
  readonly load: Time;
  readonly first: Time;
  readonly warm: Time;
  /** The maximum, in MiB. */
  readonly memory: number;
}

/** The compile cache: none, an empty folder, or a folder that an earlier start filled. */
const CACHES = ['none', 'empty', 'filled'] as const;
type Cache = (typeof CACHES)[number];

const execute = promisify(execFile);
const START_ONCE = join(__dirname, 'measure-functions/start-once.cjs');
const CONTEXT = { awsRequestId: 'measured', functionName: 'measured', memoryLimitInMB: '512' };

async function startOnce(bundle: string, event: object, cacheFolder: string | undefined): Promise<Start> {
  const { stdout } = await execute(
    node,
    [START_ONCE, bundle, JSON.stringify(event), JSON.stringify(CONTEXT), String(WARM_CALLS)],
    {
      env: { ...process.env, ...(cacheFolder !== undefined && { NODE_COMPILE_CACHE: cacheFolder }) },
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Start;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function measure(folder: string): Promise<Record<FunctionGroup, Record<Cache, Start[]>>> {
  const log = openServiceLog(join(folder, 'service.log'));
  const console = globalThis.console;
  globalThis.console = log.console;
  const service = await startLocal({ port: 0, dataDir: join(folder, 'data'), trustedIssuers: [] });
  globalThis.console = console;
  try {
    const events = await prepareCalls(service);
    await buildFunctions();
    const found = Object.fromEntries(
      FUNCTION_GROUPS.map((group) => [group, { none: [], empty: [], filled: [] }]),
    ) as unknown as Record<FunctionGroup, Record<Cache, Start[]>>;
    const filled = join(folder, 'filled');
    for (const group of FUNCTION_GROUPS) await startOnce(bundleOf(group), events[group], filled);
    // Alternate between the functions, so that other work on this machine affects all of them equally.
    for (let turn = 0; turn < Number(starts); turn += 1) {
      for (const group of FUNCTION_GROUPS) {
        const folders = { none: undefined, empty: join(folder, `empty-${group}-${turn}`), filled };
        for (const cache of CACHES) {
          found[group][cache].push(await startOnce(bundleOf(group), events[group], folders[cache]));
        }
      }
    }
    return found;
  } finally {
    await service.close();
    log.close();
  }
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`;
const round = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

function report(found: Record<FunctionGroup, Record<Cache, Start[]>>): string {
  const cpu = (group: FunctionGroup, part: 'load' | 'first' | 'warm', cache: Cache = 'none'): number =>
    median(found[group][cache].map((start) => start[part].cpu));
  let text = row(['function', 'call', 'load', 'first call', 'warm call', 'most memory, MiB']);
  text += row(['---', '---', '--:', '--:', '--:', '--:']);
  for (const group of FUNCTION_GROUPS) {
    const times = (['load', 'first', 'warm'] as const).map((part) => round(cpu(group, part)));
    const memory = Math.max(...found[group].none.map((start) => start.memory));
    text += row([`\`${group}\``, MEASURED[group], ...times, Math.round(memory)]);
  }
  text += `\n${row(['function', ...MEMORY_SIZES.map((size) => `first call at ${size}`), ...MEMORY_SIZES.map((size) => `warm at ${size}`)])}`;
  text += row(['---', ...MEMORY_SIZES.flatMap(() => ['--:', '--:'])]);
  for (const group of FUNCTION_GROUPS) {
    const at = (milliseconds: number) =>
      MEMORY_SIZES.map((size) => round((milliseconds * WHOLE_CPU) / Math.min(size, WHOLE_CPU)));
    text += row([`\`${group}\``, ...at(cpu(group, 'first')), ...at(cpu(group, 'warm'))]);
  }
  text += `\n${row(['function', ...CACHES.map((cache) => `load, compile cache: ${cache}`)])}`;
  text += row(['---', ...CACHES.map(() => '--:')]);
  for (const group of FUNCTION_GROUPS) {
    text += row([`\`${group}\``, ...CACHES.map((cache) => round(cpu(group, 'load', cache)))]);
  }
  return text;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'measure-functions-'));
  try {
    const { stdout: version } = await execute(node, ['--version']);
    const found = await measure(folder);
    const how = `Milliseconds on a CPU, medians of ${starts} starts on Node.js ${version.trim()} (${process.arch}).`;
    publish('performance.md', `${how}\n\n${report(found)}`, 'npm run measure:functions');
  } finally {
    await rm(folder, { recursive: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
