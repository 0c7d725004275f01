/**
 * Invokes another function of the service, and reads its result. During a deployment, either function can be the version
 * before: a function ignores additional members of its event, and the caller those of the result. A member that changes
 * what an event means must be known to the release before the one that sends it.
 * Source: AWS Lambda API reference, Invoke.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import { parseJsonObject } from '../../domain/json-object';
import { lazyLambda } from './client';

export interface InvokeRequest<Event> {
  readonly event: Event;
  /** `Event` returns when Lambda has queued the event, `RequestResponse` when the function has returned. */
  readonly type: Sdk.InvocationType;
  readonly timeoutMs: number;
}

type MemberOf<Result> = Result extends unknown ? keyof Result : never;

export interface FunctionInvoker<Event> {
  /** @throws the error of `failed` if the function could not be invoked, or failed */
  invoke(request: InvokeRequest<Event>): Promise<Sdk.InvokeCommandOutput>;
  /**
   * Returns the result. Its type is the one that the function states; the values are not validated.
   *
   * @param members of which each result has one
   * @throws the error of `failed` for a result without any of them
   */
  resultOf<Result extends object>(
    output: Sdk.InvokeCommandOutput,
    ...members: readonly MemberOf<Result>[]
  ): Result;
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
    resultOf<Result extends object>(
      { Payload }: Sdk.InvokeCommandOutput,
      ...members: readonly MemberOf<Result>[]
    ) {
      const result = Payload && parseJsonObject(Buffer.from(Payload).toString('utf8'));
      if (!result || !members.some((member) => Object.hasOwn(result, member))) {
        throw failed('the response is malformed');
      }
      return result as Result;
    },
  };
}
