/** What a failure of the service answers: a page to browsers, and the error to everyone else. */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { failureResult } from '../../lambda/api/failure-page';

/** @param multiValueHeaders null if the event has none, as in a test invocation */
const answer = (multiValueHeaders: Record<string, string[]> | null) =>
  failureResult(new Error('broken'), { multiValueHeaders } as unknown as APIGatewayProxyEvent);

it('is a page for a browser', () => {
  const { statusCode, headers } = answer({ Accept: ['text/html,*/*'] });
  expect([statusCode, headers?.['content-type']]).toEqual([500, expect.stringContaining('text/html')]);
});

it.each([[{ accept: ['application/json'] }], [{}], [null]])('is an error for a client with %j', (headers) => {
  const { statusCode, body } = answer(headers);
  expect(statusCode).toBe(500);
  expect(JSON.parse(body)).toMatchObject({ __type: 'InternalServerException' });
});
