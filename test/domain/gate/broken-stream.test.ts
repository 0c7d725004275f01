/** The last event of a stream that started and cannot complete: for which streams, and in which form. */
import { lastEventOf, type BrokenStream } from '../../../lambda/domain/gate/broken-stream';

const REQUEST = '{"jsonrpc":"2.0","method":"tools/call","id":7}';
const NOTIFICATION = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const SESSION = { 'mcp-session-id': 's' };

const ERROR = 'event: error\ndata: {"message":"over"}\n\n';
const RESPONSE =
  'event: message\ndata: {"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"over","data":{"__type":"RuntimeClientError"}}}\n\n';

interface Case {
  readonly protocol?: 'HTTP' | 'MCP';
  readonly method?: BrokenStream['call']['method'];
  readonly fields?: Readonly<Record<string, string>>;
  readonly payload?: string;
  readonly resumable?: boolean;
  readonly limited?: boolean;
}

const lastOf = ({
  protocol = 'MCP',
  method = 'POST',
  fields = {},
  payload = REQUEST,
  resumable = false,
  limited = false,
}: Case) =>
  lastEventOf(
    { protocol },
    {
      call: {
        method,
        headers: new Map(Object.entries(fields).map(([name, value]) => [name, [value]])),
        payload: Buffer.from(payload),
      },
      error: { type: 'RuntimeClientError', message: 'over' },
      body: '{"message":"over"}',
      resumable,
      limited,
    },
  );

it.each<[string, Case, string | undefined]>([
  ['the response to a request of MCP', {}, RESPONSE],
  ['the response if the client cannot resume the stream', { fields: SESSION, limited: true }, RESPONSE],
  ['the response after a failure of the server', { fields: SESSION, resumable: true }, RESPONSE],
  ['the response outside of a session', { resumable: true, limited: true }, RESPONSE],
  ['no event if the client can resume', { fields: SESSION, resumable: true, limited: true }, undefined],
  ['no event on the stream of a session', { method: 'GET', fields: SESSION, payload: '' }, undefined],
  ['an error after a notification', { payload: NOTIFICATION }, ERROR],
  ['an error after a batch', { payload: `[${REQUEST}]` }, ERROR],
  ['an error without MCP', { protocol: 'HTTP' }, ERROR],
  [
    'an error without MCP, also with fields of MCP',
    { protocol: 'HTTP', fields: SESSION, resumable: true, limited: true },
    ERROR,
  ],
])('is %s', (_what, given, event) => {
  expect(lastOf(given)).toBe(event);
});
