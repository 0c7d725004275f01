/**
 * The gate: takes API Gateway's event and streams the agent's response as it arrives. An error before the response
 * starts has the service's error form. Once the response has started, an event stream gets the error as its last event,
 * in place of an incomplete one: with MCP, as the JSON-RPC response to the request. Any other response is aborted, so that
 * no client takes a partial body for a whole one.
 */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { errorResult, json, NO_STORE, UNKNOWN as UNKNOWN_ERROR } from '../api/errors';
import { requestContextOf, UNKNOWN_ROUTE } from '../api/request-context';
import type { RefuseForged } from '../api/stage-secret';
import { unexpected, type ReportUnexpected } from '../api/unexpected';
import type { Annotate, Requests } from '../domain/audit';
import { isMetadataPath } from '../domain/gate/addressee';
import { AGENT, runtimeClientError } from '../domain/gate/agent-response';
import { forwardedMethod, MethodNotAllowed, type AgentMethod } from '../domain/gate/agent-request';
import {
  invocationTimeoutMs,
  invocationUrl,
  type AgentEndpointConfiguration,
} from '../domain/gate/agent-endpoint';
import { endpointEntry, recordBrokenOff } from '../domain/gate/audit';
import { lastEventOf } from '../domain/gate/broken-stream';
import { METADATA_PATH } from '../domain/gate/challenge';
import { corsHeaders, isOpenToBrowsers, preflightHeaders } from '../domain/gate/cors';
import type { EventStream } from '../domain/gate/event-stream';
import {
  admitCaller,
  invokeAgent,
  type AgentCall,
  type InvokeDependencies,
  type ReceivedCall,
} from '../domain/gate/invoke';
import type { HeaderFields } from '../domain/gate/header-fields';
import { probeStatus } from '../domain/gate/probe';
import { METADATA_CACHING, protectedResourceMetadata } from '../domain/gate/resource-metadata';
import type { MetadataReader } from '../domain/oauth/provider-metadata';
import { ServiceError } from '../domain/service-error';
import { ExchangeFailure, type StreamedResponse } from '../domain/streamed-exchange';
import { headerFields } from './header-fields';
import {
  endEarly,
  eventStreamOf,
  IDLE,
  passBody,
  sendPlain,
  TIME_TO_RESPOND,
  type Plain,
} from './passed-response';
import { beginResponse, type ResponseStream } from './response-stream';
import { INVOCATION_PATH, invocationMethods, METADATA_OF_PATH } from '../domain/gate/gate-routes';
import { startInvocation, type Invocation } from './invocation';

export type GateHandler = (
  event: APIGatewayProxyEvent,
  stream: ResponseStream,
  context: Pick<Context, 'getRemainingTimeInMillis'> &
    Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>,
) => Promise<void>;

export interface GateDependencies extends InvokeDependencies {
  readonly requests: Requests;
  readonly metadata: MetadataReader;
  readonly refuseForged: RefuseForged;
}

/** An invocation whose response has started. */
interface Started {
  readonly call: AgentCall;
  readonly response: StreamedResponse;
  readonly cors: Cors;
}

type Cors = ReturnType<typeof corsHeaders>;

/** RFC 9728 section 3.2. */
async function metadata(
  issuerMetadata: MetadataReader,
  endpoint: AgentEndpointConfiguration,
  { pathParameters }: APIGatewayProxyEvent,
): Promise<Plain> {
  const { inbound } = endpoint;
  if (inbound.kind !== 'JWT' || !isMetadataPath(endpoint, pathParameters?.path)) {
    throw new ServiceError(
      'ResourceNotFoundException',
      'No protected resource metadata exists at this path.',
    );
  }
  const resource = { resource: invocationUrl(endpoint), name: endpoint.workloadName, inbound };
  return json(200, await protectedResourceMetadata(issuerMetadata, resource), METADATA_CACHING);
}

/** Any path of the routes: what it allows is only the request that follows, which is checked on its own. */
function preflight(endpoint: AgentEndpointConfiguration, event: APIGatewayProxyEvent): Plain {
  const methods = event.resource === INVOCATION_PATH ? invocationMethods(endpoint) : (['GET'] as const);
  const received = headerFields(event);
  const headers = { ...corsHeaders(endpoint, received), ...preflightHeaders(endpoint, received, methods) };
  return { statusCode: 204, headers: { ...NO_STORE, ...headers }, body: '' };
}

function errorResponse(endpoint: AgentEndpointConfiguration, received: HeaderFields, error: unknown): Plain {
  if (error instanceof MethodNotAllowed) {
    return json(405, { __type: error.type, message: error.message }, { ...NO_STORE, allow: 'POST' });
  }
  const result = errorResult(error);
  const status = error instanceof ServiceError ? probeStatus(endpoint, received, error.type) : undefined;
  return { ...result, statusCode: status ?? result.statusCode };
}

const receivedCall = (event: APIGatewayProxyEvent): ReceivedCall => ({
  callerArn: event.requestContext.identity.userArn,
  callerId: event.requestContext.identity.caller,
  headers: headerFields(event),
});

