/**
 * The peak memory and the CPU time of an endpoint's gate. Runs the bundle of the deployment in a separate process for each
 * run, with the heap of a function of each memory size, against an agent, an issuer, and the identity service on this
 * machine. Use the Node.js version of Lambda.
 *
 * The memory is that of the process: no limit is enforced, because a container of a test machine cannot always limit
 * itself. The heap's limit is 90% of the memory size; a process that exceeds it ends with an error.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { INVOCATION_PATH } from '../../lambda/contract/gate-routes';
import type { Target } from '../../lambda/contract/configuration';
import { DELIMITER, WITH_METADATA } from '../../lambda/gate/response-stream';
import { startLambda, type LambdaFunction, type LocalLambda } from '../../lib/local/lambda';
import { LOCAL_STAGE_SECRET_HASH, LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import { AgentServer } from '../../test/flows/gate/agent-server';
import { openEndpoint, type Opened } from '../../test/flows/gate/endpoints';
import type { World } from '../../test/flows/support/world';
import { table } from '../markdown-table';
import { bundleOf } from '../build/functions';
import { nextMessage } from './function-process';
import { RUNS, type Run } from './gate-memory/runs';
import { atMemorySize } from './lambda-cpu';
import type { Part } from './part';
import { median, rounded } from './statistics';

const STARTS = { full: 9, quick: 1 } as const;
const MEMORY_SIZES = [128, 256, 512, 1024] as const;
const GATE_PROCESS = join(__dirname, 'gate-memory/gate-entry.cjs');
const AGENT = 'measured-agent';

/** The process, in errors. */
const NAME = 'the gate';

/** What the gate's process calls. */
interface GateStage {
  /** Path of the Node.js binary. */
  readonly node: string;
  readonly quick: boolean;
  readonly world: World;
  readonly endpoint: Opened;
  /** The agent at a URL. */
  readonly server: AgentServer;
  /** The agent as a function, behind a Lambda that accepts the credentials of the gate. */
  readonly functions: Map<string, LambdaFunction>;
  readonly lambda: LocalLambda;
}

interface Call {
  /** CPU milliseconds of the function. */
  readonly cpu: number;
  /** The start of a response that is not complete. */
  readonly failure?: string;
}

interface Measured {
  /** CPU milliseconds. */
  readonly load: number;
  readonly first: number;
  /** One call after the first. */
  readonly warm: number;
  /** Peak of the process, in MiB. */
  readonly memory: number;
}

function* chunksOf({ chunk, chunks }: Run['response']): Generator<Buffer> {
  for (let sent = 0; sent < chunks; sent += 1) yield chunk;
}

/** Makes the agent, in either of its forms, respond as the run states. */
function respond({ functions, server }: GateStage, { response }: Run): void {
  const { type } = response;
  server.run = (out) => {
    out.writeHead(200, { 'content-type': type });
    // Without the objects of a stream, each chunk is sent by itself.
    out.socket?.setNoDelay(true);
    void pipeline(Readable.from(chunksOf(response)), out).catch(() => undefined);
  };
  functions.set(AGENT, {
    async streaming(_event, stream) {
      stream.setContentType(WITH_METADATA);
      stream.write(JSON.stringify({ statusCode: 200, headers: { 'content-type': type } }));
      stream.write(DELIMITER);
      await pipeline(Readable.from(chunksOf(response)), stream);
    },
  });
}

/** Returns the event of API Gateway, with the members that the gate reads. */
const eventOf = ({ agentRuntimeArn }: Opened, token: string, { payload }: Run): string =>
  JSON.stringify({
    resource: INVOCATION_PATH,
    httpMethod: 'POST',
    path: '/',
    pathParameters: { agentRuntimeArn: `${agentRuntimeArn}/invocations` },
    multiValueHeaders: { Authorization: [`Bearer ${token}`], 'Content-Type': ['application/json'] },
    multiValueQueryStringParameters: null,
    stageVariables: LOCAL_STAGE_VARIABLES,
    body: payload.toString('base64'),
    isBase64Encoded: true,
    requestContext: { requestId: 'measured', identity: { userArn: null } },
  });

