/**
 * The function of all gateways: takes API Gateway's event, and streams the target's response as it arrives. An error before
 * the response starts is a problem document (RFC 9457). Once it has started, an event stream ends with an error event, and
 * any other response is aborted.
 */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { json, NO_STORE, UNKNOWN as UNKNOWN_ERROR } from '../api/errors';
import { requestContextOf, UNKNOWN_ROUTE } from '../api/request-context';
import type { RefuseForged } from '../api/stage-secret';
import { unexpected, type ReportUnexpected } from '../api/unexpected';
import { endedBy, type AuditEntry, type Requests } from '../domain/audit';
import { lastEventOf } from '../domain/gate/broken-stream';
import { METADATA_CACHING, protectedResourceMetadata } from '../domain/gate/resource-metadata';
import { RESPONSE_OPERATION } from '../domain/gateway/audit';
import { exchange, type PassedResponse } from '../domain/gateway/exchange';
import { gatewayUrl, MCP_PATH } from '../domain/gateway/manage/gateway';
import { challengedGateway } from '../domain/gateway/inbound';
import {
  admitGatewayCall,
  noSuchTarget,
  type AdmittedCall,
  type GatewayCall,
} from '../domain/gateway/invoke';
import { mcpConsentResponse } from '../domain/gateway/mcp-consent';
import { ConsentRequired, problemOf, TARGET, targetFailure } from '../domain/gateway/problem';
import { RateLimited } from '../domain/gateway/rate-limited';
import { watchAccess } from '../domain/gateway/revocation-watch';
import { FORWARDED_METHODS, GATEWAY_METADATA_PATH, type ForwardedMethod } from '../domain/gateway/routes';
import { protocolOf } from '../domain/gateway/target';
import type { MetadataReader } from '../domain/oauth/provider-metadata';
import { ServiceError } from '../domain/service-error';
import { ExchangeFailure } from '../domain/streamed-exchange';
import { corsOf, preflight, readable, type Cors } from './gateway-browsers';
import { respondAsMcpServer, type GatewayMcpDependencies } from './gateway-mcp';
import { headerFields } from './header-fields';
import { startInvocation, type Invocation } from './invocation';
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

/** Milliseconds for which API Gateway streams a response (developer guide, "Response streaming", limits). */
const MAX_DURATION = 900_000;

export type GatewayHandler = (
  event: APIGatewayProxyEvent,
  stream: ResponseStream,
  context: Pick<Context, 'getRemainingTimeInMillis'> &
    Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>,
) => Promise<void>;

