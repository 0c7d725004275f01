/** What the tables of the benchmark say about a target. */
import { verdict } from '../../scripts/bench/verdict';

it.each([
  ['met', 1.2, false],
  ['met', 1.25, false],
  ['missed', 1.3, false],
  ['not evaluated', 1.2, true],
  ['not evaluated', 1.3, true],
])('a target is %s for the figure %d (quick run: %s)', (result, figure, quick) => {
  expect(verdict(figure, 1.25, { quick }, ' ms')).toBe(`≤ 1.25 ms: ${result}`);
});