function start(
  { node, world, lambda, endpoint }: GateStage,
  target: Target,
  memorySize: number,
): ChildProcess {
  const { accessKeyId, secretAccessKey } = world.local.principals.gate;
  const { discoveryUrl, audience } = world.issuer;
  return fork(GATE_PROCESS, [bundleOf('gate')], {
    execPath: node,
    execArgv: [`--max-old-space-size=${Math.floor(0.9 * memorySize)}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      AWS_REGION: world.local.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      LOOPBACK_PROVIDERS: 'allowed',
      STAGE_SECRET_HASH: LOCAL_STAGE_SECRET_HASH,
      DEPLOYMENT_NAME: 'measured',
      IDENTITY_ENDPOINT: world.local.endpoint,
      AGENT_ENDPOINT: JSON.stringify({
        agentRuntimeArn: endpoint.agentRuntimeArn,
        workloadName: endpoint.agent.name,
        baseUrl: endpoint.baseUrl,
        protocol: 'HTTP',
        inbound: { kind: 'JWT', discoveryUrl, allowedAudience: [audience] },
        target,
        requestHeaderAllowlist: [],
        invocationTimeout: 900,
      }),
    },
  });
}

async function measure(stage: GateStage, run: Run, target: Target, memorySize: number): Promise<Measured> {
  respond(stage, run);
  const event = eventOf(stage.endpoint, await stage.world.issuer.token('ana'), run);
  const child = start(stage, target, memorySize);
  const { load } = await nextMessage<{ load: number }>(child, NAME);
  const call = async (): Promise<Call> => {
    child.send({ event, ...(run.bytesPerSecond !== undefined && { bytesPerSecond: run.bytesPerSecond }) });
    const result = await nextMessage<Call>(child, NAME);
    stage.server.asked.length = 0;
    if (result.failure !== undefined)
      throw new Error(`The gate did not respond completely: ${result.failure}`);
    return result;
  };
  const first = await call();
  const others: Call[] = [];
  for (let calls = 0; calls < run.calls; calls += 1) others.push(await call());
  child.send('memory');
  return {
    load,
    first: first.cpu,
    warm: others.reduce((sum, { cpu }) => sum + cpu, 0) / others.length,
    memory: await nextMessage<number>(child, NAME),
  };
}

async function memoryTable(stage: GateStage, targets: Readonly<Record<string, Target>>): Promise<string[][]> {
  const rows = [];
  for (const run of stage.quick ? RUNS.slice(0, 1) : RUNS) {
    for (const [kind, target] of Object.entries(targets)) {
      const measured: Measured[] = [];
      for (const size of MEMORY_SIZES) measured.push(await measure(stage, run, target, size));
      rows.push([
        run.name,
        kind,
        ...measured.map(({ memory }) => String(Math.ceil(memory))),
        rounded(median(measured.map(({ warm }) => warm))),
      ]);
    }
  }
  return [
    ['invocation', 'agent', ...MEMORY_SIZES.map((size) => `peak MiB at ${size}`), 'CPU ms, warm'],
    ...rows,
  ];
}

async function timeTable(stage: GateStage, targets: Readonly<Record<string, Target>>): Promise<string[][]> {
  const [run] = RUNS as [Run];
  const rows = [];
  for (const [kind, target] of Object.entries(targets)) {
    const measured: Measured[] = [];
    for (let turn = 0; turn < STARTS[stage.quick ? 'quick' : 'full']; turn += 1)
      measured.push(await measure(stage, run, target, 1024));
    for (const part of ['load', 'first', 'warm'] as const) {
      const cpu = median(measured.map((each) => each[part]));
      const at = MEMORY_SIZES.map((size) => rounded(atMemorySize(cpu, size)));
      rows.push([
        { load: 'load', first: 'first invocation', warm: 'warm invocation' }[part],
        kind,
        rounded(cpu),
        ...at,
      ]);
    }
  }
  return [['step', 'agent', 'CPU ms', ...MEMORY_SIZES.map((size) => `ms at ${size}`)], ...rows];
}

export const gateMemory: Part = async ({ stage: { world }, settings: { node, quick } }) => {
  const server = await AgentServer.start();
  const url: Target = { kind: 'url', url: server.url };
  const { discoveryUrl, audience } = world.issuer;
  const inbound = { kind: 'JWT' as const, discoveryUrl, allowedAudience: [audience] };
  const endpoint = await openEndpoint(world, { inbound, target: url });
  const functions: GateStage['functions'] = new Map();
  const lambda = await startLambda({
    functions,
    credentials: world.local.principals.gate,
    reportFailure: ({ error }) => process.stderr.write(`${String(error)}\n`),
  });
  try {
    const { region, accountId } = world.local;
    const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${AGENT}`;
    const targets = { URL: url, Lambda: { kind: 'lambda', functionArn } } as const;
    const stage = { node, quick, world, endpoint, server, functions, lambda };
    const memory = await memoryTable(stage, targets);
    const times = await timeTable(stage, targets);
    return { figures: { memory, times }, report: `${table(memory)}\n\n${table(times)}` };
  } finally {
    await endpoint.close();
    await Promise.all([lambda.close(), server.stop()]);
  }
};
