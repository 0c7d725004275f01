/** An agent that answers with the user and the prompt of the invocation. The gate has authenticated the caller. */
/* global awslambda */
import { Buffer } from 'node:buffer';

const HEADERS = { 'content-type': 'text/event-stream' };

const userOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub;

const send = (stream, event) => stream.write(`data: ${JSON.stringify(event)}\n\n`);

export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const stream = awslambda.HttpResponseStream.from(responseStream, { statusCode: 200, headers: HEADERS });
  send(stream, { user: userOf(event.headers.workloadaccesstoken) });
  send(stream, { asked: JSON.parse(event.body).prompt });
  stream.end();
  await stream.finished();
});
