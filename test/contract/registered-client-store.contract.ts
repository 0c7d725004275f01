/** The contract of every store of the providers that have a registered client. */
import { randomUUID } from 'node:crypto';
import type { Stores } from '../domain/in-memory-stores';

export function registeredClientsContract(stores: () => Stores): void {
  const clients = () => stores().registeredClients;
  const provider = (name: string) => ({ name, id: randomUUID() });

  it('returns the providers of each client, once each', async () => {
    const [one, two] = [provider('one'), provider('two')];
    const [client, other] = [randomUUID(), randomUUID()];
    await clients().add(client, one);
    await clients().add(client, two);
    await clients().add(client, two);
    await clients().add(other, one);
    const found = await clients().providersOf(client);
    expect([...found].sort((a, b) => a.name.localeCompare(b.name))).toEqual([one, two]);
    expect(await clients().providersOf(other)).toEqual([one]);
    expect(await clients().providersOf(randomUUID())).toEqual([]);
  });

  it('removes one provider, and accepts the removal of one that does not exist', async () => {
    const [one, two] = [provider('one'), provider('two')];
    const client = randomUUID();
    await clients().add(client, one);
    await clients().add(client, two);
    await clients().remove(client, one);
    await clients().remove(client, one);
    expect(await clients().providersOf(client)).toEqual([two]);
  });
}
