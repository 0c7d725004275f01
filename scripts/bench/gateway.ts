/**
 * What a gateway adds to a call: time, CPU, and memory. Each call goes to one target alternately directly, with the token in
 * hand, and through a gateway with user tokens, which gets the target's token by client credentials. Everything runs in
 * this process, including the identity service, its database, the target, and the callers, so times are those of
 * processing without a network, and memory is that of all of them.
 */
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import { openGateway, providerArn } from '../../test/flows/gateway/gateways';
import { table } from '../markdown-table';
import type { Part } from './part';
import type { Settings } from './settings';
import { CLIENT_SECRET } from './stage';
import { quantile } from './statistics';
import { verdict } from './verdict';

/** Calls that are measured, calls before them, which compile the code, and calls of a turn. */
const FULL = { calls: 400, warmUp: 200, turn: 20 } as const;
const QUICK = { calls: 2, warmUp: 2, turn: 1 } as const;

type Counts = Readonly<Record<keyof typeof FULL, number>>;

const STREAMS = 50;

/** Callers that are at work at the same time while the memory over many calls is measured. */
const CALLERS = 8;

/** The most that a gateway may add, as the median in milliseconds, and its CPU time as a multiple of one retrieval. */
const MAX_ADDED = 15;
const MAX_CPU = 3;

const MEBIBYTE = 1024 * 1024;

const LARGE_BYTES = 200 * MEBIBYTE;
const CHUNK = Buffer.alloc(64 * 1024, 'a');

/** Bytes of the large response between two readings of memory, each of which collects garbage. */
const BETWEEN_READINGS = 5 * MEBIBYTE;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use after a collection. */
function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Returns the bytes in use when earlier calls have left no more garbage: some is freed after a collection. */
async function settledMemory(): Promise<number> {
  let least = memory();
  for (let reading = 0; reading < 5; reading += 1) {
    await setTimeout(200);
    least = Math.min(least, memory());
  }
  return least;
}

