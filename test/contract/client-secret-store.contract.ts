/** What every store of sealed client secrets promises. */
import { randomUUID } from 'node:crypto';
import type { Stores } from '../domain/in-memory-stores';

export function clientSecretStoreContract(stores: () => Stores): void {
  it('gives back the sealed secret of each provider', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    await stores().clientSecrets.put(one, 'sealed-one');
    await stores().clientSecrets.put(two, 'sealed-two');
    expect(await stores().clientSecrets.get(one)).toBe('sealed-one');
    expect(await stores().clientSecrets.get(two)).toBe('sealed-two');
  });

  it('knows none of a provider that has none', async () => {
    expect(await stores().clientSecrets.get(randomUUID())).toBeUndefined();
  });

  it('replaces a secret by the next one', async () => {
    const provider = randomUUID();
    await stores().clientSecrets.put(provider, 'before');
    await stores().clientSecrets.put(provider, 'after');
    expect(await stores().clientSecrets.get(provider)).toBe('after');
  });
}
