/**
 * Calls another function of the service; see model/events/calls.ts.
 * Source: AWS Lambda API reference, Invoke.
 */
import { endpointOf } from '../aws/endpoint';
import { createSignedRequests, environmentRegion, type SignedRequests } from '../aws/signed-requests';
import { parseJsonObject } from '../../domain/json-object';
import { CLIENT_TIMEOUT_MS } from '../../model/time-limits';

/** What the called function does for each call, by name. */
type Callees<Name extends string = string> = Readonly<Record<Name, (input: never) => Promise<unknown>>>;

type ResultOf<Called extends Callees> = Awaited<ReturnType<Called[keyof Called]>>;
type MemberOf<Result> = Result extends object ? keyof Result : never;

interface Waiting {
  readonly timeoutMs: number;
}

/** Each method throws the error of `failed` if the function could not be invoked, or failed. */
export interface FunctionCaller<Called extends Callees> {
  /**
   * Returns the result. Its type is the one that the function states; the values are not validated.
   *
   * @param options.members of which each result has one: a result without any of them is a failure, too
   * @param options.context members of the event in addition to the call
   */
  call<Name extends keyof Called & string>(
    name: Name,
    input: Parameters<Called[Name]>[0],
    options: Waiting & {
      readonly members: readonly MemberOf<ResultOf<Called>>[];
      readonly context?: object;
    },
  ): Promise<Awaited<ReturnType<Called[Name]>>>;
  /** Returns when the function has returned; its result is ignored. */
  run<Name extends keyof Called & string>(
    name: Name,
    input: Parameters<Called[Name]>[0],
    options: Waiting,
  ): Promise<void>;
  /** Returns when Lambda has queued the call. */
  queue<Name extends keyof Called & string>(name: Name, input: Parameters<Called[Name]>[0]): Promise<void>;
}

/** Milliseconds to queue an event. The caller can have a response already, such as a token that is still valid. */
const QUEUED_WITHIN = 2_000;

const LAMBDA = { service: 'lambda', serviceId: 'Lambda' };

/** Milliseconds. Each invocation has its own limit, which is shorter. */
const TIMEOUTS = { connectionTimeout: 1_000, socketTimeout: CLIENT_TIMEOUT_MS };

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
 * Returns a caller of another function of the service.
 *
 * @param functionName name or ARN of the function
 * @param failed returns the error for the caller; the detail is for operators
 */
export function createFunctionCaller<Called extends Callees>(
  functionName: string,
  failed: (detail: string, cause?: unknown) => Error,
): FunctionCaller<Called> {
  // Made on first use, because most requests never invoke another function.
  let requests: SignedRequests | undefined;
  const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;

  async function invoke(
    event: object,
    type: 'Event' | 'RequestResponse',
    { timeoutMs }: Waiting,
  ): Promise<Buffer> {
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
  }

  return {
    async call(name, input, { members, context, ...waiting }) {
      const payload = await invoke({ [name]: input, ...context }, 'RequestResponse', waiting);
      const result = parseJsonObject(payload.toString('utf8'));
      if (!result || !members.some((member) => Object.hasOwn(result, member))) {
        throw failed('the response is malformed');
      }
      // Typed, and not validated.
      return result as never;
    },
    async run(name, input, waiting) {
      await invoke({ [name]: input }, 'RequestResponse', waiting);
    },
    async queue(name, input) {
      await invoke({ [name]: input }, 'Event', { timeoutMs: QUEUED_WITHIN });
    },
  };
}
