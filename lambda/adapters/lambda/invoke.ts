/**
 * Invokes another function of the service, and reads its result.
 * Source: AWS Lambda API reference, Invoke.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import { lazyLambda } from './client';

export interface InvokeRequest<Event> {
  readonly event: Event;
  /** `Event` returns when Lambda has queued the event, `RequestResponse` when the function has returned. */
  readonly type: Sdk.InvocationType;
  readonly timeoutMs: number;
}

export interface FunctionInvoker<Event> {
  /** @throws the error of `failed` if the function could not be invoked, or failed */
  invoke(request: InvokeRequest<Event>): Promise<Sdk.InvokeCommandOutput>;
  /** Returns the result. @throws the error of `failed` for a malformed result */
  resultOf<Schema extends v.GenericSchema>(
    schema: Schema,
    output: Sdk.InvokeCommandOutput,
  ): v.InferOutput<Schema>;
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
  const lambda = lazyLambda();
  return {
    async invoke({ event, type, timeoutMs }) {
      const { sdk, client } = await lambda();
      const command = new sdk.InvokeCommand({
        FunctionName: functionName,
        InvocationType: type,
        Payload: Buffer.from(JSON.stringify(event)),
      });
      let output;
      try {
        output = await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
      } catch (error) {
        throw failed(`not invoked: ${error instanceof Error ? error.name : 'unknown'}`, error);
      }
      if (output.FunctionError !== undefined) throw failed(`the function failed (${output.FunctionError})`);
      return output;
    },
    resultOf(schema, { Payload }) {
      const parsed = v.safeParse(
        v.pipe(v.string(), v.parseJson(), schema),
        Payload && Buffer.from(Payload).toString('utf8'),
      );
      if (!parsed.success) throw failed('the response is malformed');
      return parsed.output;
    },
  };
}
