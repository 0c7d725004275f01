/** Events of functions without a route, which other functions, a schedule, CloudFormation, and operators invoke. */
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { INVOKE, requestContextOf } from '../../api/request-context';
import { unexpected } from '../../api/unexpected';
import type { RequestContext } from '../../domain/audit';
import { ServiceError } from '../../domain/service-error';
import { OutsideWritingRegion } from '../../domain/writing-region';
import { eventSchemaOf, type Calls, type EventOf } from '../../model/events/calls';
import type { Of } from '../../model/of';
import { report, requests } from './logging';
import { regionFence } from './regions';

/** The members of Lambda's context that the handlers use; absent when a handler runs outside Lambda. */
type InvocationContext = Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>;

/** The error for an event that the function does not accept. Neither the message nor the audit entry repeats the event. */
export class RefusedEvent extends ServiceError {
  constructor(message: string) {
    super('ValidationException', message, { detail: 'the function does not accept such an event' });
  }
}

export interface InvocationOptions<Schema extends v.GenericSchema, Output = never> {
  /** Of the events that the function accepts. */
  readonly schema: Schema;
  /** Message for an event that does not match the schema. */
  readonly refusal: string;
  /**
   * False for a function that records an entry for each thing that it does, and might find nothing to do. Default:
   * true.
   */
  readonly auditSuccess?: boolean;
  /** Returns whether a schedule sent the event. Outside the writing Region, it is ignored without an error. */
  readonly isScheduled?: (input: v.InferOutput<Schema>) => boolean;
  /**
   * Returns the result for a caller that waits, if this Region is not the writing Region. Without it, or if it returns
   * undefined, the function reports an error.
   */
  readonly outsideWritingRegion?: (input: v.InferOutput<Schema>) => Output | undefined;
  /** Returns the request for which another function invokes this one. Its members replace those of the invocation. */
  readonly originOf?: (event: unknown) => RequestContext;
  /**
   * Returns the message for the caller about an error that needs no report. By default, there is none: every error is
   * reported, and the caller receives no details.
   */
  readonly messageFor?: (error: unknown) => string | undefined;
}

/**
 * Returns the handler of a function without a route. Audit entries that are recorded during the work carry Lambda's
 * request ID. The handler throws an Error that says what to do, without details of the failure. An event that does not
 * match the schema has an audit entry, too.
 *
 * @param serve does the work of one event, and returns what the caller receives
 */
export function createInvocationHandler<Schema extends v.GenericSchema, Output>(
  options: InvocationOptions<Schema, Output>,
  serve: (input: v.InferOutput<Schema>) => Promise<Output>,
): (event: unknown, context?: InvocationContext) => Promise<Output | undefined> {
  const {
    schema,
    refusal,
    auditSuccess = true,
    isScheduled,
    outsideWritingRegion,
    originOf,
    messageFor,
  } = options;

  async function isForAnotherRegion(event: unknown): Promise<boolean> {
    if (!regionFence || !isScheduled) return false;
    const parsed = v.safeParse(schema, event);
    return parsed.success && isScheduled(parsed.output) && !(await regionFence.isOpen());
  }

  /** Returns the refusal as a result, if there is one for the event. */
  function refusalResult(error: unknown, event: unknown): Output | undefined {
    if (!outsideWritingRegion || !(error instanceof OutsideWritingRegion)) return undefined;
    const parsed = v.safeParse(schema, event);
    return parsed.success ? outsideWritingRegion(parsed.output) : undefined;
  }

  const handle = async (
    event: unknown,
    context: InvocationContext | undefined,
  ): Promise<Output | undefined> => {
    if (await isForAnotherRegion(event)) return undefined;
    const resource = context?.invokedFunctionArn;
    const defaults = { operation: INVOKE, auditSuccess, ...(resource !== undefined && { resource }) };
    return requests.within({ ...requestContextOf(undefined, context), ...originOf?.(event) }, () =>
      requests.ensureEntry(defaults, async () => {
        await regionFence?.check();
        const parsed = v.safeParse(schema, event);
        if (!parsed.success) throw new RefusedEvent(refusal);
        return serve(parsed.output);
      }),
    );
  };
  return async (event, context) => {
    let message;
    try {
      return await handle(event, context);
    } catch (error) {
      const refused = refusalResult(error, event);
      if (refused !== undefined) return refused;
      message = messageFor?.(error);
      if (message === undefined) report(unexpected(error));
    }
    // No cause: Lambda logs a thrown error and returns it to the caller.
    throw new Error(message ?? 'The invocation failed. See the log of the function.');
  };
}

type CallOptions<Accepted extends Calls, Output> = Omit<
  InvocationOptions<v.GenericSchema<unknown, EventOf<Accepted>>, Output>,
  'schema' | 'originOf'
> & {
  /** Of the member `origin` of events: the request for which another function invokes this one. */
  readonly origin?: v.GenericSchema<unknown, RequestContext>;
};

/**
 * Returns the handler of a function that other functions call.
 *
 * @param callee what the function does for each call
 */
export function createCallHandler<
  Accepted extends Calls,
  Called extends { readonly [Name in keyof Accepted]: (input: Of<Accepted[Name]>) => Promise<unknown> },
>(
  calls: Accepted,
  callee: Called,
  { origin, ...options }: CallOptions<Accepted, Awaited<ReturnType<Called[keyof Called]>>>,
) {
  const schema = eventSchemaOf(calls, origin && { origin: v.exactOptional(origin) });
  // Also of an event that is not valid otherwise, for its audit entry.
  const originOf =
    origin && ((event: unknown) => v.parse(v.fallback(v.object({ origin }), { origin: {} }), event).origin);
  return createInvocationHandler({ ...options, schema, ...(originOf && { originOf }) }, (event) => {
    // The schema leaves only the call, and its origin.
    const name = Object.keys(calls).find((call) => call in event) as keyof Accepted;
    return callee[name](event[name]);
  });
}
