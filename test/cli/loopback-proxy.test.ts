/** Requests of the command to this computer, if the environment names a proxy that Node.js 24 uses (NODE_USE_ENV_PROXY). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { listenOnLoopback } from '../../lib/local/loopback-server';

const BIN = join(__dirname, '../../bin');

/** Runs a program with a proxy in its environment; returns its output, and the requests that the proxy received. */
async function behindProxy(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const proxied: string[] = [];
  const record: RequestListener = (request, response) => {
    proxied.push(request.url ?? '');
    response.writeHead(502).end();
  };
  const proxy = createServer(record).on('connect', (request, socket) => {
    proxied.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const { port, close } = await listenOnLoopback(proxy, 0);
  const inherited = Object.entries(process.env).filter(([name]) => name.toUpperCase() !== 'NO_PROXY');
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', ...args], {
    env: {
      ...Object.fromEntries(inherited),
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA',
      AWS_SECRET_ACCESS_KEY: 'secret',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  await close();
  return { status, output, proxied };
}

it('sends no request for a service on this computer to a proxy of the environment', async () => {
  const requested: string[] = [];
  const service = createServer((request, response) => {
    requested.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"workloadIdentities":[]}');
  });
  const { port, close } = await listenOnLoopback(service, 0);
  const endpoint = `http://127.0.0.1:${port}`;
  const { status, proxied } = await behindProxy([
    join(BIN, 'agent-identity.ts'),
    ...['agent', 'list', '--endpoint', endpoint],
  ]);
  await close();
  expect({ status, proxied, requested: requested.length }).toEqual({ status: 0, proxied: [], requested: 1 });
});

it.each([
  [{}, '127.0.0.1,localhost,[::1]'],
  [{ NO_PROXY: 'intranet.example' }, 'intranet.example,127.0.0.1,localhost,[::1]'],
  [{ no_proxy: 'intranet.example' }, 'intranet.example,127.0.0.1,localhost,[::1]'],
  [{ NO_PROXY: '*' }, '*'],
])('adds loopback to the exceptions %j', async (environment, expected) => {
  const program = `require(${JSON.stringify(join(BIN, 'loopback-proxy.ts'))}); console.log([process.env.NO_PROXY, process.env.no_proxy].join('\\n'))`;
  expect((await behindProxy(['--eval', program], environment)).output).toBe(`${expected}\n${expected}\n`);
});
