/**
 * The order of test files: the longest first, so that no worker is left with a long file at the end. Jest orders them by
 * their time in earlier runs. Without one, as in CI, it orders them by size, and some of the longest files are short.
 */
'use strict';
const { default: Sequencer } = require('@jest/test-sequencer');

/** In order: they wait for a browser or for programs that they start, or have many tests. */
const LONGEST = [
  'browser/portal',
  'browser/user-journey',
  'browser/forwarded-link',
  'local/data-folder',
  'flows/vendors/vendors',
  'flows/provider-behavior',
  'local/start',
  'local/revocation-killed',
  'flows/deletion-races',
  'local/moved-address',
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
