/**
 * A service of the embedded cloud over the JSON protocol of AWS (Smithy, "AWS JSON 1.1 protocol"). It has one operation
 * for each `X-Amz-Target`, and errors with `__type` and `message`. It accepts the holder of this run's credentials, and
 * signed requests of local principals as far as its access allows.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { listenOnLoopback, LOOPBACK, type DerivedPort, type Listening } from './loopback-server';
import type { SettingNames } from './setting-names';
import { isAllowed, type PrincipalAccess } from './principal-access';
import { claimedPrincipal, verifyPrincipal } from './principal-signature';
import { readBody } from './request-body';
import { SignatureError } from './sigv4';

/** An error with the name that the real service gives it. */
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
  /** Name of the error for a failure of the service itself. */
  readonly internalError: string;
  readonly mostBytes: number;
  /** What local principals can call. By default, nothing. */
  readonly access?: PrincipalAccess | undefined;
  /** Port to listen on; by default, a free port. */
  readonly port?: DerivedPort | undefined;
  /** Of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames | undefined;
}

export interface LocalAwsJson extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

/** @param credentials that clients must present */
export async function startAwsJson(
  service: AwsJsonService,
  credentials: EmulatorCredentials,
): Promise<LocalAwsJson> {
  const server = createServer((request, response) => {
    void serve(service, credentials, request, response);
  });
  const { port, close } = await listenOnLoopback(server, service.port ?? 0, service.names);
  return { endpoint: `http://${LOOPBACK}:${port}`, close };
}

/** @throws AwsJsonError that names the first member that is not valid, without its value */
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
  service: AwsJsonService,
  credentials: EmulatorCredentials,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const target = String(request.headers['x-amz-target']);
    const input = mayCallEmulator(request, credentials)
      ? parseJson(await bodyOf(request, service.mostBytes))
      : await inputOfPrincipal(service, request, target);
    const operation = service.operations.get(target);
    if (!operation)
      throw new AwsJsonError('UnknownOperationException', 'The local service does not have this operation.');
    sendJson(response, 200, await operation(input));
  } catch (error) {
    const known = error instanceof AwsJsonError;
    sendJson(response, known ? 400 : 500, {
      __type: known ? error.type : service.internalError,
      message: known ? error.message : 'The request failed.',
    });
  }
}

/**
 * Returns the input of a request that a local principal signed and is allowed to send.
 *
 * @throws AwsJsonError for any other request
 */
async function inputOfPrincipal(
  { access, mostBytes }: AwsJsonService,
  request: IncomingMessage,
  target: string,
): Promise<unknown> {
  const principal = claimedPrincipal(access, request);
  if (!access || !principal) throw new AwsJsonError('AccessDeniedException', 'Access denied.');
  const body = await bodyOf(request, mostBytes);
  try {
    await verifyPrincipal(access, principal, request, body);
  } catch (error) {
    if (error instanceof SignatureError) throw new AwsJsonError('InvalidSignatureException', error.message);
    throw error;
  }
  const input = parseJson(body);
  const [, operation = ''] = target.split('.');
  if (!isAllowed(access, principal, operation, input)) {
    throw new AwsJsonError(
      'AccessDeniedException',
      `User: ${principal.arn} is not authorized to perform: ${access.service}:${operation} on this resource`,
    );
  }
  return input;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const body = await readBody(request, mostBytes);
  if (!body) throw new AwsJsonError('ValidationException', 'The request is too large.');
  return body;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsJsonError('ValidationException', 'The request is not JSON.');
  }
}
