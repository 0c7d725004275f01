/** Cold starts: loading a bundle and its first call, next to bundles that have only the AWS clients and jose. */
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { each, inTurn, ratiosOf, type Comparison, type Sides } from './compare';
import { buildFloors } from './floor-bundles';
import { startOnce, type Start } from './function-process';
import type { Part } from './part';
import type { Settings } from './settings';
import { median } from './statistics';
import { verdict } from './verdict';

const STARTS = { full: 11, quick: 1 } as const;

/** CPU time of ours, divided by that of the floor with the AWS SDK. */
const MAX_RATIO = 0.8;

interface StartFigures extends Pick<Comparison, 'ratios'> {
  readonly group: string;
  readonly sides: Sides<Start>;
}

const medianOf = (starts: readonly Start[]): Start => ({
  load: median(starts.map(({ load }) => load)),
  first: median(starts.map(({ first }) => first)),
});

const total = ({ load, first }: Start): number => load + first;

function report(figures: readonly StartFigures[], settings: Settings): string {
  const shown = (sides: Sides<Start>, of: (start: Start) => number): string =>
    [sides.ours, sides.sdk, sides.lean].map((start) => of(start).toFixed(0)).join(' / ');
  return table([
    ['function', 'load, CPU ms', 'first call, CPU ms', 'together', 'ratios', 'target'],
    ...figures.map(({ group, sides, ratios: { sdk, lean } }) => [
      `\`${group}\``,
      shown(sides, ({ load }) => load),
      shown(sides, ({ first }) => first),
      shown(sides, total),
      `${sdk.toFixed(2)} / ${lean.toFixed(2)}`,
      verdict(sdk, MAX_RATIO, settings),
    ]),
  ]);
}

export const starts: Part = async ({ stage, settings, folder }) => {
  const { node, quick } = settings;
  const floorOf = await buildFloors(folder);
  const measured = stage.starts.map(({ group, call }) => ({
    group,
    call,
    done: { ours: [] as Start[], sdk: [] as Start[], lean: [] as Start[] },
  }));
  // Alternate between the functions, so that other work on this machine affects all of them equally.
  for (let turn = 0; turn < STARTS[quick ? 'quick' : 'full']; turn += 1) {
    for (const { group, call, done } of measured) {
      const bundles = { ours: bundleOf(group), sdk: floorOf(group, 'sdk'), lean: floorOf(group, 'lean') };
      for (const side of inTurn(turn)) {
        const options = { node, bundle: bundles[side], calls: [call] };
        done[side].push(await startOnce(options));
      }
    }
  }
  const figures = measured.map(({ group, done }): StartFigures => {
    const sides = each(done, medianOf);
    return { group, sides, ratios: ratiosOf(each(sides, total)) };
  });
  return report(figures, settings);
};
