/** Which bytes of an event stream pass, wherever the chunks end. */
import fc from 'fast-check';
import { EventStream, MAX_HELD_BYTES } from '../../../lambda/domain/gate/event-stream';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Returns the bytes that pass after each chunk. */
function passing(...chunks: string[]) {
  const stream = new EventStream();
  const passed = chunks.map((chunk) => text(stream.take(Buffer.from(chunk, 'latin1'))));
  return { passed, between: stream.betweenEvents, rest: text(stream.rest()) };
}

it.each([
  ['LF', 'data: a\n\n'],
  ['CR', 'data: a\r\r'],
  ['CRLF', 'data: a\r\n\r\n'],
  ['LF and CRLF', 'data: a\n\r\n'],
  ['CRLF and LF', 'data: a\r\n\n'],
  ['LF and CR', 'data: a\n\r'],
  ['several fields', 'id: 1\nevent: x\ndata: a\ndata\n\n'],
  ['blank lines before it', '\n\r\n\rdata: a\n\n'],
])('passes a whole event immediately: %s', (_what, event) => {
  expect(passing(event)).toEqual({ passed: [event], between: true, rest: '' });
});

it.each([
  ['a field without its end', 'data: a'],
  ['a field', 'data: a\n'],
  ['a field that ends with CR', 'data: a\r'],
  ['a field that ends with CRLF', 'data: a\r\n'],
  ['a field without a colon', 'data\n'],
  ['a comment within the event', 'data: a\n: comment\n'],
  ['an id alone', 'id: 7\n'],
  ['a comment without its end', ': comment'],
])('holds back an unfinished event: %s', (_what, half) => {
  expect(passing(`data: one\n\n${half}`)).toEqual({ passed: ['data: one\n\n'], between: true, rest: half });
});

it('passes a comment between events when its line ends, because it keeps the connection alive', () => {
  expect(passing(':', ' alive\n', ':\r', '\n').passed).toEqual(['', ': alive\n', ':\r', '\n']);
});

it('passes the LF of a CRLF that two chunks share directly after its CR, without ending a second line', () => {
  expect(passing('data: a\r\n\r', '\ndata: b\r', '\n', '\r', '\n').passed).toEqual([
    'data: a\r\n\r',
    '\n',
    '',
    'data: b\r\n\r',
    '\n',
  ]);
});

it('passes an event in many chunks when it is complete', () => {
  expect(passing('da', 'ta: ', 'a\n', '\n').passed).toEqual(['', '', '', 'data: a\n\n']);
});

describe('a stream can be resumed', () => {
  const resumable = (...chunks: string[]) => {
    const stream = new EventStream();
    for (const chunk of chunks) stream.take(Buffer.from(chunk));
    return stream.resumable;
  };
  it.each([
    ['an event with an ID', ['id: 1\ndata:\n\n'], true],
    ['an ID without a space', ['data: a\nid:1\r\n\r\n'], true],
    ['an ID in pieces', ['data: a\ni', 'd', ':', ' ', '1\n', '\n'], true],
    ['an ID in an earlier event', ['id: 1\ndata: a\n\ndata: b\n\n'], true],
    ['an empty ID after another one', ['id: 1\ndata: a\n\nid:\ndata: b\n\n'], false],
    ['an ID without a colon after another one', ['id: 1\ndata: a\n\nid\ndata: b\n\n'], false],
    ['an ID after an empty one', ['id:\ndata: a\n\nid: 1\ndata: b\n\n'], true],
    ['an empty ID in an unfinished event', ['id: 1\ndata: a\n\nid:\ndata: b\n'], true],
    ['an ID in an unfinished event', ['data: a\n\nid: 1\ndata: b\n'], false],
    ['an empty ID', ['id:\ndata: a\n\n'], false],
    ['an empty ID with a space', ['id: \ndata: a\n\n'], false],
    ['a field without a value', ['id\ndata: a\n\n'], false],
    ['another field', ['ident: 1\ndata: id: 1\n\n'], false],
    ['a comment', [':id: 1\n\n'], false],
  ])('after %s: %j is %s', (_what, chunks, expected) => {
    expect(resumable(...chunks)).toBe(expected);
  });
});

describe('an event that is too long to be held back', () => {
  const part = 'x'.repeat(MAX_HELD_BYTES / 2);

  it('passes as it arrives, and nothing can follow it until it ends', () => {
    const stream = new EventStream();
    const take = (chunk: string) => text(stream.take(Buffer.from(chunk)));
    expect([take('data: '), take(part), stream.betweenEvents]).toEqual(['', '', true]);
    expect([take(part), stream.betweenEvents]).toEqual([`data: ${part}${part}`, false]);
    expect([take('more\n'), stream.betweenEvents]).toEqual(['more\n', false]);
    expect([take('\ndata: b'), stream.betweenEvents]).toEqual(['\n', true]);
    expect(text(stream.rest())).toBe('data: b');
  });

  it('passes together with the complete events before it', () => {
    const stream = new EventStream();
    const long = `data: ${part}${part}`;
    expect(text(stream.take(Buffer.from(`data: a\n\n${long}`)))).toBe(`data: a\n\n${long}`);
    expect(stream.betweenEvents).toBe(false);
  });
});

/** Counts the fields since the last blank line, as the specification's parser does. */
function unfinished(stream: string): string[] {
  const lines = stream.split(/\r\n|\r|\n/);
  const open = lines.slice(lines.lastIndexOf('', lines.length - 2) + 1);
  return open.filter((line) => line !== '' && !line.startsWith(':'));
}

it('passes every byte in order, ends at complete events only, and holds back no complete event', () => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', '\n\n', 'data: a', ':', 'id', ' ', 'data: b\n\n');
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 8 }), (chunks) => {
      const stream = new EventStream();
      let passed = '';
      for (const chunk of chunks) {
        passed += text(stream.take(Buffer.from(chunk.join(''), 'latin1')));
        expect(unfinished(passed)).toEqual([]);
      }
      const rest = text(stream.rest());
      expect(passed + rest).toBe(chunks.flat().join(''));
      // A complete event or comment in the rest would have been passed.
      const ends = [...rest.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length);
      for (const end of ends) expect(unfinished(passed + rest.slice(0, end))).not.toEqual([]);
    }),
    { numRuns: 2000 },
  );
});
