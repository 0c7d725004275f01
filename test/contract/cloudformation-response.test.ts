/** The response of a custom resource, as AWS CloudFormation limits it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { respond } from '../../lambda/custom-resources/response';

it.each([
  ['control characters', '\u001b'],
  ['characters of several bytes', '\u{1f511}'],
  ['half a surrogate pair', '\ud800'],
])('stays within 4,096 bytes if the reason has %s', async (_what, character) => {
  let received = '';
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (received += chunk.toString()));
    request.on('end', () => response.end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    await respond(
      {
        ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        StackId: 's'.repeat(300),
        RequestId: 'r'.repeat(36),
        LogicalResourceId: 'l'.repeat(255),
      },
      { status: 'FAILED', name: 'n'.repeat(255), reason: `The reason: ${character.repeat(1000)}` },
    );
  } finally {
    await new Promise((closed) => server.close(closed));
  }
  expect(Buffer.byteLength(received)).toBeLessThanOrEqual(4096);
  const { Reason } = JSON.parse(received) as { Reason: string };
  expect(Reason).toMatch(/^The reason: /);
  expect(Reason.length).toBeGreaterThan(300);
});
