/**
 * Measures the time that the gate adds to the first byte of an agent's response. Each call goes to the same agent twice,
 * directly and through an endpoint with user tokens. Everything runs on this machine, including the identity service, so
 * the result is the processing time without a network.
 */
import '../test/storm/quiet';
import { AgentServer } from '../test/flows/gate/agent-server';
import { openEndpoint } from '../test/flows/gate/endpoints';
import { World } from '../test/flows/support/world';
import { table } from './api-docs/table';

const CALLS = 300;
const WARM_UP = 50;

/** The maximum that the gate can add, as the median in milliseconds. */
const MAX_ADDED_MS = 20;

type Call = () => Promise<Response>;

/** Returns the milliseconds from the request to the first byte of the body. */
async function firstByte(call: Call): Promise<number> {
  const begun = performance.now();
  const { status, body } = await call();
  if (status !== 200 || !body) throw new Error(`The call returned status ${status}`);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const taken = performance.now() - begun;
  while (!(await reader.read()).done);
  return taken;
}

/** @param share 0.5 for the median */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const row = (name: string, values: readonly number[]): string[] => [
  name,
  ...[0.5, 0.95].map((share) => quantile(values, share).toFixed(1)),
];

async function measure(direct: Call, gate: Call) {
  const taken = { direct: [] as number[], gate: [] as number[] };
  for (let call = 0; call < WARM_UP + CALLS; call += 1) {
    // Alternate the order, so that neither call is always the second.
    const order = call % 2 === 0 ? (['direct', 'gate'] as const) : (['gate', 'direct'] as const);
    for (const way of order) {
      const milliseconds = await firstByte(way === 'direct' ? direct : gate);
      if (call >= WARM_UP) taken[way].push(milliseconds);
    }
  }
  return {
    ...taken,
    added: taken.gate.map((milliseconds, call) => milliseconds - (taken.direct[call] ?? NaN)),
  };
}

/** Returns whether the added time is within the limit. */
async function run(): Promise<boolean> {
  const [world, agent] = await Promise.all([World.start(), AgentServer.start()]);
  agent.run = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
    response.end('data: last\n\n');
  };
  const { discoveryUrl, audience } = world.issuer;
  const inbound = { kind: 'JWT' as const, discoveryUrl, allowedAudience: [audience] };
  const endpoint = await openEndpoint(world, { inbound, target: { kind: 'url', url: agent.url } });
  try {
    const headers = {
      authorization: `Bearer ${await world.issuer.token('ana')}`,
      'content-type': 'application/json',
    };
    const post = (url: string) => () => fetch(url, { method: 'POST', body: '{"prompt":"hello"}', headers });
    const { direct, gate, added } = await measure(post(agent.url), post(endpoint.invocationUrl));
    process.stdout.write(
      `Milliseconds to the first byte, of ${CALLS} calls each way on Node ${process.version}.\n\n${table([
        ['call', 'median', 'p95'],
        row('the agent directly', direct),
        row('through the gate', gate),
        row('added by the gate', added),
      ])}\n\n`,
    );
    return quantile(added, 0.5) <= MAX_ADDED_MS;
  } finally {
    await endpoint.close();
    await Promise.all([agent.stop(), world.stop()]);
  }
}

run().then(
  (within) => {
    process.stdout.write(
      within
        ? `The gate adds up to ${MAX_ADDED_MS} ms (median), as required.\n`
        : `The gate adds more than ${MAX_ADDED_MS} ms (median).\n`,
    );
    process.exit(within ? 0 : 1);
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : 'The benchmark failed.'}\n`,
    );
    process.exit(1);
  },
);