function sendLarge(response: ServerResponse): void {
  let sent = 0;
  const send = (): void => {
    while (sent < LARGE_BYTES) {
      sent += CHUNK.length;
      if (!response.write(CHUNK)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}

async function startTarget() {
  const server = createServer(({ url = '' }, response) => {
    response.writeHead(200, { 'content-type': url.endsWith('/events') ? 'text/event-stream' : 'text/plain' });
    if (url.endsWith('/large')) sendLarge(response);
    else if (url.endsWith('/events')) response.write('data: first\n\n');
    else response.end('ok');
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { origin: `http://${LOOPBACK}:${port}`, close };
}

/** Sends a request to the path below the target, directly or through the gateway. */
type Call = (path?: string, signal?: AbortSignal) => Promise<Response>;

async function whole(call: Call): Promise<void> {
  const response = await call();
  if (response.status !== 200)
    throw new Error(`The call returned ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** Returns the milliseconds of each call. */
async function timesOf(direct: Call, through: Call, { calls, warmUp }: Counts) {
  const taken = { direct: [] as number[], through: [] as number[] };
  for (let call = 0; call < warmUp + calls; call += 1) {
    // Alternate the order, so that neither call is always the second.
    const order = call % 2 === 0 ? (['direct', 'through'] as const) : (['through', 'direct'] as const);
    for (const way of order) {
      const begun = performance.now();
      await whole({ direct, through }[way]);
      if (call >= warmUp) taken[way].push(performance.now() - begun);
    }
  }
  return { ...taken, added: taken.through.map((time, call) => time - (taken.direct[call] ?? NaN)) };
}

/** Returns the milliseconds on a CPU of a number of calls. */
async function cpuOf(calls: number, call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let made = 0; made < calls; made += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Returns the milliseconds on a CPU of one call of each, which take turns. */
async function cpuOfEach(
  call: () => Promise<unknown>,
  retrieve: () => Promise<unknown>,
  { calls, warmUp, turn }: Counts,
) {
  await cpuOf(warmUp, retrieve);
  const used = { call: 0, retrieval: 0 };
  for (let made = 0; made < calls; made += turn) {
    used.call += await cpuOf(turn, call);
    used.retrieval += await cpuOf(turn, retrieve);
  }
  return { call: used.call / calls, retrieval: used.retrieval / calls };
}

/** Calls after which the user signs in again: a user token is valid for an hour. */
const CALLS_OF_SESSION = 5000;

/** Returns the bytes in use after a number of calls, above those before. */
async function memoryOfCalls(
  calls: number,
  call: () => Promise<void>,
  signIn: () => Promise<void>,
): Promise<number> {
  const before = await settledMemory();
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      if (left % CALLS_OF_SESSION === 0) await signIn();
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return (await settledMemory()) - before;
}

/** Returns the bytes that a number of open streams need. */
async function memoryOfStreams(through: Call): Promise<number> {
  const before = await settledMemory();
  const ending = new AbortController();
  const open = await Promise.all(Array.from({ length: STREAMS }, () => through('/events', ending.signal)));
  await Promise.all(open.map(({ body }) => (body as ReadableStream<Uint8Array>).getReader().read()));
  const after = memory();
  ending.abort();
  return after - before;
}

/** Returns the most bytes in use, above those before, during a large response. */
async function memoryOfLarge(through: Call): Promise<number> {
  const before = await settledMemory();
  const { body } = await through('/large');
  let [received, read, most] = [0, 0, 0];
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
    received += part.length;
    if (received < read + BETWEEN_READINGS) continue;
    read = received;
    most = Math.max(most, memory() - before);
  }
  if (received !== LARGE_BYTES) throw new Error(`The response had ${received} bytes`);
  return most;
}

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;

function latencyRows(times: Awaited<ReturnType<typeof timesOf>>, settings: Settings): string[][] {
  const row = (name: string, values: readonly number[], target = ''): string[] => {
    const [p50, p95] = [0.5, 0.95].map((share) => `${quantile([...values], share).toFixed(1)} ms`);
    return [name, `${p50}, p95 ${p95}`, target];
  };
  return [
    row('the target directly, p50', times.direct),
    row('through the gateway, p50', times.through),
    row(
      'added by the gateway, p50',
      times.added,
      verdict(quantile(times.added, 0.5), MAX_ADDED, settings, ' ms'),
    ),
  ];
}

export const gateway: Part = async ({ stage: { world }, settings }) => {
  const counts = settings.quick ? QUICK : FULL;
  const target = await startTarget();
  try {
    const agent = await world.agent('agent', undefined, { clientSecret: CLIENT_SECRET });
    const opened = await openGateway(world, 'CUSTOM_JWT');
    const url = await opened.target('measured', target.origin, {
      credential: {
        credentialProviderType: 'OAUTH',
        credentialProvider: {
          oauthCredentialProvider: {
            providerArn: providerArn('oauth2', agent.providerName),
            grantType: 'CLIENT_CREDENTIALS',
            scopes: ['a'],
          },
        },
      },
    });
    let authorization = '';
    const signIn = async (): Promise<void> => {
      authorization = `Bearer ${await world.issuer.token('ana')}`;
    };
    await signIn();
    const to =
      (base: string): Call =>
      (path = '', signal) =>
        fetch(base + path, { headers: { authorization }, ...(signal && { signal }) });
    const [direct, through] = [to(target.origin), to(url)];
    const times = await timesOf(direct, through, counts);
    const workloadIdentityToken = await agent.token();
    const cpu = await cpuOfEach(
      () => whole(through),
      () => agent.ask(workloadIdentityToken, { oauth2Flow: 'M2M', scopes: ['a'] }),
      counts,
    );
    const ratio = cpu.call / cpu.retrieval;
    const calls = settings.quick ? counts.calls : settings.calls;
    const after = await memoryOfCalls(calls, () => whole(through), signIn);
    const large = await memoryOfLarge(through);
    const streams = await memoryOfStreams(through);
    return table([
      ['figure', 'measured', 'target'],
      ...latencyRows(times, settings),
      [
        'CPU of a call, and of one GetResourceOauth2Token',
        `${cpu.call.toFixed(1)} ms, ${cpu.retrieval.toFixed(1)} ms`,
        '',
      ],
      [
        'CPU of a call over one GetResourceOauth2Token',
        `${ratio.toFixed(1)} ×`,
        verdict(ratio, MAX_CPU, settings, ' ×'),
      ],
      [`memory after ${calls.toLocaleString('en')} more calls`, mebibytes(after), ''],
      [`memory of ${STREAMS} open streams`, mebibytes(streams), ''],
      ['most memory during a response of 200 MiB', mebibytes(large), ''],
    ]);
  } finally {
    await target.close();
  }
};
