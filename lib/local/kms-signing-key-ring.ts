/**
 * The asymmetric signing keys of the embedded KMS, and the file that they are kept in, beside the symmetric ones'.
 * The file is written before a change counts.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { readOrCreateSecretFile, writeDurably } from './data-folder';
import { arnOf } from './kms-key';

export const SIGNING_KEY_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256'] as const;
export type SigningKeySpec = (typeof SIGNING_KEY_SPECS)[number];

const SigningKeySchema = v.strictObject({
  keyId: v.pipe(v.string(), v.uuid()),
  spec: v.picklist(SIGNING_KEY_SPECS),
  /** PKCS#8 PEM. */
  privateKey: v.string(),
  enabled: v.boolean(),
  tags: v.record(v.string(), v.string()),
});

export type SigningKey = v.InferOutput<typeof SigningKeySchema>;

const KeyFileSchema = v.strictObject({ keys: v.array(SigningKeySchema) });

export interface SigningKeyRing {
  /** @param keyId id or ARN */
  find(keyId: string): SigningKey | undefined;
  create(spec: SigningKeySpec, tags: Readonly<Record<string, string>>): Promise<SigningKey>;
  change(keyId: string, change: Partial<Pick<SigningKey, 'enabled' | 'tags'>>): Promise<void>;
}

const pem = { type: 'pkcs8', format: 'pem' } as const;

const newPrivateKey = (spec: SigningKeySpec): string =>
  (spec === 'ECC_NIST_P256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: Number(spec.slice('RSA_'.length)) })
  ).privateKey
    .export(pem)
    .toString();

/**
 * @param path of the keys' file; made when absent, readable for its owner only
 * @throws StartError when the file is damaged
 */
export async function loadSigningKeyRing(path: string): Promise<SigningKeyRing> {
  let { keys } = await readOrCreateSecretFile(path, KeyFileSchema, () => ({ keys: [] }));
  let lastWrite = Promise.resolve();

  /** Changes come one after the other, each onto what the last one left. */
  function write(next: (keys: SigningKey[]) => SigningKey[]): Promise<void> {
    // One that failed stands in nobody's way.
    lastWrite = lastWrite
      .catch(() => undefined)
      .then(async () => {
        const changed = next(keys);
        await writeDurably(path, `${JSON.stringify({ keys: changed }, null, 2)}\n`);
        keys = changed;
      });
    return lastWrite;
  }

  return {
    find: (keyId) => keys.find((key) => keyId === key.keyId || keyId === arnOf(key)),
    async create(spec, tags) {
      const key = { keyId: randomUUID(), spec, privateKey: newPrivateKey(spec), enabled: true, tags };
      await write((others) => [...others, key]);
      return key;
    },
    change: (keyId, change) =>
      write((all) => all.map((key) => (key.keyId === keyId ? { ...key, ...change } : key))),
  };
}
