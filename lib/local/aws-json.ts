/**
 * A service of the embedded cloud over AWS's JSON protocol (Smithy, "AWS JSON 1.1 protocol"): one operation for
 * each `X-Amz-Target`, refusals as `__type` and `message`, for the holder of this run's credentials only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';
import { readBody } from './request-body';

/** A refusal, under the name that the real service gives it. */
export class AwsJsonError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

export interface AwsJsonService {
  /** By `X-Amz-Target`. */
  readonly operations: ReadonlyMap<string, (input: unknown) => object | Promise<object>>;
  /** Name of a failure that is the service's own; it says nothing else. */
  readonly internalError: string;
  readonly mostBytes: number;
}

export interface LocalAwsJson extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

/** @param credentials what clients must present */
export async function startAwsJson(
  service: AwsJsonService,
  credentials: EmulatorCredentials,
): Promise<LocalAwsJson> {
  const server = createServer((request, response) => {
    void serve(service, credentials, request, response);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}`, close };
}

/** @throws AwsJsonError that names the first member that is not as it should be, and not its value */
export function parseMembers<T>(schema: v.GenericSchema<unknown, T>, input: unknown): T {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new AwsJsonError(
    'ValidationException',
    `${v.getDotPath(issue) ?? 'request'} is not valid: ${issue.expected ?? issue.message}`,
  );
}

async function serve(
  { operations, internalError, mostBytes }: AwsJsonService,
  credentials: EmulatorCredentials,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!mayCallEmulator(request, credentials))
      throw new AwsJsonError('AccessDeniedException', 'Not for you.');
    const operation = operations.get(String(request.headers['x-amz-target']));
    if (!operation) throw new AwsJsonError('UnknownOperationException', 'The operation is not known here.');
    answer(response, 200, await operation(await readJson(request, mostBytes)));
  } catch (error) {
    const known = error instanceof AwsJsonError;
    answer(response, known ? 400 : 500, {
      __type: known ? error.type : internalError,
      message: known ? error.message : 'The request failed.',
    });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const body = await readBody(request, mostBytes);
  if (!body) throw new AwsJsonError('ValidationException', 'The request is too large.');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsJsonError('ValidationException', 'The request is not JSON.');
  }
}