function callOf(event: APIGatewayProxyEvent, method: AgentMethod): AgentCall {
  const query = (name: string): readonly string[] => event.multiValueQueryStringParameters?.[name] ?? [];
  return {
    ...receivedCall(event),
    method,
    addressee: {
      path: event.pathParameters?.agentRuntimeArn ?? '',
      qualifier: query('qualifier'),
      accountId: query('accountId'),
    },
    payload: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    requestId: event.requestContext.requestId,
  };
}

/** Returns the error for the caller of a response that started and did not complete; undefined for a defect. */
function interruptionOf(error: unknown, { signal }: Invocation): ServiceError | undefined {
  if (signal.reason instanceof ServiceError) return signal.reason;
  if (!(error instanceof ExchangeFailure)) return undefined;
  return runtimeClientError(
    "The agent closed its response early. See the agent's log.",
    `agent: ${error.detail}`,
    error,
  );
}

/** @param idle milliseconds without data from the agent, or without a read by the caller, before the gate gives up */
export function createGateHandler(
  deps: GateDependencies,
  endpoint: AgentEndpointConfiguration,
  report: ReportUnexpected,
  idle = IDLE,
): GateHandler {
  /**
   * Returns the response to a request that does not invoke the agent, or the method of an invocation. A refusal is thrown
   * so that it gets an audit entry: the authorizer leaves the entry of an allowed caller to the gate.
   */
  async function route(event: APIGatewayProxyEvent, annotate: Annotate): Promise<Plain | AgentMethod> {
    if (event.httpMethod === 'OPTIONS' && isOpenToBrowsers(endpoint)) return preflight(endpoint, event);
    if (event.resource === METADATA_PATH || event.resource === METADATA_OF_PATH)
      return metadata(deps.metadata, endpoint, event);
    if (event.resource !== INVOCATION_PATH) {
      throw new ServiceError('ResourceNotFoundException', 'This endpoint has no such route.');
    }
    const call = receivedCall(event);
    const method = forwardedMethod(endpoint.protocol, event.httpMethod, call.headers);
    if (method !== undefined) return method;
    // The audit entry names the user from the token, because an event can be forged.
    await admitCaller(deps, endpoint, call, annotate);
    throw new MethodNotAllowed(endpoint.protocol);
  }

  /** Ends a response that started and cannot complete. */
  async function breakOff(
    stream: ResponseStream,
    { call, events }: { readonly call: AgentCall; readonly events: EventStream | undefined },
    invocation: Invocation,
    error: unknown,
  ): Promise<void> {
    const interruption = interruptionOf(error, invocation);
    if (!interruption) report(unexpected(error));
    recordBrokenOff(deps.audit, endpoint, interruption?.detail ?? 'internal error');
    const shown = interruption ?? error;
    const limited = invocation.signal.reason instanceof ServiceError;
    await endEarly(stream, invocation, events, ({ resumable }) =>
      lastEventOf(endpoint, {
        call,
        error: shown instanceof ServiceError ? shown : UNKNOWN_ERROR,
        body: errorResult(shown).body,
        resumable,
        limited,
      }),
    );
  }

  async function pass(
    stream: ResponseStream,
    { call, response, cors }: Started,
    invocation: Invocation,
  ): Promise<void> {
    const events = eventStreamOf(response.headers);
    beginResponse(stream, { statusCode: response.status, headers: { ...response.headers, ...cors } });
    try {
      await passBody(stream, { body: response.body, events }, invocation);
    } catch (error) {
      await breakOff(stream, { call, events }, invocation, error);
    }
  }

  /** Returns the started response; undefined if an error was sent instead. */
  async function startResponse(
    event: APIGatewayProxyEvent,
    stream: ResponseStream,
    invocation: Invocation,
  ): Promise<Started | undefined> {
    const cors = corsHeaders(endpoint, headerFields(event));
    try {
      const routed = await deps.requests.ensureEntry(
        { operation: UNKNOWN_ROUTE, auditSuccess: false },
        (annotate) => {
          annotate(endpointEntry(endpoint));
          return route(event, annotate);
        },
      );
      if (typeof routed === 'string') {
        const call = callOf(event, routed);
        return { call, response: await invokeAgent(deps, endpoint, call, invocation.signal), cors };
      }
      await sendPlain(stream, routed, cors);
    } catch (error) {
      if (!(error instanceof ServiceError)) report(unexpected(error));
      if (!invocation.disconnected) {
        await sendPlain(stream, errorResponse(endpoint, headerFields(event), error), cors);
      }
    }
    return undefined;
  }

  async function serve(...[event, stream, context]: Parameters<GateHandler>): Promise<void> {
    const whole = Math.min(
      invocationTimeoutMs(endpoint),
      Math.max(0, context.getRemainingTimeInMillis() - TIME_TO_RESPOND),
    );
    const invocation = startInvocation(stream, { whole, idle }, AGENT);
    try {
      const started = await startResponse(event, stream, invocation);
      if (started) await pass(stream, started, invocation);
    } finally {
      invocation.end();
    }
  }

  return async (event, stream, context) => {
    const refusal = deps.refuseForged(event, context);
    if (refusal) return sendPlain(stream, errorResult(refusal), {});
    return deps.requests.within(requestContextOf(event, context), () => serve(event, stream, context));
  };
}
