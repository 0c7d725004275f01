/**
 * The IAM principals of the embedded cloud: four callers with access keys of their own, so that a laptop
 * shows what an AWS account would: who owns what, and who is refused. The keys are made once and kept.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { readOrCreateSecretFile, writeSecretFile } from './data-folder';

/** An AWS account number that is nobody's. */
export const LOCAL_ACCOUNT = '000000000000';

export const LOCAL_REGION = 'us-east-1';

/** ARNs in the forms that API Gateway hands on as `requestContext.identity.userArn`. */
const ARNS = {
  /** Registers workload identities and credential providers. */
  operator: `arn:aws:iam::${LOCAL_ACCOUNT}:user/operator`,
  /** Runs an agent: a role session, as on Lambda or ECS. */
  agent: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/agent/local`,
  /** Runs agent endpoints: a role session of a function, which may do what others let it. */
  gate: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/gate/local`,
  /** A valid caller who owns nothing. */
  stranger: `arn:aws:iam::${LOCAL_ACCOUNT}:user/stranger`,
} as const;

export type PrincipalName = keyof typeof ARNS;

export interface Principal {
  readonly arn: string;
  /** Unique id as IAM makes them: `AROA…` of a role, `AIDA…` of a user. One that is made again has another. */
  readonly id: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Principals = Readonly<Record<PrincipalName, Principal>>;

const AccessKeySchema = v.strictObject({
  accessKeyId: v.pipe(v.string(), v.regex(/^AKIA[A-Z2-7]{16}$/)),
  secretAccessKey: v.pipe(v.string(), v.minLength(40)),
});

type AccessKey = v.InferOutput<typeof AccessKeySchema>;

const PrincipalsFileSchema = v.strictObject({
  operator: AccessKeySchema,
  agent: AccessKeySchema,
  /** Not in a folder from before there were agent endpoints. */
  gate: v.exactOptional(AccessKeySchema),
  stranger: AccessKeySchema,
});

/**
 * The principals of a data folder, with keys made at its first use.
 *
 * @param dataDir absolute path of the data folder, which exists
 * @throws StartError when the file of keys is damaged
 */
export async function loadPrincipals(dataDir: string): Promise<Principals> {
  const path = join(dataDir, 'principals.json');
  const kept = await readOrCreateSecretFile(path, PrincipalsFileSchema, () => ({
    operator: newAccessKey(),
    agent: newAccessKey(),
    gate: newAccessKey(),
    stranger: newAccessKey(),
  }));
  const { gate = newAccessKey() } = kept;
  if (!kept.gate) await writeSecretFile(path, { ...kept, gate });
  return {
    operator: localPrincipal('operator', kept.operator),
    agent: localPrincipal('agent', kept.agent),
    gate: localPrincipal('gate', gate),
    stranger: localPrincipal('stranger', kept.stranger),
  };
}

const localPrincipal = (name: PrincipalName, key: AccessKey): Principal => ({
  arn: ARNS[name],
  id: uniqueIdOf(ARNS[name], key),
  ...key,
});

/** As lasting as the access key, and another one with another key. */
export const uniqueIdOf = (arn: string, { accessKeyId }: AccessKey): string =>
  `${arn.includes(':assumed-role/') ? 'AROA' : 'AIDA'}${accessKeyId.slice('AKIA'.length)}`;

/** Access key ids look like AWS's: `AKIA` and sixteen letters and digits of base32 (RFC 4648 section 6). */
function newAccessKey(): AccessKey {
  const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from({ length: 16 }, () => base32.charAt(randomInt(base32.length))).join('');
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString('base64') };
}
