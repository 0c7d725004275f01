/** Events of the functions that have no route: other functions, a schedule, CloudFormation and operators invoke them. */
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { INVOKE, requestContextOf } from '../api/request-context';
import { ServiceError } from '../domain/service-error';
import { requests } from './logging';

/** What of Lambda's context is looked at; handlers that are called without Lambda have none. */
export type InvocationContext = Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>;

/** An event that the function does not serve. Nothing of it is in the message or in the audit trail. */
export class RefusedEvent extends ServiceError {
  constructor(message: string) {
    super('ValidationException', message, { detail: 'the function does not serve such an event' });
  }
}

/**
 * Does what the event says; the entries that are recorded meanwhile have Lambda's request id.
 *
 * @param refusal what whoever invoked is told of an event that does not fit the schema
 * @throws RefusedEvent, and has it recorded; whatever the work throws
 */
export function invoked<Schema extends v.GenericSchema, Answer>(
  schema: Schema,
  refusal: string,
  { event, context }: { readonly event: unknown; readonly context: InvocationContext | undefined },
  work: (input: v.InferOutput<Schema>) => Promise<Answer>,
): Promise<Answer> {
  const resource = context?.invokedFunctionArn;
  const defaults = { operation: INVOKE, ...(resource !== undefined && { resource }) };
  return requests.within(requestContextOf(undefined, context), () =>
    requests.ensureEntry(defaults, () => {
      const parsed = v.safeParse(schema, event);
      if (!parsed.success) throw new RefusedEvent(refusal);
      return work(parsed.output);
    }),
  );
}
