/**
 * The IAM principals of the embedded cloud: four callers, each with its own access key. So a laptop shows what an AWS
 * account would show: who owns a resource, and who is denied. The keys are created once and kept.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { readOrCreateSecretFile, writeSecretFile } from './data-folder';
import { ENVIRONMENT_VARIABLES } from './setting-names';

/** An AWS account number that no account has. */
export const LOCAL_ACCOUNT = '000000000000';

export const LOCAL_REGION = 'us-east-1';

/** ARNs in the forms of `requestContext.identity.userArn` of API Gateway. */
const ARNS = {
  /** Registers workload identities and credential providers, and is the only one with the operators' plane. */
  operator: `arn:aws:iam::${LOCAL_ACCOUNT}:user/operator`,
  /** Runs an agent: a role session, as on Lambda or ECS. */
  agent: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/agent/local`,
  /** Runs agent endpoints: the role session of a function, which has the permissions that owners grant to it. */
  gate: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/gate/local`,
  /** A valid caller that owns nothing. */
  stranger: `arn:aws:iam::${LOCAL_ACCOUNT}:user/stranger`,
} as const;

export type PrincipalName = keyof typeof ARNS;

export interface Principal {
  readonly arn: string;
  /** Unique id as in IAM: `AROA…` of a role, `AIDA…` of a user. A principal that is created again has another. */
  readonly id: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Principals = Readonly<Record<PrincipalName, Principal>>;

/** In the place of IAM policies: only the operator has the operators' plane, and every principal has the other routes. */
export const iamPolicyOf =
  ({ operator }: Pick<Principals, 'operator'>) =>
  ({ arn }: Pick<Principal, 'arn'>, { group }: { readonly group: string }): boolean =>
    group !== 'operator' || arn === operator.arn;

const AccessKeySchema = v.strictObject({
  accessKeyId: v.pipe(v.string(), v.regex(/^AKIA[A-Z2-7]{16}$/)),
  secretAccessKey: v.pipe(v.string(), v.minLength(40)),
});

type AccessKey = v.InferOutput<typeof AccessKeySchema>;

const PrincipalsFileSchema = v.strictObject({
  operator: AccessKeySchema,
  agent: AccessKeySchema,
  /** Absent in a folder that is older than agent endpoints. */
  gate: v.exactOptional(AccessKeySchema),
  stranger: AccessKeySchema,
});

/**
 * Returns the principals of a data folder, whose keys are created at its first use.
 *
 * @param dataDir absolute path of the data folder, which must exist
 * @throws StartError when the file of keys is damaged
 */
export async function loadPrincipals(dataDir: string, names = ENVIRONMENT_VARIABLES): Promise<Principals> {
  const path = join(dataDir, 'principals.json');
  const kept = await readOrCreateSecretFile(
    path,
    PrincipalsFileSchema,
    () => ({
      operator: newAccessKey(),
      agent: newAccessKey(),
      gate: newAccessKey(),
      stranger: newAccessKey(),
    }),
    names,
  );
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

/** Returns a unique id that lasts as long as the access key. */
export const uniqueIdOf = (arn: string, { accessKeyId }: AccessKey): string =>
  `${arn.includes(':assumed-role/') ? 'AROA' : 'AIDA'}${accessKeyId.slice('AKIA'.length)}`;

/** Access key ids have the form of AWS: `AKIA` and 16 letters and digits of base32 (RFC 4648 section 6). */
function newAccessKey(): AccessKey {
  const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from({ length: 16 }, () => base32.charAt(randomInt(base32.length))).join('');
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString('base64') };
}
