/** The objects of the embedded Amazon S3 and their file. A change takes effect after the file is written. */
import * as v from 'valibot';
import { changesInTurn } from './changes-in-turn';
import { readOrCreateSecretFile, writeSecretFile } from './data-folder';
import type { SettingNames } from './setting-names';

const LocalObjectSchema = v.strictObject({
  bucket: v.string(),
  key: v.string(),
  tags: v.record(v.string(), v.string()),
  body: v.pipe(v.string(), v.base64()),
});

export type LocalObject = v.InferOutput<typeof LocalObjectSchema>;

type ObjectName = Pick<LocalObject, 'bucket' | 'key'>;

export interface ObjectsFile {
  find(name: ObjectName): LocalObject | undefined;
  /** Replaces the object of this name, with its tags. */
  put(object: LocalObject): Promise<void>;
  remove(name: ObjectName): Promise<void>;
}

/**
 * @param path of the file; created if it is missing, readable only for its owner
 * @throws StartError when the file is damaged
 */
export async function openObjectsFile(path: string, names?: SettingNames): Promise<ObjectsFile> {
  let objects = await readOrCreateSecretFile(path, v.array(LocalObjectSchema), () => [], names);
  const inTurn = changesInTurn();

  const without = ({ bucket, key }: ObjectName) =>
    objects.filter((object) => object.bucket !== bucket || object.key !== key);

  const change = (next: () => LocalObject[]): Promise<void> =>
    inTurn(async () => {
      const changed = next();
      await writeSecretFile(path, changed);
      objects = changed;
    });

  return {
    find: ({ bucket, key }) => objects.find((object) => object.bucket === bucket && object.key === key),
    put: (object) => change(() => [...without(object), object]),
    remove: (name) => change(() => without(name)),
  };
}
