/**
 * Invokes another function of the service, and reads its result. During a deployment, either function can be the version
 * before: a function ignores additional members of its event, and the caller those of the result. A member that changes
 * what an event means must be known to the release before the one that sends it.
 * Source: AWS Lambda API reference, Invoke.
 */
import { endpointOf } from '../aws/endpoint';
import { createSignedRequests, environmentRegion, type SignedRequests } from '../aws/signed-requests';
import { parseJsonObject } from '../../domain/json-object';

export interface InvokeRequest<Event> {
  readonly event: Event;
  /** `Event` returns when Lambda has queued the event, `RequestResponse` when the function has returned. */
  readonly type: 'Event' | 'RequestResponse';
  readonly timeoutMs: number;
}

type MemberOf<Result> = Result extends unknown ? keyof Result : never;

export interface FunctionInvoker<Event> {
  /**
   * Returns what the function returned, as JSON.
   *
   * @throws the error of `failed` if the function could not be invoked, or failed
   */
  invoke(request: InvokeRequest<Event>): Promise<Buffer>;
  /**
   * Returns the result. Its type is the one that the function states; the values are not validated.
   *
   * @param members of which each result has one
   * @throws the error of `failed` for a result without any of them
   */
  resultOf<Result extends object>(payload: Buffer, ...members: readonly MemberOf<Result>[]): Result;
}

const LAMBDA = { service: 'lambda', serviceId: 'Lambda' };

/** Milliseconds. Each invocation has its own limit, which is shorter. */
const TIMEOUTS = { connectionTimeout: 1_000, socketTimeout: 30_000 };

function lambdaRequests(): SignedRequests {
  const region = environmentRegion();
  return createSignedRequests({
    signingName: LAMBDA.service,
    endpoint: endpointOf(LAMBDA, region),
    region,
    maxAttempts: 3,
    ...TIMEOUTS,
  });
}

/**
 * Returns a client of another function of the service.
 *
 * @param functionName name or ARN of the function
 * @param failed returns the error for the caller; the detail is for operators
 */
export function createFunctionInvoker<Event extends object>(
  functionName: string,
  failed: (detail: string, cause?: unknown) => Error,
): FunctionInvoker<Event> {
  // Made on first use, because most requests never invoke another function.
  let requests: SignedRequests | undefined;
  const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
  return {
    async invoke({ event, type, timeoutMs }) {
      const request = {
        path,
        headers: { 'content-type': 'application/json', 'x-amz-invocation-type': type },
        body: JSON.stringify(event),
        signal: AbortSignal.timeout(timeoutMs),
      };
      requests ??= lambdaRequests();
      const response = await requests.send(request).catch((error: unknown) => {
        throw failed(`not invoked: ${error instanceof Error ? error.name : 'unknown'}`, error);
      });
      const fault = response.headers['x-amz-function-error'];
      if (fault !== undefined) throw failed(`the function failed (${fault})`);
      return response.body;
    },
    resultOf<Result extends object>(payload: Buffer, ...members: readonly MemberOf<Result>[]) {
      const result = parseJsonObject(payload.toString('utf8'));
      if (!result || !members.some((member) => Object.hasOwn(result, member))) {
        throw failed('the response is malformed');
      }
      return result as Result;
    },
  };
}
