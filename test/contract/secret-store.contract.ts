/** The contract of every store of sealed secrets. */
import { randomUUID } from 'node:crypto';
import type { Stores } from '../domain/in-memory-stores';

export const secretStoreContract =
  (kind: 'clientSecrets' | 'apiKeys') =>
  (stores: () => Stores): void => {
    const secrets = () => stores()[kind];

    it('returns the sealed secret of each provider', async () => {
      const [one, two] = [randomUUID(), randomUUID()];
      await secrets().put(one, 'sealed-one', 1);
      await secrets().put(two, 'sealed-two', 1);
      expect(await secrets().get(one)).toBe('sealed-one');
      expect(await secrets().get(two)).toBe('sealed-two');
    });

    it('returns nothing for a provider without a secret', async () => {
      expect(await secrets().get(randomUUID())).toBeUndefined();
    });

    it('replaces a secret with the next one', async () => {
      const provider = randomUUID();
      await secrets().put(provider, 'before', 1);
      await secrets().put(provider, 'after', 3);
      expect(await secrets().get(provider)).toBe('after');
    });

    it('keeps the secret of the later revision, whatever the order of the writes', async () => {
      const provider = randomUUID();
      await secrets().put(provider, 'of the third', 3);
      await secrets().put(provider, 'of the second', 2);
      await secrets().put(provider, 'of another third', 3);
      expect(await secrets().get(provider)).toBe('of the third');
    });

    it('removes a secret, and accepts the removal of a secret that does not exist', async () => {
      const provider = randomUUID();
      await secrets().put(provider, 'sealed', 1);
      await secrets().remove(provider);
      await secrets().remove(provider);
      expect(await secrets().get(provider)).toBeUndefined();
    });

    it('removes the secret of an earlier revision only', async () => {
      const provider = randomUUID();
      await secrets().put(provider, 'of the third', 3);
      await secrets().removeBefore(provider, 2);
      await secrets().removeBefore(provider, 3);
      expect(await secrets().get(provider)).toBe('of the third');
      await secrets().removeBefore(provider, 4);
      await secrets().removeBefore(provider, 4);
      expect(await secrets().get(provider)).toBeUndefined();
    });
  };
