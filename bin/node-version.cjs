/**
 * Ends the process when Node.js is too old. The programs load this file before any other. Its syntax is old, so that an
 * old Node.js prints one clear line instead of a syntax error.
 */
'use strict';

var NEEDED = [20, 19];
var running = process.versions.node.split('.').map(Number);

if (running[0] < NEEDED[0] || (running[0] === NEEDED[0] && running[1] < NEEDED[1])) {
  process.stderr.write(
    'agent-identity requires Node.js ' +
      NEEDED.join('.') +
      ' or later. This is ' +
      process.versions.node +
      '.\n',
  );
  process.exit(1);
}
