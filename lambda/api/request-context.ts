/** What audit entries say about the request itself: its origin, and its operation if no route names one. */
import type { Context } from 'aws-lambda';
import type { RequestContext } from '../domain/audit';

/** Operation of a request without a route. The entry does not repeat the request. */
export const UNKNOWN_ROUTE = 'UnknownRoute';

/** AWS Lambda's name of the operation that reaches functions without a route. */
export const INVOKE = 'Invoke';

/** The members of an event that are read. All of them can be absent from a direct invocation. */
interface Requested {
  readonly requestContext?: {
    readonly requestId?: unknown;
    readonly identity?: { readonly sourceIp?: unknown; readonly userAgent?: unknown };
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Returns the request's members of an audit entry.
 *
 * @param event of API Gateway; undefined for a function that it does not reach
 * @param context Lambda's context, whose request ID is used without API Gateway
 */
export function requestContextOf(
  event: Requested | undefined,
  context: Partial<Pick<Context, 'awsRequestId'>> | undefined,
): RequestContext {
  const { requestId: ofGateway, identity } = event?.requestContext ?? {};
  const requestId = text(ofGateway) ?? text(context?.awsRequestId);
  const [sourceIp, userAgent] = [text(identity?.sourceIp), text(identity?.userAgent)];
  return {
    ...(requestId !== undefined && { requestId }),
    ...(sourceIp !== undefined && { sourceIp }),
    ...(userAgent !== undefined && { userAgent }),
  };
}
