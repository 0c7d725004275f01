/**
 * The function `provider-client`, invoked: asynchronously for a renewal, which no one waits for, and synchronously
 * for a push, whose reference the browser needs.
 * Source: AWS Lambda API reference, Invoke.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import type { PushedAuthorization } from '../../domain/consent/push';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { AheadRenewals } from '../../domain/grant/renewal-ahead';
import { lazyLambda } from './client';
import { PushAnswerSchema, type Invocation, type PushAnswer } from '../../contract/provider-client-event';

/** Milliseconds until Lambda has queued the event: a reader waits for that, with a good token at hand. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds until the answer is there: longer than the function may take, cold start included. */
const ANSWERED_WITHIN = 17_000;

/**
 * The function did not do its work: ours to look into, in its own log. For who waits it is as good as a provider that
 * cannot be had.
 */
const failed = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('temporarily_unavailable', `provider-client: ${detail}`, { unavailable: true, cause });

function answerOf({ FunctionError, Payload }: Sdk.InvokeCommandOutput): PushAnswer {
  if (FunctionError !== undefined) throw failed(`the function failed (${FunctionError})`);
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), PushAnswerSchema),
    Payload && Buffer.from(Payload).toString('utf8'),
  );
  if (!parsed.success) throw failed('the answer is not one');
  return parsed.output;
}

/** @param functionName name or ARN of the function */
export function createProviderClientFunction(functionName: string): AheadRenewals & PushedAuthorization {
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
      const answer = answerOf(await invoke({ push: request }, 'RequestResponse', ANSWERED_WITHIN));
      if ('pushed' in answer) return answer.pushed;
      const { code, unavailable } = answer.failure;
      throw new ProviderFailure(code, `the push failed: ${code}`, { unavailable });
    },
  };
}
