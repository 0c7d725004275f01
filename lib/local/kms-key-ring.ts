/**
 * The KMS keys of the embedded cloud and their file: the root key, which the first start creates, and the keys that
 * CreateKey creates. A change takes effect after the file is written.
 */
import { createPrivateKey } from 'node:crypto';
import * as v from 'valibot';
import { changesInTurn } from './changes-in-turn';
import { readOrCreateSecretFile, writeSecretFile } from './data-folder';
import { arnOf, type KeyRecord, type Tags } from './kms-key';
import { SIGNING_KEY_SPECS, type SigningKey } from './kms-signing-key';
import { KEY_BYTES, newSymmetricKey, SYMMETRIC_DEFAULT, type SymmetricKey } from './kms-symmetric-key';
import type { SettingNames } from './setting-names';

export type KmsKey = SymmetricKey | SigningKey;

export type KeyState = Pick<KeyRecord, 'enabled' | 'deletionDate'>;

export interface KmsKeyRing {
  /** The key that the service is deployed with. */
  readonly root: SymmetricKey;
  /** Without the deleted keys. */
  all(): readonly KmsKey[];
  /** @param keyId id or ARN */
  find(keyId: string): KmsKey | undefined;
  add(key: KmsKey): Promise<void>;
  setState(key: KmsKey, state: KeyState): Promise<void>;
  /** @param next returns the new tags from the present ones; if it throws, nothing changes */
  changeTags(key: KmsKey, next: (present: Tags) => Tags): Promise<void>;
}

const RecordEntries = {
  keyId: v.union([v.pipe(v.string(), v.uuid()), v.pipe(v.string(), v.regex(/^mrk-[0-9a-f]{32}$/))]),
  /** Absent in older files, like the tags. */
  enabled: v.exactOptional(v.boolean()),
  deletionDate: v.exactOptional(v.number()),
  tags: v.exactOptional(v.record(v.string(), v.string())),
};

const SymmetricEntries = {
  ...RecordEntries,
  material: v.pipe(
    v.string(),
    v.base64(),
    v.check((text) => Buffer.from(text, 'base64').length === KEY_BYTES),
  ),
};

const SigningEntries = {
  ...RecordEntries,
  keySpec: v.picklist(SIGNING_KEY_SPECS),
  /** PKCS #8 (RFC 5958), in PEM. */
  privateKey: v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return createPrivateKey(dataset.value);
      } catch {
        addIssue({ message: 'not a private key' });
        return NEVER;
      }
    }),
  ),
};

const SymmetricSchema = v.strictObject(SymmetricEntries);
const SigningSchema = v.strictObject(SigningEntries);

const KeyFileSchema = v.strictObject({
  ...SymmetricEntries,
  created: v.exactOptional(v.array(v.union([SymmetricSchema, SigningSchema]))),
});

type SymmetricInFile = v.InferOutput<typeof SymmetricSchema>;
type SigningInFile = v.InferOutput<typeof SigningSchema>;

const recordOf = ({
  keyId,
  enabled = true,
  deletionDate,
  tags = {},
}: SymmetricInFile | SigningInFile): KeyRecord => ({
  keyId,
  enabled,
  deletionDate,
  tags,
});

const symmetricOf = (entry: SymmetricInFile): SymmetricKey => ({
  ...recordOf(entry),
  spec: SYMMETRIC_DEFAULT,
  material: Buffer.from(entry.material, 'base64'),
});

const signingOf = (entry: SigningInFile): SigningKey => ({
  ...recordOf(entry),
  spec: entry.keySpec,
  privateKey: entry.privateKey,
});

const symmetricToFile = ({ keyId, enabled, deletionDate, tags, material }: SymmetricKey) => ({
  keyId,
  enabled,
  ...(deletionDate !== undefined && { deletionDate }),
  tags,
  material: material.toString('base64'),
});

const signingToFile = ({ keyId, enabled, deletionDate, tags, spec, privateKey }: SigningKey) => ({
  keyId,
  enabled,
  ...(deletionDate !== undefined && { deletionDate }),
  tags,
  keySpec: spec,
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
});

const exists = ({ deletionDate = Infinity }: KmsKey): boolean => Date.now() < deletionDate;

const toFile = (key: KmsKey) => (key.spec === SYMMETRIC_DEFAULT ? symmetricToFile(key) : signingToFile(key));

/**
 * Reads the keys, or creates the root key at the first start: a multi-Region key, as in a deployment. Ids stay the same
 * as long as the file exists. A copy of the file in the embedded cloud of another Region has the replicas of the keys.
 *
 * @param path of the keys' file
 * @throws StartError when the file is damaged
 */
export async function loadKmsKeyRing(path: string, names?: SettingNames): Promise<KmsKeyRing> {
  const { created = [], ...first } = await readOrCreateSecretFile(
    path,
    KeyFileSchema,
    () => symmetricToFile(newSymmetricKey({ multiRegion: true })),
    names,
  );
  let root = symmetricOf(first);
  let others: readonly KmsKey[] = created.map((entry) =>
    'material' in entry ? symmetricOf(entry) : signingOf(entry),
  );
  const inTurn = changesInTurn();

  const change = (next: () => [root: SymmetricKey, others: readonly KmsKey[]]): Promise<void> =>
    inTurn(async () => {
      const [nextRoot, kept] = next();
      const nextOthers = kept.filter(exists);
      const file = { ...symmetricToFile(nextRoot), created: nextOthers.map(toFile) };
      await writeSecretFile(path, file);
      [root, others] = [nextRoot, nextOthers];
    });

  function changeOf(keyId: string, next: <Key extends KmsKey>(key: Key) => Key): Promise<void> {
    const changed = <Key extends KmsKey>(key: Key): Key => (key.keyId === keyId ? next(key) : key);
    return change(() => [changed(root), others.map((key) => changed(key))]);
  }

  const all = () => [root, ...others].filter(exists);

  return {
    get root() {
      return root;
    },
    all,
    find: (keyId) => all().find((key) => keyId === key.keyId || keyId === arnOf(key)),
    add: (key) => change(() => [root, [...others, key]]),
    setState: ({ keyId }, { enabled, deletionDate }) =>
      changeOf(keyId, (key) => ({ ...key, enabled, deletionDate })),
    changeTags: ({ keyId }, next) => changeOf(keyId, (key) => ({ ...key, tags: next(key.tags) })),
  };
}
