/** The limit of AWS Lambda for the result of a function, which the embedded cloud has as well. */

/** Bytes of a result as JSON, as the error of AWS Lambda for a longer one states them. */
const MAX_RESULT_BYTES = 6_291_556;

/** Most bytes of a character's escape in JSON (`\u0000`). */
const MAX_ESCAPE = 6;

/** @throws Error for a result that Lambda would not return to its caller. @param text JSON of the result */
export function checkResultSize(text: string): void {
  if (Buffer.byteLength(text) <= MAX_RESULT_BYTES) return;
  throw new Error(`Response payload size exceeded maximum allowed payload size (${MAX_RESULT_BYTES} bytes).`);
}

/** As {@link checkResultSize}, for the response of an API, which API Gateway sends without this JSON. */
export function checkResponseSize(response: { readonly body?: string }): void {
  if ((response.body?.length ?? 0) * MAX_ESCAPE > MAX_RESULT_BYTES) checkResultSize(JSON.stringify(response));
}
