/** The recorder of the demonstration's traffic. */
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Wire } from '../../examples/demo/wire';

it('ignores a request whose target is no URL, and records the next one', async () => {
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wire = new Wire({ servers: new Map([[port, 'service']]), senderOf: () => 'another program' });
  try {
    for (const path of ['//', '/next']) {
      const [response] = (await once(get({ port, host: '127.0.0.1', path }), 'response')) as [
        NodeJS.ReadableStream,
      ];
      response.resume();
    }
    expect(await wire.next({ to: 'service', method: 'GET', path: /^/ })).toMatchObject({ path: '/next' });
  } finally {
    wire.close();
    server.close();
  }
});
