/**
 * A preload that stands for a mount whose server is gone: to make the folder DEAD_FOLDER never comes back. The call
 * that hangs is a real one, opening the pipe DEAD_PIPE that nobody writes to: no signal handler runs meanwhile, and
 * Node.js waits for it when the process is to end. Timers run twenty times as fast, so that nobody waits ten seconds for
 * an answer that does not come.
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
