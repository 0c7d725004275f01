/**
 * What the gate adds to the first byte of an agent's answer: each call is made of the agent directly and through an
 * endpoint with user tokens, side by side in one run, of the same agent. Everything is on this machine, the identity
 * service too; so what is measured is the work, and not a network.
 */
import '../test/storm/quiet';
import { AgentServer } from '../test/flows/gate/agent-server';
import { openEndpoint } from '../test/flows/gate/endpoints';
import { World } from '../test/flows/support/world';
import { table } from './api-docs/table';

const CALLS = 300;
const WARM_UP = 50;

/** Milliseconds that the gate may add, as the median. */
const MOST_ADDED = 20;

type Call = () => Promise<Response>;

/** Milliseconds from the request to the first byte of the body. */
async function firstByte(call: Call): Promise<number> {
  const begun = performance.now();
  const { status, body } = await call();
  if (status !== 200 || !body) throw new Error(`the call was answered with status ${status}`);
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
    // Neither is always the one that comes after the other.
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

/** @returns whether what is added is within bounds */
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
        row('what the gate adds', added),
      ])}\n\n`,
    );
    return quantile(added, 0.5) <= MOST_ADDED;
  } finally {
    await endpoint.close();
    await Promise.all([agent.stop(), world.stop()]);
  }
}

run().then(
  (within) => {
    process.stdout.write(
      within
        ? `Within the ${MOST_ADDED} ms that the gate may add.\n`
        : `Over the ${MOST_ADDED} ms that the gate may add (median).\n`,
    );
    process.exit(within ? 0 : 1);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'It failed.'}\n`);
    process.exit(1);
  },
);
