/**
 * The order of test files: the longest first, so that no worker is left with a long file at the end. Jest orders them by
 * their time in earlier runs. Without one, as in CI, it orders them by size, and some of the longest files are short.
 */
'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/** In order: they wait for a browser or for programs that they start, try random cases, or have many tests. */
const LONGEST = [
  'browser/portal',
  'properties/operations',
  'local/data-folder',
  'figures/documents',
  'browser/forwarded-link',
  'local/start',
  'properties/third-parties',
  'browser/user-journey',
  'local/failover',
  'local/demo',
  'flows/provider-behavior',
  'cli/gate',
  'local/revocation-killed',
  'flows/vendors/vendors',
  'flows/portal-pages',
];

function rank({ path }) {
  const place = LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
  return place < 0 ? LONGEST.length : place;
}

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const known = sorted.some(({ duration }) => duration !== undefined);
    return known ? sorted : sorted.sort((a, b) => rank(a) - rank(b));
  }
};
