/**
 * The KMS keys of the embedded cloud and the file that they are kept in: the root key, which is made at the
 * first start, and those that CreateKey made. The file is written before a change counts.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { readOrCreateSecretFile, writeDurably } from './data-folder';
import { arnOf, KEY_BYTES, type KmsKey } from './kms-key';

export interface KmsKeyRing {
  /** The key that the service is deployed with. */
  readonly root: KmsKey;
  all(): readonly KmsKey[];
  /** @param keyId id or ARN */
  find(keyId: string): KmsKey | undefined;
  create(): Promise<KmsKey>;
  setEnabled(key: KmsKey, enabled: boolean): Promise<void>;
}

const KeyEntries = {
  keyId: v.pipe(v.string(), v.uuid()),
  material: v.pipe(
    v.string(),
    v.base64(),
    v.check((text) => Buffer.from(text, 'base64').length === KEY_BYTES),
  ),
  /** Absent in files of before there were other keys. */
  enabled: v.exactOptional(v.boolean()),
};

const KeyFileSchema = v.strictObject({
  ...KeyEntries,
  created: v.exactOptional(v.array(v.strictObject(KeyEntries))),
});

type KeyFile = v.InferOutput<typeof KeyFileSchema>;

const newKey = (): KmsKey => ({ keyId: randomUUID(), material: randomBytes(KEY_BYTES), enabled: true });

const toFile = ({ keyId, material, enabled }: KmsKey) => ({
  keyId,
  material: material.toString('base64'),
  enabled,
});

const fromFile = ({ keyId, material, enabled = true }: Omit<KeyFile, 'created'>): KmsKey => ({
  keyId,
  material: Buffer.from(material, 'base64'),
  enabled,
});

/**
 * Reads the keys, or makes the root key at the first start; ARNs stay the same as long as the file does.
 *
 * @param path of the keys' file
 * @throws StartError when the file is damaged
 */
export async function loadKmsKeyRing(path: string): Promise<KmsKeyRing> {
  const { created = [], ...first } = await readOrCreateSecretFile(path, KeyFileSchema, () =>
    toFile(newKey()),
  );
  let root = fromFile(first);
  let others = created.map(fromFile);
  let lastWrite = Promise.resolve();

  /** Changes come one after the other, each onto what the last one left. */
  function change(next: () => [root: KmsKey, others: KmsKey[]]): Promise<void> {
    // One that failed stands in nobody's way.
    lastWrite = lastWrite
      .catch(() => undefined)
      .then(async () => {
        const [nextRoot, nextOthers] = next();
        const file: KeyFile = { ...toFile(nextRoot), created: nextOthers.map(toFile) };
        await writeDurably(path, `${JSON.stringify(file, null, 2)}\n`);
        [root, others] = [nextRoot, nextOthers];
      });
    return lastWrite;
  }

  const all = () => [root, ...others];

  return {
    get root() {
      return root;
    },
    all,
    find: (keyId) => all().find((key) => keyId === key.keyId || keyId === arnOf(key)),
    async create() {
      const key = newKey();
      await change(() => [root, [...others, key]]);
      return key;
    },
    setEnabled({ keyId }, enabled) {
      const set = (key: KmsKey): KmsKey => (key.keyId === keyId ? { ...key, enabled } : key);
      return change(() => [set(root), others.map(set)]);
    },
  };
}
