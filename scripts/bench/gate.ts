/**
 * The time that the gate adds to the first byte of an agent's response. Each call goes to the same agent twice, directly
 * and through an endpoint with user tokens. Everything runs in this process, including the identity service, so the result
 * is the processing time without a network.
 */
import { AgentServer } from '../../test/flows/gate/agent-server';
import { openEndpoint } from '../../test/flows/gate/endpoints';
import { table } from '../markdown-table';
import type { Part } from './part';
import type { Settings } from './settings';
import { quantile } from './statistics';
import { verdict } from './verdict';

/** An instance of the gate serves thousands of calls, and the first hundreds compile its code. */
const FULL = { calls: 1000, warmUp: 500 } as const;
const QUICK = { calls: 2, warmUp: 2 } as const;

/** The most that the gate may add, as the median in milliseconds. */
const MAX_ADDED = 5;

interface GateFigures {
  readonly way: string;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
}

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

const NAMES: Readonly<Record<string, string>> = {
  direct: 'the agent directly',
  gate: 'through the gate',
  added: 'added by the gate',
};

const report = (figures: readonly GateFigures[], settings: Settings): string =>
  table([
    ['call', 'p50 ms', 'p95 ms', 'target'],
    ...figures.map(({ way, p50, p95 }) => [
      NAMES[way] ?? way,
      p50.toFixed(1),
      p95.toFixed(1),
      way === 'added' ? verdict(p50, MAX_ADDED, settings, ' ms') : '',
    ]),
  ]);

async function measure(
  ways: { readonly direct: Call; readonly gate: Call },
  { calls, warmUp }: { readonly calls: number; readonly warmUp: number },
) {
  const taken = { direct: [] as number[], gate: [] as number[] };
  for (let call = 0; call < warmUp + calls; call += 1) {
    // Alternate the order, so that neither call is always the second.
    const order = call % 2 === 0 ? (['direct', 'gate'] as const) : (['gate', 'direct'] as const);
    for (const way of order) {
      const milliseconds = await firstByte(ways[way]);
      if (call >= warmUp) taken[way].push(milliseconds);
    }
  }
  return {
    ...taken,
    added: taken.gate.map((milliseconds, call) => milliseconds - (taken.direct[call] ?? NaN)),
  };
}

export const gate: Part = async ({ stage: { world }, settings }) => {
  const agent = await AgentServer.start();
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
    const taken = await measure(
      { direct: post(agent.url), gate: post(endpoint.invocationUrl) },
      settings.quick ? QUICK : FULL,
    );
    const figures = Object.entries(taken).map(([way, values]) => ({
      way,
      p50: quantile(values, 0.5),
      p95: quantile(values, 0.95),
    }));
    return report(figures, settings);
  } finally {
    await endpoint.close();
    await agent.stop();
  }
};
