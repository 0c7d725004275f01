/**
 * Starts one function in a separate process: loads the bundle, calls it once and then warm, and prints the times. This
 * file is plain JavaScript, so that only the bundle is loaded. argv: the bundle, the event and the context as JSON, and
 * the number of warm calls.
 */
'use strict';
const { performance } = require('node:perf_hooks');

const [, , bundle, event, context, warmCalls] = process.argv;

/** Returns the elapsed milliseconds, and the CPU milliseconds of all threads. */
async function timed(work) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const result = await work();
  const passed = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { result, time: { passed, cpu: (user + system) / 1000 } };
}

async function main() {
  const loaded = await timed(() => Promise.resolve(require(bundle)));
  const { handler } = loaded.result;
  const call = async () => {
    const answer = await handler(JSON.parse(event), JSON.parse(context));
    // 404 is the response to a request for an unknown issuer.
    if (answer?.statusCode >= 400 && answer.statusCode !== 404)
      throw new Error(`The function returned ${answer.statusCode}: ${answer.body}`);
  };
  const first = await timed(call);
  const count = Number(warmCalls);
  const warm = await timed(async () => {
    for (let calls = 0; calls < count; calls += 1) await call();
  });
  const perCall = (milliseconds) => milliseconds / count;
  process.stdout.write(
    `\n${JSON.stringify({
      load: loaded.time,
      first: first.time,
      warm: { passed: perCall(warm.time.passed), cpu: perCall(warm.time.cpu) },
      memory: process.resourceUsage().maxRSS / 1024,
    })}\n`,
  );
  // The open connections of the SDK would keep the process running.
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
