/**
 * Invokes the `revocation` function: synchronously where the caller's answer depends on it, and asynchronously to have
 * providers told without waiting for the schedule.
 * Source: AWS Lambda API reference, Invoke.
 */
import type * as Sdk from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import { SelectionSchema, type RevocationEvent } from '../../contract/revocation-event';
import type { RevocationQueue } from '../../domain/grant/revocation-queue';
import type { RevocationWorker } from '../../domain/revocation/worker';
import { lazyLambda } from './client';

/** Milliseconds to queue an event. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds for tokens to be stored: a cold start, and a read of the client secret. */
const STORED_WITHIN = 10_000;

/** Milliseconds for a selection: its own time, its last page, and a cold start; less than API Gateway waits. */
const SELECTED_WITHIN = 26_000;

/** The error for a function that failed, which operators diagnose in its log. */
const failed = (detail: string, cause?: unknown): Error => new Error(`revocation: ${detail}`, { cause });

/** @param functionName name or ARN of the function */
export function createRevocationFunction(functionName: string): RevocationQueue & RevocationWorker {
  const lambda = lazyLambda();

  async function invoke(
    event: RevocationEvent,
    type: Sdk.InvocationType,
    milliseconds: number,
  ): Promise<Sdk.InvokeCommandOutput> {
    const { sdk, client } = await lambda();
    const command = new sdk.InvokeCommand({
      FunctionName: functionName,
      InvocationType: type,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    let output;
    try {
      output = await client.send(command, { abortSignal: AbortSignal.timeout(milliseconds) });
    } catch (error) {
      throw failed(`not invoked: ${error instanceof Error ? error.name : 'unknown'}`, error);
    }
    if (output.FunctionError !== undefined) throw failed(`the function failed (${output.FunctionError})`);
    return output;
  }

  return {
    async enqueue({ grantId, workloadArn, provider, tokens, cause }) {
      const { workloadId, subjectHash, target } = grantId;
      const withdrawn = {
        grantId: { workloadId, subjectHash, target },
        workloadArn,
        provider: { name: provider.name, id: provider.id },
        tokens,
        cause,
      };
      await invoke({ enqueue: withdrawn }, 'RequestResponse', STORED_WITHIN);
    },
    async select(revocationId) {
      const { Payload } = await invoke({ select: { revocationId } }, 'RequestResponse', SELECTED_WITHIN);
      const parsed = v.safeParse(
        v.pipe(v.string(), v.parseJson(), SelectionSchema),
        Payload && Buffer.from(Payload).toString('utf8'),
      );
      if (!parsed.success) throw failed('the response is malformed');
      return parsed.output;
    },
    async wake() {
      await invoke({ sweep: true }, 'Event', QUEUED_WITHIN);
    },
  };
}
