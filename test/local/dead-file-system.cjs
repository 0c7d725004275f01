/**
 * A preload that simulates a mount whose server is unreachable: creating the folder DEAD_FOLDER never returns. The call
 * that hangs is real: it opens the pipe DEAD_PIPE, which has no writer. No signal handler runs while it hangs, and
 * Node.js waits for it before the process ends. Timers run 20 times as fast, so that the test does not wait 10 seconds.
 */
'use strict';
const fs = require('node:fs');

const { DEAD_FOLDER, DEAD_PIPE } = process.env;
const { mkdir } = fs.promises;
const { mkdirSync } = fs;

fs.promises.mkdir = (path, ...rest) =>
  path === DEAD_FOLDER ? fs.promises.open(DEAD_PIPE, 'r') : mkdir(path, ...rest);
fs.mkdirSync = (path, ...rest) =>
  path === DEAD_FOLDER ? fs.openSync(DEAD_PIPE, 'r') : mkdirSync(path, ...rest);

const { setTimeout } = globalThis;
globalThis.setTimeout = (callback, delay, ...rest) => setTimeout(callback, (delay ?? 0) / 20, ...rest);
