/**
 * Runs the gate's bundle in a separate process, as the runtime of Lambda does: it gets the event as JSON text, and a
 * stream for the response. This file is plain JavaScript, so that only the bundle is loaded. argv: the bundle. Each
 * message is `{ event, bytesPerSecond }`, and its answer the CPU milliseconds; the message
 * `memory` gets the peak memory in MiB, and ends the process.
 */
'use strict';
const { Writable } = require('node:stream');
const { setImmediate, setTimeout } = require('node:timers');
const { peakMemory } = require('../peak-memory.cjs');

/** Returns the result, and the CPU milliseconds of all threads. */
async function timed(work) {
  const begun = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(begun);
  return { result, cpu: (user + system) / 1000 };
}

/** The caller, which reads this many bytes per second, or as fast as the gate writes. */
class Caller extends Writable {
  head = '';
  setContentType = () => undefined;

  constructor(bytesPerSecond) {
    super();
    this.bytesPerSecond = bytesPerSecond;
  }

  _write(chunk, _encoding, done) {
    if (this.head.length < 200) this.head += chunk.toString('latin1', 0, 200);
    if (this.bytesPerSecond === undefined) setImmediate(done);
    else setTimeout(done, (chunk.length * 1000) / this.bytesPerSecond);
  }
}

globalThis.awslambda = { streamifyResponse: (handler) => handler };

async function main() {
  const [, , bundle] = process.argv;
  const loaded = await timed(() => Promise.resolve(require(bundle)));
  const { handler } = loaded.result;
  process.on('message', async (message) => {
    if (message === 'memory') {
      process.send(peakMemory(), () => process.exit(0));
      return;
    }
    const { event, bytesPerSecond } = message;
    const caller = new Caller(bytesPerSecond);
    const { cpu } = await timed(() =>
      handler(JSON.parse(event), caller, { getRemainingTimeInMillis: () => 900_000 }),
    );
    const isComplete = caller.writableFinished && caller.head.startsWith('{"statusCode":200');
    process.send({ cpu, ...(!isComplete && { failure: caller.head }) });
  });
  process.send({ load: loaded.cpu });
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
