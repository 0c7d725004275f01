/**
 * Preloaded into deployed functions that stream (`NODE_OPTIONS`): the part of Lambda's Node.js runtime that the emulator
 * lacks. The response is returned as one object at its end. The bundles stay as deployed.
 * Source: AWS Lambda developer guide, "Writing response streaming-enabled Lambda functions".
 */
const { Buffer } = require('node:buffer');
const { Writable } = require('node:stream');
const { finished } = require('node:stream/promises');

/** Separates a response's metadata from its body. */
const DELIMITER = Buffer.alloc(8);

function collectingStream() {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(stream, {
    setContentType: () => undefined,
    finished: () => finished(stream),
    whole: () => Buffer.concat(chunks),
  });
}

globalThis.awslambda = {
  streamifyResponse: (handler) => async (event, context) => {
    const stream = collectingStream();
    await handler(event, stream, context);
    const answer = stream.whole();
    const end = answer.indexOf(DELIMITER);
    // A response to another function has no metadata.
    if (end < 0) return JSON.parse(answer.toString());
    const { statusCode, headers } = JSON.parse(answer.subarray(0, end).toString());
    return { statusCode, headers, body: answer.subarray(end + DELIMITER.length).toString() };
  },
  HttpResponseStream: {
    from(stream, metadata) {
      stream.write(Buffer.concat([Buffer.from(JSON.stringify(metadata)), DELIMITER]));
      return stream;
    },
  },
};
