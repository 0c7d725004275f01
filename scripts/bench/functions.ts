/**
 * The CPU time of a start, a first call, and a warm call of every function, and the times at other memory sizes of Lambda.
 * Use the Node.js version of Lambda.
 *
 * CPU time does not depend on the share of a CPU that Lambda assigns, and excludes the emulators. A function with M MiB
 * has M/1769 of a CPU (AWS Lambda developer guide, "Configure Lambda function memory").
 */
import { join } from 'node:path';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import { bundleOf } from '../build/functions';
import { MEASURED, prepareCalls } from './function-calls';
import { startOnce, type Start } from './function-process';
import { atMemorySize, WHOLE_CPU_MIB } from './lambda-cpu';
import type { Part, Surroundings } from './part';
import { LAMBDA_CONTEXT } from './stage';
import { median, rounded } from './statistics';

const STARTS = { full: 9, quick: 1 } as const;
const WARM_CALLS = { full: 200, quick: 1 } as const;
const MEMORY_SIZES = [256, 512, 1024, WHOLE_CPU_MIB] as const;

interface Measured extends Start {
  /** Milliseconds on a CPU. */
  readonly warm: number;
  /** The maximum, in MiB. */
  readonly memory: number;
}

/** The compile cache: none, an empty folder, or a folder that an earlier start filled. */
const CACHES = ['none', 'empty', 'filled'] as const;
type Cache = (typeof CACHES)[number];

type Starts = Record<FunctionGroup, Record<Cache, Measured[]>>;

function started(
  node: string,
  { bundle, event, warmCalls }: { bundle: string; event: object; warmCalls: number },
  cacheFolder: string | undefined,
): Promise<Measured> {
  const calls = [{ event, context: LAMBDA_CONTEXT }];
  const env = cacheFolder === undefined ? {} : { NODE_COMPILE_CACHE: cacheFolder };
  return startOnce({ node, bundle, calls, env }, async (called) => {
    const { cpu } = await called.run(warmCalls);
    const { peak: memory } = await called.memory();
    return { warm: cpu / warmCalls, memory };
  });
}

async function measure({ stage, settings: { node, quick }, folder }: Surroundings): Promise<Starts> {
  const events = await prepareCalls(stage.world.local);
  const found = Object.fromEntries(
    FUNCTION_GROUPS.map((group) => [group, { none: [], empty: [], filled: [] }]),
  ) as unknown as Starts;
  const filled = join(folder, 'filled');
  const start = (group: FunctionGroup, cacheFolder: string | undefined): Promise<Measured> => {
    const warmCalls = WARM_CALLS[quick ? 'quick' : 'full'];
    return started(node, { bundle: bundleOf(group), event: events[group], warmCalls }, cacheFolder);
  };
  for (const group of FUNCTION_GROUPS) await start(group, filled);
  // Alternate between the functions, so that other work on this machine affects all of them equally.
  for (let turn = 0; turn < STARTS[quick ? 'quick' : 'full']; turn += 1) {
    for (const group of FUNCTION_GROUPS) {
      const folders = { none: undefined, empty: join(folder, `empty-${group}-${turn}`), filled };
      for (const cache of CACHES) found[group][cache].push(await start(group, folders[cache]));
    }
  }
  return found;
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`;

function report(found: Starts): string {
  const cpu = (group: FunctionGroup, part: 'load' | 'first' | 'warm', cache: Cache = 'none'): number =>
    median(found[group][cache].map((start) => start[part]));
  let text = row(['function', 'call', 'load', 'first call', 'warm call', 'most memory, MiB']);
  text += row(['---', '---', '--:', '--:', '--:', '--:']);
  for (const group of FUNCTION_GROUPS) {
    const times = (['load', 'first', 'warm'] as const).map((part) => rounded(cpu(group, part)));
    const memory = Math.max(...found[group].none.map((start) => start.memory));
    text += row([`\`${group}\``, MEASURED[group], ...times, Math.round(memory)]);
  }
  text += `\n${row(['function', ...MEMORY_SIZES.map((size) => `first call at ${size}`), ...MEMORY_SIZES.map((size) => `warm at ${size}`)])}`;
  text += row(['---', ...MEMORY_SIZES.flatMap(() => ['--:', '--:'])]);
  for (const group of FUNCTION_GROUPS) {
    const at = (milliseconds: number) =>
      MEMORY_SIZES.map((size) => rounded(atMemorySize(milliseconds, size)));
    text += row([`\`${group}\``, ...at(cpu(group, 'first')), ...at(cpu(group, 'warm'))]);
  }
  text += `\n${row(['function', ...CACHES.map((cache) => `load, compile cache: ${cache}`)])}`;
  text += row(['---', ...CACHES.map(() => '--:')]);
  for (const group of FUNCTION_GROUPS) {
    text += row([`\`${group}\``, ...CACHES.map((cache) => rounded(cpu(group, 'load', cache)))]);
  }
  return text;
}

/** Returns the medians of each function. */
const figuresOf = (found: Starts) =>
  Object.entries(found).map(([group, byCache]) => ({
    group,
    ...Object.fromEntries(
      CACHES.map((cache) => [
        cache,
        Object.fromEntries(
          (['load', 'first', 'warm', 'memory'] as const).map((part) => [
            part,
            median(byCache[cache].map((start) => start[part])),
          ]),
        ),
      ]),
    ),
  }));

export const functions: Part = async (surroundings) => {
  const found = await measure(surroundings);
  return { figures: figuresOf(found), report: report(found) };
};
