/** Where a request came from, from what API Gateway and Lambda say of it. */
import type { Context } from 'aws-lambda';
import type { RequestContext } from '../domain/audit';

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
