/**
 * The gate: API Gateway's event in, the agent's answer out as it is made. An error before the answer is one in the
 * service's form; after it has begun, a stream of server-sent events gets it as its last event, in place of one that is
 * unfinished, and any other answer is broken off, so that nobody takes the half of it for the whole.
 */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { errorResult, json, NO_STORE } from '../api/errors';
import { requestContextOf, UNKNOWN_ROUTE } from '../api/request-context';
import { unexpected, type ReportUnexpected } from '../api/unexpected';
import type { Annotate, Requests } from '../domain/audit';
import { isMetadataPath } from '../domain/gate/addressee';
import { AgentFailure, runtimeClientError, type AgentAnswer } from '../domain/gate/agent-answer';
import { runMilliseconds, type AgentEndpointConfiguration } from '../domain/gate/agent-endpoint';
import { endpointEntry, recordBrokenOff } from '../domain/gate/audit';
import { METADATA_PATH } from '../domain/gate/challenge';
import { EventStream } from '../domain/gate/event-stream';
import { invokeAgent, type AgentCall, type InvokeDependencies } from '../domain/gate/invoke';
import { protectedResourceMetadata } from '../domain/gate/protected-resource';
import { admitUser, bearerToken } from '../domain/gate/user-admission';
import { ServiceError } from '../domain/service-error';
import { eachWithin } from '../domain/within';
import { headerFields } from './header-fields';
import { beginAnswer, endAnswer, writeChunk, type ResponseStream } from './response-stream';
import { INVOCATION_PATH, METADATA_OF_PATH } from '../contract/gate-routes';
import { startRun, type Run } from './run';

/** Milliseconds before the function's own end at which the caller is told. */
const TIME_TO_ANSWER = 3_000;

/** Milliseconds for which a caller may take an error, or the last event: less than is left of the function's time. */
const TIME_TO_TAKE = 2_000;

/** Milliseconds without a byte: API Gateway breaks off after five minutes, and says nothing. */
export const IDLE = 290_000;

export type GateHandler = (
  event: APIGatewayProxyEvent,
  stream: ResponseStream,
  context: Pick<Context, 'getRemainingTimeInMillis'> & Partial<Pick<Context, 'awsRequestId'>>,
) => Promise<void>;

export interface GateDependencies extends InvokeDependencies {
  readonly requests: Requests;
}

/** An answer that is there as a whole. */
type Plain = ReturnType<typeof json>;

/** RFC 9728 section 3.2. */
function metadata(endpoint: AgentEndpointConfiguration, { pathParameters }: APIGatewayProxyEvent): Plain {
  const { inbound } = endpoint;
  if (inbound.kind !== 'JWT' || !isMetadataPath(endpoint, pathParameters?.path)) {
    throw new ServiceError('ResourceNotFoundException', 'There is no metadata of such a resource here.');
  }
  return json(200, protectedResourceMetadata(endpoint, inbound), { 'cache-control': 'max-age=300' });
}

/** MCP's streamable HTTP lets a server have neither a stream by GET nor sessions to DELETE, and says so by this status. */
class MethodNotAllowed extends ServiceError {
  constructor() {
    super('ValidationException', 'Only POST is served here.', { detail: 'the method is not POST' });
  }
}

const errorAnswer = (error: unknown): Plain =>
  error instanceof MethodNotAllowed
    ? json(405, { __type: error.type, message: error.message }, { ...NO_STORE, allow: 'POST' })
    : errorResult(error);

function callOf(event: APIGatewayProxyEvent): AgentCall {
  const query = (name: string): readonly string[] => event.multiValueQueryStringParameters?.[name] ?? [];
  return {
    callerArn: event.requestContext.identity.userArn,
    addressee: {
      path: event.pathParameters?.agentRuntimeArn ?? '',
      qualifier: query('qualifier'),
      accountId: query('accountId'),
    },
    headers: headerFields(event),
    payload: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    requestId: event.requestContext.requestId,
  };
}

/** Ends an answer whose run is over; a caller who does not take it is cut off. */
async function finish(stream: ResponseStream): Promise<void> {
  try {
    await endAnswer(stream, AbortSignal.timeout(TIME_TO_TAKE));
  } catch {
    stream.destroy();
  }
}

async function sendPlain(stream: ResponseStream, { statusCode, headers, body }: Plain): Promise<void> {
  beginAnswer(stream, { statusCode, headers: headers as Record<string, string> });
  stream.write(body);
  await finish(stream);
}

