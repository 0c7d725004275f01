/**
 * A bundle in a separate process, called as the runtime of Lambda calls a function. This file is plain JavaScript, so that
 * only the bundle is loaded. Each message gets one response:
 * - `{ bundle, calls }` loads the bundle, for these events and contexts as JSON
 * - `{ run, callers }` calls the function this many times, by this many callers in parallel
 * - `{ arrivals, rate }` calls the function this many times, at a constant rate per second
 * - `{ allocated }` returns the bytes that this many calls allocate on the heap
 * - `{ requested }` returns the requests of this many calls
 * - `{ loaded }` returns what the process has loaded
 */
'use strict';
const diagnostics = require('node:diagnostics_channel');
const { statSync } = require('node:fs');
const { performance } = require('node:perf_hooks');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { GCProfiler } = require('node:v8');

// As in Lambda, where the functions do not use the console (lambda/functions/composition/logging.ts).
globalThis.console.info = (lines) => process.stdout.write(`${lines}\n`);

/** The connections of the process. They stay open. */
const sockets = new Set();
diagnostics.subscribe('net.client.socket', ({ socket }) => sockets.add(socket));

/** Returns the result, the elapsed milliseconds, and the CPU milliseconds of all threads. */
async function timed(work) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const result = await work();
  const elapsed = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { result, elapsed, cpu: (user + system) / 1000 };
}

function transferred() {
  let bytes = 0;
  for (const { bytesRead, bytesWritten } of sockets) bytes += bytesRead + bytesWritten;
  return bytes;
}

/** Returns the bytes that the work allocates on the heap: the growth before each garbage collection, and after the last. */
async function allocated(work) {
  const profiler = new GCProfiler();
  globalThis.gc();
  profiler.start();
  let before = process.memoryUsage().heapUsed;
  await work();
  const after = process.memoryUsage().heapUsed;
  let bytes = 0;
  for (const { beforeGC, afterGC } of profiler.stop().statistics) {
    bytes += beforeGC.heapStatistics.usedHeapSize - before;
    before = afterGC.heapStatistics.usedHeapSize;
  }
  return bytes + after - before;
}

/** Returns the AWS operations that are called during the work. */
async function requested(work) {
  const operations = [];
  const record = ({ request }) => {
    const target = request.getHeader('x-amz-target');
    operations.push(typeof target === 'string' ? target.split('.').at(-1) : request.path);
  };
  diagnostics.subscribe('http.client.request.start', record);
  await work();
  diagnostics.unsubscribe('http.client.request.start', record);
  return operations;
}

let handler;
let calls = [];
let made = 0;

async function call() {
  const { event, context } = calls[made % calls.length];
  made += 1;
  const response = await handler(JSON.parse(event), JSON.parse(context));
  if (response?.statusCode >= 400)
    throw new Error(`The function returned ${response.statusCode}: ${response.body}`);
  return response;
}

async function run({ run: count, callers }) {
  const latencies = new Float64Array(count);
  let begun = 0;
  let response;
  const caller = async () => {
    while (begun < count) {
      const index = begun;
      begun += 1;
      const from = performance.now();
      response = await call();
      latencies[index] = performance.now() - from;
    }
  };
  const before = transferred();
  const { cpu } = await timed(() => Promise.all(Array.from({ length: callers }, caller)));
  return { cpu, transferred: transferred() - before, latencies, response };
}

/** Returns the milliseconds of each call from its arrival, which does not wait for the calls before it. */
async function arrive({ arrivals: count, rate }) {
  const latencies = new Float64Array(count);
  const begun = performance.now();
  const answered = [];
  for (let index = 0; index < count; index += 1) {
    const at = begun + (index * 1000) / rate;
    // A timer is late by up to a millisecond, which is as long as a call.
    while (performance.now() < at) await nextTurn();
    answered.push(call().then(() => (latencies[index] = performance.now() - at)));
  }
  await Promise.all(answered);
  return latencies;
}

const repeated = (count) => async () => {
  for (let done = 0; done < count; done += 1) await call();
};

async function load({ bundle, calls: given }) {
  calls = given;
  const { result, elapsed, cpu } = await timed(() => Promise.resolve(require(bundle)));
  ({ handler } = result);
  return { elapsed, cpu };
}

/** Returns the number of modules of Node.js, and the bytes of the files of the bundle. */
function loaded() {
  const files = Object.keys(require.cache).filter((file) => file !== module.filename);
  return {
    modules: process.moduleLoadList.length,
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
  };
}

async function respond(message) {
  if ('bundle' in message) return load(message);
  if ('run' in message) return run(message);
  if ('arrivals' in message) return arrive(message);
  if ('loaded' in message) return loaded();
  if ('allocated' in message) return allocated(repeated(message.allocated));
  return requested(repeated(message.requested));
}

process.on('message', (message) => {
  respond(message).then(
    (response) => process.send(response),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
// The open connections of the SDK would keep the process running.
process.on('disconnect', () => process.exit());
