/** Cold starts: loading a bundle and its first call, next to a bundle that has only the SDK clients and jose. */
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { SIDES, type Sides } from './compare';
import { buildFloor } from './floor-bundles';
import { startOnce, type Start } from './function-process';
import type { Part } from './part';
import type { Settings } from './settings';
import { median } from './statistics';
import { verdict } from './verdict';

const STARTS = { full: 11, quick: 1 } as const;

/** CPU time of ours, divided by that of the floor. */
const MAX_RATIO = 1.2;

interface StartFigures extends Sides<Start> {
  readonly group: string;
  readonly ratio: number;
}

const medianOf = (starts: readonly Start[]): Start => ({
  load: median(starts.map(({ load }) => load)),
  first: median(starts.map(({ first }) => first)),
});

const total = ({ load, first }: Start): number => load + first;

function report(figures: readonly StartFigures[], settings: Settings): string {
  const pair = (ours: number, floor: number) => `${ours.toFixed(0)} / ${floor.toFixed(0)}`;
  return table([
    ['function', 'load, CPU ms', 'first call, CPU ms', 'together', 'ratio', 'target'],
    ...figures.map(({ group, ours, floor, ratio }) => [
      `\`${group}\``,
      pair(ours.load, floor.load),
      pair(ours.first, floor.first),
      pair(total(ours), total(floor)),
      ratio.toFixed(2),
      verdict(ratio, MAX_RATIO, settings),
    ]),
  ]);
}

export const starts: Part = async ({ stage, settings, folder }) => {
  const { node, quick } = settings;
  const floorOf = await buildFloor(folder);
  const measured = stage.starts.map(({ group, call }) => ({
    group,
    call,
    done: { ours: [] as Start[], floor: [] as Start[] },
  }));
  // Alternate between the functions, so that other work on this machine affects all of them equally.
  for (let turn = 0; turn < STARTS[quick ? 'quick' : 'full']; turn += 1) {
    for (const { group, call, done } of measured) {
      const bundles = { ours: bundleOf(group), floor: floorOf(group) };
      for (const side of turn % 2 === 0 ? SIDES : SIDES.toReversed()) {
        const options = { node, bundle: bundles[side], calls: [call] };
        done[side].push(await startOnce(options));
      }
    }
  }
  const figures = measured.map(({ group, done }): StartFigures => {
    const [ours, floor] = [medianOf(done.ours), medianOf(done.floor)];
    return { group, ours, floor, ratio: total(ours) / total(floor) };
  });
  return report(figures, settings);
};
