/** The service without its gateway: the functions get the events of API Gateway in this process. */
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { lambdaContext, proxyEvent } from '../../lib/local/gateway-event';
import type * as Loaded from '../../lib/local/handlers';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../lib/local/principals';
import { LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import type { PrincipalName, World } from '../flows/support/world';

/** A request as it reaches the gateway, after its authorization. */
export interface InProcessRequest {
  readonly operation: OperationName;
  /** Absent for a route without authorization. */
  readonly principal?: PrincipalName | undefined;
  /** Values of the path's parameters, decoded. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
  /** Whether the gateway passes the body in base64, as for a binary media type. */
  readonly binary?: boolean;
}

const DEPLOYMENT = {
  accountId: LOCAL_ACCOUNT,
  region: LOCAL_REGION,
  stageVariables: LOCAL_STAGE_VARIABLES,
};
const NO_BODY = Buffer.alloc(0);

const handlers = (): typeof Loaded.HANDLERS =>
  (createRequire(__filename)('../../lib/local/handlers') as typeof Loaded).HANDLERS;

/** @throws what the function throws, which API Gateway would answer with its own error */
export async function invoke(world: World, request: InProcessRequest): Promise<APIGatewayProxyResult> {
  const { operation, principal, parameters = {}, query = '', headers = [], body = NO_BODY } = request;
  const route: Route = OPERATIONS[operation];
  const requestId = randomUUID();
  const path = route.path.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) =>
    encodeURIComponent(Buffer.from(parameters[name] ?? '').toString()),
  );
  const event: APIGatewayProxyEvent = proxyEvent(
    {
      requestId,
      receivedAt: new Date(),
      method: route.method,
      path,
      query,
      headers: [['host', new URL(world.local.endpoint).host], ['user-agent', 'properties/1.0'], ...headers],
      body,
      sourceIp: '127.0.0.1',
    },
    { route, parameters },
    { caller: principal && world.local.principals[principal] },
    { ...DEPLOYMENT, binary: request.binary ?? false },
  );
  const context = lambdaContext(route.group, { requestId, timeoutMs: 29_000 }, DEPLOYMENT);
  return handlers()[route.group](event, context);
}

/** The lines of the functions' log since the last call. */
export class LogReader {
  private readonly file: number;
  private position = 0;

  constructor({ dataDir }: World) {
    this.file = openSync(join(dataDir, 'service.log'), 'r');
  }

  next(): Buffer {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.alloc(64 * 1024);
      const length = readSync(this.file, chunk, 0, chunk.length, this.position);
      if (length === 0) return Buffer.concat(chunks);
      this.position += length;
      chunks.push(chunk.subarray(0, length));
    }
  }

  close(): void {
    closeSync(this.file);
  }
}