/** Why an answer that had begun did not come to its end, in words for the caller; undefined for a defect. */
function interruptionOf(error: unknown, { signal }: Run): ServiceError | undefined {
  if (signal.reason instanceof ServiceError) return signal.reason;
  if (!(error instanceof AgentFailure)) return undefined;
  return runtimeClientError(
    'The agent broke off its answer. Its own log says why.',
    `agent: ${error.detail}`,
    error,
  );
}

const lastEvent = (error: unknown): string => `event: error\ndata: ${errorResult(error).body}\n\n`;

/** @returns undefined for an answer that is no event stream, or one that cannot be read here */
const eventStreamOf = ({ headers }: AgentAnswer): EventStream | undefined =>
  /^text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '') &&
  headers['content-encoding'] === undefined
    ? new EventStream()
    : undefined;

/** @param idle milliseconds for which an agent may be silent, or a caller may read nothing */
export function createGateHandler(
  deps: GateDependencies,
  endpoint: AgentEndpointConfiguration,
  report: ReportUnexpected,
  idle = IDLE,
): GateHandler {
  /**
   * What is answered without the agent; undefined for an invocation. A refusal is thrown, so that it has an entry: the
   * authorizer leaves the entry of a caller that it lets through to the gate.
   */
  async function plainAnswer(event: APIGatewayProxyEvent, annotate: Annotate): Promise<Plain | undefined> {
    const { inbound } = endpoint;
    if (event.resource === METADATA_PATH || event.resource === METADATA_OF_PATH)
      return metadata(endpoint, event);
    if (event.resource !== INVOCATION_PATH) {
      throw new ServiceError('ResourceNotFoundException', 'This endpoint does not serve that route.');
    }
    if (event.httpMethod === 'POST') return undefined;
    // The entry names the user, whom the token proves and the event does not.
    if (inbound.kind === 'JWT') {
      await admitUser(deps.userTokens, endpoint, inbound, bearerToken(headerFields(event)), annotate);
    }
    throw new MethodNotAllowed();
  }

  /** The end of an answer that had begun and cannot be finished. */
  async function breakOff(
    stream: ResponseStream,
    events: EventStream | undefined,
    run: Run,
    error: unknown,
  ): Promise<void> {
    const interruption = interruptionOf(error, run);
    if (!interruption) report(unexpected(error));
    recordBrokenOff(deps.audit, endpoint, interruption?.detail ?? 'internal error');
    if (run.disconnected) return;
    if (!events?.betweenEvents || stream.writableEnded) {
      stream.destroy();
      return;
    }
    stream.write(lastEvent(interruption ?? error));
    await finish(stream);
  }

  async function pass(stream: ResponseStream, answer: AgentAnswer, run: Run): Promise<void> {
    const events = eventStreamOf(answer);
    beginAnswer(stream, { statusCode: answer.status, headers: answer.headers });
    try {
      for await (const chunk of eachWithin(run.signal, answer.body)) {
        run.awaits('caller');
        await writeChunk(stream, events?.take(chunk) ?? chunk, run.signal);
        run.awaits('agent');
      }
      run.awaits('caller');
      if (events) await writeChunk(stream, events.rest(), run.signal);
      await endAnswer(stream, run.signal);
    } catch (error) {
      await breakOff(stream, events, run, error);
    }
  }

  /** The answer, once it has begun; undefined when an error was sent in its place. */
  async function begun(
    event: APIGatewayProxyEvent,
    stream: ResponseStream,
    run: Run,
  ): Promise<AgentAnswer | undefined> {
    try {
      const plain = await deps.requests.ensureEntry(
        { operation: UNKNOWN_ROUTE, auditSuccess: false },
        (annotate) => {
          annotate(endpointEntry(endpoint));
          return plainAnswer(event, annotate);
        },
      );
      if (!plain) return await invokeAgent(deps, endpoint, callOf(event), run.signal);
      await sendPlain(stream, plain);
    } catch (error) {
      if (!(error instanceof ServiceError)) report(unexpected(error));
      if (!run.disconnected) await sendPlain(stream, errorAnswer(error));
    }
    return undefined;
  }

  async function serve(...[event, stream, context]: Parameters<GateHandler>): Promise<void> {
    const whole = Math.min(
      runMilliseconds(endpoint),
      Math.max(0, context.getRemainingTimeInMillis() - TIME_TO_ANSWER),
    );
    const run = startRun(stream, { whole, idle });
    try {
      const answer = await begun(event, stream, run);
      if (answer) await pass(stream, answer, run);
    } finally {
      run.end();
    }
  }

  return (event, stream, context) =>
    deps.requests.within(requestContextOf(event, context), () => serve(event, stream, context));
}
