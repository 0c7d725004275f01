/**
 * An agent in a Lambda function, invoked like a function URL: with the same event, and with a streamed response. Streaming
 * functions (`awslambda.streamifyResponse`), AWS Lambda Web Adapter, and functions that return one object all work.
 * Source: AWS Lambda API reference, InvokeWithResponseStream; developer guide, "Invoking Lambda function URLs" (payload
 * format version 2.0).
 */
import type { IncomingMessage } from 'node:http';
import type * as Sdk from '@aws-sdk/client-lambda';
import type { System } from '../../domain/system';
import type { Agent } from '../../domain/gate/agent-response';
import { ExchangeFailure } from '../../domain/streamed-exchange';
import type { AgentEndpointConfiguration } from '../../domain/gate/agent-endpoint';
import type { AgentRequest } from '../../domain/gate/agent-request';
import { ServiceError } from '../../domain/service-error';
import type { Credentials } from '../aws/signed-requests';
import { onFirstUse } from '../first-use';
import { functionResponse } from './function-response';

/** Headers of the connection, not of the function's response. */
const EVENT_STREAM = 'application/vnd.amazon.eventstream';

/** Paths of the AWS HTTP contract and of its contract for MCP servers. */
const PATHS = { HTTP: '/invocations', MCP: '/mcp' } as const;

/** Maximum bytes of text in the event, which also contains headers; Lambda accepts 6 MB. */
const MAX_TEXT_BYTES = 5.5 * 1024 * 1024;

/** Returns the payload as text; undefined if it is not text, or if its escapes would make it too long. */
function textOf(payload: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    return Buffer.byteLength(JSON.stringify(text)) > MAX_TEXT_BYTES ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The payload: plain if it is text, otherwise base64, as in function URLs. */
function bodyOf(payload: Uint8Array): { body: string; isBase64Encoded: boolean } {
  const text = textOf(payload);
  return text === undefined
    ? { body: Buffer.from(payload).toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false };
}

/** Like `25/Nov/2026:09:30:00 +0000`. */
function commonLogTime(now: number): string {
  const [, day = '', month = '', year = '', time = ''] = new Date(now).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

function functionUrlEvent({ method, headers, payload }: AgentRequest, path: string, now: number) {
  const lowerCase = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'agent', ...lowerCase },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'agent',
      domainName: 'agent',
      domainPrefix: 'agent',
      http: {
        method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'agent-identity',
      },
      requestId: headers['X-Amzn-Bedrock-AgentCore-Runtime-Request-Id'] ?? '',
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now,
    },
    ...(method === 'POST' ? bodyOf(payload) : { isBase64Encoded: false }),
  };
}

async function* payloadOf(
  events: AsyncIterable<Sdk.InvokeWithResponseStreamResponseEvent>,
): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    for await (const { PayloadChunk, InvokeComplete } of events) {
      if (PayloadChunk?.Payload) yield PayloadChunk.Payload;
      if (!InvokeComplete) continue;
      if (InvokeComplete.ErrorCode)
        throw new ExchangeFailure(`the function failed (${InvokeComplete.ErrorCode})`);
      complete = true;
    }
  } catch (error) {
    throw error instanceof ExchangeFailure ? error : new ExchangeFailure('the response ended early', error);
  }
  if (!complete) throw new ExchangeFailure('the response ended early');
}

/** The SDK obeys a signal only until the response starts; this also aborts an invocation during its response. */
function endedBy(command: Sdk.InvokeWithResponseStreamCommand, signal: AbortSignal): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const body = (result.response as { body: IncomingMessage }).body;
      signal.addEventListener('abort', () => body.destroy(), { once: true });
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
}

/** Returns the seconds of Lambda's `Retry-After`; 1 if it sends none. */
const retryAfterOf = ({ retryAfterSeconds }: { readonly retryAfterSeconds?: string | undefined }): number =>
  /^[1-9]\d{0,3}$/.test(retryAfterSeconds ?? '') ? Number(retryAfterSeconds) : 1;

/** The function was not invoked, so the caller can retry. After any other error, it might have been. */
function failureOf(error: unknown): ServiceError | ExchangeFailure {
  const name = error instanceof Error ? error.name : 'unknown';
  if (name === 'TooManyRequestsException') {
    return new ServiceError('ThrottlingException', 'The agent is at its limit. Try again shortly.', {
      detail: 'agent: throttled',
      retryAfter: retryAfterOf(error as Sdk.TooManyRequestsException),
      cause: error,
    });
  }
  return new ExchangeFailure(`not invoked: ${name}`, error);
}

/** @param credentials by default, those of the function */
export const lambdaClient = (credentials?: Credentials) =>
  onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-lambda');
    // The SDK would retry a request that the agent might have acted on.
    return { sdk, client: new sdk.LambdaClient({ maxAttempts: 1, ...(credentials && { credentials }) }) };
  });
export type LambdaSdk = ReturnType<typeof lambdaClient>;

export function createLambdaAgent(
  functionArn: string,
  protocol: AgentEndpointConfiguration['protocol'],
  system: Pick<System, 'now'>,
  lambda = lambdaClient(),
): Agent {
  return {
    async invoke(request, signal) {
      const { sdk, client } = await lambda();
      const command = new sdk.InvokeWithResponseStreamCommand({
        FunctionName: functionArn,
        Payload: Buffer.from(JSON.stringify(functionUrlEvent(request, PATHS[protocol], system.now()))),
      });
      endedBy(command, signal);
      const output = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
        throw failureOf(error);
      });
      const { EventStream = [], ResponseStreamContentType: type } = output;
      return functionResponse(
        payloadOf(EventStream as AsyncIterable<never>),
        type === EVENT_STREAM ? undefined : type,
      );
    },
  };
}
