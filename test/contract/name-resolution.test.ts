/** Names that owners choose, at name servers that they run: a real one, of this test. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { addressesOf } from '../../lambda/adapters/http/name-resolution';

const DEPLOYED = { loopback: false };

/** RFC 1035 section 3.2.2, RFC 3596 section 2.1. */
const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };
const RECORDS: Readonly<Record<string, Partial<Record<'A' | 'AAAA', readonly number[]>>>> = {
  'both.example': { A: [192, 0, 2, 1], AAAA: [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1] },
  'old.example': { A: [192, 0, 2, 2] },
};

/** Responds as RFC 1035 section 4.1 says, and never for a name below silent.example. */
function respond(server: Socket, query: Buffer, port: number): void {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString());
    at += 1 + length;
  }
  const name = labels.join('.');
  if (name.endsWith('silent.example')) return;
  const type = TYPES[query.readUInt16BE(at + 1)];
  const address = type && RECORDS[name]?.[type];
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(name in RECORDS ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(address ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const question = query.subarray(12, at + 5);
  // A pointer to the name of the question, its type and class, no lifetime, and the address.
  const answer = address && [0xc0, 12, ...question.subarray(-4), 0, 0, 0, 0, 0, address.length, ...address];
  server.send(Buffer.concat([header, question, Buffer.from(answer ?? [])]), port);
}

let server: Socket;
beforeAll(async () => {
  server = createSocket('udp4', (query, { port }) => {
    respond(server, query, port);
  }).bind(0, '127.0.0.1');
  await once(server, 'listening');
  const nameServer = `127.0.0.1:${server.address().port}`;
  for (const method of ['resolve4', 'resolve6'] as const) {
    const original = Resolver.prototype[method] as (this: Resolver, name: string) => Promise<string[]>;
    jest.spyOn(Resolver.prototype, method).mockImplementation(function (this: Resolver, name: string) {
      if (this.getServers().join() !== nameServer) this.setServers([nameServer]);
      return original.call(this, name);
    } as Resolver['resolve4'] & Resolver['resolve6']);
  }
});
afterAll(() => {
  jest.restoreAllMocks();
  server.close();
});

it('has all addresses of a name, of both families', async () => {
  expect(await addressesOf('both.example', {}, DEPLOYED)).toEqual([
    { address: '2001:db8::1', family: 6 },
    { address: '192.0.2.1', family: 4 },
  ]);
  expect(await addressesOf('old.example', {}, DEPLOYED)).toEqual([{ address: '192.0.2.2', family: 4 }]);
  expect(await addressesOf('both.example', { family: 4 }, DEPLOYED)).toHaveLength(1);
  await expect(addressesOf('absent.example', {}, DEPLOYED)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

it('does not wait for the silent name servers of others', async () => {
  const ended: string[] = [];
  for (let index = 0; index < 12; index += 1) {
    const name = `host-${index}.silent.example`;
    void addressesOf(name, {}, DEPLOYED).catch(() => ended.push(name));
  }
  expect(await addressesOf('old.example', {}, DEPLOYED)).toHaveLength(1);
  expect(ended).toEqual([]);
});
