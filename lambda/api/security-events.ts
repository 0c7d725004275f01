/** Requests and responses of the receivers of security events, each in the form of its specification. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { ReceivedRequest } from '../domain/security-event/receive';
import { SetRejection } from '../domain/security-event/rejection';
import { empty, json, NO_STORE } from './errors';
import { headerOf } from './event-headers';

export function receivedRequest(event: APIGatewayProxyEvent): ReceivedRequest {
  const { body, isBase64Encoded, pathParameters } = event;
  return {
    issuerId: pathParameters?.issuerId ?? '',
    contentType: headerOf(event, 'content-type')?.split(';')[0]?.trim().toLowerCase(),
    authorization: headerOf(event, 'authorization'),
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString('utf8'),
  };
}

/** Performs the work; a refusal becomes the response that `refused` returns. */
async function resultOf(
  work: Promise<void>,
  status: number,
  refused: (error: SetRejection) => APIGatewayProxyResult,
): Promise<APIGatewayProxyResult> {
  try {
    await work;
    return empty(status);
  } catch (error) {
    if (error instanceof SetRejection) return refused(error);
    throw error;
  }
}

/** RFC 8935 sections 2.2 and 2.3. */
export const pushResult = (work: Promise<void>): Promise<APIGatewayProxyResult> =>
  resultOf(work, 202, ({ code, message }) =>
    json(400, { err: code, description: message }, { ...NO_STORE, 'content-language': 'en' }),
  );

/** OpenID Connect Back-Channel Logout 1.0 section 2.8. */
export const logoutResult = (work: Promise<void>): Promise<APIGatewayProxyResult> =>
  resultOf(work, 200, ({ message }) => json(400, { error: 'invalid_request', error_description: message }));

/**
 * draft-parecki-oauth-global-token-revocation-06 section 3.2. A 401 has no `WWW-Authenticate`, because API Gateway renames
 * that header in the responses of functions.
 */
export async function revocationResult(work: Promise<void>): Promise<APIGatewayProxyResult> {
  await work;
  return empty(204);
}
