/**
 * The answer to CloudFormation, by one PUT to the address that the request brought; without one the stack waits until
 * its time is out.
 * Source: CloudFormation user guide, "Custom resource response objects".
 */
import type { Answerable } from '../contract/resource-request';

/** What became of the request. */
export type Outcome =
  | {
      readonly status: 'SUCCESS';
      /** Name of the resource. Another one than before is a replacement: the old one is to be deleted. */
      readonly name: string;
      /** What `Fn::GetAtt` gives. Never a secret: whoever may describe the stack can read it. */
      readonly attributes: Readonly<Record<string, string>>;
    }
  | { readonly status: 'FAILED'; readonly name: string; readonly reason: string };

/** An answer has 4,096 bytes at most, and the reason is for a person. */
const LONGEST_REASON = 1000;

/** @returns the answer's body */
export function responseBody(request: Answerable, outcome: Outcome): string {
  const { StackId, RequestId, LogicalResourceId } = request;
  return JSON.stringify({
    Status: outcome.status,
    PhysicalResourceId: outcome.name,
    StackId,
    RequestId,
    LogicalResourceId,
    ...(outcome.status === 'SUCCESS'
      ? { Data: outcome.attributes }
      : { Reason: outcome.reason.slice(0, LONGEST_REASON) }),
  });
}

/** Milliseconds for the PUT. */
const DEADLINE = 10_000;

/**
 * @throws Error when it did not arrive; Lambda then runs the request once more, which changes nothing that is done
 */
export async function respond(request: Answerable, outcome: Outcome): Promise<void> {
  const answer = await fetch(request.ResponseURL, {
    method: 'PUT',
    // The address is signed for an empty content type (CloudFormation's own cfn-response module sends none either).
    headers: { 'content-type': '' },
    body: responseBody(request, outcome),
    redirect: 'error',
    signal: AbortSignal.timeout(DEADLINE),
  });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: HTTP ${answer.status}`);
}
