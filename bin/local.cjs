/**
 * Entry of `npm start`. Syntax that every Node.js reads, so that an old one gets a clear line instead of a
 * syntax error; then the TypeScript proper, in this same process, so that signals reach it.
 */
'use strict';

var NEEDED = [20, 19];
var running = process.versions.node.split('.').map(Number);

if (running[0] < NEEDED[0] || (running[0] === NEEDED[0] && running[1] < NEEDED[1])) {
  process.stderr.write(
    'agent-identity needs Node.js ' +
      NEEDED.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      '.\n',
  );
  process.exit(1);
}

require('tsx/cjs');
require('./local.ts');
