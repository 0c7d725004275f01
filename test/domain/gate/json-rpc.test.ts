/** The JSON-RPC response with which a stream ends that cannot complete: for which requests, and with which ID. */
import { errorMessage, requestIdOf } from '../../../lambda/domain/gate/json-rpc';

const idIn = (text: string) => requestIdOf(Buffer.from(text));
const request = (members: object) =>
  idIn(JSON.stringify({ jsonrpc: '2.0', method: 'tools/call', ...members }));

it.each([7, 0, -1, Number.MAX_SAFE_INTEGER, 'a', '', '"\\\n\u2028', 'x'.repeat(256)])(
  'is for a request with the ID %j',
  (id) => {
    expect(request({ id })).toBe(id);
    const message = errorMessage(id, { type: 'RuntimeClientError', message: 'over' });
    expect(message).not.toMatch(/[\r\n]/);
    expect(JSON.parse(message)).toEqual({
      jsonrpc: '2.0',
      id,
      error: { code: -32603, message: 'over', data: { __type: 'RuntimeClientError' } },
    });
  },
);

it.each([null, true, 1.5, 1e300, Number.MAX_SAFE_INTEGER + 1, 'x'.repeat(257), [1], { a: 1 }])(
  'is for no request with the ID %j',
  (id) => {
    expect(request({ id })).toBeUndefined();
  },
);

it.each([
  ['a notification', '{"jsonrpc":"2.0","method":"notifications/initialized"}'],
  ['a response', '{"jsonrpc":"2.0","id":1,"result":{}}'],
  ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
  ['an infinite number', '{"jsonrpc":"2.0","id":1e999,"method":"ping"}'],
  ['a scalar', '1'],
  ['null', 'null'],
  ['text that is not JSON', '{"id":1'],
  ['nothing', ''],
  ['deep nesting', `${'['.repeat(100_000)}`],
])('is for no request in %s', (_what, text) => {
  expect(idIn(text)).toBeUndefined();
});

it('is for no request in bytes that are not text', () => {
  expect(requestIdOf(Buffer.from([0xff, 0xfe, 0x00]))).toBeUndefined();
});
