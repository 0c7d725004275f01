/**
 * The response to CloudFormation: one PUT to the URL of the request. Without a response, the stack waits for its timeout.
 * Source: CloudFormation user guide, "Custom resource response objects".
 */
import type { ResponseTarget } from '../model/custom-resources/request';

/** The result of the request. */
export type Outcome =
  | {
      readonly status: 'SUCCESS';
      /** Name of the resource. A new name means a replacement: CloudFormation then deletes the old resource. */
      readonly name: string;
      /** What `Fn::GetAtt` returns. Anyone who can describe the stack can read it, unless it is `noEcho`. */
      readonly attributes: Readonly<Record<string, string>>;
      /** Whether CloudFormation masks the attributes in the events of the stack and in its responses. */
      readonly noEcho?: boolean;
    }
  | { readonly status: 'FAILED'; readonly name: string; readonly reason: string };

/** Maximum bytes of the reason, as JSON. CloudFormation accepts 4,096 bytes for the whole response. */
const MAX_REASON_BYTES = 2000;

/** Returns the beginning of the text that has up to this many bytes as JSON, where control characters have 6 bytes. */
function withinBytes(text: string, bytes: number): string {
  let [end, used] = [0, 0];
  for (const character of text) {
    used += Buffer.byteLength(JSON.stringify(character)) - '""'.length;
    if (used > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** @returns the body of the response */
function responseBody(request: ResponseTarget, outcome: Outcome): string {
  const { StackId, RequestId, LogicalResourceId } = request;
  return JSON.stringify({
    Status: outcome.status,
    PhysicalResourceId: outcome.name,
    StackId,
    RequestId,
    LogicalResourceId,
    ...(outcome.status === 'SUCCESS'
      ? { Data: outcome.attributes, ...(outcome.noEcho && { NoEcho: true }) }
      : { Reason: withinBytes(outcome.reason, MAX_REASON_BYTES) }),
  });
}

/** Timeout of the PUT, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * @throws Error if it was not delivered; Lambda then retries the request, which changes nothing that is done
 */
export async function respond(request: ResponseTarget, outcome: Outcome): Promise<void> {
  const reply = await fetch(request.ResponseURL, {
    method: 'PUT',
    // The URL is signed for an empty content type, as CloudFormation's cfn-response module sends it.
    headers: { 'content-type': '' },
    body: responseBody(request, outcome),
    redirect: 'error',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!reply.ok) throw new Error(`CloudFormation rejected the response: HTTP ${reply.status}`);
}
