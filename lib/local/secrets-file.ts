/**
 * The secrets of the embedded Secrets Manager and their file. A KMS key encrypts their text, with the encryption context
 * of AWS Secrets Manager (its user guide, "Secret encryption and decryption"). A change takes effect after the file is
 * written.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { changesInTurn } from './changes-in-turn';
import { readOrCreateSecretFile, writeSecretFile } from './data-folder';
import { open, seal, type SymmetricKey } from './kms-symmetric-key';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import type { SettingNames } from './setting-names';

const LocalSecretSchema = v.strictObject({
  name: v.string(),
  arn: v.string(),
  tags: v.record(v.string(), v.string()),
  versionId: v.pipe(v.string(), v.uuid()),
  sealed: v.pipe(v.string(), v.base64()),
});

export type LocalSecret = v.InferOutput<typeof LocalSecretSchema>;

type Tags = LocalSecret['tags'];

export interface SecretsFile {
  /** @param secretId name or complete ARN */
  find(secretId: string): LocalSecret | undefined;
  /** @returns undefined when the name is taken */
  create(name: string, text: string, tags: Tags): Promise<LocalSecret | undefined>;
  textOf(secret: LocalSecret): string;
  /** Replaces the text by a new version. */
  putText(secret: LocalSecret, text: string): Promise<LocalSecret>;
  changeTags(secret: LocalSecret, change: (present: Tags) => Tags): Promise<void>;
}

const contextOf = ({ arn, versionId }: Pick<LocalSecret, 'arn' | 'versionId'>) => ({
  SecretARN: arn,
  SecretVersionId: versionId,
});

/** Returns an ARN that ends in 6 random characters, as in AWS Secrets Manager. */
const newArn = (name: string): string =>
  `arn:aws:secretsmanager:${LOCAL_REGION}:${LOCAL_ACCOUNT}:secret:${name}-${randomBytes(3).toString('hex')}`;

/**
 * @param path of the file; created if it is missing, readable only for its owner
 * @param key that encrypts the text of the secrets
 * @throws StartError when the file is damaged
 */
export async function openSecretsFile(
  path: string,
  key: SymmetricKey,
  names?: SettingNames,
): Promise<SecretsFile> {
  let secrets = await readOrCreateSecretFile(path, v.array(LocalSecretSchema), () => [], names);
  const inTurn = changesInTurn();

  const change = <Result>(next: () => { secrets: LocalSecret[]; result: Result }): Promise<Result> =>
    inTurn(async () => {
      const changed = next();
      await writeSecretFile(path, changed.secrets);
      secrets = changed.secrets;
      return changed.result;
    });

  const replaced = (arn: string, by: (secret: LocalSecret) => LocalSecret): LocalSecret[] =>
    secrets.map((secret) => (secret.arn === arn ? by(secret) : secret));

  function sealed(arn: string, text: string): Pick<LocalSecret, 'versionId' | 'sealed'> {
    const versionId = randomUUID();
    const blob = seal(key, Buffer.from(text, 'utf8'), contextOf({ arn, versionId }));
    return { versionId, sealed: blob.toString('base64') };
  }

  return {
    find: (secretId) => secrets.find(({ name, arn }) => secretId === name || secretId === arn),
    create: (name, text, tags) =>
      change(() => {
        if (secrets.some((secret) => secret.name === name)) return { secrets, result: undefined };
        const arn = newArn(name);
        const secret = { name, arn, tags, ...sealed(arn, text) };
        return { secrets: [...secrets, secret], result: secret };
      }),
    textOf(secret) {
      const text = open(key, Buffer.from(secret.sealed, 'base64'), contextOf(secret));
      if (!text) throw new Error('The secret was encrypted by another key.');
      return text.toString('utf8');
    },
    putText: (secret, text) =>
      change(() => {
        const version = sealed(secret.arn, text);
        const next = { ...secret, ...version };
        return { secrets: replaced(secret.arn, (present) => ({ ...present, ...version })), result: next };
      }),
    changeTags: ({ arn }, changed) =>
      change(() => ({
        secrets: replaced(arn, (secret) => ({ ...secret, tags: changed(secret.tags) })),
        result: undefined,
      })),
  };
}
