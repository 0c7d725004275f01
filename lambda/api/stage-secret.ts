/** Whether an event is from the stage of the function's own API, which alone adds the stage secret. */
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { STAGE_SECRET_BYTES, STAGE_SECRET_VARIABLE } from '../model/stage-secret';
import { FORGED_EVENT, type AuditTrail, type Requests } from '../domain/audit';
import { isHashOf } from '../domain/digest';
import { accessDenied, type ServiceError } from '../domain/service-error';
import { requestContextOf } from './request-context';

/** Characters of a secret. */
const LENGTH = Math.ceil((STAGE_SECRET_BYTES * 4) / 3);

const FromStageSchema = v.object({
  stageVariables: v.object({ [STAGE_SECRET_VARIABLE]: v.pipe(v.string(), v.length(LENGTH)) }),
});

/**
 * Records and returns the error for an event without the stage secret; undefined for an event of the API. The entry has
 * nothing of a forged event: AWS CloudTrail knows who invoked the function, by Lambda's request ID.
 */
export type RefuseForged = (
  event: unknown,
  context: Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>> | undefined,
) => ServiceError | undefined;

/** @param hash of the secret, SHA-256, base64url */
export function createRefuseForged(
  { audit, requests }: { readonly audit: AuditTrail; readonly requests: Pick<Requests, 'within'> },
  hash: string,
): RefuseForged {
  return (event, context) => {
    const parsed = v.safeParse(FromStageSchema, event);
    if (parsed.success && isHashOf(hash, parsed.output.stageVariables[STAGE_SECRET_VARIABLE]))
      return undefined;
    const reason = "the event does not have the secret of the API's stage";
    const error = accessDenied('Access denied', reason);
    const { invokedFunctionArn: resource } = context ?? {};
    requests.within(requestContextOf(undefined, context), () => {
      audit.record({
        operation: FORGED_EVENT,
        outcome: 'denied',
        error: error.type,
        reason,
        ...(resource !== undefined && { resource }),
      });
    });
    return error;
  };
}
