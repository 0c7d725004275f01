/**
 * How API Gateway turns the result of a function into a response.
 * Source: API Gateway developer guide, "Output format of a Lambda function for proxy integration" and
 * "Important notes" (headers that are remapped).
 */
import type { ServerResponse } from 'node:http';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { checkResponseSize } from './function-result';

/** Only the gateway itself sends this header. It renames the header of a function. */
const REMAPPED: ReadonlyMap<string, string> = new Map([
  ['www-authenticate', 'x-amzn-Remapped-WWW-Authenticate'],
]);

/**
 * Sends a function's result.
 *
 * @throws Error when the result has no valid status or header, or is too long for Lambda. Nothing is sent then.
 */
export function sendResult(response: ServerResponse, result: APIGatewayProxyResult): void {
  checkResponseSize(result);
  sendHead(response, result);
  response.end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'));
}

/**
 * Sends the status and the headers of a result, or of the metadata of a streamed response.
 *
 * @throws as {@link sendResult}
 */
export function sendHead(response: ServerResponse, result: Omit<APIGatewayProxyResult, 'body'>): void {
  if (!Number.isInteger(result.statusCode) || result.statusCode < 200 || result.statusCode > 599) {
    throw new Error('A function returned no valid statusCode.');
  }
  response.setHeader('content-type', 'application/json');
  for (const [name, values] of resultHeaders(result)) {
    response.setHeader(REMAPPED.get(name.toLowerCase()) ?? name, values);
  }
  response.writeHead(result.statusCode);
}

/** If both members have a header, the values of multiValueHeaders apply. */
function resultHeaders({
  headers = {},
  multiValueHeaders = {},
}: Omit<APIGatewayProxyResult, 'body'>): Map<string, string[]> {
  const merged = new Map<string, string[]>();
  for (const [name, value] of Object.entries(headers)) merged.set(name.toLowerCase(), [String(value)]);
  for (const [name, values] of Object.entries(multiValueHeaders))
    merged.set(name.toLowerCase(), values.map(String));
  return merged;
}
