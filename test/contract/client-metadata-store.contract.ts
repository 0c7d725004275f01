/** The contract of every store of client ID metadata documents. */
import { randomUUID } from 'node:crypto';
import type { Stores } from '../domain/in-memory-stores';

export function clientMetadataStoreContract(stores: () => Stores): void {
  const documents = () => stores().clientMetadata;

  it('returns each document, with its end', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    await documents().put(one, { refreshes: true }, 1);
    await documents().put(two, { refreshes: false, expiresAt: 5 }, 1);
    expect(await documents().get(one)).toMatchObject({ refreshes: true });
    expect(await documents().get(two)).toMatchObject({ refreshes: false, expiresAt: 5 });
    expect(await documents().get(randomUUID())).toBeUndefined();
  });

  it('returns the key of a document', async () => {
    const id = randomUUID();
    const publishedKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' } as const;
    await documents().put(id, { refreshes: true, publishedKey }, 1);
    expect(await documents().get(id)).toMatchObject({ publishedKey });
  });

  it('keeps the document of the later revision, and replaces that of the same revision', async () => {
    const id = randomUUID();
    await documents().put(id, { refreshes: true }, 3);
    await documents().put(id, { refreshes: false }, 2);
    expect(await documents().get(id)).toMatchObject({ refreshes: true });
    await documents().put(id, { refreshes: true, expiresAt: 5 }, 3);
    expect(await documents().get(id)).toMatchObject({ expiresAt: 5 });
  });

  it('removes a document, and accepts the removal of one that does not exist', async () => {
    const id = randomUUID();
    await documents().put(id, { refreshes: true }, 1);
    await documents().remove(id);
    await documents().remove(id);
    expect(await documents().get(id)).toBeUndefined();
  });

  it('removes the document of an earlier revision only', async () => {
    const id = randomUUID();
    await documents().put(id, { refreshes: true }, 3);
    await documents().removeBefore(id, 3);
    expect(await documents().get(id)).toMatchObject({ refreshes: true });
    await documents().removeBefore(id, 4);
    await documents().removeBefore(id, 4);
    expect(await documents().get(id)).toBeUndefined();
  });
}
