/** What audit entries say of a request itself: its operation where no route names one, and where it came from. */
import type { Context } from 'aws-lambda';
import type { RequestContext } from '../domain/audit';

/** Operation of what no route serves: the entry does not repeat what was asked for. */
export const UNKNOWN_ROUTE = 'UnknownRoute';

/** AWS Lambda's name of the operation by which the functions without a route are reached. */
export const INVOKE = 'Invoke';

/** What of an event is looked at. Whoever invokes the function directly may leave all of it out. */
interface Requested {
  readonly requestContext?: {
    readonly requestId?: unknown;
    readonly identity?: { readonly sourceIp?: unknown; readonly userAgent?: unknown };
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * @param event of API Gateway; undefined for a function that it does not reach
 * @param context Lambda's, whose id counts where there is no gateway
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