export interface GatewayDependencies extends GatewayMcpDependencies {
  readonly requests: Requests;
  readonly metadata: MetadataReader;
  readonly refuseForged: RefuseForged;
  /** The origins of web pages that can call gateways with user tokens. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

const isForwarded = (method: string): method is ForwardedMethod =>
  FORWARDED_METHODS.some((forwarded) => forwarded === method);

/** Returns what follows the target in the path, as received: parameters are decoded. The names are not encoded. */
function pathBelow({ path }: APIGatewayProxyEvent, gatewayId: string, targetName: string): string {
  const target = `/${gatewayId}/${targetName}`;
  const below = path.slice(target.length);
  if (!path.startsWith(target) || !/^(\/|$)/.test(below)) throw noSuchTarget();
  return below;
}

/** @throws ResourceNotFoundException for an event of another route */
function callOf(event: APIGatewayProxyEvent): GatewayCall {
  const { gatewayId, targetName } = event.pathParameters ?? {};
  if (gatewayId === undefined || targetName === undefined || !isForwarded(event.httpMethod)) {
    throw noSuchTarget();
  }
  const { userArn: callerArn, caller: callerId } = event.requestContext.identity;
  return {
    gatewayId,
    targetName,
    path: pathBelow(event, gatewayId, targetName),
    method: event.httpMethod,
    headers: headerFields(event),
    query: Object.fromEntries(
      Object.entries(event.multiValueQueryStringParameters ?? {}).map(([name, values]) => [
        name,
        values ?? [],
      ]),
    ),
    payload: payloadOf(event),
    callerArn,
    callerId,
    requestId: event.requestContext.requestId,
  };
}

const payloadOf = ({ body, isBase64Encoded }: APIGatewayProxyEvent): Buffer =>
  Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');

const errorHeaders = ({ type, retryAfter }: ServiceError) => ({
  'x-amzn-errortype': type,
  ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
});

/** @returns undefined unless the error is a limit or a missing consent, for which the request has a response of its protocol */
function protocolResponse(event: APIGatewayProxyEvent, error: unknown): Plain | undefined {
  if (error instanceof RateLimited) {
    const headers = { ...NO_STORE, ...errorHeaders(error) };
    const message = error.mcpResponse(payloadOf(event));
    return message ? json(200, message, headers) : json(429, error.body, headers);
  }
  if (!(error instanceof ConsentRequired) || protocolOf(error.target) !== 'MCP') return undefined;
  const received = { headers: headerFields(event), payload: payloadOf(event) };
  const response = mcpConsentResponse(received, error.target.name, error.consent);
  return response && json(response.status, response.body, NO_STORE);
}

function problemResponse(error: unknown): Plain {
  const shown = error instanceof ServiceError ? error : UNKNOWN_ERROR;
  const { status, body } = problemOf(shown);
  return json(status, body, {
    ...NO_STORE,
    'content-type': 'application/problem+json',
    ...errorHeaders(shown),
  });
}

/** A response that has started. */
interface Started {
  readonly admitted: AdmittedCall;
  readonly response: PassedResponse;
  readonly receivedAt: number;
  readonly startedAt: number;
}

/** Returns the error for the caller of a response that did not complete; undefined for a defect. */
function interruptionOf(error: unknown, { signal }: Invocation): ServiceError | undefined {
  if (signal.reason instanceof ServiceError) return signal.reason;
  if (!(error instanceof ExchangeFailure)) return undefined;
  return targetFailure(
    "The target ended its response early. See the target's log for the reason.",
    `target: ${error.detail}`,
    error,
  );
}

export function createGatewayHandler(deps: GatewayDependencies, report: ReportUnexpected): GatewayHandler {
  /** RFC 9728 section 3.2. */
  async function metadata({ pathParameters }: APIGatewayProxyEvent): Promise<Plain> {
    const [targetName = ''] = pathParameters?.path?.split('/') ?? [];
    const gateway = await deps.gateways.gateway(pathParameters?.gatewayId ?? '');
    const challenged = gateway && challengedGateway(gateway, targetName, deps.bases);
    if (!challenged) throw noSuchTarget();
    // One token is for all targets of a gateway.
    const resource = {
      resource: gatewayUrl(deps.bases, gateway),
      name: gateway.name,
      inbound: challenged.inbound,
    };
    return json(200, await protectedResourceMetadata(deps.metadata, resource), METADATA_CACHING);
  }

  function recordEnd(
    { admitted: { entry }, receivedAt }: Pick<Started, 'admitted' | 'receivedAt'>,
    end: Omit<AuditEntry, 'operation'>,
  ): void {
    const ended = { operation: RESPONSE_OPERATION, durationMs: deps.system.now() - receivedAt };
    deps.audit.record({ ...entry, ...ended, ...end });
  }

  /** Passes the response on. Its end has an audit entry, whatever it is. */
  async function pass(
    stream: ResponseStream,
    started: Started,
    invocation: Invocation,
    cors: Cors,
  ): Promise<void> {
    const { response, admitted, receivedAt, startedAt } = started;
    const events = eventStreamOf(response.headers);
    let bytes = 0;
    const counted = async function* () {
      for await (const chunk of response.body) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    const facts = () => ({
      status: response.status,
      bytes,
      firstByteMs: startedAt - receivedAt,
      ...(response.echoed() && { credentialEchoed: true }),
    });
    beginResponse(stream, { statusCode: response.status, headers: readable(response.headers, cors) });
    try {
      await passBody(stream, { body: counted(), events }, invocation);
      recordEnd(started, { outcome: 'allowed', ...facts() });
    } catch (error) {
      const interruption = interruptionOf(error, invocation);
      if (!interruption) report(unexpected(error));
      const shown = interruption ?? UNKNOWN_ERROR;
      recordEnd(started, { ...endedBy(shown), ...facts() });
      await endEarly(stream, invocation, events, ({ resumable }) =>
        lastEventOf(
          { protocol: protocolOf(admitted.target) === 'MCP' ? 'MCP' : 'HTTP' },
          {
            call: admitted.request,
            error: shown,
            body: JSON.stringify(problemOf(shown).body),
            resumable,
            limited: invocation.signal.reason instanceof ServiceError,
          },
        ),
      );
    }
  }

  /** Forwards an admitted request. @returns undefined if an error was sent instead */
  async function forwarded(
    admitted: AdmittedCall,
    receivedAt: number,
    invocation: Invocation,
  ): Promise<Started> {
    try {
      const { invokeAgent } = admitted;
      const response = invokeAgent
        ? { ...(await invokeAgent(invocation.signal)), echoed: () => false }
        : await exchange(deps.forward, admitted, invocation.signal);
      if (eventStreamOf(response.headers)) await admitted.open.hold();
      return { admitted, response, receivedAt, startedAt: deps.system.now() };
    } catch (error) {
      const shown = error instanceof ServiceError ? error : UNKNOWN_ERROR;
      recordEnd({ admitted, receivedAt }, { ...endedBy(error), status: problemOf(shown).status });
      throw error;
    }
  }

  async function serveTarget(
    event: APIGatewayProxyEvent,
    stream: ResponseStream,
    invocation: Invocation,
    cors: Cors,
  ): Promise<void> {
    const receivedAt = deps.system.now();
    const call = callOf(event);
    if (call.targetName === MCP_PATH) {
      const gateway = await deps.gateways.gateway(call.gatewayId);
      if (gateway?.protocolType) {
        return sendPlain(stream, await respondAsMcpServer(deps, gateway, call, invocation), cors);
      }
    }
    const admitted = await admitGatewayCall(deps, call, invocation.signal);
    void watchAccess(deps.pause, admitted, invocation.signal, (reason) => invocation.abort(reason));
    try {
      await pass(stream, await forwarded(admitted, receivedAt, invocation), invocation, cors);
    } finally {
      await admitted.open.release();
    }
  }

  async function serve(...[event, stream, context]: Parameters<GatewayHandler>): Promise<void> {
    const whole = Math.min(MAX_DURATION, Math.max(0, context.getRemainingTimeInMillis() - TIME_TO_RESPOND));
    const invocation = startInvocation(stream, { whole, idle: IDLE }, TARGET);
    const cors = corsOf(event, deps.allowedOrigins);
    try {
      await deps.requests.ensureEntry({ operation: UNKNOWN_ROUTE, auditSuccess: false }, async () => {
        if (event.httpMethod === 'OPTIONS' && deps.allowedOrigins) {
          await sendPlain(stream, preflight(event, deps.allowedOrigins), cors);
        } else if (event.resource === GATEWAY_METADATA_PATH) {
          await sendPlain(stream, await metadata(event), cors);
        } else await serveTarget(event, stream, invocation, cors);
      });
    } catch (error) {
      if (!(error instanceof ServiceError)) report(unexpected(error));
      const response = protocolResponse(event, error) ?? problemResponse(error);
      if (!invocation.disconnected) await sendPlain(stream, response, cors);
    } finally {
      invocation.end();
    }
  }

  return async (event, stream, context) => {
    const refusal = deps.refuseForged(event, context);
    if (refusal) return sendPlain(stream, problemResponse(refusal), {});
    return deps.requests.within(requestContextOf(event, context), () => serve(event, stream, context));
  };
}
