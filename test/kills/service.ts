/**
 * The service in its own process, so that it can be killed: the functions behind the local gateway, as `npm start` runs
 * them, with a clock that its parent moves. Only its parent runs the schedules.
 */
import { randomUUID } from 'node:crypto';
import type { FunctionGroup } from '../../lambda/operations/groups';
import type { EmulatorAccess } from '../../lib/local/emulators';
import { startFunctions, type LocalFunctions } from '../../lib/local/functions';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { Principals } from '../../lib/local/principals';
import { openServiceLog } from '../../lib/local/service-log';

/** Settings of the service, in a message because they contain secrets. */
export interface Assignment {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  /** Port of the load balancer. */
  readonly clientPort: number;
  readonly logPath: string;
  /** Milliseconds by which the clock is ahead. */
  readonly ahead: number;
}

/** A later message of the parent, which gets an {@link Acknowledgment}. */
export interface Request {
  readonly id: number;
  /** Milliseconds by which the clock is ahead from now on. */
  readonly ahead?: number;
  /** A function that a schedule or an operator invokes. */
  readonly invoke?: { readonly group: FunctionGroup; readonly event: object };
}

export interface Ready {
  readonly port: number;
}

/** An event of another function, which {@link Request.invoke} can deliver again, as Lambda does after a crash. */
export interface Delivered {
  readonly delivered: { readonly group: FunctionGroup; readonly event: object };
}

export interface Acknowledgment {
  readonly id: number;
  /** The message of an error of the function. */
  readonly error?: string;
  readonly result?: unknown;
}

const SystemDate = Date;
const { now } = SystemDate;
let ahead = 0;

globalThis.Date = class extends SystemDate {
  constructor(...values: [] | [string | number | Date]) {
    super(...((values.length === 0 ? [now() + ahead] : values) as [number]));
  }

  static override now(): number {
    return now() + ahead;
  }
} as DateConstructor;

/** Sends a message to the parent. Without a parent, nothing uses this process. */
function report(message: Ready | Delivered | Acknowledgment): void {
  process.send?.(message, undefined, undefined, (error) => {
    if (error) process.exit();
  });
}

async function answer(functions: LocalFunctions['functions'], request: Request): Promise<Acknowledgment> {
  const { id, invoke } = request;
  ahead = request.ahead ?? ahead;
  if (!invoke) return { id };
  const handler = functions.get(localFunctionName(invoke.group));
  if (typeof handler !== 'function') return { id, error: 'there is no such function' };
  const invokedFunctionArn = `arn:aws:lambda:us-east-1:000000000000:function:${localFunctionName(invoke.group)}`;
  try {
    return { id, result: await handler(invoke.event, { awsRequestId: randomUUID(), invokedFunctionArn }) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : 'unknown error' };
  }
}

/** The function that gets events asynchronously, and whose work cannot be found in the tables. */
const OBSERVED: FunctionGroup = 'provider-client';

function reportEvents(functions: LocalFunctions['functions']): void {
  const name = localFunctionName(OBSERVED);
  const handler = functions.get(name);
  if (typeof handler !== 'function') return;
  functions.set(name, (event, context) => {
    report({ delivered: { group: OBSERVED, event: event as object } });
    return handler(event, context);
  });
}

async function run({ logPath, ahead: initially, ...assignment }: Assignment): Promise<void> {
  ahead = initially;
  globalThis.console = openServiceLog(logPath).console;
  const { port, functions } = await startFunctions({ ...assignment, port: 0, trustedIssuers: [] });
  reportEvents(functions);
  process.on('message', (request) => {
    void answer(functions, request as Request).then(report);
  });
  report({ port });
}

// The service ends with its parent, which alone handles Ctrl-C.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment) => {
  run(assignment as Assignment).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
