/**
 * AWS Secrets Manager of the embedded cloud: the operations that the service uses, and those that create and change
 * secrets. It has the protocol of AWS Secrets Manager (AWS JSON 1.1, `X-Amz-Target: secretsmanager.{Operation}`).
 * Source: AWS Secrets Manager API reference, the operations of these names.
 */
import * as v from 'valibot';
import { AwsJsonError, parseMembers, startAwsJson, type LocalAwsJson } from './aws-json';
import type { EmulatorCredentials } from './emulator-access';
import type { SymmetricKey } from './kms-symmetric-key';
import type { DerivedPort } from './loopback-server';
import type { PrincipalAccess } from './principal-access';
import type { Principals } from './principals';
import type { SettingNames } from './setting-names';
import { openSecretsFile, type LocalSecret, type SecretsFile } from './secrets-file';

/** A secret of 64 KiB, with room for its escape sequences. */
const MAX_REQUEST_BYTES = 512 * 1024;

const Name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/));
const SecretId = v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048));
const SecretString = v.pipe(v.string(), v.nonEmpty(), v.maxBytes(65536));
const Tags = v.array(
  v.object({
    Key: v.pipe(v.string(), v.nonEmpty(), v.maxLength(128)),
    Value: v.pipe(v.string(), v.maxLength(256)),
  }),
);

/** @throws AwsJsonError for a key that occurs twice: the owner tag must have one meaning */
function byKey(tags: v.InferOutput<typeof Tags>): Record<string, string> {
  const keys = new Set(tags.map(({ Key }) => Key));
  if (keys.size < tags.length) {
    throw new AwsJsonError(
      'InvalidParameterException',
      'Duplicate tag keys found. Please use unique tag keys.',
    );
  }
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

const CreateSchema = v.object({ Name, SecretString, Tags: v.optional(Tags, []) });
const IdSchema = v.object({ SecretId });
const PutValueSchema = v.object({ SecretId, SecretString });
const TagSchema = v.object({ SecretId, Tags });
const UntagSchema = v.object({ SecretId, TagKeys: v.array(v.string()) });

/** Operations that create and manage secrets. Only the functions read the value. */
const PRINCIPALS_OPERATIONS: ReadonlySet<string> = new Set([
  'CreateSecret',
  'DescribeSecret',
  'PutSecretValue',
  'TagResource',
  'UntagResource',
]);

const accessTo = (secrets: SecretsFile, principals: Principals): PrincipalAccess => ({
  principals,
  service: 'secretsmanager',
  operations: PRINCIPALS_OPERATIONS,
  resourceOf(input) {
    const named = v.safeParse(IdSchema, input);
    const secret = named.success ? secrets.find(named.output.SecretId) : undefined;
    return secret && { tags: secret.tags, internal: false };
  },
});

function existing(secrets: SecretsFile, secretId: string): LocalSecret {
  const secret = secrets.find(secretId);
  if (secret) return secret;
  throw new AwsJsonError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

const named = ({ arn, name }: LocalSecret) => ({ ARN: arn, Name: name });

const versioned = (secret: LocalSecret) => ({ ...named(secret), VersionId: secret.versionId });

const operationsOn = (
  secrets: SecretsFile,
): Record<string, (input: unknown) => object | Promise<object>> => ({
  async CreateSecret(input) {
    const { Name: name, SecretString: text, Tags } = parseMembers(CreateSchema, input);
    const tags = byKey(Tags);
    const secret = await secrets.create(name, text, tags);
    if (!secret) throw new AwsJsonError('ResourceExistsException', 'A secret of this name already exists.');
    return versioned(secret);
  },
  DescribeSecret(input) {
    const secret = existing(secrets, parseMembers(IdSchema, input).SecretId);
    const tags = Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value }));
    return { ...named(secret), Tags: tags };
  },
  GetSecretValue(input) {
    const secret = existing(secrets, parseMembers(IdSchema, input).SecretId);
    return { ...versioned(secret), SecretString: secrets.textOf(secret) };
  },
  async PutSecretValue(input) {
    const { SecretId: id, SecretString: text } = parseMembers(PutValueSchema, input);
    return versioned(await secrets.putText(existing(secrets, id), text));
  },
  async TagResource(input) {
    const { SecretId: id, Tags } = parseMembers(TagSchema, input);
    const tags = byKey(Tags);
    await secrets.changeTags(existing(secrets, id), (present) => ({ ...present, ...tags }));
    return {};
  },
  async UntagResource(input) {
    const { SecretId: id, TagKeys: keys } = parseMembers(UntagSchema, input);
    await secrets.changeTags(existing(secrets, id), (present) =>
      Object.fromEntries(Object.entries(present).filter(([key]) => !keys.includes(key))),
    );
    return {};
  },
});

export interface LocalSecretsManagerOptions {
  /** Path of the file of secrets, whose text is encrypted. */
  readonly path: string;
  /** Encrypts the text. */
  readonly key: SymmetricKey;
  /** What clients must present. */
  readonly credentials: EmulatorCredentials;
  /** Can manage secrets too; none by default. */
  readonly principals?: Principals | undefined;
  /** By default, a free port. */
  readonly port?: DerivedPort | undefined;
  /** Of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames | undefined;
}

/**
 * @throws StartError when the secrets' file is damaged
 */
export async function startSecretsManager({
  path,
  key,
  credentials,
  principals,
  port,
  names,
}: LocalSecretsManagerOptions): Promise<LocalAwsJson> {
  const secrets = await openSecretsFile(path, key, names);
  const targets = Object.entries(operationsOn(secrets)).map(
    ([name, operation]) => [`secretsmanager.${name}`, operation] as const,
  );
  const service = {
    operations: new Map(targets),
    internalError: 'InternalServiceError',
    mostBytes: MAX_REQUEST_BYTES,
    access: principals && accessTo(secrets, principals),
    port,
    names,
  };
  return startAwsJson(service, credentials);
}
