/** The memory of one process of credential retrieval over many calls. */
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { FunctionProcess, type Memory } from './function-process';
import type { Part } from './part';

const CALLERS = 16;

/** Numbers of calls after which the memory is measured. */
const CALLS = { full: [1_000, 10_000, 40_000, 70_000, 100_000], quick: [10, 20] } as const;

interface MemoryFigures extends Memory {
  readonly calls: number;
}

const report = (figures: readonly MemoryFigures[]): string =>
  table([
    ['calls', 'heapUsed, MiB', 'RSS, MiB'],
    ...figures.map(({ calls, heapUsed, rss }) => [
      calls.toLocaleString('en'),
      heapUsed.toFixed(1),
      rss.toFixed(0),
    ]),
  ]);

export const memory: Part = async ({ stage: { stored }, settings: { node, quick } }) => {
  const { group, call } = stored;
  const called = await FunctionProcess.start({ node, bundle: bundleOf(group), calls: [call] });
  const figures: MemoryFigures[] = [];
  let made = 0;
  for (const calls of CALLS[quick ? 'quick' : 'full']) {
    await called.run(calls - made, CALLERS);
    made = calls;
    figures.push({ calls, ...(await called.memory()) });
  }
  await called.stop();
  return { figures, report: report(figures) };
};
