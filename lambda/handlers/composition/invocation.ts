/** Events of functions without a route, which other functions, a schedule, CloudFormation, and operators invoke. */
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { INVOKE, requestContextOf } from '../../api/request-context';
import type { RequestContext } from '../../domain/audit';
import { ServiceError } from '../../domain/service-error';
import { requests } from './logging';

/** The members of Lambda's context that the handlers use; absent when a handler runs outside Lambda. */
export type InvocationContext = Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>;

/** The error for an event that the function does not accept. Neither the message nor the audit entry repeats the event. */
export class RefusedEvent extends ServiceError {
  constructor(message: string) {
    super('ValidationException', message, { detail: 'the function does not accept such an event' });
  }
}

/**
 * Handles an event. Audit entries that are recorded during the work carry Lambda's request ID.
 *
 * @param refusal message for an event that does not match the schema
 * @throws RefusedEvent, which is also recorded; any error of the work itself
 */
export function handleInvocation<Schema extends v.GenericSchema, Output>(
  schema: Schema,
  refusal: string,
  {
    event,
    context,
    auditSuccess = true,
    origin,
  }: {
    readonly event: unknown;
    readonly context: InvocationContext | undefined;
    /** False for a function that records an entry for each thing that it does, and might find nothing to do. */
    readonly auditSuccess?: boolean;
    /** The request for which another function invokes this one. Its members replace those of the invocation. */
    readonly origin?: RequestContext;
  },
  work: (input: v.InferOutput<Schema>) => Promise<Output>,
): Promise<Output> {
  const resource = context?.invokedFunctionArn;
  const defaults = { operation: INVOKE, auditSuccess, ...(resource !== undefined && { resource }) };
  return requests.within({ ...requestContextOf(undefined, context), ...origin }, () =>
    requests.ensureEntry(defaults, () => {
      const parsed = v.safeParse(schema, event);
      if (!parsed.success) throw new RefusedEvent(refusal);
      return work(parsed.output);
    }),
  );
}
