/**
 * Invokes the `provider-client` function: asynchronously for a background renewal, and synchronously for a push, whose
 * reference the browser needs.
 * Source: AWS Lambda API reference, Invoke.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import type { PushedAuthorization } from '../../domain/consent/push';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { BackgroundRenewals } from '../../domain/grant/background-renewal';
import { lazyLambda } from './client';
import { PushResponseSchema, type Invocation, type PushResponse } from '../../contract/provider-client-event';

/** Milliseconds to queue the event. The caller waits for it, although it already has a valid token. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds for a response: more than the function's timeout and a cold start. */
const ANSWERED_WITHIN = 17_000;

/**
 * The error for a function that failed, which operators diagnose in its log. To the caller, it is an unavailable provider.
 */
const failed = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('temporarily_unavailable', `provider-client: ${detail}`, { unavailable: true, cause });

function responseOf({ FunctionError, Payload }: Sdk.InvokeCommandOutput): PushResponse {
  if (FunctionError !== undefined) throw failed(`the function failed (${FunctionError})`);
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), PushResponseSchema),
    Payload && Buffer.from(Payload).toString('utf8'),
  );
  if (!parsed.success) throw failed('the response is malformed');
  return parsed.output;
}

/** @param functionName name or ARN of the function */
export function createProviderClientFunction(functionName: string): BackgroundRenewals & PushedAuthorization {
  const lambda = lazyLambda();

  async function invoke(
    event: Invocation,
    type: Sdk.InvocationType,
    milliseconds: number,
  ): Promise<Sdk.InvokeCommandOutput> {
    const { sdk, client } = await lambda();
    const command = new sdk.InvokeCommand({
      FunctionName: functionName,
      InvocationType: type,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    try {
      return await client.send(command, { abortSignal: AbortSignal.timeout(milliseconds) });
    } catch (error) {
      throw failed(`not invoked: ${error instanceof Error ? error.name : 'unknown'}`, error);
    }
  }

  return {
    async dispatch(request) {
      await invoke({ renew: request }, 'Event', QUEUED_WITHIN);
    },
    async push(request) {
      const answer = responseOf(await invoke({ push: request }, 'RequestResponse', ANSWERED_WITHIN));
      if ('pushed' in answer) return answer.pushed;
      const { code, unavailable } = answer.failure;
      throw new ProviderFailure(code, `the push failed: ${code}`, { unavailable });
    },
  };
}
