/** The gate reads the response of a function that arrives in many small chunks. */
import { functionResponse } from '../../lambda/adapters/lambda/function-response';
import { ExchangeFailure } from '../../lambda/domain/streamed-exchange';

async function* inBytes(text: string): AsyncGenerator<Uint8Array> {
  for (const byte of Buffer.from(text)) yield await Promise.resolve(Uint8Array.of(byte));
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

it('reads metadata and body if each chunk is one byte', async () => {
  const payload = `{"statusCode":202,"headers":{"X-A":"b"}}${'\0'.repeat(8)}{"done":true}`;
  const { status, headers, body } = await functionResponse(inBytes(payload));
  expect([status, headers]).toEqual([202, { 'x-a': 'b' }]);
  expect(await textOf(body)).toBe('{"done":true}');
});

it('reads a complete response if each chunk is one byte', async () => {
  const { status, body } = await functionResponse(inBytes('{"statusCode":201,"body":"made"}'));
  expect([status, await textOf(body)]).toEqual([201, 'made']);
});

it('rejects a response whose beginning is in too many chunks', async () => {
  await expect(functionResponse(inBytes(`{${' '.repeat(70_000)}}`))).rejects.toThrow(ExchangeFailure);
});
