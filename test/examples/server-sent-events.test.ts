/** The application's reader of server-sent events, with the framing that WHATWG HTML section 9.2 allows. */
import { readEvents, type ServerSentEvent } from '../../examples/local/server-sent-events';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* inChunks(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

async function read(...chunks: Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(inChunks(...chunks))) events.push(event);
  return events;
}

const message = (data: string): ServerSentEvent => ({ type: 'message', data });

describe('readEvents', () => {
  it.each([
    ['with LF', 'data: a\n\ndata: b\n\n'],
    ['with CR LF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['with CR', 'data: a\r\rdata: b\r\r'],
    ['without a space after the colon', 'data:a\n\ndata:b\n\n'],
    ['with comments, and with blocks of comments only', ': hello\n\ndata: a\n: more\n\n:\n\ndata: b\n\n'],
    ['with unknown fields', 'id: 1\nretry: 5\ndata: a\n\nnonsense\ndata: b\n\n'],
  ])('reads events %s', async (_name, stream) => {
    expect(await read(bytes(stream))).toEqual([message('a'), message('b')]);
  });

  it('joins the lines of an event, and returns its type', async () => {
    expect(await read(bytes('event: error\ndata: a\ndata: b\n\n'))).toEqual([
      { type: 'error', data: 'a\nb' },
    ]);
  });

  it('returns the same events wherever the stream is split, even within a character', async () => {
    const stream = bytes('data: é “ü”\r\n\r\ndata: b\n\n');
    for (let at = 1; at < stream.length; at += 1) {
      expect(await read(stream.subarray(0, at), stream.subarray(at))).toEqual([
        message('é “ü”'),
        message('b'),
      ]);
    }
  });

  it('ignores an event that was cut off', async () => {
    expect(await read(bytes('data: a\n\ndata: b\n'))).toEqual([message('a')]);
  });

  it('yields an event before the next one arrives', async () => {
    let ask = (): void => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes('data: a\n\n');
      // Arrives only after the reader has yielded the first event.
      await asked;
      yield bytes('data: b\n\n');
    }
    const events = readEvents(source());
    expect((await events.next()).value).toEqual(message('a'));
    ask();
    expect((await events.next()).value).toEqual(message('b'));
  });

  it('throws an error if an event is endless', async () => {
    const endless = bytes(`data: ${'a'.repeat(300 * 1024)}`);
    await expect(read(endless)).rejects.toThrow('too long');
  });
});
